"""Write texts and constants as YAML scalars, with few quotes."""

import functools
import re
from collections.abc import Iterator
from typing import Any

from macro.plugin import Json

WIDTH = 100
# Needs no quotes in any position: starts with no indicator, and contains no indicator that matters further on.
_PLAIN = re.compile(r"[A-Za-z0-9_./$][A-Za-z0-9_./$()*+=@%;~^ :{}!-]*")
_UNSAFE = re.compile(r": |:$| #|\s$")
_FLOW_UNSAFE = re.compile(r"[\[\]{},]|:(?![A-Za-z0-9:])")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
_STR = "tag:yaml.org,2002:str"


def write_key(name: str) -> str:
    """A key, quoted if YAML requires quotes."""
    return name if _is_plain(name) and not name.startswith("<<") else _quote(name)


def write_flow_key(text: str) -> str:
    """A text for use inside brackets, quoted if YAML requires quotes."""
    return text if _is_plain(text) and not _FLOW_UNSAFE.search(text) else _quote(text)


def write_text(lead: str, text: str, column: int) -> Iterator[str]:
    """The lines of a text in block style. The first line starts with ``lead``, the others at ``column``."""
    indent = " " * column
    if _is_block(text):
        body = text.removesuffix("\n").split("\n")
        yield f"{lead}|{'' if text.endswith(chr(10)) else '-'}"
        yield from (f"{indent}{line}" if line else "" for line in body)
    elif len(lead) + len(text) > WIDTH and _is_foldable(text):
        yield f"{lead}>-"
        yield from (f"{indent}{line}" for line in _fold(text, WIDTH - column))
    elif _is_plain(text):
        yield f"{lead}{text}"
    elif "'" in text or not text.isprintable():
        yield f"{lead}{_quote(text)}"
    else:
        yield f"{lead}'{text}'" if '"' in text or "\\" in text else f'{lead}"{text}"'


def write_constant(value: Json) -> str:
    """A number, ``true``, ``false`` or ``null``."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value)
    # YAML 1.1 reads a number with an exponent but without a decimal point as text.
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def _quote(text: str) -> str:
    """The text in double quotes, with characters that are not printable escaped (YAML 1.1, 5.6)."""
    return '"' + "".join(_ESCAPES.get(character) or _escape(character) for character in text) + '"'


def _escape(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _is_block(text: str) -> bool:
    """Whether a text has several lines and a literal block reproduces it exactly (YAML 1.1, 9.3)."""
    if "\n" not in text.removesuffix("\n") or text.endswith("\n\n") or not text.strip():
        return False
    lines = text.split("\n")
    return (
        not lines[0].startswith((" ", "\t"))
        and bool(lines[0])
        and not any(line != line.rstrip() or not line.isprintable() for line in lines)
    )


def _is_foldable(text: str) -> bool:
    return " " in text and "  " not in text and text == text.strip() and text.isprintable()


def _fold(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > max(width, 40):
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines


@functools.lru_cache(maxsize=4096)
def _is_plain(text: str) -> bool:
    """Whether the text needs no quotes in block style: it has no indicators, and YAML reads it as text."""
    return bool(_PLAIN.fullmatch(text)) and not _UNSAFE.search(text) and _resolver().resolve(*_question(text)) == _STR


def _question(text: str) -> tuple[Any, str, tuple[bool, bool]]:
    from yaml.nodes import ScalarNode

    return ScalarNode, text, (True, False)


@functools.cache
def _resolver() -> Any:
    from yaml.resolver import Resolver

    return Resolver()
