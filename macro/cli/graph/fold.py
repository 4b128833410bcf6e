"""Fold groups: each becomes one box, and what went into it or came out of it goes to that box.

``picture.js`` does the same where a reader folds; a test holds the two together.
"""

from collections.abc import Mapping

from macro.cli.graph.model import COUNTER, PLUGIN, Box, Edge, Graph, get_groups

DETAILS = ("resources", "plugins", "counters")
# Up to how many counters a picture shows all resources, and up to how many their plug-ins.
MOST_IN_FULL, MOST_BY_PLUGINS = 2, 12
_KINDS = ("env", "depends", "value")
_SHOWN = 2


def choose_detail(graph: Graph) -> str:
    """How much of it can be read at once."""
    count = sum(box.kind == COUNTER for box in graph.boxes)
    return DETAILS[(count > MOST_IN_FULL) + (count > MOST_BY_PLUGINS)]


def set_detail(graph: Graph, detail: str) -> Graph:
    """The graph with the groups folded that the detail leaves out; ``auto`` is :func:`choose_detail`'s."""
    chosen = choose_detail(graph) if detail == "auto" else detail
    kinds = {"resources": (), "plugins": (PLUGIN,), "counters": (COUNTER, PLUGIN)}[chosen]
    return graph._replace(folded=[box.id for box in get_groups(graph).values() if box.kind in kinds])


def fold(graph: Graph) -> Graph:
    """What is seen: the folded groups without their inside, and the edges between what is left, joined by kind."""
    boxes = {box.id: box for box in graph.boxes}
    shown = {name: _find_shown(name, boxes, set(graph.folded)) for name in boxes}
    joined: dict[tuple[str, str, str], list[Edge]] = {}
    for edge in graph.edges:
        source, target = shown[edge.source], shown[edge.target]
        if source != target:
            kind = edge.kind if edge.kind in _KINDS else "ref"
            joined.setdefault((source, target, kind), []).append(edge)
    edges = [
        Edge(*ends, _join([edge.label for edge in found]), "\n".join(dict.fromkeys(edge.detail for edge in found)))
        for ends, found in joined.items()
    ]
    return graph._replace(boxes=[box for box in graph.boxes if shown[box.id] == box.id], edges=edges)


def _find_shown(name: str, boxes: Mapping[str, Box], folded: set[str]) -> str:
    """The outermost folded group around a box, else the box itself."""
    shown, parent = name, boxes[name].parent
    while parent is not None:
        shown = parent if parent in folded else shown
        parent = boxes[parent].parent
    return shown


def _join(labels: list[str]) -> str:
    different = [label for label in dict.fromkeys(labels) if label]
    rest = len(different) - _SHOWN
    return ", ".join(different[:_SHOWN]) + (f" +{rest}" if rest > 0 else "")
