"""Read a template from a file: its data, the place of each part of it, and its text as the author wrote it."""

import functools
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path as File
from typing import Any, NamedTuple

from macro.errors import MacroError, Path, Problem, print_path
from macro.plugin import Json, Template

MAX_NODES = 250_000
MAX_DEPTH = 1_000
STDIN = "-"
_MARK = "\ufeff"
# Two escapes that JSON takes for one character, and YAML for none.
_PAIR = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_STR, _MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"
_CONSTRUCTORS = {
    "tag:yaml.org,2002:int": "construct_yaml_int",
    "tag:yaml.org,2002:float": "construct_yaml_float",
    "tag:yaml.org,2002:bool": "construct_yaml_bool",
    "tag:yaml.org,2002:null": "construct_yaml_null",
}
# Read as text, as CloudFormation does: AWSTemplateFormatVersion: 2010-09-09.
_TEXTS = {_STR, "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value", "!"}
_COLLECTIONS = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}


class Source(NamedTuple):
    """A template with its text; ``node`` is the root of its YAML tree, ``None`` where the text is JSON.

    ``mark`` is the byte order mark that stood before the text, if any.
    """

    name: str
    text: str
    template: Template
    node: Any
    has_aliases: bool = False
    mark: str = ""


class Spot(NamedTuple):
    """A place in a file: line and column, both counted from 1, and the line's text."""

    line: int
    column: int
    text: str


class FileError(MacroError):
    """A file can't be read as a template; each problem comes with its spot."""

    def __init__(self, name: str, found: Iterable[tuple[Problem, Spot | None]]) -> None:
        self.name = name
        self.found = list(found)
        super().__init__(problem for problem, _ in self.found)


def read_source(name: str) -> Source:
    """The template in that file (``-`` is stdin); :class:`FileError` where it isn't one."""
    try:
        content = sys.stdin.buffer.read() if name == STDIN else File(name).read_bytes()
        text = content.decode("utf-8")
        source = parse_source("<stdin>" if name == STDIN else name, text.removeprefix(_MARK))
        return source._replace(mark=_MARK) if text.startswith(_MARK) else source
    except OSError as error:
        raise FileError(name, [(Problem((), f"can't be read: {error.strerror}"), None)]) from None
    except UnicodeDecodeError as error:
        raise FileError(name, [(Problem((), f"must be UTF-8; byte {error.start} is not"), None)]) from None


def parse_source(name: str, text: str) -> Source:
    """The template in that text, JSON or YAML; ``name`` is for messages."""
    if text.lstrip()[:1] == "{":
        template = _parse_json(text)
        if template is not None:
            return Source(name, text, template, None)
    node = compose(name, text)
    reader = _Reader(name, text)
    template = reader.read(node, ())
    if reader.found:
        raise FileError(name, reader.found)
    if not isinstance(template, dict):
        raise FileError(name, [(Problem((), "must be a map with Resources; this is not a template"), None)])
    return Source(name, text, template, node, reader.has_aliases)


def compose(name: str, text: str) -> Any:
    """The YAML tree of a text; :class:`FileError` with the spot where it is broken."""
    import yaml

    form = "JSON" if name.endswith(".json") else "YAML"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_depth(yaml, loader, text)
        return yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = ": ".join(part for part in (error.context, error.problem) if part)
        spot = _spot(text, mark.line, mark.column) if mark else None
        raise FileError(name, [(Problem((), f"broken {form}: {said}"), spot)]) from None
    except yaml.YAMLError as error:
        said = str(error).partition("\n")[0]
        raise FileError(name, [(Problem((), f"broken {form}: {said}"), None)]) from None


def _check_depth(yaml: Any, loader: Any, text: str) -> None:
    """Refuse what libyaml's recursive composer would end the process over; asked just where it could be."""
    if text.count("[") + text.count("{") + max(map(len, text.split("\n"))) < MAX_DEPTH:
        return
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise RecursionError


def find_spot(source: Source, problem: Problem) -> Spot | None:
    """Where the author wrote what the problem is about: as near to it as the file goes."""
    try:
        node = source.node if source.node is not None else compose(source.name, _PAIR.sub("x" * 12, source.text))
    except FileError:
        return None
    key = None
    for part in problem.path:
        found = _step(node, part)
        if found is None:
            break
        key, node = found
    is_meant = problem.at_key or node.id != "scalar" or node.start_mark.line != (key or node).start_mark.line
    mark = (key if key is not None and is_meant else node).start_mark
    return _spot(source.text, mark.line, mark.column)


def _step(node: Any, part: str | int) -> tuple[Any, Any] | None:
    """The key node (or None) and value node that one part of a path leads to."""
    if isinstance(part, str) and part == _long_name(node.tag):
        return None, node
    if node.id == "mapping":
        return next(((key, value) for key, value in node.value if key.value == part), None)
    if node.id == "sequence" and isinstance(part, int) and part < len(node.value):
        return None, node.value[part]
    return None


