"""Find counters that share one API, check that their settings agree, and add the resources that they share."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from macro.assembly.build import add_attributes
from macro.counter.conditions import Conditions, any_of, combine_conditions
from macro.counter.read import Given
from macro.counter.stages import Stage
from macro.errors import Problem
from macro.plugin import NO_VALUE, Json, Values
from macro.plugins import SHARED
from macro.plugins.gateways.common import limit_rate, name_variable
from macro.template.counters import Counter
from macro.template.merge import Built

# Remedies for two counters that make the same thing in an author's API, by the kind of thing.
_STAGE = "define the stage yourself, and set StageName in both"
_PART = "start the paths differently, or let the counters share an API: 'Share: true'"
_ROUTE = "change Path or Method of one of them"
_KEPT = ("DeletionPolicy", "UpdateReplacePolicy")

Group = Sequence[Given]
Groups = Sequence[Group]


def find_groups(counters: Iterable[Given]) -> Groups:
    """The counters of each shared API, in their order."""
    groups: dict[str, list[Given]] = {}
    for given in counters:
        share = given.values["share"]
        if share:
            groups.setdefault(share, []).append(given)
    return list(groups.values())


def check_group(group: Group) -> Iterator[Problem]:
    """Problems of counters that share an API: different stages or ``Api`` settings, or the same route."""
    first, *others = group
    stages = [stage.name for stage in first.stages]
    routes = {_name_route(first): first.counter.logical_id}
    # The first counter that has settings of the API.
    leader = first
    for given in others:
        path, route = (*given.counter.path, "Properties"), _name_route(given)
        if sorted(stage.name for stage in given.stages) != sorted(stages):
            text = f"must have the same Stages as {first.counter.logical_id}, which shares the API: {', '.join(stages)}"
            yield Problem(path, text)
        if route in routes:
            yield Problem(path, f"has the same route as {routes[route]}, which shares the API: {route}; {_ROUTE}")
        routes.setdefault(route, given.counter.logical_id)
        if _get_settings(given) and _get_settings(leader) not in ({}, _get_settings(given)):
            text = f"must equal Api of {leader.counter.logical_id}, which shares the API, or contain only Share"
            yield Problem((*path, "Api"), text)
        leader = leader if _get_settings(leader) else given


def check_foreign(counters: Iterable[Given]) -> Iterator[Problem]:
    """Things that several counters would make twice in the same API of the author's."""
    made: dict[tuple[str, ...], str] = {}
    for given in counters:
        api, logical_id = given.values["api_properties"], given.counter.logical_id
        own = api.get("RestApiId") or api.get("ApiId")
        for thing, remedy in _list_made(given, api).items() if own else ():
            other = made.setdefault((str(own), thing), logical_id)
            if other != logical_id:
                text = f"makes {thing} in the same API as {other}; {remedy}"
                yield Problem((*given.counter.path, "Properties", "Api"), text)


def _list_made(given: Given, api: Values) -> dict[str, str]:
    """What a counter makes in an author's API, each thing with the remedy if another counter makes the same thing."""
    part = given.values["path"].partition("/")[0]
    made = {f"the path {part}": _PART} if given.gateway == "rest" else {_name_route(given): _ROUTE}
    if given.gateway != "custom" and "StageName" not in api:
        made |= {f"the stage {stage.values['stage']}": _STAGE for stage in given.stages}
    return made


def agree(group: Group) -> list[Given]:
    """The counters, each with the group's common settings. The API is then the same whichever counter makes it."""
    common = _find_settings(group)
    return [_set_values(given, common) for given in group]


def add_shared(group: Group, built: Mapping[str, Built]) -> dict[str, Built]:
    """The counters by ID. The last counter also gets the shared resources: the API and its stages."""
    added: dict[str, Json] = {}
    share = f"HitCounter{group[0].gateway.capitalize()}"
    names = [
        any_of(f"{share}{stage.part}Exists", [_find_condition(given, stage) for given in group], None, added)
        for stage in group[0].stages
    ]
    whole = any_of(f"{share}Exists", [_combine(given).shared for given in group], None, added)
    resources = _make_shared(group, _name_values(group, built, names, whole), names, whole)
    ids = [given.counter.logical_id for given in group]
    result = {logical_id: built[logical_id]._replace(shared=resources) for logical_id in ids}
    last = result[ids[-1]]
    result[ids[-1]] = last._replace(resources={**last.resources, **resources}, conditions={**last.conditions, **added})
    return result


