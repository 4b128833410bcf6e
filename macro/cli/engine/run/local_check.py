"""Find problems of ``hitcounter local`` before an engine starts."""

import argparse
from collections.abc import Mapping

from macro.cli.cloud.stack.values import read_values
from macro.cli.engine.run.once import PathRequest, read_path_requests
from macro.cli.preview.parameters import find_missing, read_parameters
from macro.cli.text.files import FileError, Source, find_folder
from macro.cli.text.positions import print_problem
from macro.cli.text.report import report, report_problems
from macro.errors import InvalidTemplate, MacroError, PluginError, Problem, Problems
from macro.plugin import Json


def check_local(arguments: argparse.Namespace, source: Source) -> list[PathRequest] | None:
    """The requests to send, or ``None`` if there are problems. The problems are reported here."""
    try:
        if arguments.watch and source.name.startswith("<"):
            raise MacroError([Problem((), "--watch: the template must be a file, because stdin can be read only once")])
        parameters = read_parameters(arguments.parameter, arguments.parameters_file, source.template)
        # A kept stack may have further values. With --watch, the author can fix the template while the engine runs.
        # Only the engine's macro can expand a template with packed plug-ins.
        is_known = not arguments.watch and not arguments.plugin
        if is_known and (arguments.keep is None or not source.template.get("Parameters")):
            _check_template(source, parameters)
        return read_path_requests(arguments.once, source.template) if arguments.once else []
    except MacroError as error:
        complain(source, error)
        return None


def complain(source: Source, error: MacroError) -> None:
    """Report the error, with the author's lines if the template causes it."""
    if isinstance(error, FileError):
        report([print_problem(error.name, *found) for found in error.found])
    elif isinstance(error, (InvalidTemplate, PluginError)):
        report_problems(source, error.problems, "nothing was deployed")
    else:
        report([str(problem) for problem in error.problems])


def _check_template(source: Source, parameters: Mapping[str, Json]) -> None:
    from macro.cli.preview.preview import pack_file, preview_packed
    from macro.plugins import find_plugin

    problems = Problems()
    problems.extend(find_missing(source.template, parameters))
    problems.raise_if_any(InvalidTemplate)
    packing = pack_file(source.template, find_folder(source))
    preview_packed(packing, read_values(source.template, parameters, None), find_plugin)