def _long_name(tag: str) -> str:
    name = tag.removeprefix("!")
    return name if name in ("Ref", "Condition") else f"Fn::{name}"


def _spot(text: str, line: int, column: int) -> Spot:
    lines = text.split("\n")
    return Spot(line + 1, column + 1, lines[line].rstrip("\r") if line < len(lines) else "")


def _parse_json(text: str) -> Template | None:
    """The data of JSON without duplicate keys; ``None`` for anything else, which is read as YAML and judged there."""
    try:
        data = json.loads(text, object_pairs_hook=_make_map)
        if "\\u" in text:
            # A half of a surrogate pair is no character, and could not be written again.
            json.dumps(data, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _make_map(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError
    return result


class _Reader:
    """Turns YAML nodes into data as CloudFormation reads it, collecting what it would not take."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.found: list[tuple[Problem, Spot | None]] = []
        self.has_aliases = False
        self.seen: set[int] = set()
        self.open: set[int] = set()
        self.count = 0

    def read(self, node: Any, path: Path) -> Json:
        """The node's data; a problem for each tag, key or value that no template may have."""
        if node is None:
            return None
        self.count += 1
        if self.count > MAX_NODES:
            raise FileError(self.name, [(Problem((), f"has more than {MAX_NODES:,} nodes; split the template"), None)])
        if id(node) in self.open:
            self.refuse(node, path, "the alias stands for what it is part of")
            return None
        self.has_aliases = self.has_aliases or id(node) in self.seen
        self.seen.add(id(node))
        self.open.add(id(node))
        data = self.read_content(node, path)
        self.open.discard(id(node))
        return data

    def read_content(self, node: Any, path: Path) -> Json:
        """The data of a node; with one of CloudFormation's short tags, of the function it stands for."""
        tag = node.tag
        if not tag.startswith("!") or tag == "!":
            return self.read_plain(node, path)
        name = _long_name(tag)
        if node.id == "mapping":
            return {name: self.read_map(node, (*path, name))}
        if node.id == "sequence":
            return {name: self.read_list(node, (*path, name))}
        return {name: node.value.split(".", 1) if name == "Fn::GetAtt" else node.value}

    def read_plain(self, node: Any, path: Path) -> Json:
        if node.id == "mapping" and node.tag in _COLLECTIONS:
            return self.read_map(node, path)
        if node.id == "sequence" and node.tag in _COLLECTIONS:
            return self.read_list(node, path)
        if node.tag in _TEXTS:
            return node.value
        if node.id == "scalar" and node.tag in _CONSTRUCTORS:
            try:
                return getattr(_constructor(), _CONSTRUCTORS[node.tag])(node)
            except ValueError:
                return node.value
        self.refuse(node, path, f"the tag {node.tag} has no meaning in a template")
        return None

    def read_list(self, node: Any, path: Path) -> list[Json]:
        return [self.read(item, (*path, place)) for place, item in enumerate(node.value)]

    def read_map(self, node: Any, path: Path) -> dict[str, Json]:
        result: dict[str, Json] = {}
        places: dict[str, Any] = {}
        merged: dict[str, Json] = {}
        for key, value in node.value:
            name = key.value
            if key.tag == _MERGE:
                self.has_aliases = True
                merged = {**merged, **self.read_merge(value, path)}
            elif not isinstance(name, str):
                self.refuse(key, path, "a key must be a text")
            elif name in places:
                self.refuse(key, (*path, name), f"stands twice, first in line {places[name].line + 1}; remove one")
            else:
                places[name] = key.start_mark
                result[name] = self.read(value, (*path, name))
        return {**{name: value for name, value in merged.items() if name not in result}, **result}

    def read_merge(self, node: Any, path: Path) -> dict[str, Json]:
        nodes = node.value if node.id == "sequence" else [node]
        maps = [self.read(item, path) for item in reversed(nodes)]
        if not all(isinstance(data, dict) for data in maps):
            self.refuse(node, path, "'<<' must merge a map")
            return {}
        return {name: value for data in maps for name, value in data.items()}

    def refuse(self, node: Any, path: Path, text: str) -> None:
        mark = node.start_mark
        self.found.append((Problem(path, text), _spot(self.text, mark.line, mark.column)))


@functools.cache
def _constructor() -> Any:
    from yaml.constructor import SafeConstructor

    return SafeConstructor()


def print_problem(name: str, problem: Problem, spot: Spot | None) -> str:
    """``file:line:column: where: what``, and below it the line itself with a mark under the place."""
    told = f"{print_path(problem.path)}: {problem.text}" if problem.path else problem.text
    if not spot:
        return f"{name}: {told}"
    told = f"{name}:{spot.line}:{spot.column}: {told}"
    return f"{told}\n{print_spot(spot)}" if spot.text.strip() else told


def print_spot(spot: Spot) -> str:
    """The line, and a mark under the place that is meant."""
    margin = f"{spot.line:>5} | "
    return f"{margin}{spot.text}\n{' ' * (len(margin) - 2)}| {' ' * (spot.column - 1)}^"
