"""Find problems in a template, with the author's lines, before an account is changed."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from macro.cli.cloud.stack.values import names_kept_in_ssm
from macro.cli.package.local_code import Upload, find_local_code
from macro.cli.preview.preview import find_name, preview
from macro.errors import InvalidTemplate, PluginError, Problem
from macro.plugin import Plugin, Template, Values
from macro.plugins import find_plugin
from macro.template.transform import read_suffix


class _NotHere(Exception):
    """A plug-in is not installed on this machine. The installed macro may have it."""


def check_template(template: Template, folder: Path, values: Values) -> tuple[Template, list[Upload]]:
    """The template with object keys in place of paths to local code, and the uploads that it needs.

    Local code lies below ``folder``. If the template names plug-ins that are unknown on this machine, only local code
    and missing parameter values are checked here. The macro checks the rest.

    Raises:
        InvalidTemplate: the error has all problems that the macro would report, and those that the macro never sees.
    """
    packing = find_local_code(template, folder, read_suffix(find_name(template) or ""))
    problems = [*_find_missing(template, values), *packing.problems]
    try:
        preview(packing.template, values, _find)
    except _NotHere:
        pass
    except InvalidTemplate as error:
        hidden = [name for name in names_kept_in_ssm(template) if name not in values]
        problems += [problem for problem in error.problems if not _needs(problem, hidden)]
    if problems:
        raise InvalidTemplate(problems)
    return packing.template, packing.uploads


def _find_missing(template: Template, values: Values) -> Iterator[Problem]:
    declared = template.get("Parameters")
    kept = names_kept_in_ssm(template)
    for name in declared if isinstance(declared, dict) else ():
        if name not in values and name not in kept:
            yield Problem(("Parameters", name), f"needs a value; give it (--parameter {name}=VALUE), or a Default")


def _needs(problem: Problem, names: Sequence[str]) -> bool:
    """Whether the problem is only that the value of one of these parameters is unknown here. The macro gets it."""
    return any(problem.text.startswith(f"needs the value of parameter {name},") for name in names)


def _find(name: str) -> Plugin:
    try:
        return find_plugin(name)
    except PluginError:
        raise _NotHere from None
