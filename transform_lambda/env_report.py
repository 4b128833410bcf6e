"""A change of an archive as text for a terminal, with the values of its env file masked."""

from collections.abc import Iterator
from difflib import SequenceMatcher

from transform_lambda.env_change import Change
from transform_lambda.env_file import Line, split_lines

_MASK = "***"


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
    before, after = _lines(change.before), _lines(change.after)
    yield f"--- {_printable(change.path)}" + ("" if change.before is not None else " (not there)")
    yield f"+++ {_printable(change.path)}" + ("" if change.after is not None else " (not there)")
    for kind, *places in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        old, new = before[slice(*places[:2])], after[slice(*places[2:])]
        marked = [(" ", old)] if kind == "equal" else [("-", old), ("+", new)]
        for mark, lines in marked:
            yield from (f"{mark}{shown}" for line in lines for shown in _shown(line, shows_values))


def _lines(content: bytes | None) -> list[Line]:
    return list(split_lines((content or b"").decode("utf-8-sig", "replace")))


def _shown(line: Line, shows_values: bool) -> list[str]:
    text = line.text.rstrip("\r\n")
    if shows_values:
        return [_printable(part.rstrip("\r")) for part in text.split("\n")]
    head, equals, _ = text.partition("=")
    if equals:
        return [_printable(f"{head}={_MASK}")]
    # Without "=" it is a comment, or what is left of a value.
    return [_printable(text) if not text.strip() or text.lstrip().startswith("#") else _MASK]


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)
