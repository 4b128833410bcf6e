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
from macro.plugin import Values
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


class _Input(NamedTuple):
    """The author's template, its expansion, and the secret texts that the graph must not show."""

    source: Source
    expanded: Expanded
    secrets: list[str]


def make_graph(source: Source, expanded: Expanded, parameters: Values) -> Graph:
    """The complete graph of an expanded template. ``parameters`` are the given parameter values.

    The graph contains only those parameters and outputs that have a connection.
    """
    given = _Input(source, expanded, find_secrets(source.template.get("Parameters"), parameters))
    groups = [box for built in expanded.built for box in _list_groups(built, given)]
    parents = {name: group for built in expanded.built for name, group in _find_parents(built)}
    resources = [_make_resource(name, parents.get(name), given) for name in get_section(expanded.template, "Resources")]
    edges = find_edges(expanded, given.secrets)
    connected = {box for edge in edges for box in edge[:2]}
    further = [box for box in (*_list_parameters(given), *_list_outputs(given)) if box.id in connected]
    return Graph(_hide_file(given), [*groups, *resources, *further], edges)


def _list_groups(built: Built, given: _Input) -> Iterator[Box]:
    counter = built.counter
    name = counter.logical_id
    place = _find_place(given, "Resources", name)
    definition: Values = {name: {"Type": TYPE, **counter.attributes, "Properties": counter.properties}}
    count = len(built.resources) - (len(built.shared) if _owns_shared(built) else 0)
    box = _make_box(f"{COUNTER}:{name}", f"{TYPE} · {_count(count)}", given, definition)
    yield box._replace(place=place)
    for made in _list_made(built):
        plugin, stage = made.plugin, f" · {made.stage}" if made.stage else ""
        lists = {"Takes": list(plugin.inputs), "Gives": list(plugin.outputs), "Makes": list(made.resources)}
        definition = {"Plugin": plugin.name, "Summary": plugin.summary, **lists}
        box = _make_box(f"{PLUGIN}:{_name_group(built, made)}", _count(len(made.resources)), given, definition)
        tone = next((_choose_tone(each["Type"]) for each in made.resources.values()), PLUGIN)
        yield box._replace(label=f"{plugin.name}{stage}", parent=f"{COUNTER}:{name}", tone=tone, place=place)
    if _owns_shared(built):
        box = _make_box(f"{PLUGIN}:shared", _count(len(built.shared)), given)
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
    with_resources = {made.plugin.name for made in joined.values() if made.resources}
    return [made for made in joined.values() if made.resources or made.plugin.name not in with_resources]


def _find_parents(built: Built) -> Iterator[tuple[str, str]]:
    if _owns_shared(built):
        yield from ((name, f"{PLUGIN}:shared") for name in built.shared)
    for made in built.made:
        yield from ((name, f"{PLUGIN}:{_name_group(built, made)}") for name in made.resources)


def _owns_shared(built: Built) -> bool:
    return any(name in built.resources for name in built.shared)


def _name_group(built: Built, made: Made) -> str:
    return "/".join(part for part in (built.counter.logical_id, made.plugin.name, made.stage) if part)


def _make_resource(name: str, parent: str | None, given: _Input) -> Box:
    resource = given.expanded.template["Resources"][name]
    kind = resource.get("Type") if isinstance(resource, Mapping) else None
    note = kind if isinstance(kind, str) else "Fn::ForEach" if isinstance(resource, list) else ""
    place = _find_place(given, "Resources", given.expanded.owners.get(name, name))
    box = _make_box(f"{RESOURCE}:{name}", note, given, {name: resource})
    return box._replace(tone=_choose_tone(note), parent=parent, place=place)


def _choose_tone(kind: str) -> str:
    return next((tone for start, tone in _TONES.items() if kind.startswith(start)), "other")


def _list_parameters(given: _Input) -> Iterator[Box]:
    for name, rule in get_section(given.expanded.template, "Parameters").items():
        note = str(rule.get("Type", "")) if isinstance(rule, Mapping) else ""
        box = _make_box(f"{PARAMETER}:{name}", note, given, {name: rule})
        yield box._replace(place=_find_place(given, "Parameters", name))


def _list_outputs(given: _Input) -> Iterator[Box]:
    for name, output in get_section(given.expanded.template, "Outputs").items():
        box = _make_box(f"{OUTPUT}:{name}", "output", given, {name: output})
        yield box._replace(place=_find_place(given, "Outputs", name))


def _make_box(box_id: str, note: str, given: _Input, definition: Values = _NONE) -> Box:
    """A box for ``kind:name``, without secrets, and without a place or a parent."""
    kind, _, name = box_id.partition(":")
    text = write_map(hide(definition, given.secrets)) if definition else ""
    return Box(box_id, kind, kind, hide_text(name, given.secrets), hide_text(note, given.secrets), definition=text)


def _find_place(given: _Input, section: str, name: str) -> str:
    """The file, the line and the line's key. The rest of the line is left out, because it may contain values."""
    position = find_position(given.source, Problem((section, name), "", at_key=True))
    file = _hide_file(given)
    return f"{file}:{position.line}: {hide_text(name, given.secrets)}" if position else file


def _hide_file(given: _Input) -> str:
    return hide_text(File(given.source.name).name, given.secrets)
