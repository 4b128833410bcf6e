"""Describes a changed archive for a terminal, and masks the values of its ``.env`` file."""

from collections.abc import Collection, Iterator
from difflib import SequenceMatcher
from typing import NamedTuple

from transform_lambda.env.change import Change
from transform_lambda.env.file import Line, split_lines
from transform_lambda.env.readers import read_dotenv, read_node

_MASK = "***"


class _Shown(NamedTuple):
    """A line, and what is printed for it."""

    line: Line
    shown: tuple[str, ...]


def print_change(change: Change, *, shows_values: bool) -> str:
    """The env file as a diff, then the members kept, sizes and digests."""
    lines = [
        *_diff(change, shows_values),
        "",
        f"{len(change.kept):,} members kept as they are:",
        *(f"  {_printable(name)}" for name in change.kept),
        "",
        f"size          {change.old_size:,} -> {change.new_size:,} bytes",
        f"CodeSha256    {change.code_sha256}",
        f"SourceSha256  {change.source_sha256}",
    ]
    return "".join(f"{line}\n" for line in lines)


def _diff(change: Change, shows_values: bool) -> Iterator[str]:
    before, after = (list(_lines(content, shows_values)) for content in (change.before, change.after))
    yield f"--- {_printable(change.path)}" + ("" if change.before is not None else " (not there)")
    yield f"+++ {_printable(change.path)}" + ("" if change.after is not None else " (not there)")
    for kind, *places in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        old, new = before[slice(*places[:2])], after[slice(*places[2:])]
        marked = [(" ", old)] if kind == "equal" else [("-", old), ("+", new)]
        for mark, lines in marked:
            yield from (f"{mark}{shown}" for line in lines for shown in line.shown)


def _lines(content: bytes | None, shows_values: bool) -> Iterator[_Shown]:
    text = (content or b"").decode("utf-8-sig", "replace")
    names = read_dotenv(text).keys() & read_node(text).keys()
    for line in split_lines(text):
        yield _Shown(line, _plain(line) if shows_values else _masked(line, names))
        # Behind a quote that never closes, what looks like a name may be a piece of the value.
        names = set() if _opens_a_quote(line) else names


def _plain(line: Line) -> tuple[str, ...]:
    return tuple(_printable(part.rstrip("\r")) for part in line.text.rstrip("\r\n").split("\n"))


def _masked(line: Line, names: Collection[str]) -> tuple[str, ...]:
    text = line.text.strip()
    if text.startswith("#"):
        return (f"# {_MASK}",)
    if line.name in names and not _may_be_base64(text):
        return (_printable(f"{line.text.partition('=')[0]}={_MASK}"),)
    return (_MASK if text else "",)


def _may_be_base64(text: str) -> bool:
    """Whether the equals sign may be padding, and what stands in front of it a piece of a value, of whole bytes."""
    name = text.rstrip("=")
    is_word = name in (name.upper(), name.lower()) and text == f"{name}="
    return text.endswith("=") and len(text) % 4 == 0 and name.isalnum() and not is_word


def _opens_a_quote(line: Line) -> bool:
    value = line.text.partition("=")[2].strip()
    return value[:1] in ("'", '"', "`") and value.count(value[:1]) == 1


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)
