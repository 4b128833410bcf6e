"""Run a counter's plug-ins: choose, order and build them for each stage, and add the counter's own attributes."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from macro.assembly.choose import (
    STAGES,
    FindPlugin,
    check_attributes,
    choose_plugins,
    find_links,
    find_mentioned,
    order_runs,
)
from macro.assembly.piece import Place, build_further, check_piece
from macro.counter.conditions import Conditions, combine_conditions
from macro.counter.read import REFERRING, Given
from macro.counter.stages import Stage
from macro.errors import Path, PluginError, Problem
from macro.plugin import Json, Piece, Plugin, Values, merge
from macro.template.counters import Counter
from macro.template.merge import Built, Made
from macro.template.references import Export, drop_implied
from macro.template.rewrite import rewrite_references


class _StageBuild(NamedTuple):
    """The build of one stage: known values, values that its plug-ins made, and attributes for its resources."""

    stage: Stage
    known: dict[str, Json]
    made: dict[str, Json]
    attributes: Mapping[str, Json]


class _CounterBuild(NamedTuple):
    """The build of a counter: its stages, its resources so far, and its plug-ins' options, paths and links by name."""

    counter: Counter
    stage_builds: Sequence[_StageBuild]
    resources: dict[str, Json]
    attributes: Mapping[str, Json]
    options: Mapping[str, Values]
    paths: Mapping[str, Path]
    links: Mapping[str, Sequence[str]]
    mentioned: Collection[str]
    pieces: list[Made]


def build_counter(counter: Counter, given: Given, find: FindPlugin, ids: Collection[str]) -> Built:
    """The result of a counter: the values that its plug-ins made, and their resources.

    ``ids`` are the logical IDs of all counters in the template. References to other counters are rewritten later.
    Raises :class:`MacroError` with all problems of the counter's plug-ins.
    """
    plugins = choose_plugins(given, find)
    if given.values["share"] and f"gateway_{given.gateway}" not in {plugin.name for plugin in plugins}:
        text = f"needs the gateway '{given.gateway}', whose place a plug-in takes; remove one of the two"
        raise PluginError([Problem((*counter.path, "Properties", "Api", "Share"), text, at_key=True)])
    if given.stages[0].part:
        check_attributes(counter, given.stages, plugins)
    options = {requested.name: requested.options for requested in given.requested_plugins}
    paths = {requested.name: requested.path for requested in given.requested_plugins}
    mentioned = find_mentioned(counter, ids)
    links = find_links(counter, given, plugins, options) if counter.logical_id in mentioned else {}
    conditions = combine_conditions(counter.logical_id, counter.attributes.get("Condition"), given.stages)
    attributes = counter.attributes
    stage_builds = [
        _StageBuild(
            stage, {**stage.values, "condition": _differing(name, conditions)}, {}, _set_condition(attributes, name)
        )
        for stage, name in zip(given.stages, conditions.stages, strict=True)
    ]
    shared = _set_condition(attributes, conditions.shared)
    build = _CounterBuild(counter, stage_builds, {}, shared, options, paths, links, mentioned, [])
    for is_shared, run in order_runs(tuple(plugins), tuple(given.values), links):
        if is_shared:
            for plugin in run:
                _build_shared(plugin, build)
        else:
            for stage_build in stage_builds:
                for plugin in run:
                    _build_in(stage_build, plugin, build)
    return Built(counter, _gather(build), build.resources, bool(mentioned), conditions.added, made=build.pieces)


def _build_in(stage_build: _StageBuild, plugin: Plugin, build: _CounterBuild) -> None:
    """Build a plug-in for one stage. The plug-in doesn't need to know about other stages."""
    values = _choose_values(plugin, stage_build, build)
    if plugin.name not in build.paths:
        piece = plugin.build(values)
    else:
        path = build.paths[plugin.name]
        piece = build_further(plugin, values, path)
        prefix = build.counter.logical_id + stage_build.stage.part
        check_piece(plugin, piece, path, [Place(prefix, stage_build.attributes, build.resources)])
    stage_build.known.update(piece.values)
    stage_build.made.update(piece.values)
    build.pieces.append(Made(plugin, stage_build.stage.part and stage_build.stage.name, piece.resources))
    _add(build, piece, stage_build.attributes)


