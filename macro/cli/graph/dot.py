"""A graph in Graphviz' language, for ``dot -Tsvg`` and all that reads it."""

from collections.abc import Iterator, Mapping, Sequence

from macro.cli.graph.fold import fold
from macro.cli.graph.model import OUTPUT, PARAMETER, Box, Edge, Graph

_COLOURS = {
    "data": "#2563eb",
    "code": "#c2410c",
    "access": "#7c3aed",
    "gateway": "#15803d",
    "watch": "#64748b",
    "message": "#be185d",
    "other": "#0f766e",
    "parameter": "#b45309",
    "output": "#b91c1c",
    "counter": "#111827",
    "plugin": "#4b5563",
}
_EDGES = {"env": 'color="#0550ae", penwidth=1.8', "depends": "style=dashed", "value": "style=dotted", "ref": ""}
_HEAD = """\
  graph [compound=true, fontname="Helvetica", fontsize=13, rankdir=TB, nodesep=0.3, ranksep=0.5]
  node [shape=box, style="rounded,filled", fillcolor=white, fontname="Helvetica", fontsize=11]
  edge [color="#6b7280", fontname="Helvetica", fontsize=9]
"""


def print_dot(graph: Graph) -> str:
    """The text of a digraph, its folded groups as nodes."""
    shown = fold(graph)
    held: dict[str | None, list[Box]] = {}
    for box in shown.boxes:
        held.setdefault(box.parent, []).append(box)
    lines = [*_write_boxes(held.get(None, []), held, "  "), *(_write_edge(edge, held) for edge in shown.edges)]
    return f"digraph {_quote(graph.title)} {{\n{_HEAD}" + "\n".join(lines) + "\n}\n"


def _write_boxes(boxes: Sequence[Box], held: Mapping[str | None, list[Box]], lead: str) -> Iterator[str]:
    for box in boxes:
        if box.id in held:
            yield f"{lead}subgraph {_quote('cluster ' + box.id)} {{"
            yield f'{lead}  label={_quote(box.label)}; labeljust=l; style=rounded; color="#9ca3af"'
            yield from _write_boxes(held[box.id], held, lead + "  ")
            yield f"{lead}}}"
        else:
            shape = ", shape=oval" if box.kind in (PARAMETER, OUTPUT) else ""
            label = _quote(f"{box.label}\n{box.note}")
            yield f'{lead}{_quote(box.id)} [label={label}, color="{_COLOURS[box.tone]}"{shape}]'


def _write_edge(edge: Edge, held: Mapping[str | None, list[Box]]) -> str:
    """An edge from or to a group ends at its border: Graphviz draws it from one of the nodes in it."""
    source, tail = _find_node(edge.source, held)
    target, head = _find_node(edge.target, held)
    ends = [f"ltail={_quote('cluster ' + edge.source)}"] * tail + [f"lhead={_quote('cluster ' + edge.target)}"] * head
    options = ", ".join(part for part in (f"label={_quote(edge.label)}", _EDGES[edge.kind], *ends) if part)
    return f"  {_quote(source)} -> {_quote(target)} [{options}]"


def _find_node(name: str, held: Mapping[str | None, list[Box]]) -> tuple[str, bool]:
    first = name
    while first in held:
        first = held[first][0].id
    return first, first != name


def _quote(text: str) -> str:
    """A quoted string: Graphviz reads backslashes as escapes and ``&`` as the beginning of an entity."""
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;").replace("\r", " ")
    return '"' + text.replace("\n", "\\n").replace("\0", "\ufffd") + '"'
