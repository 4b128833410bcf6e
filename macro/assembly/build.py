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
from macro.counter.conditions import combine_conditions
from macro.counter.read import REFERRING, Given
from macro.counter.stages import Stage
from macro.errors import PluginError, Problem
from macro.plugin import Json, Piece, Plugin, merge
from macro.template.merge import Built, Made
from macro.template.references import Export, drop_implied
from macro.template.rewrite import rewrite_references


def build_counter(given: Given, find: FindPlugin, ids: Collection[str]) -> Built:
    """The result of a counter: the values that its plug-ins made, and their resources.

    ``ids`` are the logical IDs of all counters in the template. References to other counters are rewritten later.
    Raises :class:`MacroError` with all problems of the counter's plug-ins.
    """
    plugins = choose_plugins(given, find)
    if given.values["share"] and f"gateway_{given.gateway}" not in {plugin.name for plugin in plugins}:
        text = f"requires the built-in gateway '{given.gateway}', but a plugin replaces it; remove Share or that plugin"
        raise PluginError([Problem((*given.counter.path, "Properties", "Api", "Share"), text, at_key=True)])
    if given.stages[0].part:
        check_attributes(given, plugins)
    return _Builder(given, plugins, find_mentioned(given.counter, ids)).build()


class _StageBuild(NamedTuple):
    """The build of one stage: known values, values that its plug-ins made, and attributes for its resources."""

    stage: Stage
    known: dict[str, Json]
    made: dict[str, Json]
    attributes: Mapping[str, Json]


class _Builder:
    """Builds the chosen plug-ins of one counter. ``mentioned`` holds the counters that this counter refers to."""

    def __init__(self, given: Given, plugins: Sequence[Plugin], mentioned: Collection[str]) -> None:
        self.counter, self.given, self.plugins, self.mentioned = given.counter, given, plugins, mentioned
        self.requested = {requested.name: requested for requested in given.requested_plugins}
        self.links = find_links(given, plugins) if self.counter.logical_id in mentioned else {}
        own = self.counter.attributes
        self.conditions = combine_conditions(self.counter.logical_id, own.get("Condition"), given.stages)
        shared = self.conditions.shared
        self.attributes = _set_condition(own, shared)
        self.stage_builds = [
            _StageBuild(
                stage, {**stage.values, "condition": None if name == shared else name}, {}, _set_condition(own, name)
            )
            for stage, name in zip(given.stages, self.conditions.stages, strict=True)
        ]
        self.resources: dict[str, Json] = {}
        self.made: list[Made] = []

    def build(self) -> Built:
        """Build all plug-ins in order: a run of plug-ins for one stage after the other, or once for all stages."""
        for is_shared, run in order_runs(tuple(self.plugins), tuple(self.given.values), self.links):
            for stage_build in (None,) if is_shared else self.stage_builds:
                for plugin in run:
                    if stage_build is None:
                        self._build_shared(plugin)
                    else:
                        self._build_in(stage_build, plugin)
        has_mentions, conditions = bool(self.mentioned), self.conditions.added
        return Built(self.counter, self._gather(), self.resources, has_mentions, conditions, made=self.made)

    def _build_in(self, stage_build: _StageBuild, plugin: Plugin) -> None:
        """Build a plug-in for one stage. The plug-in doesn't need to know about other stages."""
        piece = self._make_piece(plugin, self._choose_values(plugin, stage_build), stage_build)
        self._add_stage(stage_build, plugin, piece)
        stage_build.known.update(piece.values)
        stage_build.made.update(piece.values)

    def _build_shared(self, plugin: Plugin) -> None:
        """Build a plug-in once, with the values of each stage. Its other inputs come from the first stage."""
        stages = [self._choose_values(plugin, stage_build) for stage_build in self.stage_builds]
        values = {**stages[0], "counter_id": self.counter.logical_id, STAGES: stages}
        piece = self._make_piece(plugin, values, None)
        self.made.append(Made(plugin, "", piece.resources))
        self._add(piece, self.attributes)
        for stage_build, part in zip(self.stage_builds, piece.stages or [Piece({}, {})] * len(stages), strict=True):
            values = {**piece.values, **part.values}
            stage_build.known.update(values)
            stage_build.made.update(values)
            self._add_stage(stage_build, plugin, part)

    def _make_piece(self, plugin: Plugin, values: dict[str, Json], stage_build: _StageBuild | None) -> Piece:
        """The plug-in's piece. A requested plug-in gets copied values, and its piece is checked."""
        requested = self.requested.get(plugin.name)
        if requested is None:
            return plugin.build(values)
        piece = build_further(plugin, values, requested.path)
        counter_id = self.counter.logical_id
        places = [
            Place(counter_id + each.stage.part, each.attributes, self.resources)
            for each in (self.stage_builds if stage_build is None else [stage_build])
        ]
        if stage_build is None:
            places.insert(0, Place(counter_id, self.attributes, self.resources))
        check_piece(plugin, piece, requested.path, places)
        return piece

    def _choose_values(self, plugin: Plugin, stage_build: _StageBuild) -> dict[str, Json]:
        """The plug-in's inputs for one stage, with references to the counter's own attributes rewritten."""
        values = {name: stage_build.known[name] for name in plugin.inputs}
        if "options" in values:
            requested = self.requested.get(plugin.name)
            values["options"] = requested.options if requested else {}
        if not (self.links and self.links[plugin.name]):
            return values
        own = {self.counter.logical_id: Export(stage_build.made)}
        return {name: rewrite_references(value, own) if name in REFERRING else value for name, value in values.items()}

    def _add_stage(self, stage_build: _StageBuild, plugin: Plugin, piece: Piece) -> None:
        stage = stage_build.stage
        self.made.append(Made(plugin, stage.part and stage.name, piece.resources))
        self._add(piece, stage_build.attributes)

    def _add(self, piece: Piece, attributes: Mapping[str, Json]) -> None:
        if len(self.stage_builds) > 1 and not self.resources.keys().isdisjoint(piece.resources):
            twice = [name for name in piece.resources if name in self.resources]
            text = f"several stages have the logical id {', '.join(twice)}; rename one of the stages"
            raise PluginError([Problem((*self.counter.path, "Properties", "Stages"), text)])
        if attributes:
            added = {name: add_attributes(each, attributes, self.mentioned) for name, each in piece.resources.items()}
            self.resources.update(added)
        else:
            self.resources.update(piece.resources)

    def _gather(self) -> dict[str, Json]:
        """All values that plug-ins made: those of the first stage, and each stage's values prefixed with its part."""
        first = self.stage_builds[0]
        if not first.stage.part:
            return first.made
        prefixed = {
            f"{each.stage.part}_{name}": value for each in self.stage_builds for name, value in each.made.items()
        }
        return {**first.made, **prefixed}


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
