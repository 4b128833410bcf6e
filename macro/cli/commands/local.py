"""``hitcounter local``: deploy a template on the embedded engine and count hits there."""

import argparse

from macro.cli.commands.bundle import add_packed_plugin
from macro.cli.commands.parsers import add_json, add_template

SUMMARY = "deploy a template on this machine and count hits"
EXAMPLES = """\
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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``local``."""
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


def run(arguments: argparse.Namespace) -> int:
    """Deploy the template, and serve requests until ctrl-c, or only the requests of ``--once``."""
    from macro.cli.engine.run.local_run import run_local

    return run_local(arguments)
