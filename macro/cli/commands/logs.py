"""``hitcounter logs``: print the log lines of functions and gateways."""

import argparse
import re

from macro.cli.commands.option_values import read_stack_name
from macro.cli.commands.parsers import add_place

SUMMARY = "show the logs of functions and gateways"
EXAMPLES = """\
The newest line comes last. The built-in handler logs a JSON line for each hit that it refuses or that fails, and none
for a hit that it counts. Lambda adds its own lines for each request.

examples:
  hitcounter logs hits
  hitcounter logs hits Visits --since 2h
  hitcounter logs hits --filter ERROR --since 1d
  hitcounter logs hits --follow                  show new lines until ctrl-c
  hitcounter logs hits --access --json           the gateway's access log
"""
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``logs``."""
    parser.add_argument("stack_name", type=read_stack_name, metavar="STACK", help="the stack with the counters")
    parser.add_argument("counter", nargs="?", metavar="COUNTER", help="only this counter, by its logical ID")
    parser.add_argument("--stage", metavar="NAME", help="only this stage")
    parser.add_argument("--access", action="store_true", help="show access logs of gateways, not logs of functions")
    parser.add_argument(
        "--since",
        type=read_span,
        default="10m",
        metavar="TIME",
        help="how far to look back: 30s, 10m, 2h, 1d; default: 10m",
    )
    parser.add_argument("--filter", default="", metavar="TEXT", help="only lines that contain this text")
    parser.add_argument("--follow", action="store_true", help="also show new lines, until ctrl-c")
    add_place(parser)
    parser.add_argument("--json", action="store_true", help="print a JSON object on each line")


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
        raise argparse.ArgumentTypeError(f"must be an integer followed by s, m, h, d or w, such as 10m, got {text!r}")
    return int(match[1]) * _SECONDS[match[2]]
