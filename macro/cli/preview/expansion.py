"""Expand a template with the parameters and plug-ins from a command's arguments."""

import argparse
import functools

from macro.cli.text.files import FileError, Source, find_folder
from macro.cli.text.report import report_problems
from macro.errors import MacroError
from macro.expand import Expanded
from macro.plugin import Plugin


def expand_source(
    source: Source, arguments: argparse.Namespace, is_other: bool = False, end: str = "nothing was written"
) -> Expanded | None:
    """The plain template, or ``None`` after its problems were printed.

    Each problem is printed with the author's line, and the last line ends with ``end``. If ``is_other`` is true,
    values for parameters that the template does not have are ignored.

    Raises:
        FileError: a file that the arguments name can't be read.
    """
    from macro.cli.preview.parameters import read_parameters
    from macro.cli.preview.preview import pack_file, preview_packed
    from macro.plugins import find_plugin

    template = source.template
    try:
        parameters = read_parameters(arguments.parameter, arguments.parameters_file, template, is_other)
        find = functools.partial(find_plugin, further=load_plugins(arguments))
        return preview_packed(pack_file(template, find_folder(source)), parameters, find)
    except FileError:
        raise
    except MacroError as error:
        report_problems(source, error.problems, end)
        return None


def load_plugins(arguments: argparse.Namespace) -> dict[str, Plugin]:
    """The plug-ins in the files that the arguments name, by name."""
    if not arguments.plugin:
        return {}
    from macro.cli.preview.plugin_files import load_plugin_files

    return load_plugin_files(arguments.plugin)
