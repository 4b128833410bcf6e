"""What is wrong with a template, found here before an account is asked, at the author's lines."""

from macro.errors import PluginError
from macro.local.preview import preview
from macro.plugin import Plugin, Template, Values
from macro.plugins import find_plugin


class _NotHere(Exception):
    """A plug-in that is not installed on this machine; the installed macro may have it."""


def check_template(template: Template, values: Values) -> None:
    """Raise what the macro would refuse; a template that names plug-ins unknown here is left to the macro itself."""
    try:
        preview(template, values, _find)
    except _NotHere:
        return


def _find(name: str) -> Plugin:
    try:
        return find_plugin(name)
    except PluginError:
        raise _NotHere from None
