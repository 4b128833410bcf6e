"""Find references to resources, in every form that CloudFormation knows: ``Ref``, ``Fn::GetAtt`` and ``Fn::Sub``."""

from collections.abc import Collection, Mapping
from copy import copy
from functools import cache
from typing import NamedTuple

from macro.errors import Path
from macro.intrinsic import VARIABLE, split_get_att, split_sub
from macro.plugin import Json, Values

REF_ATTRIBUTE = "BaseUrl"
_FUNCTIONS = ("Ref", "Fn::GetAtt", "Fn::Sub")


class Export(NamedTuple):
    """What references to a counter can use: its outputs as attributes, and its resources for ``DependsOn``.

    ``outputs`` is ``None`` for a counter that could not be built. References to such a counter stay unchanged.
    """

    outputs: Values | None
    resources: Mapping[str, Json] = {}


Exports = Mapping[str, Export]


class Call(NamedTuple):
    """A call of an intrinsic function that may refer to resources: its path, its name, and its argument."""

    path: Path
    function: str
    argument: Json


@cache
def attribute_name(output: str) -> str:
    """The attribute name of a plug-in's output in a template: ``table_arn`` → ``TableArn``."""
    return "".join(word[:1].upper() + word[1:] for word in output.split("_"))


def find_references(node: Json, ids: Collection[str]) -> list[tuple[str, str]]:
    """Each reference in the tree to one of ``ids``, as (id, attribute). A ``Ref`` counts as ``BaseUrl``."""
    return [target for call in find_calls(node) for target in find_targets(call) if target[0] in ids]


def find_calls(node: Json, path: Path = ()) -> list[Call]:
    """The calls of ``Ref``, ``Fn::GetAtt`` and ``Fn::Sub`` in the tree, outer calls first. ``path`` is the tree's."""
    found: list[Call] = []
    _collect(node, path, found)
    return found


def find_targets(call: Call) -> list[tuple[str, str]]:
    """The (id, attribute) pairs that a call refers to. An attribute that is not literal is an empty string."""
    if call.function == "Ref":
        return [(call.argument, REF_ATTRIBUTE)] if isinstance(call.argument, str) else []
    if call.function == "Fn::GetAtt":
        name, attribute = split_get_att(call.argument)
        return [(name, attribute if isinstance(attribute, str) else "")] if isinstance(name, str) else []
    text, own = split_sub(call.argument)
    parts = [name.partition(".") for name in VARIABLE.findall(text or "") if name not in own]
    return [(name, attribute or REF_ATTRIBUTE) for name, _, attribute in parts]


def find_last_ids(resources: Mapping[str, Json]) -> list[str]:
    """The resources that no other one needs. A resource that depends on these waits for all of them."""
    needed = set()
    for logical_id, resource in resources.items():
        named = resource.get("DependsOn", ())
        found = {name for name, _ in find_references(resource, resources)}
        needed |= (found | ({named} if isinstance(named, str) else set(named))) - {logical_id}
    return [logical_id for logical_id in resources if logical_id not in needed]


def drop_implied(resource: Json, counters: Collection[str] = ()) -> Json:
    """The resource without ``DependsOn`` entries that its references already imply (cfn-lint's W3005).

    Entries in ``counters`` stay, because a reference to a counter waits only for a part of that counter.
    """
    named = resource["DependsOn"]
    listed = list(dict.fromkeys([named] if isinstance(named, str) else named))
    implied = {name for name, _ in find_references(resource, listed)}.difference(counters)
    rest = [name for name in listed if name not in implied]
    if rest == ([named] if isinstance(named, str) else named):
        return resource
    changed = copy(resource)
    if rest:
        changed["DependsOn"] = rest[0] if len(rest) == 1 else rest
    else:
        del changed["DependsOn"]
    return changed


def _collect(node: Json, path: Path, found: list[Call]) -> None:
    if isinstance(node, dict):
        if len(node) == 1:
            function, argument = next(iter(node.items()))
            if function in _FUNCTIONS:
                found.append(Call(path, function, argument))
        for key, value in node.items():
            if isinstance(value, (dict, list)):
                _collect(value, (*path, key), found)
    elif isinstance(node, list):
        for place, value in enumerate(node):
            if isinstance(value, (dict, list)):
                _collect(value, (*path, place), found)
