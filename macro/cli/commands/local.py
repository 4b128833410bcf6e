"""``hitcounter local``: deploy a template on the embedded engine and count hits there."""

import argparse

from macro.cli.commands.bundle import add_packed_plugin
from macro.cli.commands.parsers import add_json, add_template

SUMMARY = "deploy a template on this machine and count hits"
EXAMPLES = """\
Runs the embedded engine (pip install 'hitcounter-macro[local]') on loopback until you press ctrl-c, with exit code 0.
It needs no account, and sends nothing to other machines. The engine evaluates only the mapping templates of counters,
and doesn't check permissions to invoke functions.

examples:
  hitcounter local template.yaml
  hitcounter local template.yaml --watch               deploy again when the template or its code changes
  hitcounter local template.yaml --keep                keep tables and counts for the next run
  hitcounter local template.yaml --once home home      request two paths, print each answer on one line, and end
  hitcounter local template.yaml --plugin my-plugin    with a plug-in: a folder, a wheel, or an installed package
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``local``."""
    add_template(parser)
    parser.add_argument("--port", type=int, metavar="N", help="port on loopback; default: a free port")
    parser.add_argument(
        "--keep",
        nargs="?",
        const="",
        metavar="FOLDER",
        help="keep tables and counts for the next run; default: the folder .hitcounter beside the template",
    )
    add_packed_plugin(parser)
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--watch", action="store_true", help="deploy again when the template or its local code changes")
    way.add_argument(
        "--once",
        nargs="+",
        metavar="[COUNTER:]PATH",
        help="request each path, print each answer on one line, and end",
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Deploy the template, and serve requests until ctrl-c, or only the requests of ``--once``."""
    from macro.cli.engine.run.local_run import run_local

    return run_local(arguments)
