"""Expands a template with the parameters and plug-ins of a command's arguments."""

import argparse
import functools

from macro.cli.text.files import FileError, Source, find_folder
from macro.cli.text.report import report_problems
from macro.errors import MacroError
from macro.expand import Expanded
from macro.plugin import Plugin, Template


def expand_source(
    source: Source, arguments: argparse.Namespace, is_other: bool = False, end: str = "nothing was written"
) -> Expanded | None:
    """The plain template, or ``None`` after its problems were told, each with the author's line, and ``end`` last.

    Another template need not have the parameters whose values are given.
    """
    try:
        return preview_source(source.template, source, arguments, is_other)
    except FileError:
        raise
    except MacroError as error:
        report_problems(source, error.problems, end)
        return None


def preview_source(
    template: Template, source: Source, arguments: argparse.Namespace, is_other: bool = False
) -> Expanded:
    """The plain template of that source's, in whichever form its data is; raises :class:`MacroError`."""
    from macro.cli.preview.parameters import read_parameters
    from macro.cli.preview.preview import preview_file
    from macro.plugins import find_plugin

    parameters = read_parameters(arguments.parameter, arguments.parameters_file, template, is_other)
    find = functools.partial(find_plugin, further=load_plugins(arguments))
    return preview_file(template, find_folder(source), parameters, find)


def load_plugins(arguments: argparse.Namespace) -> dict[str, Plugin]:
    """The plug-ins to try out, by name."""
    if not arguments.plugin:
        return {}
    from macro.cli.preview.plugin_files import load_plugin_files

    return load_plugin_files(arguments.plugin)
