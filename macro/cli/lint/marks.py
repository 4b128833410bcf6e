"""Carry the positions of the author's text through the expansion: each part of a template has marks, as in cfn-lint."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from macro.cli.text.files import Source, find_tree
from macro.expand import Expanded
from macro.plugin import Json
from macro.template.counters import KEPT

Marked = Any
_MERGE = "tag:yaml.org,2002:merge"


class Mark(NamedTuple):
    """A position in a text. Lines and columns are counted from 0, as cfn-lint does."""

    line: int
    column: int


class Map(dict[Json, Json]):
    """A map with the positions at which it starts and ends."""

    start_mark = end_mark = Mark(0, 0)


class List(list[Json]):
    """A list with the positions at which it starts and ends."""

    start_mark = end_mark = Mark(0, 0)


class Text(str):
    """A text with the positions at which it starts and ends. Numbers and other constants have no positions."""

    start_mark = end_mark = Mark(0, 0)


def mark_source(source: Source) -> Source:
    """The source with a template that equals the original and whose maps, lists, texts and keys have positions."""
    node = find_tree(source)
    template = Map(source.template) if node is None else _mark(source.template, node)
    return source._replace(template=template)


def keep_marks(expanded: Expanded, compact: Marked) -> Marked:
    """The plain template as cfn-lint's nodes, with marks.

    Each part has the position at which the author wrote it. Generated parts have their counter's position.
    """
    plain = expanded.template
    if not isinstance(plain.get("Resources"), dict):
        return _as_node(plain, compact)
    marked = _as_node({name: value for name, value in plain.items() if name != "Resources"}, compact)
    marked[_as_node("Resources", compact)] = resources = _as_node({}, compact)
    keys = {name: name for name in compact["Resources"]}
    for logical_id, resource in plain["Resources"].items():
        owner = expanded.owners.get(logical_id)
        key = keys[owner or logical_id]
        near = key if hasattr(key, "start_mark") else compact
        if owner:
            written = {name: name for name in compact["Resources"][key] if name in KEPT}
            resource = {written.get(name, name): value for name, value in resource.items()}
        resources[_as_node(logical_id, near)] = _as_node(resource, near)
    return marked


def _as_node(data: Json, near: Marked) -> Marked:
    """The data as cfn-lint's nodes. Parts without marks get the marks of the nearest part around them."""
    from cfnlint.decode.node import dict_node, list_node, str_node

    here = data if hasattr(data, "start_mark") else near
    if isinstance(data, dict):
        keys = {key: _as_node(key if isinstance(key, str) else str(key), here) for key in data}
        entries = {keys[key]: _as_node(value, keys[key]) for key, value in data.items()}
        return dict_node(entries, here.start_mark, here.end_mark)
    if isinstance(data, list):
        return list_node([_as_node(item, here) for item in data], here.start_mark, here.end_mark)
    return str_node(data, here.start_mark, here.end_mark) if isinstance(data, str) else data


def _mark(data: Json, node: Any) -> Json:
    if node.tag.startswith("!") and node.tag != "!":
        ((name, content),) = data.items()
        return _place(Map({name: _mark_content(content, node)}), node)
    return _mark_content(data, node)


def _mark_content(data: Json, node: Any) -> Json:
    if isinstance(data, dict):
        places = {key.value: (key, value) for key, value in _list_entries(node)}
        # JSON escapes can hide a key from the tree.
        entries = (_mark_entry(item, *places[item[0]]) if item[0] in places else item for item in data.items())
        return _place(Map(entries), node)
    if isinstance(data, list):
        # The text of a !GetAtt becomes a list.
        nodes = node.value if node.id == "sequence" else [node] * len(data)
        return _place(List(map(_mark_content if node.id == "scalar" else _mark, data, nodes)), node)
    return _place(Text(data), node) if isinstance(data, str) else data


def _mark_entry(item: tuple[str, Json], key: Any, value: Any) -> tuple[str, Json]:
    return _place(Text(item[0]), key), _mark(item[1], value)


def _list_entries(node: Any) -> Iterator[tuple[Any, Any]]:
    """The nodes of keys and values. Entries of merged maps come before the entries that replace them."""
    for key, value in node.value:
        if key.tag == _MERGE:
            for merged in reversed(value.value) if value.id == "sequence" else [value]:
                yield from _list_entries(merged) if merged.id == "mapping" else ()
    yield from (pair for pair in node.value if pair[0].tag != _MERGE)


def _place(data: Any, node: Any) -> Any:
    data.start_mark = Mark(node.start_mark.line, node.start_mark.column)
    data.end_mark = Mark(node.end_mark.line, node.end_mark.column)
    return data
