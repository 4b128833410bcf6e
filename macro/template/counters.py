"""Find the counters of a template, and check their attributes."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from macro.errors import Path, Problem, describe, suggest
from macro.plugin import Json, Template
from macro.template.transform import MACRO

TYPE = "HitCounter"
KEPT = ("Condition", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy", "Metadata")
_POLICIES = {
    "DeletionPolicy": ("Delete", "Retain", "RetainExceptOnCreate"),
    "UpdateReplacePolicy": ("Delete", "Retain"),
}
_REFUSED = ("CreationPolicy", "UpdatePolicy")


class Counter(NamedTuple):
    """One compact resource: its logical ID, its properties, and its resource attributes."""

    logical_id: str
    properties: Mapping[str, Json]
    attributes: Mapping[str, Json]

    @property
    def path(self) -> Path:
        """The counter's path in the template."""
        return ("Resources", self.logical_id)


def find_counters(template: Template) -> list[Counter]:
    """The counters of a template in file order, without invalid attributes."""
    resources = template.get("Resources")
    if not isinstance(resources, dict):
        return []
    return [_read(name, resource) for name, resource in resources.items() if _is_counter(resource)]


def check_counters(template: Template) -> Iterator[Problem]:
    """Problems of logical IDs and attributes of counters, and counters that :func:`find_counters` doesn't find."""
    resources = template.get("Resources")
    if not isinstance(resources, dict):
        yield Problem(("Resources",), f"must be a map of resources, got {describe(resources)}")
        return
    for name, resource in resources.items():
        path: Path = ("Resources", name)
        if _is_counter(resource):
            yield from _check_counter(resource, path)
        elif isinstance(resource, dict):
            yield from _check_type(resource.get("Type"), path)
        elif isinstance(resource, list) and name.startswith("Fn::ForEach") and holds_counter(resource):
            text = (
                f"{MACRO} can't expand a {TYPE} inside Fn::ForEach; list AWS::LanguageExtensions before {MACRO} "
                "in Transform, so CloudFormation unrolls the loop first"
            )
            yield Problem(path, text)


def holds_counter(node: Json) -> bool:
    """Whether the tree contains a counter."""
    if isinstance(node, dict):
        return _is_counter(node) or any(holds_counter(value) for value in node.values())
    return isinstance(node, list) and any(holds_counter(value) for value in node)


def _is_counter(resource: Json) -> bool:
    return isinstance(resource, dict) and resource.get("Type") == TYPE


def _read(logical_id: str, resource: Mapping[str, Json]) -> Counter:
    properties = resource.get("Properties", {})
    attributes = {name: value for name, value in resource.items() if name in KEPT}
    return Counter(
        logical_id,
        properties if isinstance(properties, dict) else {},
        {name: value for name, value in attributes.items() if not _explain(name, value, logical_id)},
    )


def _check_counter(resource: Mapping[str, Json], path: Path) -> Iterator[Problem]:
    logical_id = str(path[-1])
    if not (logical_id.isascii() and logical_id.isalnum()):
        yield Problem(path, "a logical id must consist of ASCII letters and digits; rename it")
    properties = resource.get("Properties", {})
    if not isinstance(properties, dict):
        yield Problem((*path, "Properties"), f"must be a map, got {describe(properties)}")
    for name, value in resource.items():
        if name in KEPT:
            text = _explain(name, value, logical_id)
            if text:
                yield Problem((*path, name), text)
        elif name not in ("Type", "Properties"):
            yield Problem((*path, name), _refuse(name), at_key=True)


def _explain(name: str, value: Json, logical_id: str) -> str:
    """What is wrong with the value of an attribute, or an empty string."""
    if name == "Condition" and not isinstance(value, str):
        return f"must be the name of a condition, got {describe(value)}"
    if name == "DependsOn":
        listed = value if isinstance(value, list) else [value]
        if not all(isinstance(entry, str) for entry in listed):
            return f"must be a logical id or a list of logical ids, got {describe(value)}"
        return "a counter can't depend on itself" if logical_id in listed else ""
    if name == "Metadata" and not isinstance(value, dict):
        return f"must be a map, got {describe(value)}"
    if name in _POLICIES and not isinstance(value, dict) and value not in _POLICIES[name]:
        known = _POLICIES[name]
        return f"must be {', '.join(known[:-1])} or {known[-1]}, got {describe(value)}"
    return ""


def _refuse(name: str) -> str:
    if name in _REFUSED:
        return f"no resource of a counter supports {name}; remove it"
    known = ("Type", "Properties", *KEPT)
    return f"unknown attribute; known are {', '.join(known)}{suggest(name, known)}"


def _check_type(kind: Json, path: Path) -> Iterator[Problem]:
    name = kind.rpartition("::")[2].lower() if isinstance(kind, str) else ""
    if name in ("hitcounter", "hitcounters"):
        yield Problem((*path, "Type"), f"unknown type '{kind}'; did you mean '{TYPE}'?")
