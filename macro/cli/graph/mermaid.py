"""Print a graph as a Mermaid flowchart, which GitHub and others draw inside Markdown."""

from collections.abc import Iterator, Mapping, Sequence

from macro.cli.graph.fold import fold
from macro.cli.graph.model import OUTPUT, PARAMETER, Box, Edge, Graph

_ARROWS = {"env": "==>", "depends": "-.->", "value": "-.->", "ref": "-->"}
# Fill and line colour of each tone, readable on light and dark backgrounds.
_TONES = {
    "data": "#dbeafe,#2563eb",
    "code": "#ffedd5,#c2410c",
    "access": "#ede9fe,#7c3aed",
    "gateway": "#dcfce7,#15803d",
    "watch": "#f1f5f9,#64748b",
    "message": "#fce7f3,#be185d",
    "other": "#ccfbf1,#0f766e",
    "parameter": "#fef3c7,#b45309",
    "output": "#fee2e2,#b91c1c",
    "counter": "#e5e7eb,#111827",
    "plugin": "#f3f4f6,#4b5563",
}


def print_mermaid(graph: Graph) -> str:
    """The flowchart's text, with folded groups as boxes. Entities replace characters that could break the syntax."""
    shown = fold(graph)
    names = {box.id: f"b{place}" for place, box in enumerate(graph.boxes)}
    children: dict[str | None, list[Box]] = {}
    for box in shown.boxes:
        children.setdefault(box.parent, []).append(box)
    lines = [f"%% {_plain(graph.title)}", "flowchart TB", *_write_boxes(children.get(None, []), children, names, "  ")]
    lines += [_write_edge(edge, names) for edge in shown.edges]
    lines += _write_styles(shown, children, names)
    return "\n".join(lines) + "\n"


def _write_styles(shown: Graph, children: Mapping[str | None, list[Box]], names: Mapping[str, str]) -> Iterator[str]:
    used = {box.tone for box in shown.boxes if box.id not in children}
    for tone, colours in _TONES.items():
        if tone in used:
            fill, line = colours.split(",")
            yield f"  classDef {tone}_ fill:{fill},stroke:{line},color:#111827"
    groups = [names[box.id] for box in shown.boxes if box.id in children]
    if groups:
        yield "  classDef group_ fill:none,stroke:#9ca3af"
        yield f"  class {','.join(groups)} group_"
    values = [str(place) for place, edge in enumerate(shown.edges) if edge.kind == "env"]
    if values:
        yield f"  linkStyle {','.join(values)} stroke:#2563eb"


def _write_boxes(
    boxes: Sequence[Box], children: Mapping[str | None, list[Box]], names: Mapping[str, str], lead: str
) -> Iterator[str]:
    for box in boxes:
        if box.id in children:
            yield f'{lead}subgraph {names[box.id]}["{_escape(box.label)}"]'
            yield from _write_boxes(children[box.id], children, names, lead + "  ")
            yield f"{lead}end"
        else:
            left, right = ("([", "])") if box.kind in (PARAMETER, OUTPUT) else ("[", "]")
            text = f'"{_escape(box.label)}<br/><small>{_escape(box.note)}</small>"'
            yield f"{lead}{names[box.id]}{left}{text}{right}:::{box.tone}_"


def _write_edge(edge: Edge, names: Mapping[str, str]) -> str:
    label = f'|"{_escape(edge.label)}"|' if edge.label else ""
    return f"  {names[edge.source]} {_ARROWS[edge.kind]}{label} {names[edge.target]}"


def _escape(text: str) -> str:
    """The text with Mermaid entities, such as ``#60;``, for characters that may have a meaning in Mermaid's syntax."""
    return "".join(letter if letter.isalnum() or letter in " _.,:+·-" else f"#{ord(letter)};" for letter in text)


def _plain(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter in " _.-" else "_" for letter in text)
