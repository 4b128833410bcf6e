"""``hitcounter lint``: report the compact template's problems, then cfn-lint's findings in the plain template."""

import argparse

from macro.cli.commands.parsers import add_plugin, add_template
from macro.cli.preview.expansion import expand_source
from macro.cli.text.files import read_source
from macro.cli.text.report import PROBLEMS

SUMMARY = "check a compact template and, with cfn-lint, what it becomes"
EXAMPLES = """\
TEMPLATE comes first. Arguments that hitcounter doesn't know go to cfn-lint as they are, and .cfnlintrc is respected.

examples:
  hitcounter lint template.yaml
  hitcounter lint template.yaml -c I -i W3002
  hitcounter lint template.yaml --format sarif -r eu-central-1 us-east-1
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``lint``. Unknown arguments go to cfn-lint."""
    add_template(parser)
    add_plugin(parser)
    forms = ("text", "json", "junit", "parseable", "pretty", "quiet", "sarif")
    parser.add_argument("-f", "--format", choices=forms, default="text", help="cfn-lint's formats; default: text")
    parser.set_defaults(takes_rest=True)


def run(arguments: argparse.Namespace) -> int:
    """Print the findings."""
    from macro.cli.lint.lint import lint_expanded
    from macro.cli.lint.marks import mark_source

    source = mark_source(read_source(arguments.template))
    expanded = expand_source(source, arguments, end="cfn-lint runs once the template has none")
    if expanded is None:
        return PROBLEMS
    options = arguments.rest if arguments.format == "text" else ["--format", arguments.format, *arguments.rest]
    return lint_expanded(source, expanded, options)
