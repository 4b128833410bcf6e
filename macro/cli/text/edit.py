"""Edit the author's text to hold the plain template. Only the parts that change are rewritten.

The marks of the YAML tree give the position of each part. Only the parts in which the compact and the plain template
differ are replaced, and every other byte stays. The result is parsed again and compared with the plain template. If a
text can't be edited (aliases, a whole template in flow style), the whole template is written anew.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from macro.cli.text.emit import write_flow, write_map, write_value
from macro.cli.text.files import Source, parse_source
from macro.cli.text.positions import find_end, find_step, skip_back
from macro.cli.text.scalars import write_flow_key
from macro.cli.text.substitution import replace_variables
from macro.errors import MacroError
from macro.expand import Expanded
from macro.intrinsic import name_function
from macro.plugin import Json, Template

# Start, end (exclusive) and the text that replaces the characters between both.
Edit = tuple[int, int, str]


class _Unplaced(Exception):
    """The change needs more than a small edit."""


def print_template(source: Source, expanded: Expanded, form: str | None = None) -> str:
    """The text of the plain template. ``form`` is ``"yaml"``, ``"json"``, or ``None`` for the author's own format."""
    is_json = source.node is None
    if form == "json" or (form is None and is_json):
        indent = re.search(r"\n( +)\S", source.text) if is_json else None
        text = json.dumps(expanded.template, indent=len(indent[1]) if indent else 2, ensure_ascii=False) + "\n"
    else:
        text = (None if is_json else edit_text(source, expanded)) or write_map(expanded.template)
    return source.mark + text


def edit_text(source: Source, expanded: Expanded) -> str | None:
    """The author's text with the changes in it, or ``None`` if the whole template must be written anew."""
    if source.has_aliases:
        return None
    editor = _Editor(source, expanded)
    try:
        edits = sorted(editor.compare_maps(source.node, source.template, expanded.template))
        text = _apply(source.text, edits)
        return text if parse_source(source.name, text).template == expanded.template else None
    except (_Unplaced, MacroError):
        return None


def _apply(text: str, edits: Iterable[Edit]) -> str:
    has_crlf = "\r\n" in text
    parts, place = [], 0
    for start, end, new in edits:
        parts += [text[place:start], new.replace("\n", "\r\n") if has_crlf else new]
        place = end
    return "".join([*parts, text[place:]])


