"""Fold groups: each group becomes one box that takes over the edges from and to the boxes inside.

``picture.js`` does the same when a reader folds a group. A test checks that both give equal results.
"""

from collections.abc import Mapping

from macro.cli.graph.model import COUNTER, PLUGIN, Box, Edge, Graph, get_groups

DETAILS = ("resources", "plugins", "counters")
# The largest numbers of counters for which a picture shows all resources, and all plug-ins.
MAX_WITH_RESOURCES, MAX_WITH_PLUGINS = 2, 12
_KINDS = ("env", "depends", "value")
_MAX_LABELS = 2


def choose_detail(graph: Graph) -> str:
    """The level of detail that keeps the picture readable, chosen by the number of counters."""
    count = sum(box.kind == COUNTER for box in graph.boxes)
    return DETAILS[(count > MAX_WITH_RESOURCES) + (count > MAX_WITH_PLUGINS)]


def set_detail(graph: Graph, detail: str) -> Graph:
    """The graph with the groups folded that ``detail`` leaves out. ``auto`` stands for :func:`choose_detail`."""
    chosen = choose_detail(graph) if detail == "auto" else detail
    kinds = {"resources": (), "plugins": (PLUGIN,), "counters": (COUNTER, PLUGIN)}[chosen]
    return graph._replace(folded=[box.id for box in get_groups(graph).values() if box.kind in kinds])


def fold(graph: Graph) -> Graph:
    """The visible graph: folded groups without the boxes inside, and edges between visible boxes, joined by kind."""
    boxes = {box.id: box for box in graph.boxes}
    visible = {name: _find_visible(name, boxes, set(graph.folded)) for name in boxes}
    joined: dict[tuple[str, str, str], list[Edge]] = {}
    for edge in graph.edges:
        source, target = visible[edge.source], visible[edge.target]
        if source != target:
            kind = edge.kind if edge.kind in _KINDS else "ref"
            joined.setdefault((source, target, kind), []).append(edge)
    edges = [
        Edge(*ends, _join([edge.label for edge in found]), "\n".join(dict.fromkeys(edge.detail for edge in found)))
        for ends, found in joined.items()
    ]
    return graph._replace(boxes=[box for box in graph.boxes if visible[box.id] == box.id], edges=edges)


def _find_visible(name: str, boxes: Mapping[str, Box], folded: set[str]) -> str:
    """The outermost folded group around a box, or the box itself if no folded group contains the box."""
    visible, parent = name, boxes[name].parent
    while parent is not None:
        visible = parent if parent in folded else visible
        parent = boxes[parent].parent
    return visible


def _join(labels: list[str]) -> str:
    different = [label for label in dict.fromkeys(labels) if label]
    rest = len(different) - _MAX_LABELS
    return ", ".join(different[:_MAX_LABELS]) + (f" +{rest}" if rest > 0 else "")
