"""Quotes plain scalars that YAML reads as numbers or dates and CloudFormation as text, for tools that read YAML."""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Any, NamedTuple


class Quoted(NamedTuple):
    """A text with quotes put in, and the columns where they stand, by line, both counted from 0."""

    text: str
    columns: dict[int, list[int]]

    def find_column(self, line: int, column: int) -> int:
        """The column before the quotes were put in."""
        return column - bisect_left(self.columns.get(line, []), column)


def quote(text: str, scalars: Iterable[Any]) -> Quoted:
    """The text with these plain scalars, nodes of its YAML tree, in single quotes."""
    parts: list[str] = []
    columns: dict[int, list[int]] = {}
    done = 0
    for end, scalar in sorted({scalar.end_mark.index: scalar for scalar in scalars}.items()):
        # A node begins at its anchor.
        start = end - len(scalar.value)
        if not scalar.style and start >= done and text[start:end] == scalar.value:
            parts += [text[done:start], "'", scalar.value, "'"]
            before = columns.setdefault(scalar.end_mark.line, [])
            at_end = scalar.end_mark.column + len(before)
            before += [at_end - len(scalar.value), at_end + 1]
            done = end
    return Quoted("".join([*parts, text[done:]]), columns)
