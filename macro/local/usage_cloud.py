"""How the commands are called that need an account or an engine."""

import argparse

from macro.local.bundle_command import add_packed_plugin, add_packing
from macro.local.cloud.options import read_as, read_stack_name
from macro.local.parsers import Command, add_command, add_json, add_place, add_template

_INSTALL = """\
Credentials come from where the AWS CLI finds them. A second run brings the installation up to date, or changes nothing.

examples:
  hitcounter install
  hitcounter install --profile work --region eu-central-1
  hitcounter install --dry-run                         show what would be done
  hitcounter install --suffix Beta                     a second one beside the first: Transform: HitCounterMacroBeta
  hitcounter install --plugin samples/plugin           with a plug-in: a folder, a wheel, or an installed package
"""
_UNINSTALL = """\
Stacks that use the installation can't be changed or deleted without it, so it stays while there are any.

examples:
  hitcounter uninstall
  hitcounter uninstall --suffix Beta --yes
"""
_DEPLOY = """\
Shows what would be added, changed, replaced and removed, and asks before anything is done. Where Code names a folder or
zip on this machine, it is uploaded first.

examples:
  hitcounter deploy template.yaml --stack-name hits
  hitcounter deploy template.yaml --stack-name hits --parameter Stage=prod --yes
  hitcounter deploy template.yaml --stack-name hits --no-execute    leave the change set for someone else
  hitcounter deploy template.yaml --stack-name hits --json --yes    for scripts: one JSON event a line
"""
_LOCAL = """\
Runs the embedded engine (pip install 'hitcounter-macro[local]') on loopback until ctrl-c, which is its normal end (exit
code 0); needs no account, and nothing leaves this machine. The engine evaluates no mapping templates but a
counter's own, and checks no invoke permissions.

examples:
  hitcounter local template.yaml
  hitcounter local template.yaml --watch               deploy again whenever the template or its code changes
  hitcounter local template.yaml --keep                find tables and counts again next time
  hitcounter local template.yaml --once home home      request two paths, print an answer a line, and end
  hitcounter local template.yaml --plugin my-plugin    with a plug-in: a folder, a wheel, or an installed package
"""


def add_install(parsers: "argparse._SubParsersAction[argparse.ArgumentParser]", command: Command) -> None:
    """``hitcounter install``."""
    parser = add_command(parsers, "install", "put the macro and its companion into an account", _INSTALL, command)
    add_place(parser)
    _add_suffix(parser)
    parser.add_argument("--dry-run", action="store_true", help="show what would be changed, and change nothing")
    parser.add_argument("--architecture", choices=("arm64", "x86_64"), help="of the two functions; default: arm64")
    parser.add_argument(
        "--log-retention",
        type=read_as("LogRetention"),
        metavar="DAYS",
        help="how long the two functions' logs are kept; default: 365",
    )
    parser.add_argument(
        "--kms-key-arn",
        type=read_as("KmsKeyArn"),
        metavar="ARN",
        help="key that encrypts bucket, table, queue and logs; default: AWS's own keys",
    )
    add_packing(parser)
    parser.add_argument(
        "--drop-plugins", action="store_true", help="leave out plug-ins of the installation that --plugin doesn't name"
    )
    add_json(parser)


def add_uninstall(parsers: "argparse._SubParsersAction[argparse.ArgumentParser]", command: Command) -> None:
    """``hitcounter uninstall``."""
    parser = add_command(parsers, "uninstall", "remove the installation from an account", _UNINSTALL, command)
    add_place(parser)
    _add_suffix(parser)
    parser.add_argument("--yes", action="store_true", help="don't ask")
    parser.add_argument("--force", action="store_true", help="also while stacks use it, which then can't be deleted")
    add_json(parser)


def add_deploy(parsers: "argparse._SubParsersAction[argparse.ArgumentParser]", command: Command) -> None:
    """``hitcounter deploy``."""
    parser = add_command(parsers, "deploy", "deploy a template, after showing what would change", _DEPLOY, command)
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


def add_local(parsers: "argparse._SubParsersAction[argparse.ArgumentParser]", command: Command) -> None:
    """``hitcounter local``."""
    parser = add_command(parsers, "local", "deploy a template on this machine and count hits", _LOCAL, command)
    add_template(parser)
    parser.add_argument("--port", type=int, metavar="N", help="port on loopback; default: a free one")
    parser.add_argument(
        "--keep",
        nargs="?",
        const="",
        metavar="FOLDER",
        help="keep tables and counts for the next run; default folder: .hitcounter beside the template",
    )
    add_packed_plugin(parser)
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--watch", action="store_true", help="deploy again when the template or its local code changes")
    way.add_argument(
        "--once",
        nargs="+",
        metavar="[COUNTER:]PATH",
        help="request each path in turn, print one answer a line, and end",
    )
    add_json(parser)


def _add_suffix(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--suffix",
        type=read_as("Suffix"),
        default="",
        metavar="TEXT",
        help="of an installation beside others: HitCounterMacro<TEXT>",
    )
