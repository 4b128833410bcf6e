"""Merge values into the text of a `.env` file, and keep every byte that need not change."""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from transform_lambda.env.readers import BOM, QUOTED, READERS, read_plain

ENCODINGS = ("raw", "base64")

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ASSIGNMENT = re.compile(r"[^\S\n]*(?:export[^\S\n]+)?('?)([^\s=#'\"]+)\1[^\S\n]*=[^\S\n]*")
_QUOTED = {**QUOTED, "`": re.compile(r"`[^`]*`")}
_SPLITTERS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
"""All characters that end a line for `str.splitlines`, and so for many readers."""


class EnvError(Exception):
    """Problems that the author of the values or of the file can fix, one per line. Never shows a value."""


class Line(NamedTuple):
    """One line with its line end, or one assignment with all its lines. `name` is empty if the line sets nothing."""

    text: str
    name: str


def merge_env(text: str, values: Mapping[str, str]) -> str:
    """The text with each name set to its value: in place if the text has the name, else at the end in the given order.

    A name that occurs several times keeps only its last place, where readers find it. Assignments are written as
    `NAME=value`, which python-dotenv, Node and a plain split read in the same way. The function checks the result with
    all three readers.

    Raises:
        EnvError: a reader would not get a value, or would get another value for a name that is not set here. The text
            has each name and the reason.
    """
    _refuse(f"Env.{name}: {problem}" for name, value in values.items() for problem in _problems_of(name, value))
    if not values:
        return text
    merged = _append(_replace(text, values), values, present=_names(text))
    _refuse(_differences(text, merged, values))
    return merged


def merge_env_file(content: bytes, values: Mapping[str, str]) -> bytes:
    """Like `merge_env` for a file's UTF-8 bytes. A byte order mark and line ends stay unchanged.

    Node reads a byte order mark as part of the first name, before and after the merge. Only the file's author can fix
    that.

    Raises:
        EnvError: as for `merge_env`, or the content is not UTF-8.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise EnvError(f"the env file is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    return merge_env(text, values).encode("utf-8")


def encode_values(values: Mapping[str, str], encoding: str) -> dict[str, str]:
    """The values in the given `EnvEncoding`: `raw` unchanged, `base64` as base64 of their UTF-8 (carries any text).

    Raises:
        EnvError: the encoding is unknown, or a value for `base64` is not Unicode text.
    """
    if encoding not in ENCODINGS:
        raise EnvError(f"EnvEncoding: must be one of {', '.join(ENCODINGS)}, got {encoding!r}")
    if encoding == "raw":
        return dict(values)
    _refuse(f"Env.{name}: must be Unicode text" for name, value in values.items() if not _is_text(value))
    return {name: base64.b64encode(value.encode("utf-8")).decode("ascii") for name, value in values.items()}


def split_lines(text: str) -> Iterator[Line]:
    """The text in pieces, which joined give the text again.

    Only a line feed ends a line, because quoted values in `.env` may contain all other line ends.
    """
    position = 0
    while position < len(text):
        found = _ASSIGNMENT.match(text, position)
        end = found.end() if found else position
        quoted = _QUOTED[text[end]].match(text, end) if found and text[end : end + 1] in _QUOTED else None
        newline = text.find("\n", quoted.end() if quoted else end)
        stop = newline + 1 if newline >= 0 else len(text)
        yield Line(text[position:stop], found[2] if found else "")
        position = stop


def _refuse(problems: Iterable[str]) -> None:
    found = list(problems)
    if found:
        raise EnvError("\n".join(found))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not any("\ud800" <= character <= "\udfff" for character in value)


def _problems_of(name: str, value: str) -> Iterator[str]:
    if not _NAME.fullmatch(name):
        yield "a name must be letters, digits and _, and not start with a digit"
    if not _is_text(value):
        yield "must be Unicode text"
        return
    for reason in _reasons_against_raw(value):
        yield f"readers of env files disagree about {reason}; 'EnvEncoding: base64' carries it"


def _reasons_against_raw(value: str) -> Iterator[str]:
    if any(character in value for character in _SPLITTERS):
        yield "a value with a line break"
    if "\0" in value:
        yield "a value with a NUL"
    if value != value.strip() or value != value.strip(BOM):
        yield "a value that starts or ends with white space"
    if "#" in value:
        yield "a value with '#'"
    if value[:1] in ("'", '"', "`"):
        yield "a value that starts with a quote"
    if "${" in value:
        yield "a value with '${'"


def _names(text: str) -> set[str]:
    return {line.name for line in split_lines(text.removeprefix(BOM))}


def _replace(text: str, values: Mapping[str, str]) -> str:
    mark = BOM if text.startswith(BOM) else ""
    lines = list(split_lines(text.removeprefix(BOM)))
    last = {line.name: index for index, line in enumerate(lines)}
    kept = [
        _assignment(line.name, values[line.name], _line_end(line.text)) if line.name in values else line.text
        for index, line in enumerate(lines)
        if line.name not in values or last[line.name] == index
    ]
    return mark + "".join(kept)


def _append(text: str, values: Mapping[str, str], present: set[str]) -> str:
    added = [name for name in values if name not in present]
    if not text.removeprefix(BOM):
        # A reader that only splits lines at "=" takes a final line break as part of the last value.
        return text + "\n".join(_assignment(name, values[name], "") for name in added)
    style = _line_end(text[: text.rfind("\n") + 1]) or "\n"
    gap = style if added and not text.endswith("\n") else ""
    return text + gap + "".join(_assignment(name, values[name], style) for name in added)


def _assignment(name: str, value: str, line_end: str) -> str:
    return f"{name}={value}{line_end}"


def _line_end(line: str) -> str:
    if line.endswith("\r\n"):
        return "\r\n"
    return "\n" if line.endswith("\n") else ""


def _differences(before: str, after: str, values: Mapping[str, str]) -> Iterator[str]:
    for reader, read in READERS.items():
        found, was = read(after.removeprefix(BOM)), read(before.removeprefix(BOM))
        for name, value in values.items():
            if found.get(name) != value:
                yield f"Env.{name}: {reader} would not find it: another line hides it (a quote or '=' is missing)"
        # A plain split also finds names inside quoted values. These names may disappear with the value.
        others = {} if read is read_plain else found | was
        for name in others:
            if name not in values and _NAME.fullmatch(name) and found.get(name) != was.get(name):
                yield f"the env file: setting {', '.join(values)} would change what {reader} reads for {name}"
