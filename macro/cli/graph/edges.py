"""Turn the references of a plain template into edges between its boxes."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from macro.cli.graph.connections import Connection, find_connections
from macro.cli.graph.hide import hide_text
from macro.cli.graph.model import COUNTER, OUTPUT, PARAMETER, RESOURCE, Edge
from macro.expand import Expanded
from macro.plugin import Json, Template

# The number of equal edges of one counter's resources that become one edge of the counter.
_MIN_EQUAL = 4


def find_edges(expanded: Expanded, secrets: Collection[str]) -> list[Edge]:
    """All edges in the order of the template, without ``secrets`` in any text.

    Equal edges of at least ``_MIN_EQUAL`` resources of a counter become one edge of the counter. A reference that only
    the counter has, and none of its resources, also becomes an edge of the counter.
    """
    edges = _join_equal([*_find_in_resources(expanded), *_find_in_outputs(expanded)], expanded.owners)
    return [
        edge._replace(label=hide_text(edge.label, secrets), detail=hide_text(edge.detail, secrets)) for edge in edges
    ]


def get_section(template: Template | Mapping[str, Json], section: str) -> Mapping[str, Json]:
    """A section of a template; an empty map if the section is missing or is no map."""
    found = template.get(section)
    return found if isinstance(found, Mapping) else {}


def _name_kinds(expanded: Expanded) -> dict[str, str]:
    """The kind, parameter or resource, of each name that a reference may have as its target."""
    parameters, resources = (get_section(expanded.template, name) for name in ("Parameters", "Resources"))
    return {**dict.fromkeys(parameters, PARAMETER), **dict.fromkeys(resources, RESOURCE)}


def _find_in_resources(expanded: Expanded) -> Iterator[Edge]:
    kinds, used = _name_kinds(expanded), set()
    for name, resource in get_section(expanded.template, "Resources").items():
        for found in find_connections(resource, kinds):
            if found.target != name:
                used.add((expanded.owners.get(name), found.target))
                yield _make_edge(f"{RESOURCE}:{name}", kinds[found.target], found)
    parameters = get_section(expanded.template, "Parameters")
    for built in expanded.built:
        name = built.counter.logical_id
        for found in find_connections({"Properties": built.counter.properties}, parameters):
            if (name, found.target) not in used:
                yield _make_edge(f"{COUNTER}:{name}", PARAMETER, found)


def _find_in_outputs(expanded: Expanded) -> Iterator[Edge]:
    kinds = _name_kinds(expanded)
    for name, output in get_section(expanded.template, "Outputs").items():
        for found in find_connections(output, kinds):
            edge = _make_edge(f"{OUTPUT}:{name}", kinds[found.target], found)
            yield edge._replace(kind="value", label=found.attribute or found.kind.capitalize())


def _join_equal(edges: Sequence[Edge], owners: Mapping[str, str]) -> list[Edge]:
    """The edges, with one edge of the counter in place of the equal edges of many of its resources."""
    equal: dict[Edge, list[Edge]] = {}
    for edge in edges:
        counter, target = _get_owner(edge.source, owners), _get_owner(edge.target, owners)
        is_within = counter is None or counter == target
        common = edge if is_within else edge._replace(source=f"{COUNTER}:{counter}", detail=edge.label)
        equal.setdefault(common, []).append(edge)
    return [
        edge
        for common, found in equal.items()
        for edge in ([common] if len(found) >= _MIN_EQUAL else dict.fromkeys(found))
    ]


def _get_owner(box: str, owners: Mapping[str, str]) -> str | None:
    kind, _, name = box.partition(":")
    return owners.get(name) if kind == RESOURCE else None


def _make_edge(source: str, kind: str, found: Connection) -> Edge:
    return Edge(source, f"{kind}:{found.target}", found.kind, found.label, found.detail)
