"""Quote plain scalars that CloudFormation reads as text, and that YAML tools would read as numbers or dates."""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Any, NamedTuple


class Quoted(NamedTuple):
    """A text with added quotes, and the columns of these quotes by line. Lines and columns are counted from 0."""

    text: str
    columns: dict[int, list[int]]

    def find_column(self, line: int, column: int) -> int:
        """The column in the text without the added quotes."""
        return column - bisect_left(self.columns.get(line, []), column)


def quote(text: str, scalars: Iterable[Any]) -> Quoted:
    """The text with single quotes around these plain scalars, which are nodes of the text's YAML tree."""
    parts: list[str] = []
    columns: dict[int, list[int]] = {}
    done = 0
    for end, scalar in sorted({scalar.end_mark.index: scalar for scalar in scalars}.items()):
        # The start mark is of no use: a node starts at its anchor, before its value.
        start = end - len(scalar.value)
        if not scalar.style and start >= done and text[start:end] == scalar.value:
            parts += [text[done:start], "'", scalar.value, "'"]
            before = columns.setdefault(scalar.end_mark.line, [])
            at_end = scalar.end_mark.column + len(before)
            before += [at_end - len(scalar.value), at_end + 1]
            done = end
    return Quoted("".join([*parts, text[done:]]), columns)
