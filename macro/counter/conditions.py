"""The condition of each part of a counter: what all stages share, and what each stage has of its own."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from macro.counter.stages import Stage
from macro.plugin import Json

# What Fn::Or takes at most (CloudFormation user guide, "Condition functions").
_MAX_OPERANDS = 10
_NO_CONDITIONS: Mapping[str, Json] = {}


class Conditions(NamedTuple):
    """The condition of what is shared, that of each stage, and those that the template has to get for it."""

    shared: str | None
    stages: Sequence[str | None]
    added: Mapping[str, Json] = _NO_CONDITIONS


def combine_conditions(counter_id: str, own: str | None, stages: Sequence[Stage]) -> Conditions:
    """A stage exists where its own condition and the counter's hold; what is shared, where any stage does."""
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
    """The condition that holds where any of these does; where none of them says it, a ``new`` one, which is added.

    ``own`` is one that all of them imply. ``None`` holds always.
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
