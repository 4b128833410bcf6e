"""Expand a template as CloudFormation would, with the template's own transform and parameter values."""

from collections.abc import Iterator
from pathlib import Path as File
from typing import Any

from macro.assembly.choose import FindPlugin
from macro.cli.package.local_code import find_local_code
from macro.counter.read import Setting
from macro.errors import InvalidTemplate, Path, Problem
from macro.expand import Expanded, expand_counters
from macro.plugin import Json, Template, Values
from macro.template.counters import TYPE, check_counters, find_counters, holds_counter
from macro.template.merge import MAX_INLINE_BYTES, get_conditions, say_conditions
from macro.template.references import find_references
from macro.template.transform import INNER, MACRO, drop_inner, find_inner, find_transform, read_suffix, split_transform

_UNROLLER = "AWS::LanguageExtensions"
_LOOP = (
    f"CloudFormation unrolls this loop before {MACRO} sees the {TYPE} in it, but a preview has no loops; "
    "to see what a counter becomes, write one out"
)


def preview(template: Template, parameters: Values, find: FindPlugin) -> Expanded:
    """The plain template that the macro would return. The template calls the macro at the top or in ``Resources``.

    Raises:
        InvalidTemplate: the template has problems. The error has all of them, including problems that the macro
            itself never sees.
    """
    rest, name = split_transform(template)
    problems = [*_find_misplaced(rest), *_find_parameters(template)]
    inner = find_inner(rest)
    if name is not None:
        setting = Setting(parameters, read_suffix(name))
        if inner:
            text = f"expands Resources before 'Transform: {name}' gets to see the counters; remove one of the two"
            problems.append(Problem(("Resources", INNER), text, at_key=True))
    elif inner:
        name = inner
        setting = Setting(parameters, read_suffix(name))
        problems += _find_outside(rest)
        rest = {**rest, "Resources": drop_inner(rest["Resources"])}
    else:
        return _expect_plain(template, problems)
    if _is_unrolled_before(template, name):
        rest, loops = _set_loops_aside(rest)
        problems += [Problem(("Resources", key), _LOOP) for key in loops]
    try:
        expanded = expand_counters(rest, setting, find)
        before = get_conditions(rest)
        added = [key for key in get_conditions(expanded.template) if key not in before]
        if added and split_transform(template)[1] is None:
            problems.append(Problem(("Resources", INNER), say_conditions(added)))
    except InvalidTemplate as error:
        problems += error.problems
    if problems:
        raise InvalidTemplate(problems)
    return expanded


def preview_file(template: Template, folder: File, parameters: Values, find: FindPlugin) -> Expanded:
    """The result of :func:`preview` for a template with local code. Paths are relative to ``folder``.

    Raises:
        InvalidTemplate: the local code can't be packed, or the template has problems. The error has all of them.
    """
    packing = find_local_code(template, folder, read_suffix(find_name(template) or ""))
    try:
        expanded = preview(packing.template, parameters, find)
    except InvalidTemplate as error:
        raise InvalidTemplate([*packing.problems, *error.problems]) from None
    if packing.problems:
        raise InvalidTemplate(packing.problems)
    return expanded


def find_name(template: Template) -> str | None:
    """The name by which the template calls this macro, at the top or in ``Resources``. ``None`` if there is no call."""
    return split_transform(template)[1] or find_inner(template)


def warn_inline(size: int) -> str | None:
    """A warning if a plain template of ``size`` bytes is too large to be passed inline, otherwise ``None``."""
    if size <= MAX_INLINE_BYTES:
        return None
    limit = f"{MAX_INLINE_BYTES:,}"
    return f"{size:,} bytes after expansion; more than {limit} must be uploaded to S3 to be deployed"


def _expect_plain(template: Template, problems: list[Problem]) -> Expanded:
    if isinstance(template.get("Resources"), dict):
        problems += check_counters(template)
        problems += [
            Problem((*counter.path, "Type"), f"CloudFormation knows no {TYPE} without 'Transform: {MACRO}'; add it")
            for counter in find_counters(template)
        ]
    if problems:
        raise InvalidTemplate(problems)
    return Expanded(template, {})


def _is_unrolled_before(template: Template, name: str) -> bool:
    listed = template.get("Transform")
    return isinstance(listed, list) and _UNROLLER in listed and listed.index(_UNROLLER) < _find_place(listed, name)


def _find_place(listed: list[Json], name: str) -> int:
    """The index of the transform in the list. A transform in ``Resources`` runs before the whole list and gives -1."""
    return next((place for place, entry in enumerate(listed) if name in (entry, find_transform(entry))), -1)


def _set_loops_aside(template: Template) -> tuple[Template, list[str]]:
    """The template without the loops that contain counters, and the names of these loops."""
    resources = template.get("Resources")
    if not isinstance(resources, dict):
        return template, []
    loops = [key for key, value in resources.items() if isinstance(value, list) and holds_counter(value)]
    rest = {key: value for key, value in resources.items() if key not in loops}
    return ({**template, "Resources": rest} if loops else template), loops


def _find_misplaced(template: Template) -> Iterator[Problem]:
    for path, node in _walk(template, ()):
        if path != ("Resources",) and find_transform(node.get(INNER)):
            text = f"{MACRO} can't expand a part of this; put it in the template's Transform, or directly in Resources"
            yield Problem((*path, INNER), text)


def _find_parameters(template: Template) -> Iterator[Problem]:
    resources = template.get("Resources")
    places: dict[Path, Json] = {("Transform",): template.get("Transform")}
    if isinstance(resources, dict):
        places["Resources", INNER] = resources.get(INNER)
    for path, transform in places.items():
        for entry in transform if isinstance(transform, list) else [transform]:
            if isinstance(entry, dict) and find_transform(entry) and entry.get("Parameters"):
                yield Problem(path, f"{MACRO} takes no parameters; a counter's properties say everything")


def _find_outside(template: Template) -> Iterator[Problem]:
    counters = [counter.logical_id for counter in find_counters(template)]
    for section in template:
        if section != "Resources":
            for name in sorted({name for name, _ in find_references(template[section], counters)}):
                text = f"refers to the counter {name}, which Fn::Transform in Resources expands by itself"
                yield Problem((section,), f"{text}; put 'Transform: {MACRO}' at the top instead")


def _walk(node: Any, path: Path) -> Iterator[tuple[Path, dict[str, Json]]]:
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            if isinstance(value, (dict, list)):
                yield from _walk(value, (*path, key))
    elif isinstance(node, list):
        for place, item in enumerate(node):
            yield from _walk(item, (*path, place))
