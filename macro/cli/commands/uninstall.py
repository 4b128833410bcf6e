"""``hitcounter uninstall``: remove the macro and its companion from an account."""

import argparse

from macro.cli.commands.option_values import add_suffix
from macro.cli.commands.parsers import add_json, add_place

SUMMARY = "remove the installation from an account"
EXAMPLES = """\
Stacks that use the installation can't be changed or deleted without it, so it stays while there are any.

examples:
  hitcounter uninstall
  hitcounter uninstall --suffix Beta --yes
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``uninstall``."""
    add_place(parser)
    add_suffix(parser)
    parser.add_argument("--yes", action="store_true", help="don't ask")
    parser.add_argument("--force", action="store_true", help="also while stacks use it, which then can't be deleted")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Remove the installation, unless stacks use the companion."""
    from macro.cli.commands.cloud import run_uninstall

    return run_uninstall(arguments)
