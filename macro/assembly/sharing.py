"""Find counters that share one API, check that their settings agree, and add the resources that they share."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

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
_STAGE = "make the stage yourself, and give StageName in both"
_PART = "begin the paths differently, or let the counters make the API: Share"
_ROUTE = "change Path or Method of one"
_KEPT = ("DeletionPolicy", "UpdateReplacePolicy")


class Member(NamedTuple):
    """A counter, and what is known about it before its plug-ins run."""

    counter: Counter
    given: Given


Members = Sequence[Member]
Groups = list[list[Member]]


def find_groups(members: Iterable[Member]) -> Groups:
    """The counters of each shared API, in their order."""
    groups: dict[str, list[Member]] = {}
    for member in members:
        share = member.given.values["share"]
        if share:
            groups.setdefault(share, []).append(member)
    return list(groups.values())


def check_group(group: Members) -> Iterator[Problem]:
    """Problems of counters that share an API: different stages or ``Api`` settings, or the same route."""
    first, *others = group
    stages = [stage.name for stage in first.given.stages]
    routes = {_name_route(first): first}
    said = first
    for member in others:
        path, route = (*member.counter.path, "Properties"), _name_route(member)
        name = first.counter.logical_id
        if sorted(stage.name for stage in member.given.stages) != sorted(stages):
            yield Problem(path, f"shares an API with {name}, so Stages must be the same: {', '.join(stages)}")
        if route in routes:
            other = routes[route].counter.logical_id
            yield Problem(path, f"shares an API with {other}, which has {route} too; change Path or Method of one")
        routes.setdefault(route, member)
        if _get_settings(member) and _get_settings(said) not in ({}, _get_settings(member)):
            text = f"must be as {said.counter.logical_id} has it, with which it shares an API, or say Share alone"
            yield Problem((*path, "Api"), text)
        said = said if _get_settings(said) else member


def check_foreign(members: Iterable[Member]) -> Iterator[Problem]:
    """Things that several counters would make twice in the same API of the author's."""
    made: dict[tuple[str, ...], str] = {}
    for counter, given in members:
        api = given.values["api_properties"]
        own = api.get("RestApiId") or api.get("ApiId")
        if not own:
            continue
        part = given.values["path"].partition("/")[0]
        things = (
            {f"the path {part}": _PART} if given.gateway == "rest" else {_name_route(Member(counter, given)): _ROUTE}
        )
        if given.gateway != "custom" and "StageName" not in api:
            things |= {f"the stage {stage.values['stage']}": _STAGE for stage in given.stages}
        for thing, remedy in things.items():
            other = made.setdefault((str(own), thing), counter.logical_id)
            if other != counter.logical_id:
                text = f"makes {thing} in the same API as {other}; {remedy}"
                yield Problem((*counter.path, "Properties", "Api"), text)


def agree(group: Members) -> list[Member]:
    """The counters, each with the group's common settings. The API is then the same whichever counter makes it."""
    common = _find_settings(group)
    return [_set_values(member, common) for member in group]


def add_shared(group: Members, built: Mapping[str, Built]) -> dict[str, Built]:
    """The counters by ID. The last counter also gets the shared resources: the API and its stages."""
    first, last = group[0], group[-1]
    added: dict[str, Json] = {}
    share = f"HitCounter{first.given.gateway.capitalize()}"
    names = [
        any_of(f"{share}{stage.part}Exists", [_find_condition(member, stage) for member in group], None, added)
        for stage in first.given.stages
    ]
    whole = any_of(f"{share}Exists", [_combine(member).shared for member in group], None, added)
    settings = {"api_properties": {}, "stage_properties": {}, **_find_settings(group)}
    values = {
        **first.given.values,
        **settings,
        "counter_id": share,
        "integration": "proxy",
        "routes": [_describe_route(member, built, whole) for member in group],
        "stages": [
            {**stage, "condition": None if name == whole else name}
            for stage, name in zip(_list_stages(group, built, share, names), names, strict=True)
        ],
    }
    piece = SHARED[first.given.gateway](values)
    resources = _add_condition(piece.resources, first.counter, whole)
    for part, name in zip(piece.stages, names, strict=True):
        resources |= _add_condition(part.resources, first.counter, name)
    result = {name: built[name]._replace(shared=resources) for name in (each.counter.logical_id for each in group)}
    own = result[last.counter.logical_id]
    result[last.counter.logical_id] = own._replace(
        resources={**own.resources, **resources}, conditions={**own.conditions, **added}
    )
    return result


