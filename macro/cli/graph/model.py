"""A graph's data: boxes within boxes and connections between them, as plain text that any form can show."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from macro.plugin import Json

# What a box is. The first two hold others.
COUNTER, PLUGIN, RESOURCE, PARAMETER, OUTPUT = "counter", "plugin", "resource", "parameter", "output"


class Box(NamedTuple):
    """A counter, a plug-in of it, a resource, a parameter or an output.

    ``tone`` is what it is drawn as: its kind, or for a resource what that serves (``data``, ``code``, …). ``place`` is
    the author's line, as ``file:line: key``; ``definition`` is YAML without secrets.
    """

    id: str
    kind: str
    tone: str
    label: str
    note: str
    parent: str | None = None
    place: str = ""
    definition: str = ""


class Edge(NamedTuple):
    """One box needs another: ``kind`` is ``ref``, ``getatt``, ``sub``, ``depends``, ``env`` or ``value``.

    ``label`` is short, such as the property's name; ``detail`` says where the reference stands and what it is.
    """

    source: str
    target: str
    kind: str
    label: str
    detail: str


class Graph(NamedTuple):
    """The whole picture; ``folded`` are the groups whose inside is not shown at first."""

    title: str
    boxes: Sequence[Box]
    edges: Sequence[Edge]
    folded: Sequence[str] = ()


def to_data(graph: Graph) -> dict[str, Json]:
    """The graph as JSON has it."""
    return {
        "title": graph.title,
        "boxes": [box._asdict() for box in graph.boxes],
        "edges": [edge._asdict() for edge in graph.edges],
        "folded": list(graph.folded),
    }


def get_groups(graph: Graph) -> Mapping[str, Box]:
    """The boxes that hold others, by their ids."""
    return {box.id: box for box in graph.boxes if box.kind in (COUNTER, PLUGIN)}
