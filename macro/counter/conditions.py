"""Compute the conditions of a counter: one for what its stages share, and one for each stage."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from macro.counter.stages import Stage
from macro.plugin import Json

# The most operands that Fn::Or takes (CloudFormation user guide, "Condition functions").
_MAX_OPERANDS = 10
_NO_CONDITIONS: Mapping[str, Json] = {}


class Conditions(NamedTuple):
    """The condition of the shared resources, each stage's condition, and the conditions to add to the template."""

    shared: str | None
    stages: Sequence[str | None]
    added: Mapping[str, Json] = _NO_CONDITIONS


def combine_conditions(counter_id: str, own: str | None, stages: Sequence[Stage]) -> Conditions:
    """The conditions of a counter's parts.

    A stage exists if its own condition and the counter's condition hold. Shared resources exist if any stage exists.
    """
    if not any(stage.condition for stage in stages):
        return Conditions(own, [own] * len(stages))
    added: dict[str, Json] = {}
    names = []
    for stage in stages:
        name = stage.condition or own
        if stage.condition and own and stage.condition != own:
            name = f"{counter_id}{stage.part}Exists"
            added[name] = {"Fn::And": [{"Condition": own}, {"Condition": stage.condition}]}
        names.append(name)
    return Conditions(any_of(f"{counter_id}Exists", names, own, added), names, added)


def any_of(new: str, names: Iterable[str | None], own: str | None, added: dict[str, Json]) -> str | None:
    """The condition that holds if any of ``names`` holds. ``None`` as a name or as the result always holds.

    If none of the names expresses this condition, the result is ``new``, and its definition is put into ``added``.
    ``own`` is a condition that all names imply.
    """
    distinct = list(dict.fromkeys(names))
    if None in distinct or own in distinct or len(distinct) == 1:
        return None if None in distinct else own if own in distinct else distinct[0]
    added[new] = _disjoin([{"Condition": name} for name in distinct])
    return new


def _disjoin(operands: list[Json]) -> Json:
    if len(operands) <= _MAX_OPERANDS:
        return {"Fn::Or": operands}
    return {"Fn::Or": [*operands[: _MAX_OPERANDS - 1], _disjoin(operands[_MAX_OPERANDS - 1 :])]}
