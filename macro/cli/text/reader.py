"""Turn YAML nodes into data as CloudFormation reads them, and collect what CloudFormation would refuse."""

import functools
from typing import Any

from macro.cli.text.positions import Position, long_name, make_position
from macro.errors import Path, Problem
from macro.plugin import Json

MAX_NODES = 250_000
# Well above what a template needs, and below Python's recursion limit for every function of the product.
MAX_DEPTH = 100
_STR, _MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"
_CONSTRUCTORS = {
    "tag:yaml.org,2002:int": "construct_yaml_int",
    "tag:yaml.org,2002:float": "construct_yaml_float",
    "tag:yaml.org,2002:bool": "construct_yaml_bool",
    "tag:yaml.org,2002:null": "construct_yaml_null",
}
# CloudFormation reads these as text, for example in AWSTemplateFormatVersion: 2010-09-09.
_TEXTS = {_STR, "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value", "!"}
_NOT_FINITE = (float("inf"), float("-inf"))
_COLLECTIONS = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}


class TooManyNodes(Exception):
    """The template has more than :data:`MAX_NODES` nodes, usually because aliases multiply them."""


class TooDeep(Exception):
    """Collections are nested more than :data:`MAX_DEPTH` levels deep.

    ``mark`` is the start of the first collection that is too deep.
    """

    def __init__(self, mark: Any) -> None:
        super().__init__(mark)
        self.mark = mark


class Reader:
    """Reads the nodes of one text. ``found`` has the problems with their positions."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[tuple[Problem, Position | None]] = []
        self.has_aliases = False
        self.seen: set[int] = set()
        self.open: set[int] = set()
        self.count = 0

    def read_root(self, node: Any) -> Json:
        """The data of a text's root node.

        Raises:
            TooManyNodes: the template is too large. This check runs before aliases are expanded.
            TooDeep: collections are nested too deeply.
        """
        if node is not None and _weigh(node, {}) > MAX_NODES:
            raise TooManyNodes
        return self.read(node, ())

    def read(self, node: Any, path: Path) -> Json:
        """The node's data. Each tag, key or value that a template can't have adds a problem to ``found``."""
        if node is None:
            return None
        self.count += 1
        if self.count > MAX_NODES:
            raise TooManyNodes
        if id(node) in self.open:
            self._refuse(node, path, "the alias stands for what it is part of")
            return None
        self.has_aliases = self.has_aliases or id(node) in self.seen
        self.seen.add(id(node))
        self.open.add(id(node))
        if len(self.open) > MAX_DEPTH and node.id != "scalar":
            raise TooDeep(node.start_mark)
        data = self._read_content(node, path)
        self.open.discard(id(node))
        return data

    def _read_content(self, node: Any, path: Path) -> Json:
        """The data of a node. A short tag of CloudFormation gives the long form of the function."""
        tag = node.tag
        if not tag.startswith("!") or tag == "!":
            return self._read_plain(node, path)
        name = long_name(tag)
        if node.id == "mapping":
            return {name: self._read_map(node, (*path, name))}
        if node.id == "sequence":
            return {name: self._read_list(node, (*path, name))}
        return {name: node.value.split(".", 1) if name == "Fn::GetAtt" else node.value}

    def _read_plain(self, node: Any, path: Path) -> Json:
        if node.id == "mapping" and node.tag in _COLLECTIONS:
            return self._read_map(node, path)
        if node.id == "sequence" and node.tag in _COLLECTIONS:
            return self._read_list(node, path)
        if node.tag in _TEXTS:
            return str(node.value)
        if node.id == "scalar" and node.tag in _CONSTRUCTORS:
            try:
                value = getattr(_constructor(), _CONSTRUCTORS[node.tag])(node)
                # A hexadecimal integer can have more decimal digits than Python converts to text.
                str(value)
            except (ValueError, LookupError, OverflowError):
                return str(node.value)
            if value not in _NOT_FINITE and value == value:
                return value
            self._refuse(node, path, f"{node.value} is no number that a template may have; quote it if it is a text")
            return None
        self._refuse(node, path, f"the tag {node.tag} has no meaning in a template")
        return None

    def _read_list(self, node: Any, path: Path) -> list[Json]:
        return [self.read(item, (*path, place)) for place, item in enumerate(node.value)]

    def _read_map(self, node: Any, path: Path) -> dict[str, Json]:
        result: dict[str, Json] = {}
        places: dict[str, Any] = {}
        merged: dict[str, Json] = {}
        for key, value in node.value:
            name = key.value
            if key.tag == _MERGE:
                self.has_aliases = True
                merged = {**merged, **self._read_merge(value, path)}
            elif not isinstance(name, str):
                self._refuse(key, path, "a key must be a text")
            elif name in places:
                line = make_position(self.text, places[name]).line
                self._refuse(key, (*path, name), f"stands twice, first in line {line}; remove one")
            else:
                places[name] = key.start_mark
                result[name] = self.read(value, (*path, name))
        return {**{name: value for name, value in merged.items() if name not in result}, **result}

    def _read_merge(self, node: Any, path: Path) -> dict[str, Json]:
        nodes = node.value if node.id == "sequence" else [node]
        maps = [self.read(item, path) for item in reversed(nodes)]
        if not all(isinstance(data, dict) for data in maps):
            self._refuse(node, path, "'<<' must merge a map")
            return {}
        return {name: value for data in maps for name, value in data.items()}

    def _refuse(self, node: Any, path: Path, text: str) -> None:
        self.found.append((Problem(path, text), make_position(self.text, node.start_mark)))


def _weigh(node: Any, known: dict[int, int], depth: int = 1) -> int:
    """The number of nodes that are read for this node. Each alias counts as many nodes as its target has."""
    weight = known.get(id(node))
    if weight is None:
        # An alias to a collection that contains the alias counts as 1. It is refused later.
        known[id(node)] = 1
        if node.id == "scalar":
            return 1
        if depth > MAX_DEPTH:
            raise TooDeep(node.start_mark)
        values = (item[1] for item in node.value) if node.id == "mapping" else node.value
        weight = known[id(node)] = 1 + sum(_weigh(value, known, depth + 1) for value in values)
    return weight


@functools.cache
def _constructor() -> Any:
    from yaml.constructor import SafeConstructor

    return SafeConstructor()
