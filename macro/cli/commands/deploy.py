"""``hitcounter deploy``: show what would change, then deploy a template into an account."""

import argparse

from macro.cli.commands.option_values import read_stack_name
from macro.cli.commands.parsers import add_json, add_place, add_template

SUMMARY = "deploy a template, after showing what would change"
EXAMPLES = """\
Shows what would be added, changed, replaced and removed, and asks before anything is done. Where Code names a folder or
zip on this machine, it is uploaded first.

examples:
  hitcounter deploy template.yaml --stack-name hits
  hitcounter deploy template.yaml --stack-name hits --parameter Stage=prod --yes
  hitcounter deploy template.yaml --stack-name hits --no-execute    leave the change set for someone else
  hitcounter deploy template.yaml --stack-name hits --json --yes    for scripts: one JSON event a line
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``deploy``."""
    add_template(parser)
    parser.add_argument(
        "--stack-name", type=read_stack_name, metavar="NAME", required=True, help="the stack to make or to change"
    )
    add_place(parser)
    parser.add_argument("--tag", action="append", default=[], metavar="NAME=VALUE", help="tag of the stack")
    parser.add_argument("--yes", action="store_true", help="don't ask; replaces and removes no table")
    parser.add_argument(
        "--allow-data-loss", action="store_true", help="with --yes: also replaces and removes tables that hold counts"
    )
    parser.add_argument("--no-execute", action="store_true", help="make the change set, and leave it at that")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show the changes, ask, deploy, and print the stack's outputs."""
    from macro.cli.commands.cloud import run_deploy

    return run_deploy(arguments)
