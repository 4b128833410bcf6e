"""Replace each counter of a template with its resources."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from macro.errors import InvalidTemplate, Problem
from macro.plugin import Json, Plugin, Template, Values
from macro.template.counters import Counter
from macro.template.transform import MACRO

MAX_RESOURCES = 500
MAX_BYTES = 1_000_000
MAX_INLINE_BYTES = 51_200
MAX_ID = 255
_NO_VALUES: Values = {}


class Made(NamedTuple):
    """The resources that a plug-in made in one stage, or for all stages at once. ``stage`` is then empty."""

    plugin: Plugin
    stage: str
    resources: Mapping[str, Json]


class Built(NamedTuple):
    """The result of one counter: all values of its plug-ins, and its resources in order.

    ``mentions``: the result refers to counters. These references are rewritten after all counters are built.
    ``conditions`` holds conditions that the resources need besides the template's. ``shared`` holds the resources of
    an API that counters share; one of them has these in its ``resources``. ``made`` lists what each plug-in made.
    """

    counter: Counter
    values: Values
    resources: Mapping[str, Json]
    mentions: bool
    conditions: Values = _NO_VALUES
    shared: Mapping[str, Json] = _NO_VALUES
    made: Sequence[Made] = ()


def add_resources(template: Template, built: Iterable[Built]) -> Template:
    """A new template that replaces each counter with its resources, at the same position."""
    built = list(built)
    pieces = {piece.counter.logical_id: piece for piece in built}
    resources: dict[str, Json] = {}
    for logical_id, resource in template["Resources"].items():
        piece = pieces.get(logical_id)
        resources.update({logical_id: resource} if piece is None else piece.resources)
    added = {name: condition for piece in built for name, condition in piece.conditions.items()}
    conditions = {"Conditions": {**get_conditions(template), **added}} if added else {}
    return {**template, **conditions, "Resources": resources}


def check_resources(template: Template, built: Sequence[Built]) -> Iterator[Problem]:
    """Why :func:`add_resources` would make an invalid template: IDs that clash or are too long, too many resources."""
    authors, parameters = template["Resources"], template.get("Parameters")
    owners = dict.fromkeys(parameters if isinstance(parameters, dict) else (), "a parameter")
    for piece in built:
        counter = piece.counter
        for new_id in piece.resources:
            if new_id in authors or new_id in owners:
                owner = owners.get(new_id, "the template")
                text = f"makes the resource {new_id}, but {owner} has that logical id already; rename one of the two"
                yield Problem(counter.path, text)
            elif len(new_id) > MAX_ID:
                yield Problem(counter.path, _say_long(new_id))
        owners |= dict.fromkeys(piece.resources, f"counter {counter.logical_id}")
    yield from _check_conditions(template, built)
    counts = [len(piece.resources) for piece in built]
    total = len(authors) - len(built) + sum(counts)
    if total > MAX_RESOURCES:
        text = f"has {total} resources after expansion ({sum(counts)} from {len(counts)} counters)"
        text += f"; CloudFormation allows at most {MAX_RESOURCES}: split the template"
        yield Problem(("Resources",), text)


def say_conditions(names: Iterable[str]) -> str:
    """The message for an ``Fn::Transform`` in Resources that needs conditions, which it can't add to the template."""
    text = f"can't add to Conditions, but the counters require {', '.join(names)}"
    return f"{text}; call 'Transform: {MACRO}' at the top of the template instead"


def check_size(size: int) -> None:
    """Raise :class:`InvalidTemplate` if a template with ``size`` bytes exceeds CloudFormation's limit."""
    if size > MAX_BYTES:
        text = f"the template has {size:,} bytes after expansion; CloudFormation allows at most {MAX_BYTES:,}: split it"
        raise InvalidTemplate([Problem((), text)])


def get_conditions(template: Template) -> Template:
    """The template's conditions by name. Empty if ``Conditions`` is not a map."""
    conditions = template.get("Conditions")
    return conditions if isinstance(conditions, dict) else {}


def _check_conditions(template: Template, built: Iterable[Built]) -> Iterator[Problem]:
    owners = dict.fromkeys(get_conditions(template), "the template has it already; rename that one")
    for piece in built:
        for name in piece.conditions:
            if name in owners:
                yield Problem(piece.counter.path, f"adds the condition {name}, but {owners[name]}")
            owners[name] = f"counter {piece.counter.logical_id} adds it already; rename a counter or a stage"


def _say_long(new_id: str) -> str:
    text = f"makes the logical id {new_id[:20]}…{new_id[-20:]} with {len(new_id)} characters"
    return f"{text}; CloudFormation allows {MAX_ID}: shorten the counter's id by {len(new_id) - MAX_ID}"
