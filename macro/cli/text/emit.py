"""Write template data as YAML in a handwritten style: short tags, few quotes, short lists on one line."""

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any

from macro.plugin import Json

WIDTH = 100
_SHORT = re.compile(r"Fn::[A-Za-z0-9]+")
# Needs no quotes in any position: starts with no indicator, and contains no indicator that matters further on.
_PLAIN = re.compile(r"[A-Za-z0-9_./$][A-Za-z0-9_./$()*+=@%;~^ :{}!-]*")
_UNSAFE = re.compile(r": |:$| #|\s$")
_FLOW_UNSAFE = re.compile(r"[\[\]{},]|:(?![A-Za-z0-9:])")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
_STR = "tag:yaml.org,2002:str"


def write_map(data: Mapping[str, Json], column: int = 0, step: int = 2) -> str:
    """The entries of a map as block YAML that starts at ``column``. Each line ends with a line break.

    The first line is not indented.
    """
    if not data:
        return "{}\n"
    lines: list[str] = []
    for name, value in data.items():
        _write(lines, f"{' ' * column}{write_key(name)}:", value, column + step, step)
    return "\n".join(lines).lstrip(" ") + "\n"


def write_value(value: Json, column: int, step: int = 2) -> str:
    """A value as written after ``key:``, without the space between. Further lines are indented to ``column``."""
    lines: list[str] = []
    _write(lines, "", value, column, step)
    return "\n".join(lines).removeprefix(" ")


def write_flow(value: Json) -> str:
    """A value on one line, in flow style."""
    tag, content = _split_tag(value)
    if isinstance(content, Mapping):
        entries = ", ".join(f"{write_flow_key(name)}: {write_flow(item)}" for name, item in content.items())
        return f"{tag}{{{entries}}}"
    if isinstance(content, Sequence) and not isinstance(content, str):
        return f"{tag}[{', '.join(write_flow(item) for item in content)}]"
    return tag + (write_flow_key(content) if isinstance(content, str) else _write_constant(content))


def write_flow_key(text: str) -> str:
    """A text for use inside brackets, quoted if YAML requires quotes."""
    return text if _is_plain(text) and not _FLOW_UNSAFE.search(text) else _quote(text)


def write_key(name: str) -> str:
    """A key, quoted if YAML requires quotes."""
    return name if _is_plain(name) and not name.startswith("<<") else _quote(name)


def _write(lines: list[str], lead: str, value: Json, column: int, step: int) -> None:
    """Append ``value`` to the lines. Its first line starts with ``lead``, and its children start at ``column``."""
    tag, content = _split_tag(value)
    if isinstance(content, str):
        _write_text(lines, f"{lead} {tag}", content, column)
    elif not isinstance(content, (Mapping, Sequence)):
        lines.append(f"{lead} {tag}{_write_constant(content)}")
    elif not content or _is_short(lead, tag, content):
        lines.append(f"{lead} {tag}{write_flow(content)}")
    elif isinstance(content, Mapping):
        _write_entries(lines, lead, tag, content, column, step)
    else:
        lines.append(f"{lead} {tag}".rstrip())
        for item in content:
            _write(lines, f"{' ' * column}-", item, column + 2, step)


def _write_entries(lines: list[str], lead: str, tag: str, content: Mapping[str, Json], column: int, step: int) -> None:
    is_item = lead.endswith("-") and not tag and lead.strip() == "-"
    if not is_item:
        lines.append(f"{lead} {tag}".rstrip())
    for place, (name, value) in enumerate(content.items()):
        start = f"{lead} " if is_item and place == 0 else " " * column
        _write(lines, f"{start}{write_key(name)}:", value, column + step, step)


def _write_text(lines: list[str], lead: str, text: str, column: int) -> None:
    indent = " " * column
    if _is_block(text):
        body = text.removesuffix("\n").split("\n")
        lines.append(f"{lead}|{'' if text.endswith(chr(10)) else '-'}")
        lines.extend(f"{indent}{line}" if line else "" for line in body)
    elif len(lead) + len(text) > WIDTH and _is_foldable(text):
        lines.append(f"{lead}>-")
        lines.extend(f"{indent}{line}" for line in _fold(text, WIDTH - column))
    elif _is_plain(text):
        lines.append(f"{lead}{text}")
    elif "'" in text or not text.isprintable():
        lines.append(f"{lead}{_quote(text)}")
    else:
        lines.append(f"{lead}'{text}'" if '"' in text or "\\" in text else f'{lead}"{text}"')


def _quote(text: str) -> str:
    """The text in double quotes, with characters that are not printable escaped (YAML 1.1, 5.6)."""
    return '"' + "".join(_ESCAPES.get(character) or _escape(character) for character in text) + '"'


def _escape(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _write_constant(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value)
    # YAML 1.1 reads a number with an exponent but without a decimal point as text.
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def _split_tag(value: Json) -> tuple[str, Json]:
    """``("!Sub ", content)`` for a function that has a short form, otherwise ``("", value)``."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return "", value
    name, content = next(iter(value.items()))
    if name == "Ref":
        return ("!Ref ", content) if isinstance(content, str) else ("", value)
    if not _SHORT.fullmatch(name) or name == "Fn::Transform":
        return "", value
    if name == "Fn::GetAtt":
        return _split_get_att(value, content)
    # A tag can't follow another tag. A number or null after a tag would be read as text.
    is_taggable = isinstance(content, (str, list)) or (isinstance(content, Mapping) and not _split_tag(content)[0])
    return (f"!{name.removeprefix('Fn::')} ", content) if is_taggable else ("", value)


def _split_get_att(value: Json, content: Json) -> tuple[str, Json]:
    is_dotted = isinstance(content, list) and len(content) == 2 and all(isinstance(part, str) for part in content)
    if is_dotted and "." not in content[0]:
        return "!GetAtt ", ".".join(content)
    return "", value


def _is_short(lead: str, tag: str, content: Json) -> bool:
    """Whether the content is a list of simple values that fits on the current line."""
    if not isinstance(content, list) or not all(_is_simple(item) for item in content):
        return False
    return len(lead) + len(tag) + len(write_flow(content)) < WIDTH


def _is_simple(value: Json) -> bool:
    _, content = _split_tag(value)
    if isinstance(content, str):
        return "\n" not in content
    return not isinstance(content, (Mapping, list))


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
