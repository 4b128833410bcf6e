"""Expand a template as CloudFormation would, with the template's own transform and parameter values."""

from pathlib import Path as File

from macro.assembly.choose import FindPlugin
from macro.assembly.custom_resources import check_secure_references
from macro.cli.package.local_code import Packing, pack_local_code
from macro.cli.preview.calls import check_calls, find_loops, find_name
from macro.counter.literals import collect_parameters
from macro.counter.read import Setting
from macro.errors import InvalidTemplate, Problems
from macro.expand import Expanded, expand_counters
from macro.plugin import Template, Values
from macro.template.counters import TYPE
from macro.template.merge import get_conditions, say_conditions
from macro.template.transform import INNER, MACRO, drop_inner, find_inner, read_suffix, split_transform

_LOOP = (
    f"CloudFormation unrolls this loop before it calls {MACRO}, but a preview unrolls no loops; "
    f"write one {TYPE} outside the loop to preview it"
)


def preview(template: Template, parameters: Values, find: FindPlugin) -> Expanded:
    """The plain template that the macro would return. The template calls the macro at the top or in ``Resources``.

    Raises:
        InvalidTemplate: the template has problems. The error has all of them, including problems that the macro
            itself never sees.
    """
    problems = Problems()
    problems.extend(check_calls(template))
    name = find_name(template)
    expanded = Expanded(template, {})
    if name is not None:
        loops = find_loops(template, name)
        for key in loops:
            problems.at("Resources", key).add(_LOOP)
        rest = _leave_out(template, loops)
        with problems:
            expanded = expand_counters(rest, Setting(parameters, read_suffix(name)), find)
        added = [key for key in get_conditions(expanded.template) if key not in get_conditions(template)]
        if added and split_transform(template)[1] is None:
            problems.at("Resources", INNER).add(say_conditions(added))
    else:
        # CloudFormation sends the companion's resources of a plain template without a call of the macro.
        problems.extend(check_secure_references(template, {}, (), collect_parameters(template, parameters)))
    problems.raise_if_any(InvalidTemplate)
    return expanded


def pack_file(template: Template, folder: File) -> Packing:
    """The template's local code, packed for the installation that the template calls.

    Paths are relative to ``folder``.
    """
    return pack_local_code(template, folder, read_suffix(find_name(template) or ""))


def preview_packed(packing: Packing, parameters: Values, find: FindPlugin) -> Expanded:
    """The result of :func:`preview` for a template whose local code is packed.

    Raises:
        InvalidTemplate: local code can't be packed, or the template has problems. The error has all of them.
    """
    problems = Problems()
    problems.extend(packing.problems)
    with problems:
        expanded = preview(packing.template, parameters, find)
    problems.raise_if_any(InvalidTemplate)
    return expanded


def _leave_out(template: Template, loops: list[str]) -> Template:
    """The template without the macro's call and without these loops."""
    rest = split_transform(template)[0]
    if find_inner(rest):
        rest = {**rest, "Resources": drop_inner(rest["Resources"])}
    if loops:
        rest = {**rest, "Resources": {key: value for key, value in rest["Resources"].items() if key not in loops}}
    return rest
