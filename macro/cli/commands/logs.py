"""``hitcounter logs``: print the log lines of functions and gateways."""

import argparse
import re

from macro.cli.commands.option_values import read_stack_name
from macro.cli.commands.parsers import add_place

SUMMARY = "show what functions and gateways logged"
EXAMPLES = """\
The newest line comes last. The built-in handler logs a JSON line for each hit that was refused or failed, and none for
one that was counted; Lambda adds lines of its own about each request.

examples:
  hitcounter logs hits
  hitcounter logs hits Visits --since 2h
  hitcounter logs hits --filter ERROR --since 1d
  hitcounter logs hits --follow                  go on until ctrl-c
  hitcounter logs hits --access --json           the gateway's access log
"""
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``logs``."""
    parser.add_argument("stack_name", type=read_stack_name, metavar="STACK", help="the stack with the counters")
    parser.add_argument("counter", nargs="?", metavar="COUNTER", help="of this counter alone, by its logical id")
    parser.add_argument("--stage", metavar="NAME", help="in this stage alone")
    parser.add_argument("--access", action="store_true", help="the gateways' access logs instead of the functions'")
    parser.add_argument("--since", type=read_span, default="10m", metavar="TIME", help="30s, 10m, 2h, 1d; default: 10m")
    parser.add_argument("--filter", default="", metavar="TEXT", help="only what has this text in it")
    parser.add_argument("--follow", action="store_true", help="show what comes, too, until ctrl-c")
    add_place(parser)
    parser.add_argument("--json", action="store_true", help="print a JSON object a line")


def run(arguments: argparse.Namespace) -> int:
    """Print the log lines."""
    from macro.cli.cloud.observe.show_logs import show_logs

    return show_logs(arguments)


def read_span(text: str) -> int:
    """The duration in seconds of a text such as ``10m``. An argparse type.

    Raises:
        argparse.ArgumentTypeError: the text is no duration.
    """
    match = re.fullmatch(r"([0-9]{1,6})([smhdw])", text)
    if not match:
        raise argparse.ArgumentTypeError(f"must be a whole number with s, m, h, d or w, such as 10m, got {text!r}")
    return int(match[1]) * _SECONDS[match[2]]
