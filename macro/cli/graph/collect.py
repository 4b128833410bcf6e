"""Collect a template's graph: the resources made for each counter, and the author's own resources."""

from collections.abc import Iterator, Mapping
from pathlib import Path as File
from typing import NamedTuple

from macro.cli.graph.edges import find_edges, get_section
from macro.cli.graph.hide import find_secrets, hide, hide_text
from macro.cli.graph.model import COUNTER, OUTPUT, PARAMETER, PLUGIN, RESOURCE, Box, Graph
from macro.cli.text.emit import write_map
from macro.cli.text.files import Source, find_position
from macro.errors import Problem
from macro.expand import Expanded
from macro.plugin import Json, Values
from macro.template.counters import TYPE
from macro.template.merge import Built, Made

# A resource's purpose by the prefix of its type. The first match counts, so longer prefixes come first.
_TONES = {
    "AWS::Lambda::Permission": "access",
    "AWS::IAM::": "access",
    "AWS::Lambda::": "code",
    "AWS::Serverless::Function": "code",
    "Custom::LambdaFunction": "code",
    "AWS::ApiGateway": "gateway",
    "AWS::Serverless::Api": "gateway",
    "Custom::APIGatewayResource": "gateway",
    "AWS::Logs::": "watch",
    "AWS::CloudWatch::": "watch",
    "AWS::DynamoDB::": "data",
    "AWS::S3::": "data",
    "AWS::SecretsManager::": "data",
    "AWS::SNS::": "message",
    "AWS::SQS::": "message",
    "AWS::Events::": "message",
}
_NONE: Values = {}


class _Work(NamedTuple):
    """A template during the collection: its parts, and the secret texts that the graph must not show."""

    source: Source
    plain: Mapping[str, Json]
    owners: Mapping[str, str]
    secrets: list[str]


def make_graph(source: Source, expanded: Expanded, parameters: Values) -> Graph:
    """The complete graph of an expanded template. ``parameters`` are the given parameter values.

    The graph contains only those parameters and outputs that have a connection.
    """
    given = source.template.get("Parameters")
    work = _Work(source, expanded.template, expanded.owners, find_secrets(given, parameters))
    groups = [box for built in expanded.built for box in _list_groups(built, work)]
    parents = {name: group for built in expanded.built for name, group in _find_parents(built)}
    resources = [_show_resource(name, parents.get(name), work) for name in get_section(work.plain, "Resources")]
    edges = find_edges(expanded, work.secrets)
    ends = {end for edge in edges for end in edge[:2]}
    around = [box for box in (*_list_parameters(work), *_list_outputs(work)) if box.id in ends]
    return Graph(hide_text(File(source.name).name, work.secrets), [*groups, *resources, *around], edges)


def _list_groups(built: Built, work: _Work) -> Iterator[Box]:
    counter = built.counter
    name = counter.logical_id
    definition = {name: {"Type": TYPE, **counter.attributes, "Properties": counter.properties}}
    count = len(built.resources) - (len(built.shared) if _owns_shared(built) else 0)
    note = f"{TYPE} · {_count(count)}"
    yield _make_box(work, COUNTER, name, note=note, definition=definition, path=("Resources", name))
    for made in _list_made(built):
        plugin, stage = made.plugin, f" · {made.stage}" if made.stage else ""
        lists = {"Takes": list(plugin.inputs), "Gives": list(plugin.outputs), "Makes": list(made.resources)}
        told = {"Plugin": plugin.name, "Summary": plugin.summary, **lists}
        note = _count(len(made.resources))
        box = _make_box(work, PLUGIN, _name_group(built, made), note=note, definition=told)
        tone = next((_choose_tone(each["Type"]) for each in made.resources.values()), PLUGIN)
        place = _find_place(work, ("Resources", name))
        yield box._replace(label=f"{plugin.name}{stage}", parent=f"{COUNTER}:{name}", tone=tone, place=place)
    if _owns_shared(built):
        box = _make_box(work, PLUGIN, "shared", note=_count(len(built.shared)))
        yield box._replace(label="shared API", tone="gateway")


def _count(number: int) -> str:
    return f"{number} resource{'' if number == 1 else 's'}"


def _list_made(built: Built) -> list[Made]:
    """The resources that each plug-in made in each stage.

    Stages without resources are left out, unless the plug-in made no resources at all.
    """
    joined: dict[str, Made] = {}
    for made in built.made:
        name = _name_group(built, made)
        resources = joined[name].resources if name in joined else {}
        joined[name] = made._replace(resources={**resources, **made.resources})
    busy = {made.plugin.name for made in joined.values() if made.resources}
    return [made for made in joined.values() if made.resources or made.plugin.name not in busy]


def _find_parents(built: Built) -> Iterator[tuple[str, str]]:
    if _owns_shared(built):
        yield from ((name, f"{PLUGIN}:shared") for name in built.shared)
    for made in built.made:
        yield from ((name, f"{PLUGIN}:{_name_group(built, made)}") for name in made.resources)


def _owns_shared(built: Built) -> bool:
    return any(name in built.resources for name in built.shared)


def _name_group(built: Built, made: Made) -> str:
    return "/".join(part for part in (built.counter.logical_id, made.plugin.name, made.stage) if part)


def _show_resource(name: str, parent: str | None, work: _Work) -> Box:
    resource = work.plain["Resources"][name]
    kind = resource.get("Type") if isinstance(resource, Mapping) else None
    note = kind if isinstance(kind, str) else "Fn::ForEach" if isinstance(resource, list) else ""
    path = ("Resources", work.owners.get(name, name))
    box = _make_box(work, RESOURCE, name, note=note, definition={name: resource}, path=path)
    return box._replace(tone=_choose_tone(note), parent=parent)


def _choose_tone(kind: str) -> str:
    return next((tone for start, tone in _TONES.items() if kind.startswith(start)), "other")


def _list_parameters(work: _Work) -> Iterator[Box]:
    for name, rule in get_section(work.plain, "Parameters").items():
        note = str(rule.get("Type", "")) if isinstance(rule, Mapping) else ""
        yield _make_box(work, PARAMETER, name, note=note, definition={name: rule}, path=("Parameters", name))


def _list_outputs(work: _Work) -> Iterator[Box]:
    for name, rule in get_section(work.plain, "Outputs").items():
        definition = {name: rule}
        yield _make_box(work, OUTPUT, name, note="output", definition=definition, path=("Outputs", name))


def _make_box(
    work: _Work, kind: str, name: str, *, note: str, definition: Values = _NONE, path: tuple[str, ...] = ()
) -> Box:
    label, note = hide_text(name, work.secrets), hide_text(note, work.secrets)
    text = write_map(hide(definition, work.secrets)) if definition else ""
    place = _find_place(work, path) if path else ""
    return Box(f"{kind}:{name}", kind, kind, label, note, None, place, text)


def _find_place(work: _Work, path: tuple[str, ...]) -> str:
    """The file, the line and the line's key. The rest of the line is left out, because it may contain values."""
    name = hide_text(File(work.source.name).name, work.secrets)
    position = find_position(work.source, Problem(path, "", at_key=True))
    return f"{name}:{position.line}: {hide_text(path[-1], work.secrets)}" if position else name
