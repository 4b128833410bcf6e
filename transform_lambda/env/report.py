"""Show an archive's change as text for a terminal, with the env file's values masked."""

from collections.abc import Collection, Iterator
from difflib import SequenceMatcher

from transform_lambda.env.change import Change
from transform_lambda.env.file import Line, split_lines
from transform_lambda.env.readers import read_dotenv, read_node

_MASK = "***"

_Shown = tuple[Line, tuple[str, ...]]
"""A line of the env file, and the text that is printed for the line."""


def print_change(change: Change, *, shows_values: bool) -> str:
    """The text of a change: the env file as a diff, the kept members, sizes and digests."""
    lines = [
        *_diff(change, shows_values),
        "",
        f"{len(change.kept):,} unchanged members:",
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
            yield from (f"{mark}{shown}" for _, texts in lines for shown in texts)


def _lines(content: bytes | None, shows_values: bool) -> Iterator[_Shown]:
    text = (content or b"").decode("utf-8-sig", "replace")
    names = read_dotenv(text).keys() & read_node(text).keys()
    for line in split_lines(text):
        yield line, _plain(line) if shows_values else _masked(line, names)
        # After a quote that never closes, text that looks like a name may be part of the value.
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
    """Whether the text may be a piece of a base64 value: whole bytes, with the equals sign as padding."""
    name = text.rstrip("=")
    is_word = name in (name.upper(), name.lower()) and text == f"{name}="
    return text.endswith("=") and len(text) % 4 == 0 and name.isalnum() and not is_word


def _opens_a_quote(line: Line) -> bool:
    value = line.text.partition("=")[2].strip()
    return value[:1] in ("'", '"', "`") and value.count(value[:1]) == 1


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)