def _name_values(
    group: Group, built: Mapping[str, Built], names: Sequence[str | None], whole: str | None
) -> dict[str, Json]:
    """The values for the shared API. ``names`` holds each stage's condition, ``whole`` the condition of the API."""
    first, busiest = group[0], _find_busiest(group)
    share = f"HitCounter{first.gateway.capitalize()}"
    settings = {"api_properties": {}, "stage_properties": {}, **_find_settings(group)}
    common = {**first.values, **settings}
    stages = [
        {
            **common,
            "counter_id": f"{share}{stage.part}",
            "stage": stage.values["stage"],
            "shards": busiest["shards"],
            "exact": busiest["exact"],
            "variables": _list_variables(group, built, stage, name) if stage.part else {},
            "condition": None if name == whole else name,
        }
        for stage, name in zip(first.stages, names, strict=True)
    ]
    routes = [_describe_route(given, built, whole) for given in group]
    return {**common, "counter_id": share, "integration": "proxy", "routes": routes, "stages": stages}


def _make_shared(group: Group, values: Values, names: Sequence[str | None], whole: str | None) -> dict[str, Json]:
    first = group[0]
    piece = SHARED[first.gateway](values)
    resources = _add_condition(piece.resources, first.counter, whole)
    for part, name in zip(piece.stages, names, strict=True):
        resources |= _add_condition(part.resources, first.counter, name)
    return resources


def _describe_route(given: Given, built: Mapping[str, Built], whole: str | None) -> dict[str, Json]:
    """A counter's ID, path and method. The condition is set if the API may exist without the counter."""
    counter_id, condition = given.counter.logical_id, _combine(given).shared
    return {
        "counter_id": counter_id,
        "path": given.values["path"],
        "method": built[counter_id].resources.get(f"{counter_id}Method"),
        "condition": None if condition == whole else condition,
    }


def _list_variables(group: Group, built: Mapping[str, Built], stage: Stage, name: str | None) -> dict[str, Json]:
    """The function name of each counter in a stage. A counter that the stage may lack depends on its condition."""
    variables = {}
    for given in group:
        counter_id, condition = given.counter.logical_id, _find_condition(given, stage)
        function = built[counter_id].values[f"{stage.part}_function_name"]
        is_sure = condition in (None, name)
        variables[name_variable(counter_id)] = (
            function if is_sure else {"Fn::If": [condition, function, dict(NO_VALUE)]}
        )
    return variables


def _find_condition(given: Given, stage: Stage) -> str | None:
    """The condition of a counter's part in the stage with the same name."""
    place = [each.name for each in given.stages].index(stage.name)
    return _combine(given).stages[place]


def _combine(given: Given) -> Conditions:
    counter = given.counter
    return combine_conditions(counter.logical_id, counter.attributes.get("Condition"), given.stages)


def _add_condition(resources: Mapping[str, Json], counter: Counter, condition: str | None) -> dict[str, Json]:
    own = {name: counter.attributes[name] for name in _KEPT if name in counter.attributes}
    attributes = {**({"Condition": condition} if condition else {}), **own}
    return {name: add_attributes(resource, attributes) for name, resource in resources.items()}


def _find_busiest(group: Group) -> Values:
    values = [given.values for given in group]
    return max(values, key=lambda each: limit_rate(each)["ThrottlingRateLimit"])


def _find_settings(group: Group) -> dict[str, Json]:
    return next((settings for given in group if (settings := _get_settings(given))), {})


def _get_settings(given: Given) -> dict[str, Json]:
    names = ("api_properties", "stage_properties")
    settings = {name: given.values[name] for name in names}
    return settings if any(settings.values()) else {}


def _name_route(given: Given) -> str:
    return f"{given.values['method']} /{given.values['path']}"


def _set_values(given: Given, common: Values) -> Given:
    if not common:
        return given
    stages = [stage._replace(values={**stage.values, **common}) for stage in given.stages]
    return given._replace(values={**given.values, **common}, stages=stages)
