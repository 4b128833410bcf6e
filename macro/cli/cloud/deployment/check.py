"""Finds problems of a template before an account is changed, at the author's lines."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from macro.cli.cloud.stack.values import names_kept_in_ssm
from macro.cli.package.local_code import Upload, find_local_code
from macro.cli.preview.preview import find_name, preview
from macro.errors import InvalidTemplate, PluginError, Problem
from macro.plugin import Plugin, Template, Values
from macro.plugins import find_plugin
from macro.template.merge import read_suffix


class _NotHere(Exception):
    """A plug-in that is not installed on this machine; the installed macro may have it."""


def check_template(template: Template, folder: Path, values: Values) -> tuple[Template, list[Upload]]:
    """The template with its local code, below that folder, under its keys; and what to upload for it.

    Raises :class:`InvalidTemplate` with all that the macro would refuse, and what it doesn't get to see; a template
    that names plug-ins unknown here is left to the macro itself.
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
    """Whether it is that the value of one of these parameters is not known here: the macro will know it."""
    return any(problem.text.startswith(f"needs the value of parameter {name},") for name in names)


def _find(name: str) -> Plugin:
    try:
        return find_plugin(name)
    except PluginError:
        raise _NotHere from None