def _build_shared(plugin: Plugin, build: _CounterBuild) -> None:
    """Build a plug-in once, with the values of each stage. Its other inputs come from the first stage."""
    stages = [_choose_values(plugin, stage_build, build) for stage_build in build.stage_builds]
    counter_id = build.counter.logical_id
    values = {**stages[0], "counter_id": counter_id, STAGES: stages}
    if plugin.name not in build.paths:
        piece = plugin.build(values)
    else:
        path = build.paths[plugin.name]
        piece = build_further(plugin, values, path)
        places = [
            Place(counter_id + stage_build.stage.part, stage_build.attributes, build.resources)
            for stage_build in build.stage_builds
        ]
        check_piece(plugin, piece, path, [Place(counter_id, build.attributes, build.resources), *places])
    build.pieces.append(Made(plugin, "", piece.resources))
    _add(build, piece, build.attributes)
    for stage_build, part in zip(build.stage_builds, piece.stages or [Piece({}, {})] * len(stages), strict=True):
        for made in (piece.values, part.values):
            stage_build.known.update(made)
            stage_build.made.update(made)
        build.pieces.append(Made(plugin, stage_build.stage.part and stage_build.stage.name, part.resources))
        _add(build, part, stage_build.attributes)


def _choose_values(plugin: Plugin, stage_build: _StageBuild, build: _CounterBuild) -> dict[str, Json]:
    """The plug-in's inputs for one stage, with references to the counter's own attributes rewritten."""
    known = stage_build.known
    values = {name: known[name] for name in plugin.inputs}
    if "options" in values:
        values["options"] = build.options.get(plugin.name, {})
    if build.links and build.links[plugin.name]:
        own = {build.counter.logical_id: Export(stage_build.made)}
        return {name: rewrite_references(value, own) if name in REFERRING else value for name, value in values.items()}
    return values


def _add(build: _CounterBuild, piece: Piece, attributes: Mapping[str, Json]) -> None:
    resources = build.resources
    if len(build.stage_builds) > 1 and not resources.keys().isdisjoint(piece.resources):
        twice = [name for name in piece.resources if name in resources]
        text = f"several stages become {', '.join(twice)}; rename one of the stages"
        raise PluginError([Problem((*build.counter.path, "Properties", "Stages"), text)])
    if attributes:
        resources.update(
            {name: add_attributes(each, attributes, build.mentioned) for name, each in piece.resources.items()}
        )
    else:
        resources.update(piece.resources)


def _gather(build: _CounterBuild) -> dict[str, Json]:
    """All values that plug-ins made: the values of the first stage, and each stage's values prefixed with its part."""
    first = build.stage_builds[0]
    if not first.stage.part:
        return first.made
    prefixed = {
        f"{stage_build.stage.part}_{name}": value
        for stage_build in build.stage_builds
        for name, value in stage_build.made.items()
    }
    return {**first.made, **prefixed}


def _differing(name: str | None, conditions: Conditions) -> str | None:
    return None if name == conditions.shared else name


def _set_condition(attributes: Mapping[str, Json], name: str | None) -> Mapping[str, Json]:
    if name == attributes.get("Condition"):
        return attributes
    rest = {key: value for key, value in attributes.items() if key != "Condition"}
    return {**rest, "Condition": name} if name else rest


def add_attributes(resource: Mapping[str, Json], own: Mapping[str, Json], counters: Collection[str] = ()) -> Json:
    """The resource with its counter's attributes.

    ``DependsOn`` lists are joined and ``Metadata`` is merged. The counter's policies replace the resource's policies.
    ``counters`` holds the counters that may stand in the resource's ``DependsOn``.
    """
    added: dict[str, Json] = {"Type": resource["Type"]}
    if "Condition" in own:
        added["Condition"] = own["Condition"]
    if "DependsOn" in own or "DependsOn" in resource:
        lists = [[names] if isinstance(names, str) else names for names in _get_both("DependsOn", resource, own)]
        names = [name for names in lists for name in names]
        added["DependsOn"] = names[0] if len(names) == 1 else names
    for name in ("DeletionPolicy", "UpdateReplacePolicy"):
        if name in resource:
            added[name] = own.get(name, resource[name])
    if "Metadata" in own:
        added["Metadata"] = merge(resource.get("Metadata", {}), own["Metadata"])
    result = {**added, **{name: value for name, value in resource.items() if name not in added}}
    return drop_implied(result, counters) if "DependsOn" in result else result


def _get_both(name: str, resource: Mapping[str, Json], own: Mapping[str, Json]) -> list[Json]:
    return [attributes[name] for attributes in (resource, own) if name in attributes]