def _describe_route(member: Member, built: Mapping[str, Built], whole: str | None) -> dict[str, Json]:
    """A counter's ID, path and method. The condition is set if the API may exist without the counter."""
    counter_id, condition = member.counter.logical_id, _combine(member).shared
    return {
        "counter_id": counter_id,
        "path": member.given.values["path"],
        "method": built[counter_id].resources.get(f"{counter_id}Method"),
        "condition": None if condition == whole else condition,
    }


def _list_stages(
    group: Members, built: Mapping[str, Built], share: str, names: Sequence[str | None]
) -> list[dict[str, Json]]:
    first, busiest = group[0].given, _find_busiest(group)
    settings = {"stage_properties": {}, **_find_settings(group)}
    return [
        {
            **first.values,
            **settings,
            "counter_id": f"{share}{stage.part}",
            "stage": stage.values["stage"],
            "shards": busiest["shards"],
            "exact": busiest["exact"],
            "variables": _list_variables(group, built, stage, name) if stage.part else {},
        }
        for stage, name in zip(first.stages, names, strict=True)
    ]


def _list_variables(group: Members, built: Mapping[str, Built], stage: Stage, name: str | None) -> dict[str, Json]:
    """The function name of each counter in a stage. A counter that the stage may lack depends on its condition."""
    variables = {}
    for member in group:
        counter_id, condition = member.counter.logical_id, _find_condition(member, stage)
        function = built[counter_id].values[f"{stage.part}_function_name"]
        is_sure = condition in (None, name)
        variables[name_variable(counter_id)] = (
            function if is_sure else {"Fn::If": [condition, function, dict(NO_VALUE)]}
        )
    return variables


def _find_condition(member: Member, stage: Stage) -> str | None:
    """The condition of a counter's part in the stage with the same name."""
    stages = member.given.stages
    return dict(zip((each.name for each in stages), _combine(member).stages, strict=True))[stage.name]


def _combine(member: Member) -> Conditions:
    counter = member.counter
    return combine_conditions(counter.logical_id, counter.attributes.get("Condition"), member.given.stages)


def _add_condition(resources: Mapping[str, Json], counter: Counter, condition: str | None) -> dict[str, Json]:
    own = {name: counter.attributes[name] for name in _KEPT if name in counter.attributes}
    attributes = {**({"Condition": condition} if condition else {}), **own}
    return {name: add_attributes(resource, attributes) for name, resource in resources.items()}


def _find_busiest(group: Members) -> Values:
    values = [member.given.values for member in group]
    return max(values, key=lambda each: limit_rate(each)["ThrottlingRateLimit"])


def _find_settings(group: Members) -> dict[str, Json]:
    return next((settings for member in group if (settings := _get_settings(member))), {})


def _get_settings(member: Member) -> dict[str, Json]:
    names = ("api_properties", "stage_properties")
    settings = {name: member.given.values[name] for name in names}
    return settings if any(settings.values()) else {}


def _name_route(member: Member) -> str:
    return f"{member.given.values['method']} /{member.given.values['path']}"


def _set_values(member: Member, common: Values) -> Member:
    if not common:
        return member
    stages = [stage._replace(values={**stage.values, **common}) for stage in member.given.stages]
    return member._replace(given=member.given._replace(values={**member.given.values, **common}, stages=stages))
