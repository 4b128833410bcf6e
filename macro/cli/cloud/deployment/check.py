"""Find problems in a template, with the author's lines, before an account is changed."""

from collections.abc import Sequence
from pathlib import Path

from macro.cli.cloud.stack.values import names_kept_in_ssm
from macro.cli.package.local_code import Packing
from macro.cli.preview.parameters import find_missing
from macro.cli.preview.preview import pack_file, preview_packed
from macro.errors import InvalidTemplate, PluginError, Problem, Problems
from macro.plugin import Plugin, Template, Values
from macro.plugins import find_plugin


class _NotHere(Exception):
    """A plug-in is not installed on this machine. The installed macro may have it."""


def check_template(template: Template, folder: Path, values: Values) -> Packing:
    """The template with object keys in place of paths to local code, and the uploads that it needs.

    Local code lies below ``folder``. If the template names plug-ins that are unknown on this machine, only local code
    and missing parameter values are checked here. The macro checks the rest.

    Raises:
        InvalidTemplate: the error has all problems that the macro would report, and those that the macro never sees.
    """
    kept = names_kept_in_ssm(template)
    packing = pack_file(template, folder)
    problems = Problems()
    problems.extend(problem for problem in find_missing(template, values) if problem.path[1] not in kept)
    try:
        preview_packed(packing, values, _find)
    except _NotHere:
        problems.extend(packing.problems)
    except InvalidTemplate as error:
        hidden = [name for name in kept if name not in values]
        problems.extend(problem for problem in error.problems if not _needs(problem, hidden))
    problems.raise_if_any(InvalidTemplate)
    return packing


def _needs(problem: Problem, names: Sequence[str]) -> bool:
    """Whether the problem is only that the value of one of these parameters is unknown here. The macro gets it."""
    return any(problem.text.startswith(f"needs the value of parameter {name},") for name in names)


def _find(name: str) -> Plugin:
    try:
        return find_plugin(name)
    except PluginError:
        raise _NotHere from None
