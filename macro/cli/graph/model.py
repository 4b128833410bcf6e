"""Define a graph's data: nested boxes and the edges between them, as plain text for every output format."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from macro.plugin import Json

# The kinds of boxes. Boxes of the first two kinds contain other boxes.
COUNTER, PLUGIN, RESOURCE, PARAMETER, OUTPUT = "counter", "plugin", "resource", "parameter", "output"


class Box(NamedTuple):
    """A counter, a counter's plug-in, a resource, a parameter or an output.

    ``tone`` selects the style: the box's kind, or a resource's purpose (``data``, ``code``, …). ``place`` is the
    author's line as ``file:line: key``. ``definition`` is YAML without secrets.
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
    """A reference from the box ``source`` to the box ``target``, both by ID.

    ``kind`` is ``ref``, ``getatt``, ``sub``, ``depends``, ``env`` or ``value``. ``label`` is short, such as the
    property's name. ``detail`` is the reference's path and attribute.
    """

    source: str
    target: str
    kind: str
    label: str
    detail: str


class Graph(NamedTuple):
    """The complete graph. ``folded`` holds the IDs of the groups that a picture shows folded at first."""

    title: str
    boxes: Sequence[Box]
    edges: Sequence[Edge]
    folded: Sequence[str] = ()


def to_data(graph: Graph) -> dict[str, Json]:
    """The graph as data for JSON."""
    return {
        "title": graph.title,
        "boxes": [box._asdict() for box in graph.boxes],
        "edges": [edge._asdict() for edge in graph.edges],
        "folded": list(graph.folded),
    }


def get_groups(graph: Graph) -> Mapping[str, Box]:
    """The boxes that can contain other boxes, by ID."""
    return {box.id: box for box in graph.boxes if box.kind in (COUNTER, PLUGIN)}
