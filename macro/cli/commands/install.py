"""``hitcounter install``: install the macro and its companion in an account."""

import argparse

from macro.cli.commands.bundle import add_packing
from macro.cli.commands.option_values import add_suffix, read_as
from macro.cli.commands.parsers import add_json, add_place

SUMMARY = "put the macro and its companion into an account"
EXAMPLES = """\
Credentials come from where the AWS CLI finds them. A second run brings the installation up to date, or changes nothing.

examples:
  hitcounter install
  hitcounter install --profile work --region eu-central-1
  hitcounter install --dry-run                         show what would be done
  hitcounter install --suffix Beta                     a second one beside the first: Transform: HitCounterMacroBeta
  hitcounter install --plugin samples/plugin           with a plug-in: a folder, a wheel, or an installed package
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``install``."""
    add_place(parser)
    add_suffix(parser)
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


def run(arguments: argparse.Namespace) -> int:
    """Install the macro and the companion, and report how to use the macro."""
    from macro.cli.commands.cloud import run_install

    return run_install(arguments)
