"""Edit the author's text to hold the plain template. Only the parts that change are rewritten.

The marks of the YAML tree give the position of each part. Only the parts in which the compact and the plain template
differ are replaced, and every other byte stays. The result is parsed again and compared with the plain template. If a
text can't be edited (aliases, a whole template in flow style), the whole template is written anew.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from macro.cli.text.emit import write_flow, write_flow_key, write_map, write_value
from macro.cli.text.files import Source, parse_source
from macro.errors import MacroError
from macro.expand import Expanded
from macro.intrinsic import VARIABLE
from macro.plugin import Json, Template
from macro.template.merge import get_conditions


class Edit(NamedTuple):
    """Replaces the characters from ``start`` to ``end`` (exclusive) with ``text``."""

    start: int
    end: int
    text: str


class Sheet(NamedTuple):
    """A text with the edits found so far.

    ``owners`` maps each generated logical ID to its counter. ``conditions`` are the names of the generated conditions.
    """

    text: str
    owners: Mapping[str, str]
    conditions: Collection[str]
    edits: list[Edit]


class _Unplaced(Exception):
    """The change needs more than a small edit."""


def print_template(source: Source, expanded: Expanded, form: str | None = None) -> str:
    """The text of the plain template. ``form`` is ``"yaml"``, ``"json"``, or ``None`` for the author's own format."""
    is_json = source.node is None
    if form == "json" or (form is None and is_json):
        return source.mark + _print_json(source, expanded.template)
    edited = None if is_json else edit_text(source, expanded)
    return source.mark + (edited or write_map(expanded.template))


def edit_text(source: Source, expanded: Expanded) -> str | None:
    """The author's text with the changes in it, or ``None`` if the whole template must be written anew."""
    if source.has_aliases:
        return None
    known = get_conditions(source.template)
    conditions = [name for name in get_conditions(expanded.template) if name not in known]
    sheet = Sheet(source.text, expanded.owners, conditions, [])
    try:
        _compare_maps(sheet, source.node, source.template, expanded.template)
    except _Unplaced:
        return None
    text = _apply(sheet)
    try:
        return text if parse_source(source.name, text).template == expanded.template else None
    except MacroError:
        return None


def _apply(sheet: Sheet) -> str:
    has_crlf = "\r\n" in sheet.text
    parts, place = [], 0
    for edit in sorted(sheet.edits):
        parts += [sheet.text[place : edit.start], edit.text.replace("\n", "\r\n") if has_crlf else edit.text]
        place = edit.end
    return "".join([*parts, sheet.text[place:]])


def _print_json(source: Source, plain: Template) -> str:
    indent = re.search(r"\n( +)\S", source.text) if source.node is None else None
    return json.dumps(plain, indent=len(indent[1]) if indent else 2, ensure_ascii=False) + "\n"


def _compare(sheet: Sheet, node: Any, old: Json, new: Json, column: int | None) -> None:
    """Add the edits that turn ``old`` into ``new``.

    The children of a block start at ``column``. Inside brackets (flow style), ``column`` is ``None``.
    """
    if old is new or old == new:
        return
    is_tagged = node.tag.startswith("!")
    before, after = old, new
    if is_tagged and isinstance(new, dict) and list(new) == list(old) and node.id == "sequence":
        (before,), (after,) = old.values(), new.values()
    if node.id == "mapping" and not is_tagged and isinstance(new, dict) and not _is_exchanged(old, new):
        _compare_maps(sheet, node, old, new)
    elif node.id == "sequence" and isinstance(before, list) and isinstance(after, list):
        _compare_lists(sheet, node, before, after)
    else:
        sheet.edits.append(_replace(sheet.text, node, old, new, column))


def _is_exchanged(old: Json, new: Json) -> bool:
    """Whether something else replaces an intrinsic function."""
    return len(old) == 1 and list(old) != list(new) and next(iter(old)).startswith(("Ref", "Fn::"))


def _compare_maps(sheet: Sheet, node: Any, old: Template, new: Template) -> None:
    # Generated resources that replace their counter under the same logical ID.
    replaced = {name for name in new if name in old and sheet.owners.get(name) == name}
    added: dict[str, dict[str, Json]] = {name: {} for name in old if name not in new or name in replaced}
    further: dict[str, Json] = {}
    for name, value in new.items():
        if name in old and name not in replaced:
            continue
        owner = sheet.owners.get(name, "")
        if owner not in added and name not in sheet.conditions:
            raise _Unplaced
        added.get(owner, further)[name] = value
    step = _get_step(node)
    if further:
        sheet.edits.append(_append(sheet.text, node, further, step))
    for key, value in node.value:
        column = key.start_mark.column
        if key.value in new and key.value not in replaced:
            _compare(sheet, value, old[key.value], new[key.value], None if node.flow_style else column + step)
        elif added[key.value]:
            text = _write_entries(added[key.value], column, step, bool(node.flow_style))
            sheet.edits.append(Edit(key.start_mark.index, _find_end(sheet.text, value), text))
        else:
            sheet.edits.append(_remove(sheet.text, node, key, value))


def _append(text: str, node: Any, entries: Mapping[str, Json], step: int) -> Edit:
    """The edit that adds entries after the last entry of a map."""
    if not node.value or node.flow_style:
        raise _Unplaced
    key, value = node.value[-1]
    place, column = _find_end(text, value), key.start_mark.column
    written = [write_map({name: entry}, column, step).rstrip("\n") for name, entry in entries.items()]
    return Edit(place, place, "".join(f"\n{' ' * column}{entry}" for entry in written))


