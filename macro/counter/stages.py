"""Read the stages of a counter: each stage's name and its values for the plug-ins."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from macro.errors import Path, Problem
from macro.plugin import NO_VALUE, Json, Values, overlay

DEFAULT_STAGE = "prod"
# The properties that a stage may override, and the names of these values in plug-ins.
_OVERRIDES = {"Env": "env", "Function": "function_properties", "Table": "table_properties"}
# Names that AWS allows only once, and whether a stage may set its own.
_NAMES = {
    ("Table", "TableName"): True,
    ("Function", "FunctionName"): True,
    ("Role", "RoleName"): False,
    ("LogGroup", "LogGroupName"): False,
}


class Stage(NamedTuple):
    """A stage: name, part of logical IDs and attributes, values for plug-ins, and condition.

    Without ``Stages``, a counter's only stage has an empty ``part``.
    """

    name: str
    part: str
    values: Values
    condition: str | None = None


def read_stages(properties: Values, values: Values) -> list[Stage]:
    """The stages in valid properties, in their order. ``values`` are the counter's values."""
    listed = properties.get("Stages")
    if listed is None:
        return [Stage(DEFAULT_STAGE, "", values)]
    return [_read_stage(name, own, values) for name, own in _get_entries(listed)]


def name_part(stage: str) -> str:
    """The part of logical IDs and attributes that stands for a stage: ``prod-eu`` → ``Prodeu``."""
    part = "".join(letter for letter in stage if letter.isalnum())
    return part[:1].upper() + part[1:]


def check_stages(properties: Values, path: Path) -> Iterator[Problem]:
    """Stages with the same part of logical IDs, and AWS names that resources of several stages would have."""
    listed = properties.get("Stages")
    if listed is None:
        return
    is_map = isinstance(listed, Mapping)
    parts: dict[str, str] = {}
    for place, (name, _) in enumerate(_get_entries(listed)):
        where, part = (*path, "Stages", name if is_map else place), name_part(name)
        if not part:
            text = f"must contain a letter or a digit for logical ids, got '{name}'"
            yield Problem(where, text, at_key=is_map)
        elif part in parts:
            text = f"'{parts[part]}' and '{name}' both become {part} in logical ids; rename one of them"
            yield Problem(where, text, at_key=is_map)
        parts.setdefault(part, name)
    if len(parts) > 1:
        yield from _check_names(properties, [own for _, own in _get_entries(listed)], path)


def _check_names(properties: Values, stages: Sequence[Values], path: Path) -> Iterator[Problem]:
    for (map_name, name), is_own in _NAMES.items():
        common = properties.get(map_name, {}).get(name)
        given = [own.get(map_name, {}).get(name, common) for own in stages]
        if any(value in given[:place] for place, value in enumerate(given) if value not in (None, NO_VALUE)):
            remedy = f"set it in {map_name} of each stage" if is_own else "remove it"
            text = f"must differ between stages, because AWS allows each name once; {remedy}"
            where = (map_name, name) if common is not None else ("Stages",)
            yield Problem((*path, *where), text if common is not None else f"{map_name}.{name} {text}")


def _get_entries(listed: Json) -> Sequence[tuple[str, Values]]:
    if isinstance(listed, Mapping):
        return [(name, own or {}) for name, own in listed.items()]
    return [(name, {}) for name in listed]


def _read_stage(name: str, own: Values, values: Values) -> Stage:
    part = name_part(name)
    changed = {
        value_name: overlay(values[value_name], own[property_name])
        for property_name, value_name in _OVERRIDES.items()
        if own.get(property_name)
    }
    mine = {**values, **changed, "counter_id": f"{values['counter_id']}{part}", "stage": name}
    return Stage(name, part, mine, own.get("Condition"))