class _Editor:
    """Finds the edits that turn the author's text into the plain template's text."""

    def __init__(self, source: Source, expanded: Expanded) -> None:
        self.text = source.text
        self.owners = expanded.owners

    def compare_maps(self, node: Any, old: Template, new: Template) -> Iterator[Edit]:
        """The edits for two maps of which ``node`` holds the old one."""
        added, further = self._find_added(old, new)
        step = find_step(node)
        if further:
            yield self._append(node, further, step)
        for key, value in node.value:
            name, column = key.value, key.start_mark.column
            if name not in added:
                yield from self._compare(value, old[name], new[name], None if node.flow_style else column + step)
            elif added[name]:
                written = _write_entries(added[name], column, step, bool(node.flow_style))
                yield key.start_mark.index, find_end(self.text, value), written
            else:
                yield self._remove(node, key, value)

    def _find_added(self, old: Template, new: Template) -> tuple[dict[str, dict[str, Json]], dict[str, Json]]:
        """The new entries by the old entry that they replace, and the entries that follow all others."""
        # Generated resources that replace their counter under the same logical ID.
        replaced = {name for name in new if name in old and self.owners.get(name) == name}
        added: dict[str, dict[str, Json]] = {name: {} for name in old if name not in new or name in replaced}
        further: dict[str, Json] = {}
        for name, value in new.items():
            if name in old and name not in replaced:
                continue
            added.get(self.owners.get(name, ""), further)[name] = value
        return added, further

    def _compare(self, node: Any, old: Json, new: Json, column: int | None) -> Iterator[Edit]:
        """The edits that turn ``old`` into ``new``.

        The children of a block start at ``column``. Inside brackets (flow style), ``column`` is ``None``.
        """
        if old is new or old == new:
            return
        is_tagged = node.tag.startswith("!")
        before, after = old, new
        if is_tagged and isinstance(new, dict) and list(new) == list(old) and node.id == "sequence":
            (before,), (after,) = old.values(), new.values()
        is_map = node.id == "mapping" and not is_tagged and isinstance(new, dict)
        # Another function replaces an intrinsic function as a whole.
        if is_map and (list(old) == list(new) or name_function(old) is None):
            yield from self.compare_maps(node, old, new)
        elif node.id == "sequence" and isinstance(before, list) and isinstance(after, list):
            yield from self._compare_lists(node, before, after)
        else:
            yield self._replace(node, old, new, column)

    def _compare_lists(self, node: Any, old: Sequence[Json], new: Sequence[Json]) -> Iterator[Edit]:
        """The edits for the items between the common start and the common end of both lists.

        If both lists have the same number of items there, the items are compared one by one.
        """
        column = None if node.flow_style else node.start_mark.column + 2
        same = min(len(old), len(new))
        first = next((place for place in range(same) if old[place] != new[place]), same)
        last = next((place for place in range(same - first) if old[-1 - place] != new[-1 - place]), same - first)
        nodes, items = node.value[first : len(old) - last], new[first : len(new) - last]
        if len(nodes) == len(items):
            for item, place in zip(nodes, range(first, first + len(nodes)), strict=True):
                yield from self._compare(item, old[place], new[place], column)
        elif not items and column is None:
            yield node.start_mark.index, node.end_mark.index, write_flow(list(new))
        elif not nodes:
            raise _Unplaced
        elif not items:
            yield from (self._remove(node, item, item) for item in nodes)
        else:
            texts = [write_flow(item) if column is None else write_value(item, column) for item in items]
            separator = ", " if column is None else f"\n{' ' * node.start_mark.column}- "
            yield nodes[0].start_mark.index, find_end(self.text, nodes[-1]), separator.join(texts)

    def _append(self, node: Any, entries: Mapping[str, Json], step: int) -> Edit:
        """The edit that adds entries after the last entry of a map."""
        if not node.value:
            return node.start_mark.index, node.end_mark.index, write_flow(dict(entries))
        key, value = node.value[-1]
        place, column = find_end(self.text, value), key.start_mark.column
        if node.flow_style:
            pairs = [f", {write_flow_key(name)}: {write_flow(entry)}" for name, entry in entries.items()]
            return place, place, "".join(pairs)
        place = self._skip_comment(place)
        written = [write_map({name: entry}, column, step).rstrip("\n") for name, entry in entries.items()]
        return place, place, "".join(f"\n{' ' * column}{entry}" for entry in written)

    def _skip_comment(self, place: int) -> int:
        """The end of the line, if only a comment follows on it. Otherwise ``place``."""
        end = self.text.find("\n", place)
        rest = self.text[place : end if end >= 0 else len(self.text)]
        return place + len(rest.rstrip("\r")) if rest.lstrip(" \t").startswith("#") else place

    def _replace(self, node: Any, old: Json, new: Json, column: int | None) -> Edit:
        start, end = node.start_mark.index, find_end(self.text, node)
        inline = replace_variables(self.text[start:end], node, old, new)
        if inline is not None:
            return start, end, inline
        if column is None:
            return start, end, write_flow(new)
        written = write_value(new, column)
        if written.startswith("\n"):
            return skip_back(self.text, start, " "), end, written
        lead = skip_back(self.text, start, " \r\n")
        if node.id != "scalar" and self.text[lead - 1 : lead] == ":":
            return lead, end, f" {written}"
        return start, end, written

    def _remove(self, node: Any, first: Any, last: Any) -> Edit:
        """The edit that removes the lines from node ``first`` to node ``last``. The lines must hold nothing else."""
        start, end = first.start_mark.index, find_end(self.text, last)
        line_start = self.text.rfind("\n", 0, start) + 1
        if node.flow_style or self.text[line_start:start].strip(" -"):
            raise _Unplaced
        line_end = self.text.find("\n", end)
        return line_start, len(self.text) if line_end < 0 else line_end + 1, ""


def _write_entries(entries: Mapping[str, Json], column: int, step: int, is_flow: bool) -> str:
    if is_flow:
        pairs = [f"{write_flow_key(name)}: {write_flow(value)}" for name, value in entries.items()]
        return f",\n{' ' * step}".join(pairs)
    texts = [write_map({name: value}, column, step).rstrip("\n") for name, value in entries.items()]
    return f"\n\n{' ' * column}".join(texts)
