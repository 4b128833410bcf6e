"""Find how a template calls the macro, and check what CloudFormation does with this call."""

from collections.abc import Iterator
from typing import Any

from macro.errors import Path, Problem
from macro.plugin import Json, Template
from macro.template.counters import TYPE, check_counters, find_counters, holds_counter
from macro.template.references import find_references
from macro.template.transform import INNER, MACRO, find_inner, find_transform, split_transform

_UNROLLER = "AWS::LanguageExtensions"


def find_name(template: Template) -> str | None:
    """The name by which the template calls this macro, at the top or in ``Resources``. ``None`` if there is no call."""
    return split_transform(template)[1] or find_inner(template)


def check_calls(template: Template) -> Iterator[Problem]:
    """Problems that the macro itself never sees: calls in wrong places or with parameters, and missing calls."""
    rest, name = split_transform(template)
    yield from _check_places(rest)
    yield from _check_parameters(template)
    if name is not None and find_inner(template):
        text = f"expands Resources before 'Transform: {name}' gets the counters; remove one of the two calls"
        yield Problem(("Resources", INNER), text, at_key=True)
    elif find_inner(template):
        yield from _check_outside(rest)
    elif name is None:
        yield from _check_uncalled(template)


def find_loops(template: Template, name: str) -> list[str]:
    """The logical IDs of the loops with counters that CloudFormation unrolls before it calls the macro."""
    resources, listed = template.get("Resources"), template.get("Transform")
    if not isinstance(resources, dict) or not isinstance(listed, list) or _UNROLLER not in listed:
        return []
    # A call in Resources runs before the whole list.
    place = next((place for place, entry in enumerate(listed) if name in (entry, find_transform(entry))), -1)
    if listed.index(_UNROLLER) > place:
        return []
    return [key for key, value in resources.items() if isinstance(value, list) and holds_counter(value)]


def _check_places(template: Template) -> Iterator[Problem]:
    for path, node in _walk(template, ()):
        if path != ("Resources",) and find_transform(node.get(INNER)):
            text = f"{MACRO} can't expand this part alone; name it in the template's Transform, or in Resources"
            yield Problem((*path, INNER), text)


def _check_parameters(template: Template) -> Iterator[Problem]:
    resources = template.get("Resources")
    places: dict[Path, Json] = {("Transform",): template.get("Transform")}
    if isinstance(resources, dict):
        places["Resources", INNER] = resources.get(INNER)
    for path, transform in places.items():
        for entry in transform if isinstance(transform, list) else [transform]:
            if isinstance(entry, dict) and find_transform(entry) and entry.get("Parameters"):
                yield Problem(path, f"{MACRO} takes no parameters; use the properties of each counter")


def _check_outside(template: Template) -> Iterator[Problem]:
    """References to counters that stay unchanged, because the macro only gets ``Resources``."""
    counters = [counter.logical_id for counter in find_counters(template)]
    for section in template:
        if section != "Resources":
            for name in sorted({name for name, _ in find_references(template[section], counters)}):
                text = f"refers to the counter {name}, but Fn::Transform in Resources expands only Resources"
                yield Problem((section,), f"{text}; put 'Transform: {MACRO}' at the top instead")


def _check_uncalled(template: Template) -> Iterator[Problem]:
    if isinstance(template.get("Resources"), dict):
        yield from check_counters(template)
        for counter in find_counters(template):
            text = f"CloudFormation knows no {TYPE} without 'Transform: {MACRO}'; add it at the top of the template"
            yield Problem((*counter.path, "Type"), text)


def _walk(node: Any, path: Path) -> Iterator[tuple[Path, dict[str, Json]]]:
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            if isinstance(value, (dict, list)):
                yield from _walk(value, (*path, key))
    elif isinstance(node, list):
        for place, item in enumerate(node):
            yield from _walk(item, (*path, place))
