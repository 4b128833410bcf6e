"""Find the counters of a template, and replace each counter with its resources."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from macro.errors import InvalidTemplate, Path, Problem, describe, print_path, suggest
from macro.plugin import Json, Plugin, Template, Values

TYPE = "HitCounter"
MACRO = "HitCounterMacro"
MAX_RESOURCES = 500
MAX_BYTES = 1_000_000
MAX_INLINE_BYTES = 51_200
MAX_ID = 255

KEPT = ("Condition", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy", "Metadata")
_POLICIES = {
    "DeletionPolicy": ("Delete", "Retain", "RetainExceptOnCreate"),
    "UpdateReplacePolicy": ("Delete", "Retain"),
}
_REFUSED = {
    "CreationPolicy": "nothing that a counter becomes takes a CreationPolicy; remove it",
    "UpdatePolicy": "nothing that a counter becomes takes an UpdatePolicy; remove it",
}
_NO_VALUES: Values = {}


class Counter(NamedTuple):
    """One compact resource: its logical ID, its properties, and its resource attributes."""

    logical_id: str
    properties: Mapping[str, Json]
    attributes: Mapping[str, Json]

    @property
    def path(self) -> Path:
        """The counter's path in the template."""
        return ("Resources", self.logical_id)


class Made(NamedTuple):
    """The resources that a plug-in made in one stage, or for all stages at once. ``stage`` is then empty."""

    plugin: Plugin
    stage: str
    resources: Mapping[str, Json]


class Built(NamedTuple):
    """The result of one counter: all values of its plug-ins, and its resources in order.

    ``mentions`` says whether the result refers to counters. They are rewritten after all counters are built.
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


def is_resource_map(fragment: Mapping[str, Json]) -> bool:
    """Whether a macro's fragment is the content of ``Resources``, not a whole template.

    CloudFormation sends either form (template-macros-author, "Macro scope"), without saying which.
    """
    resources = fragment.get("Resources")
    if isinstance(resources, dict):
        return isinstance(resources.get("Type"), str)
    return "AWSTemplateFormatVersion" not in fragment


def split_transform(template: Template) -> tuple[Template, str | None]:
    """The template without the macro's first transform, and the name of that transform. Other transforms stay.

    The name is ``None`` if the template names no transform of the macro.
    """
    listed = template.get("Transform")
    entries = listed if isinstance(listed, list) else [listed]
    names = [entry.get("Name") if isinstance(entry, dict) else entry for entry in entries]
    ours = next((name for name in names if isinstance(name, str) and name.startswith(MACRO)), None)
    if ours is None:
        return template, None
    rest = [entry for entry, name in zip(entries, names, strict=True) if name != ours]
    if rest:
        return {**template, "Transform": rest}, ours
    return {key: value for key, value in template.items() if key != "Transform"}, ours


def read_suffix(transform_id: str) -> str:
    """The suffix that identifies an installation: ``"Beta"`` in ``"123456789012::HitCounterMacroBeta"``."""
    name = transform_id.rpartition("::")[2]
    return name.removeprefix(MACRO) if name.startswith(MACRO) else ""


def find_counters(template: Template, problems: list[Problem]) -> list[Counter]:
    """The counters of a template in file order. Problems of their attributes are added to ``problems``."""
    resources = template.get("Resources")
    if not isinstance(resources, dict):
        problems.append(Problem(("Resources",), f"must be a map of resources, got {describe(resources)}"))
        return []
    counters = []
    for logical_id, resource in resources.items():
        if isinstance(resource, dict):
            kind = resource.get("Type")
            if kind == TYPE:
                counters.append(_read_counter(logical_id, resource, problems))
            elif isinstance(kind, str) and "hitcounter" in kind.lower():
                _check_type(logical_id, kind, problems)
        elif isinstance(resource, list) and logical_id.startswith("Fn::ForEach"):
            _refuse_loop(logical_id, resource, problems)
    return counters


def add_resources(template: Template, built: Sequence[Built], problems: list[Problem]) -> Template:
    """A new template that replaces each counter with its resources, at the same position.

    Clashing or overlong logical IDs and too many resources become problems.
    """
    pieces = {piece.counter.logical_id: piece for piece in built}
    parameters = template.get("Parameters")
    owners = dict.fromkeys(parameters if isinstance(parameters, dict) else (), "a parameter")
    resources: dict[str, Json] = {}
    authors = template["Resources"]
    for logical_id, resource in authors.items():
        piece = pieces.get(logical_id)
        if piece is None:
            resources[logical_id] = resource
            continue
        for new_id, new in piece.resources.items():
            if new_id in authors or new_id in owners:
                problems.append(_say_clash(piece.counter, new_id, owners))
            elif len(new_id) > MAX_ID:
                problems.append(_say_long(piece.counter, new_id))
            owners[new_id] = f"counter {logical_id}"
            resources[new_id] = new
    if len(resources) > MAX_RESOURCES:
        problems.append(_say_many(len(resources), built))
    return {**_add_conditions(template, built, problems), "Resources": resources}


def say_conditions(names: Iterable[str]) -> str:
    """The message for an ``Fn::Transform`` in Resources that needs conditions, which it can't add to the template."""
    listed = list(names)
    are = "conditions {} are" if len(listed) > 1 else "condition {} is"
    text = f"the {are.format(', '.join(listed))} needed, which can't be added from Resources"
    return f"{text}; put 'Transform: {MACRO}' at the top instead"


