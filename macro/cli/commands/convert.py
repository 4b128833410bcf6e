"""``hitcounter convert``: convert a hand-written hit counter and keep its table, or report why not."""

import argparse
from collections.abc import Mapping

from macro.cli.text.files import read_source
from macro.errors import MacroError, Problem

SUMMARY = "convert a hand-written table, function and API into a counter"
EXAMPLES = """\
The new template goes to stdout. Notes about what stays, what changes and what to check go to stderr. Each table keeps
its logical ID and its items. If the template can't be converted, every reason is reported with its line, and nothing
is written (exit code 1).

examples:
  hitcounter convert template.yaml -o converted.yaml
  hitcounter convert template.yaml --explain                     only the notes
  hitcounter convert template.yaml --function HitFunction        only the counter with this function
  hitcounter convert template.yaml --rename Hits=HitsTable       first give a resource the ID that a counter needs
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``convert``."""
    parser.add_argument("template", metavar="TEMPLATE", help="a YAML or JSON file, or - for stdin")
    parser.add_argument("-o", "--output", metavar="FILE", help="write the template to this file instead of stdout")
    parser.add_argument("--explain", action="store_true", help="print only the notes; write no template")
    parser.add_argument(
        "--function",
        action="append",
        default=[],
        metavar="ID",
        help="convert only the counter with this function; repeatable",
    )
    parser.add_argument(
        "--rename",
        action="append",
        default=[],
        metavar="OLD=NEW",
        help="don't convert: print the template with another logical ID, and the next steps; repeatable",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the converted template and report the notes.

    If the template can't be converted, report each reason with the template's file and line.
    """
    from macro.cli.convert.convert import convert
    from macro.cli.convert.notes import list_notes
    from macro.cli.convert.rename import list_next_steps, print_renamed
    from macro.cli.convert.text import print_converted
    from macro.cli.text.output import write
    from macro.cli.text.report import report, report_problems

    source = read_source(arguments.template)
    try:
        if arguments.rename:
            names = _read_names(arguments.rename)
            text, notes = print_renamed(source, names), list_next_steps(source, names, arguments.output or "FILE")
        else:
            converted = convert(source.template, arguments.function)
            text, notes = print_converted(source, converted), list_notes(converted)
    except MacroError as error:
        return report_problems(source, error.problems, "nothing was converted")
    report(notes)
    return 0 if arguments.explain else write(text, arguments.output)


def _read_names(given: list[str]) -> Mapping[str, str]:
    names = dict(each.split("=", 1) for each in given if "=" in each)
    wrong = [each for each in given if not all(map(_is_id, each.partition("=")[::2]))]
    if wrong:
        raise MacroError(Problem((), f"--rename {each}: must be OLD=NEW, with two logical IDs") for each in wrong)
    return names


def _is_id(text: str) -> bool:
    return text.isascii() and text.isalnum()
