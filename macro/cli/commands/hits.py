"""``hitcounter hits``: print the number of hits of each name."""

import argparse

from macro.cli.commands.option_values import read_stack_name
from macro.cli.commands.parsers import add_place

SUMMARY = "show the number of hits of each name"
EXAMPLES = """\
Reads the tables of the stack's counters, for half a read unit for each 4 KB of counts. These reads are eventually
consistent: the latest hits may be missing. The count of one NAME is read with strong consistency.

examples:
  hitcounter hits hits
  hitcounter hits hits home                      one name, in each counter
  hitcounter hits hits --counter Visits --stage prod --top 20
  hitcounter hits hits --json
  hitcounter hits hits --csv                     for a spreadsheet
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``hits``."""
    parser.add_argument("stack_name", type=read_stack_name, metavar="STACK", help="the stack with the counters")
    parser.add_argument("name", nargs="?", metavar="NAME", help="the name to show; default: all names")
    parser.add_argument("--counter", metavar="NAME", help="only this counter, by its logical ID")
    parser.add_argument("--stage", metavar="NAME", help="only this stage")
    parser.add_argument("--top", type=_read_top, metavar="N", help="only the N names with the most hits")
    add_place(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--csv", action="store_true", help="print CSV with a line for each name")


def run(arguments: argparse.Namespace) -> int:
    """Print the counts."""
    from macro.cli.cloud.observe.show_hits import show_hits

    return show_hits(arguments)


def _read_top(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be an integer of at least 1, got {text!r}")
    return int(text)