def check_size(size: int) -> None:
    """Raise :class:`InvalidTemplate` if a template with ``size`` bytes exceeds CloudFormation's limit."""
    if size > MAX_BYTES:
        text = f"has {size:,} bytes after expansion; CloudFormation takes at most {MAX_BYTES:,}: split the template"
        raise InvalidTemplate([Problem((), f"the template {text}")])


def get_conditions(template: Template) -> Template:
    """The template's conditions by name. Empty if ``Conditions`` is not a map."""
    conditions = template.get("Conditions")
    return conditions if isinstance(conditions, dict) else {}


def holds_counter(node: Json) -> bool:
    """Whether the tree contains a counter."""
    if isinstance(node, dict):
        return node.get("Type") == TYPE or any(holds_counter(value) for value in node.values())
    return isinstance(node, list) and any(holds_counter(value) for value in node)


def _add_conditions(template: Template, built: Iterable[Built], problems: list[Problem]) -> Template:
    if not any(piece.conditions for piece in built):
        return template
    conditions = dict(get_conditions(template))
    owners = dict.fromkeys(conditions, "the template has one; rename that")
    for piece in built:
        for name, condition in piece.conditions.items():
            if name in owners:
                text = f"needs a condition {name} of its own, but {owners[name]}"
                problems.append(Problem(piece.counter.path, text))
            owners[name] = f"counter {piece.counter.logical_id} has one; rename a counter or a stage"
            conditions[name] = condition
    return {**template, "Conditions": conditions}


def _read_counter(logical_id: str, resource: Mapping[str, Json], problems: list[Problem]) -> Counter:
    path: Path = ("Resources", logical_id)
    if not (logical_id.isascii() and logical_id.isalnum()):
        problems.append(Problem(path, "a logical id is made of ASCII letters and digits only; rename it"))
    properties = resource.get("Properties", {})
    if not isinstance(properties, dict):
        problems.append(Problem((*path, "Properties"), f"must be a map, got {describe(properties)}"))
        properties = {}
    attributes = {}
    for name, value in resource.items():
        if name in KEPT:
            found = list(_check_attribute((*path, name), value))
            problems.extend(found)
            if not found:
                attributes[name] = value
        elif name not in ("Type", "Properties"):
            known = ("Type", "Properties", *KEPT)
            text = f"unknown attribute; known are {', '.join(known)}{suggest(name, known)}"
            problems.append(Problem((*path, name), _REFUSED.get(name, text), at_key=True))
    return Counter(logical_id, properties, attributes)


def _check_attribute(path: Path, value: Json) -> Iterator[Problem]:
    name = path[-1]
    if name == "Condition" and not isinstance(value, str):
        yield Problem(path, f"must be the name of a condition, got {describe(value)}")
    elif name == "DependsOn":
        listed = value if isinstance(value, list) else [value]
        if not all(isinstance(entry, str) for entry in listed):
            yield Problem(path, f"must be a logical id or a list of them, got {describe(value)}")
        elif path[1] in listed:
            yield Problem(path, "a counter can't depend on itself")
    elif name == "Metadata" and not isinstance(value, dict):
        yield Problem(path, f"must be a map, got {describe(value)}")
    elif name in _POLICIES and not isinstance(value, dict) and value not in _POLICIES[str(name)]:
        known = _POLICIES[str(name)]
        yield Problem(path, f"must be {', '.join(known[:-1])} or {known[-1]}, got {describe(value)}")


def _check_type(logical_id: str, kind: str, problems: list[Problem]) -> None:
    name = kind.rpartition("::")[2]
    if name.lower() in ("hitcounter", "hitcounters"):
        problems.append(Problem(("Resources", logical_id, "Type"), f"unknown type '{kind}'; did you mean '{TYPE}'?"))


def _refuse_loop(logical_id: str, loop: Json, problems: list[Problem]) -> None:
    if holds_counter(loop):
        text = (
            f"a {TYPE} inside Fn::ForEach is not there yet when the macro runs; list AWS::LanguageExtensions "
            f"before {MACRO} in Transform, so that CloudFormation unrolls the loop first"
        )
        problems.append(Problem(("Resources", logical_id), text))


def _say_clash(counter: Counter, new_id: str, owners: Mapping[str, str]) -> Problem:
    taken = f"the id is taken by {owners.get(new_id, print_path(('Resources', new_id)))}"
    return Problem(counter.path, f"becomes {new_id} among others, but {taken}; rename one of the two")


def _say_long(counter: Counter, new_id: str) -> Problem:
    over = len(new_id) - MAX_ID
    text = f"becomes {new_id[:20]}…{new_id[-20:]}, an id of {len(new_id)} characters; CloudFormation takes {MAX_ID}"
    return Problem(counter.path, f"{text}: shorten the counter's id by {over}")


def _say_many(count: int, built: Iterable[Built]) -> Problem:
    counters = [len(piece.resources) for piece in built]
    text = f"{count} after expansion ({sum(counters)} of them from {len(counters)} counters)"
    return Problem(("Resources",), f"{text}; CloudFormation takes at most {MAX_RESOURCES}: split the template")
