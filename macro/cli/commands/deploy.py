"""``hitcounter deploy``: show what would change, then deploy a template into an account."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from macro.cli.commands.option_values import read_stack_name
from macro.cli.commands.parsers import add_json, add_place, add_template
from macro.cli.text.report import FINE, PROBLEMS
from macro.errors import InvalidTemplate, MacroError, PluginError, Problem

if TYPE_CHECKING:
    from macro.cli.cloud.deployment.deploy import Deployment
    from macro.cli.cloud.stack.session import Session

SUMMARY = "show what would change, then deploy a template"
EXAMPLES = """\
Shows which resources would be added, changed, replaced and removed, and asks before it changes them. If Code names a
folder or zip on this machine, the command uploads it first.

examples:
  hitcounter deploy template.yaml --stack-name hits
  hitcounter deploy template.yaml --stack-name hits --parameter Stage=prod --yes
  hitcounter deploy template.yaml --stack-name hits --no-execute    create the change set, and don't execute it
  hitcounter deploy template.yaml --stack-name hits --json --yes    for scripts: one JSON event on each line
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``deploy``."""
    add_template(parser)
    parser.add_argument(
        "--stack-name", type=read_stack_name, metavar="NAME", required=True, help="the stack to create or update"
    )
    add_place(parser)
    parser.add_argument(
        "--tag",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a tag for the stack",
    )
    parser.add_argument("--yes", action="store_true", help="don't ask; tables are neither replaced nor removed")
    parser.add_argument(
        "--allow-data-loss", action="store_true", help="with --yes: also replace and remove tables that hold counts"
    )
    parser.add_argument("--no-execute", action="store_true", help="create the change set, and don't execute it")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show the changes, ask, deploy, and print the stack's outputs. Problems of the template have file and line."""
    from macro.cli.cloud.deployment.deploy import Deployment
    from macro.cli.cloud.stack.session import open_session
    from macro.cli.preview.parameters import read_parameters
    from macro.cli.text.files import read_source
    from macro.cli.text.report import report_problems

    source = read_source(arguments.template)
    parameters = read_parameters(arguments.parameter, arguments.parameters_file, source.template)
    deployment = Deployment(arguments.stack_name, source, parameters, _read_tags(arguments.tag))
    try:
        with open_session(arguments) as session:
            return _deploy(session, deployment, arguments)
    except (InvalidTemplate, PluginError) as error:
        return report_problems(source, error.problems, "nothing was deployed")


def _deploy(session: "Session", deployment: "Deployment", arguments: argparse.Namespace) -> int:
    from macro.cli.cloud.deployment.deploy import prepare
    from macro.cli.cloud.deployment.dialog import is_agreed, leave, show_changes, show_outputs
    from macro.cli.cloud.stack.operation import carry_out

    stack, change_set = prepare(session, deployment)
    if change_set:
        show_changes(session, change_set)
        if arguments.no_execute:
            leave(session, change_set)
            return FINE
        if not is_agreed(session, change_set, arguments.yes, arguments.allow_data_loss):
            return PROBLEMS
        stack = carry_out(session, change_set)
    show_outputs(session, stack)
    return FINE


def _read_tags(pairs: Sequence[str]) -> dict[str, str]:
    tags = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise MacroError([Problem((), f"--tag {pair}: must be NAME=VALUE")])
        tags[name] = value
    return tags
