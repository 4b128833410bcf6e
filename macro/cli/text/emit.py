"""Write template data as YAML in a handwritten style: short tags, few quotes, short lists on one line."""

import re
from collections.abc import Mapping, Sequence

from macro.cli.text.scalars import WIDTH, write_constant, write_flow_key, write_key, write_text
from macro.plugin import Json

_SHORT = re.compile(r"Fn::[A-Za-z0-9]+")


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
    return tag + (write_flow_key(content) if isinstance(content, str) else write_constant(content))


def _write(lines: list[str], lead: str, value: Json, column: int, step: int) -> None:
    """Append ``value`` to the lines. Its first line starts with ``lead``, and its children start at ``column``."""
    tag, content = _split_tag(value)
    if isinstance(content, str):
        lines.extend(write_text(f"{lead} {tag}", content, column))
    elif not isinstance(content, (Mapping, Sequence)):
        lines.append(f"{lead} {tag}{write_constant(content)}")
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
