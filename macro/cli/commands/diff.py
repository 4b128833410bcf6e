"""``hitcounter diff``: explain what a deployment would change in a stack."""

import argparse
import json
import sys

from macro.cli.cloud.deployment.meanings import Meaning, print_meanings
from macro.cli.commands.option_values import read_stack_name
from macro.cli.commands.parsers import add_place, add_template
from macro.errors import InvalidTemplate, PluginError
from macro.plugin import Json

SUMMARY = "explain what a deployment would change in a stack"
EXAMPLES = """\
Creates a change set, reads it, and deletes it. Nothing else is changed or uploaded. The result says which counters are
new, changed or removed, and what happens to their counts and URLs. The exit code is 0 with and without differences.

examples:
  hitcounter diff hits template.yaml
  hitcounter diff hits template.yaml --parameter Stage=prod --profile work
  hitcounter diff hits template.yaml --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``diff``."""
    parser.add_argument("stack_name", type=read_stack_name, metavar="STACK", help="the stack to compare with")
    add_template(parser)
    add_place(parser)
    parser.add_argument("--json", action="store_true", help="print the differences as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the differences. Problems of the template are reported with file and line."""
    from macro.cli.cloud.deployment.compare import compare
    from macro.cli.cloud.deployment.deploy import Deployment
    from macro.cli.cloud.stack.account import in_account
    from macro.cli.cloud.stack.values import find_unused_defaults
    from macro.cli.preview.parameters import read_parameters
    from macro.cli.text.files import read_source
    from macro.cli.text.report import FINE, has_colour, report_problems

    source = read_source(arguments.template)
    parameters = read_parameters(arguments.parameter, arguments.parameters_file, source.template)
    deployment = Deployment(arguments.stack_name, source, parameters)
    try:
        with in_account(arguments) as account:
            stack, meanings = compare(account, deployment)
    except (InvalidTemplate, PluginError) as error:
        return report_problems(source, error.problems, "nothing was compared")
    unused = list(find_unused_defaults(source.template, parameters, stack))
    if arguments.json:
        told = [_report(meaning) for meaning in meanings]
        head = {"stack": arguments.stack_name, "is_new": stack is None}
        print(json.dumps({**head, "counters": told, "unused_defaults": unused}, indent=2))
        return FINE
    for text in unused:
        print(text)
    if stack is None:
        print(f"the stack {arguments.stack_name} would be created\n")
    same = ": nothing to change" if unused else " matches the template"
    print(print_meanings(meanings, has_colour(sys.stdout)) or f"{arguments.stack_name}{same}")
    return FINE


def _report(meaning: Meaning) -> dict[str, Json]:
    return {**meaning._asdict(), "changes": [change._asdict() for change in meaning.changes]}