def _compare_lists(sheet: Sheet, node: Any, old: Sequence[Json], new: Sequence[Json]) -> None:
    """Add the edits for the items between the common start and the common end of both lists.

    If both lists have the same number of items there, the items are compared one by one.
    """
    column = None if node.flow_style else node.start_mark.column + 2
    same = min(len(old), len(new))
    first = next((place for place in range(same) if old[place] != new[place]), same)
    last = next((place for place in range(same - first) if old[-1 - place] != new[-1 - place]), same - first)
    nodes, items = node.value[first : len(old) - last], new[first : len(new) - last]
    if len(nodes) == len(items):
        for item, place in zip(nodes, range(first, first + len(nodes)), strict=True):
            _compare(sheet, item, old[place], new[place], column)
    elif not items and column is None:
        sheet.edits.append(Edit(node.start_mark.index, node.end_mark.index, write_flow(list(new))))
    elif not nodes:
        raise _Unplaced
    elif not items:
        sheet.edits.extend(_remove(sheet.text, node, item, item) for item in nodes)
    else:
        texts = [write_flow(item) if column is None else write_value(item, column) for item in items]
        separator = ", " if column is None else f"\n{' ' * node.start_mark.column}- "
        end = _find_end(sheet.text, nodes[-1])
        sheet.edits.append(Edit(nodes[0].start_mark.index, end, separator.join(texts)))


def _write_entries(entries: Mapping[str, Json], column: int, step: int, is_flow: bool) -> str:
    if is_flow:
        pairs = [f"{write_flow_key(name)}: {write_flow(value)}" for name, value in entries.items()]
        return f",\n{' ' * step}".join(pairs)
    texts = [write_map({name: value}, column, step).rstrip("\n") for name, value in entries.items()]
    return f"\n\n{' ' * column}".join(texts)


def _replace(text: str, node: Any, old: Json, new: Json, column: int | None) -> Edit:
    start, end = node.start_mark.index, _find_end(text, node)
    inline = _replace_variables(text[start:end], node, old, new)
    if inline is not None:
        return Edit(start, end, inline)
    if column is None:
        return Edit(start, end, write_flow(new))
    written = write_value(new, column)
    if written.startswith("\n"):
        return Edit(_skip_back(text, start, " "), end, written)
    lead = _skip_back(text, start, " \r\n")
    if node.id != "scalar" and text[lead - 1 : lead] == ":":
        return Edit(lead, end, f" {written}")
    return Edit(start, end, written)


def _skip_back(text: str, place: int, characters: str) -> int:
    while place and text[place - 1] in characters:
        place -= 1
    return place


def _replace_variables(before: str, node: Any, old: Json, new: Json) -> str | None:
    """A quoted or block ``!Sub`` in which only the variables change. The quotes and line breaks stay."""
    was, now = (value.get("Fn::Sub") if isinstance(value, dict) else value for value in (old, new))
    if node.id != "scalar" or not node.style or not isinstance(was, str) or not isinstance(now, str):
        return None
    values = _match_variables(was, now)
    if values is None or any(character in value for value in values.values() for character in "\"'\\\n"):
        return None
    return VARIABLE.sub(lambda match: values.get(match[0], match[0]), before)


def _match_variables(was: str, now: str) -> dict[str, str] | None:
    """The text that replaces each variable, or ``None`` if the replacement is ambiguous.

    A variable has the same replacement at every occurrence.
    """
    first, *rest = VARIABLE.split(was)
    values: dict[str, str] = {}
    at = len(first) if now.startswith(first) else len(now) + 1
    for place, (variable, text) in enumerate(zip(rest[::2], rest[1::2], strict=True)):
        name = f"${{{variable}}}"
        is_last = 2 * (place + 1) == len(rest)
        if name not in values and now.startswith(name + text, at):
            values[name] = name
        end = len(now) - len(text) if is_last else now.find(text, at)
        value = values.setdefault(name, now[at : max(end, at)])
        if not now.startswith(value + text, at):
            return None
        at += len(value) + len(text)
    return values if at == len(now) else None


def _remove(text: str, node: Any, first: Any, last: Any) -> Edit:
    """The edit that removes the lines from node ``first`` to node ``last``. The lines must hold nothing else."""
    start, end = first.start_mark.index, _find_end(text, last)
    line_start = text.rfind("\n", 0, start) + 1
    if node.flow_style or text[line_start:start].strip(" -"):
        raise _Unplaced
    line_end = text.find("\n", end)
    return Edit(line_start, len(text) if line_end < 0 else line_end + 1, "")


def _find_end(text: str, node: Any) -> int:
    """The index at which the node's own text ends. libyaml's end mark of a block is after the comments that follow."""
    if node.id == "scalar":
        end = int(node.end_mark.index)
        return len(text[:end].rstrip()) if node.style in ("|", ">") else end
    if node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _find_end(text, last[1] if node.id == "mapping" else last)


def _get_step(node: Any) -> int:
    """The author's indentation in columns, taken from the first block inside this map. Two if the map has no block."""
    for key, value in node.value:
        if value.id == "mapping" and not value.flow_style and value.value:
            return max(int(value.start_mark.column) - int(key.start_mark.column), 1)
    return 2
