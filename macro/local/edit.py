"""Put the plain template into the author's text: what changes is written anew, every other byte stays.

Like a zip whose members are copied as they are: the YAML tree says where each part stands (its marks), and only the
parts in which compact and plain template differ are replaced. The result is read again and compared, so that a text
this can't do justice to (aliases, a whole template in flow style) is written anew as a whole instead.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from macro.errors import MacroError
from macro.local.emit import write_flow, write_flow_key, write_map, write_value
from macro.local.files import Source, parse_source
from macro.plugin import VARIABLE, Json, Template
from macro.template import find_owner


class Edit(NamedTuple):
    """Characters ``start`` to ``end`` of a text, and what takes their place."""

    start: int
    end: int
    text: str


class _Unplaced(Exception):
    """A change for which there is no small edit."""


def print_template(source: Source, plain: Template, form: str | None = None) -> str:
    """The text of the plain template; ``form`` is ``"yaml"``, ``"json"``, or ``None`` for the author's own."""
    is_json = source.node is None
    if form == "json" or (form is None and is_json):
        return source.mark + _print_json(source, plain)
    edited = None if is_json else edit_text(source, plain)
    return source.mark + (edited or write_map(plain))


def edit_text(source: Source, plain: Template) -> str | None:
    """The author's text with the changes in it; ``None`` where it has to be written anew as a whole."""
    if source.has_aliases:
        return None
    edits: list[Edit] = []
    try:
        _compare_maps(source, source.node, source.template, plain, edits)
    except _Unplaced:
        return None
    text = source.text
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    try:
        return text if parse_source(source.name, text).template == plain else None
    except MacroError:
        return None


def _print_json(source: Source, plain: Template) -> str:
    indent = re.search(r"\n( +)\S", source.text) if source.node is None else None
    return json.dumps(plain, indent=len(indent[1]) if indent else 2, ensure_ascii=False) + "\n"


def _compare(source: Source, node: Any, old: Json, new: Json, column: int | None, edits: list[Edit]) -> None:
    """Add the edits that make ``old`` ``new``; children of a block begin at ``column``, ``None`` inside brackets."""
    if old is new or old == new:
        return
    is_tagged = node.tag.startswith("!")
    if is_tagged and isinstance(new, dict) and list(new) == list(old) and node.id == "sequence":
        (old,), (new,) = old.values(), new.values()
    if node.id == "mapping" and not is_tagged and isinstance(new, dict) and not _is_exchanged(old, new):
        _compare_maps(source, node, old, new, edits)
    elif node.id == "sequence" and isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        for item, before, after in zip(node.value, old, new, strict=True):
            _compare(source, item, before, after, None if node.flow_style else node.start_mark.column + 2, edits)
    else:
        edits.append(_replace(source, node, old, new, column))


def _is_exchanged(old: Json, new: Json) -> bool:
    """Whether one intrinsic function takes the place of another."""
    return len(old) == 1 and list(old) != list(new) and next(iter(old)).startswith(("Ref", "Fn::"))


def _compare_maps(source: Source, node: Any, old: Template, new: Template, edits: list[Edit]) -> None:
    removed = [name for name in old if name not in new]
    added = _assign([name for name in new if name not in old], removed)
    step = _get_step(node)
    for key, value in node.value:
        name = key.value
        if name in new:
            column = None if node.flow_style else key.start_mark.column + step
            _compare(source, value, old[name], new[name], column, edits)
        elif added[name]:
            entries = {new_name: new[new_name] for new_name in added[name]}
            text = _write_entries(entries, key.start_mark.column, step, bool(node.flow_style))
            edits.append(Edit(key.start_mark.index, _find_end(source.text, value), _end_lines(source, text)))
        else:
            edits.append(_remove(source, node, key, value))


def _assign(added: Sequence[str], removed: Sequence[str]) -> dict[str, list[str]]:
    """The new names by the old one each begins with, which is the counter they come from."""
    result: dict[str, list[str]] = {name: [] for name in removed}
    for name in added:
        owner = find_owner(name, removed)
        if owner is None:
            raise _Unplaced
        result[owner].append(name)
    return result


def _write_entries(entries: Mapping[str, Json], column: int, step: int, is_flow: bool) -> str:
    if is_flow:
        pairs = [f"{write_flow_key(name)}: {write_flow(value)}" for name, value in entries.items()]
        return f",\n{' ' * step}".join(pairs)
    texts = [write_map({name: value}, column, step).rstrip("\n") for name, value in entries.items()]
    return f"\n\n{' ' * column}".join(texts)


def _replace(source: Source, node: Any, old: Json, new: Json, column: int | None) -> Edit:
    start, end = node.start_mark.index, _find_end(source.text, node)
    before = source.text[start:end]
    inline = _replace_variables(before, node, old, new)
    if inline is not None:
        return Edit(start, end, inline)
    if column is None:
        return Edit(start, end, write_flow(new))
    text = write_value(new, column)
    lead = source.text[:start].rstrip()
    if text.startswith("\n"):
        start = len(source.text[:start].rstrip(" "))
    elif node.id != "scalar" and lead.endswith(":"):
        start, text = len(lead), f" {text}"
    return Edit(start, end, _end_lines(source, text))


def _replace_variables(before: str, node: Any, old: Json, new: Json) -> str | None:
    """A quoted or block ``!Sub`` with just its variables exchanged, so that its quotes and lines stay."""
    was, now = (value.get("Fn::Sub") if isinstance(value, dict) else value for value in (old, new))
    if node.id != "scalar" or not node.style or not isinstance(was, str) or not isinstance(now, str):
        return None
    pattern, names = "", []
    place = 0
    for match in VARIABLE.finditer(was):
        pattern += re.escape(was[place : match.start()]) + "(.*?)"
        names.append(match[0])
        place = match.end()
    found = re.fullmatch(pattern + re.escape(was[place:]), now, re.DOTALL)
    if not found or any(character in value for value in found.groups() for character in "\"'\\\n"):
        return None
    for name, value in dict(zip(names, found.groups(), strict=True)).items():
        before = before.replace(name, value)
    return before


def _remove(source: Source, node: Any, key: Any, value: Any) -> Edit:
    text = source.text
    start, end = key.start_mark.index, _find_end(text, value)
    line_start = text.rfind("\n", 0, start) + 1
    if node.flow_style or text[line_start:start].strip():
        raise _Unplaced
    line_end = text.find("\n", end)
    return Edit(line_start, len(text) if line_end < 0 else line_end + 1, "")


def _find_end(text: str, node: Any) -> int:
    """Where the node's own text ends; libyaml's mark of a block lies behind the comments that follow it."""
    if node.id == "scalar":
        end = int(node.end_mark.index)
        return len(text[:end].rstrip()) if node.style in ("|", ">") else end
    if node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _find_end(text, last[1] if node.id == "mapping" else last)


def _get_step(node: Any) -> int:
    """How far the author indents: the distance of the first block inside this map, two where there is none."""
    for key, value in node.value:
        if value.id == "mapping" and not value.flow_style and value.value:
            return max(int(value.start_mark.column) - int(key.start_mark.column), 1)
    return 2


def _end_lines(source: Source, text: str) -> str:
    return text.replace("\n", "\r\n") if "\r\n" in source.text else text
