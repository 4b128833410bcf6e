"""Read a template from a file: its data, the position of each part, and the author's text."""

import contextlib
import functools
import re
import sys
from collections.abc import Iterable
from pathlib import Path as File
from typing import Any, NamedTuple

from macro.cli.text.json_reader import parse_json
from macro.cli.text.positions import Position, find_mark, make_position
from macro.cli.text.reader import MAX_DEPTH, MAX_NODES, Reader, TooDeep, TooManyNodes
from macro.errors import MacroError, Problem
from macro.plugin import Template

# libyaml's composer is recursive. From this depth it could crash the process or fail with its own message.
_COMPOSED_DEPTH = 1_000
STDIN = "-"
_MARK = "\ufeff"
# A surrogate pair: two escapes that JSON reads as one character and YAML refuses.
_PAIR = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_TOO_DEEP = f"is nested more than {MAX_DEPTH} levels deep; flatten it"


class Source(NamedTuple):
    """A template with its text.

    ``node`` is the root of the YAML tree, or ``None`` if the text is JSON. ``mark`` is the byte order mark before the
    text, or empty.
    """

    name: str
    text: str
    template: Template
    node: Any
    has_aliases: bool = False
    mark: str = ""


class FileError(MacroError):
    """A file can't be read. ``found`` has each problem with its position."""

    def __init__(self, name: str, found: Iterable[tuple[Problem, Position | None]]) -> None:
        self.name = name
        self.found = list(found)
        super().__init__(problem for problem, _ in self.found)


def refuse_file(name: str, text: str, position: Position | None = None) -> FileError:
    """The error for a file with one problem, which has no path in a template."""
    return FileError(name, [(Problem((), text), position)])


def read_source(name: str) -> Source:
    """The template in a file. The name ``-`` stands for stdin.

    Raises:
        FileError: the file can't be read, or is not a template.
    """
    try:
        content = sys.stdin.buffer.read() if name == STDIN else File(name).read_bytes()
        text = content.decode("utf-8")
        source = parse_source("<stdin>" if name == STDIN else name, text.removeprefix(_MARK))
        return source._replace(mark=_MARK) if text.startswith(_MARK) else source
    except OSError as error:
        raise refuse_file(name, f"can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise refuse_file(name, f"must be UTF-8; byte {error.start} is not") from None


def find_folder(source: Source) -> File:
    """The folder that relative paths start from: the folder of the template's file, or the current one for stdin."""
    return File() if source.name == "<stdin>" else File(source.name).parent


def parse_source(name: str, text: str) -> Source:
    """The template in a JSON or YAML text. Messages use ``name``.

    Raises:
        FileError: the text is not a template.
    """
    if text.lstrip()[:1] == "{":
        template = parse_json(text)
        if template is not None:
            return Source(name, text, template, None)
    reader = Reader(text)
    try:
        node = compose(name, text)
        template = reader.read_root(node)
    except TooDeep as error:
        raise refuse_file(name, _TOO_DEEP, make_position(text, error.mark)) from None
    except TooManyNodes:
        raise refuse_file(name, f"has more than {MAX_NODES:,} nodes; split the template") from None
    if reader.found:
        raise FileError(name, reader.found)
    if not isinstance(template, dict) or node.tag.startswith("!"):
        raise refuse_file(name, "must be a map with Resources; this is not a template")
    return Source(name, text, template, node, reader.has_aliases)


def compose(name: str, text: str) -> Any:
    """The YAML tree of a text. Messages use ``name``.

    Raises:
        FileError: the YAML is broken or nested too deeply. The error has the position.
    """
    import yaml

    form = "JSON" if name.endswith(".json") else "YAML"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_depth(loader, text)
        return yaml.compose(text, Loader=loader)
    except TooDeep as error:
        raise refuse_file(name, _TOO_DEEP, make_position(text, error.mark)) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = ": ".join(part for part in (error.context, error.problem) if part)
        position = make_position(text, mark) if mark else None
        raise refuse_file(name, f"broken {form}: {said}", position) from None
    except yaml.YAMLError as error:
        said = str(error).partition("\n")[0]
        raise refuse_file(name, f"broken {form}: {said}") from None


def _check_depth(loader: Any, text: str) -> None:
    """Raise :class:`TooDeep` before a recursive composer reaches its own limit.

    Each level takes a bracket or a column of a line, so most texts need no further check. Newer versions of libyaml
    raise their own error while they read ahead. The loader without libyaml has no limit.
    """
    import yaml

    most = _COMPOSED_DEPTH if loader is not yaml.SafeLoader else MAX_DEPTH
    if text.count("[") + text.count("{") + max(map(len, text.split("\n"))) < most:
        return
    try:
        _check_events(loader, text)
    except yaml.YAMLError as error:
        # The slow loader reads the text again only where libyaml's limit can be the reason.
        if _nesting_at(text, getattr(error, "problem_mark", None)) >= MAX_DEPTH:
            with contextlib.suppress(yaml.YAMLError):
                _check_events(yaml.SafeLoader, text)
        raise


def _nesting_at(text: str, mark: Any) -> int:
    """About how deep a text is nested at a mark: the open brackets, or the column of a block."""
    if mark is None:
        return 0
    before = text[: mark.index]
    brackets = sum(map(before.count, "[{")) - sum(map(before.count, "]}"))
    return brackets if brackets > 0 else int(mark.column)


def _check_events(loader: Any, text: str) -> None:
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise TooDeep(event.start_mark)


def find_position(source: Source, problem: Problem) -> Position | None:
    """The position of the problem in the author's text, or of the nearest part that exists, if there is any."""
    node = find_tree(source)
    return None if node is None else make_position(source.text, find_mark(node, problem.path, problem.at_key))


def find_tree(source: Source) -> Any:
    """The YAML tree of the text, also for JSON. ``None`` for JSON that is no YAML."""
    return source.node if source.node is not None else _compose_json(source.name, source.text)


@functools.lru_cache(maxsize=2)
def _compose_json(name: str, text: str) -> Any:
    try:
        # Between values, YAML allows no tabs. Inside values, JSON allows none.
        return compose(name, _PAIR.sub("x" * 12, text).replace("\t", " "))
    except FileError:
        return None
