"""Reads a template from a file: its data, the position of each part, and its text as the author wrote it."""

import contextlib
import functools
import itertools
import json
import math
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path as File
from typing import Any, NamedTuple

from macro.cli.text.positions import Position, find_mark, make_position
from macro.cli.text.reader import MAX_DEPTH, MAX_NODES, Reader, TooDeep, TooManyNodes
from macro.errors import MacroError, Problem
from macro.plugin import Json, Template

# Where libyaml's composer, which is recursive, could end the process, or end with words of its own.
_COMPOSED_DEPTH = 1_000
STDIN = "-"
_MARK = "\ufeff"
# Two escapes that JSON takes for one character, and YAML for none.
_PAIR = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[][{}]')
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}


class Source(NamedTuple):
    """A template with its text; ``node`` is the root of its YAML tree, ``None`` where the text is JSON.

    ``mark`` is the byte order mark that stood before the text, if any; ``texts`` are the scalars in the tree that YAML
    itself would not read as texts.
    """

    name: str
    text: str
    template: Template
    node: Any
    has_aliases: bool = False
    mark: str = ""
    texts: Sequence[Any] = ()


class FileError(MacroError):
    """A file can't be read as a template; each problem comes with its position."""

    def __init__(self, name: str, found: Iterable[tuple[Problem, Position | None]]) -> None:
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


def find_folder(source: Source) -> File:
    """Where the template's relative paths begin: beside its file, in the current folder for stdin."""
    return File() if source.name == "<stdin>" else File(source.name).parent


def parse_source(name: str, text: str) -> Source:
    """The template in that text, JSON or YAML; ``name`` is for messages."""
    if text.lstrip()[:1] == "{":
        template = _parse_json(text)
        if template is not None:
            return Source(name, text, template, None)
    reader = Reader(text)
    try:
        node = compose(name, text)
        template = reader.read_root(node)
    except TooDeep as error:
        raise FileError(name, [_explain_depth(text, error.mark)]) from None
    except TooManyNodes:
        raise FileError(name, [(Problem((), f"has more than {MAX_NODES:,} nodes; split the template"), None)]) from None
    if reader.found:
        raise FileError(name, reader.found)
    if not isinstance(template, dict) or node.tag.startswith("!"):
        raise FileError(name, [(Problem((), "must be a map with Resources; this is not a template"), None)])
    return Source(name, text, template, node, reader.has_aliases, texts=reader.texts)


def compose(name: str, text: str) -> Any:
    """The YAML tree of a text; :class:`FileError` with the position where it is broken."""
    import yaml

    form = "JSON" if name.endswith(".json") else "YAML"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_depth(yaml, loader, text)
        return yaml.compose(text, Loader=loader)
    except TooDeep as error:
        raise FileError(name, [_explain_depth(text, error.mark)]) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = ": ".join(part for part in (error.context, error.problem) if part)
        position = make_position(text, mark) if mark else None
        raise FileError(name, [(Problem((), f"broken {form}: {said}"), position)]) from None
    except yaml.YAMLError as error:
        said = str(error).partition("\n")[0]
        raise FileError(name, [(Problem((), f"broken {form}: {said}"), None)]) from None


def _check_depth(yaml: Any, loader: Any, text: str) -> None:
    """Raise :class:`TooDeep` before a recursive composer meets its own limit; asked only where it could.

    Each level takes a bracket, or a column of a line. Newer versions of libyaml end with an error of their own, while
    they read ahead; the loader without libyaml has no limit.
    """
    most = _COMPOSED_DEPTH if loader is not yaml.SafeLoader else MAX_DEPTH
    if text.count("[") + text.count("{") + max(map(len, text.split("\n"))) < most:
        return
    try:
        _check_events(yaml, loader, text)
    except yaml.YAMLError:
        with contextlib.suppress(yaml.YAMLError):
            _check_events(yaml, yaml.SafeLoader, text)


def _check_events(yaml: Any, loader: Any, text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise TooDeep(event.start_mark)


def _explain_depth(text: str, mark: Any) -> tuple[Problem, Position | None]:
    return Problem((), f"is nested more than {MAX_DEPTH} levels deep; flatten it"), make_position(text, mark)


def find_position(source: Source, problem: Problem) -> Position | None:
    """Where the author wrote what the problem is about: as near to it as the file goes."""
    node = source.node if source.node is not None else _compose_json(source.name, source.text)
    if node is None:
        return None
    mark = find_mark(node, problem.path, problem.at_key)
    return make_position(source.text, mark)


@functools.lru_cache(maxsize=2)
def _compose_json(name: str, text: str) -> Any:
    try:
        return compose(name, _PAIR.sub("x" * 12, text))
    except FileError:
        return None


def _parse_json(text: str) -> Template | None:
    """The data of JSON without duplicate keys; ``None`` for anything else, which is read as YAML and judged there."""
    try:
        data = json.loads(text, object_pairs_hook=_make_map, parse_constant=_refuse, parse_float=_read_float)
        if "\\u" in text:
            # A half of a surrogate pair is no character, and could not be written again.
            json.dumps(data, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) and not _is_deep(text) else None


def _is_deep(text: str) -> bool:
    """Whether JSON goes deeper than :data:`MAX_DEPTH`; where that is, the reader of YAML finds."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    steps = (_STEPS[token] for token in _JSON_TOKEN.findall(text) if token in _STEPS)
    return max(itertools.accumulate(steps)) > MAX_DEPTH


def _refuse(name: str) -> Json:
    raise ValueError(name)


def _read_float(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _make_map(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError
    return result
