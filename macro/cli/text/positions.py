"""Find and print the line and column of a node or a problem in a template's text."""

import functools
import string
from bisect import bisect_right
from typing import Any, NamedTuple

from macro.errors import Path, Problem, print_path

# At most this many characters of a line are shown: one line of JSON can be the whole file.
_SHOWN = 240


class Position(NamedTuple):
    """A line and a column, both counted from 1, and the line's text."""

    line: int
    column: int
    text: str


def make_position(text: str, mark: Any) -> Position:
    """The position of a YAML mark, with lines as editors count them. YAML also ends a line at U+0085 and U+2028."""
    starts = _find_lines(text)
    line = bisect_right(starts, mark.index)
    start, end = starts[line - 1], starts[line] - 1 if line < len(starts) else len(text)
    return Position(line, mark.index - start + 1, text[start:end].rstrip("\r"))


@functools.lru_cache(maxsize=2)
def _find_lines(text: str) -> list[int]:
    """The index at which each line starts."""
    return [0, *(place + 1 for place, character in enumerate(text) if character == "\n")]


def long_name(tag: str) -> str:
    """The long name of a short tag, for example ``Fn::Sub`` for ``!Sub``."""
    name = tag.removeprefix("!")
    return name if name in ("Ref", "Condition") else f"Fn::{name}"


def find_mark(node: Any, path: Path, at_key: bool) -> Any:
    """The mark of the node at a path in a YAML tree, or of the nearest node that exists.

    If ``at_key`` is true, the value is a collection, or the value starts on another line, the mark is the key's.
    """
    key = None
    for part in path:
        found = _step(node, part)
        if found is None:
            break
        key, node = found
    is_key = at_key or node.id != "scalar" or node.start_mark.line != (key or node).start_mark.line
    return (key if key is not None and is_key else node).start_mark


def _step(node: Any, part: str | int) -> tuple[Any, Any] | None:
    """The key node (or ``None``) and the value node for one part of a path. ``None`` if there is no such node."""
    if isinstance(part, str) and part == long_name(node.tag):
        return None, node
    if node.id == "mapping":
        return next(((key, value) for key, value in node.value if key.value == part), None)
    if node.id == "sequence" and isinstance(part, int) and part < len(node.value):
        return None, node.value[part]
    return None


def find_end(text: str, node: Any) -> int:
    """The index at which the node's own text ends. libyaml's end mark of a block is after the comments that follow."""
    if node.id == "scalar":
        end = int(node.end_mark.index)
        return skip_back(text, end, string.whitespace) if node.style in ("|", ">") else end
    if node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return find_end(text, last[1] if node.id == "mapping" else last)


def find_step(node: Any) -> int:
    """The author's indentation in columns, taken from the first block inside this map. Two if the map has no block."""
    for key, value in node.value:
        if value.id == "mapping" and not value.flow_style and value.value:
            return max(int(value.start_mark.column) - int(key.start_mark.column), 1)
    return 2


def skip_back(text: str, place: int, characters: str) -> int:
    """The index behind the last character before ``place`` that is not one of ``characters``."""
    while place and text[place - 1] in characters:
        place -= 1
    return place


def print_problem(name: str, problem: Problem, position: Position | None) -> str:
    """``file:line:column: where: what``, and below this the line itself with a mark under the column."""
    told = f"{print_path(problem.path)}: {problem.text}" if problem.path else problem.text
    if not position:
        return f"{name}: {told}"
    told = f"{name}:{position.line}:{position.column}: {told}"
    if "Env" in problem.path or "Environment" in problem.path:
        position = _hide_value(position, problem)
    return f"{told}\n{print_position(position)}" if position.text.strip() else told


def _hide_value(position: Position, problem: Problem) -> Position:
    """The position with its line cut before any value, because every value of an ``Env`` can be a secret."""
    name = str(problem.path[-1])
    before = position.text[: position.column - 1]
    if before.strip() in ("", f"{name}:"):
        return position._replace(text=f"{before}{name if problem.at_key else ''}…")
    start = before.find("Env")
    shown = before[: start + len("Env")] if start >= 0 else before[: len(before) - len(before.lstrip())]
    return position._replace(text=f"{shown}…")


def print_position(position: Position) -> str:
    """The line with a mark under the column. A long line is cut to the part around the column."""
    margin = f"{position.line:>5} | "
    start = max(position.column - 1 - _SHOWN // 2, 0) if len(position.text) > _SHOWN else 0
    shown = position.text[start : start + _SHOWN]
    return f"{margin}{shown}\n{' ' * (len(margin) - 2)}| {' ' * (position.column - 1 - start)}^"
