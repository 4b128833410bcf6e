"""Parse the ``hitcounter`` command line and run the chosen command.

Each command imports its dependencies only when it runs.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence

from macro.cli.commands import (
    bundle,
    completion,
    convert,
    deploy,
    diff,
    env,
    expand,
    explain,
    graph,
    hits,
    init,
    install,
    lint,
    local,
    logs,
    uninstall,
    version,
)
from macro.cli.commands.parsers import Command, add_command
from macro.cli.text.files import FileError
from macro.cli.text.positions import print_problem
from macro.cli.text.report import FINE, WRONG_USAGE, report
from macro.errors import MacroError

# The help lists the commands in this order.
COMMANDS: dict[str, Command] = {
    "init": init,
    "convert": convert,
    "expand": expand,
    "lint": lint,
    "graph": graph,
    "explain": explain,
    "env": env,
    "local": local,
    "bundle": bundle,
    "install": install,
    "deploy": deploy,
    "diff": diff,
    "hits": hits,
    "logs": logs,
    "uninstall": uninstall,
    "version": version,
    "completion": completion,
}
# The exit code that shells report for a command ended by ctrl-c.
INTERRUPTED = 130
_OVERVIEW = """\
examples:
  hitcounter init                                    write a template, a handler and a test to begin with
  hitcounter convert template.yaml                   make a counter of a table, function and API
  hitcounter expand template.yaml                    see what a compact template becomes
  hitcounter expand template.yaml -o plain.yaml      write it, for where macros can't be used
  hitcounter lint template.yaml                      check it, with cfn-lint on what it becomes
  hitcounter graph template.yaml -o template.html    draw what it becomes
  hitcounter explain                                 every property, attribute and plug-in
  hitcounter env code.zip table=hits                 what deployment would do to a code zip
  hitcounter local template.yaml                     deploy it on this machine, without an account, and count hits
  hitcounter bundle                                  make the zips that an installation is made of
  hitcounter install                                 install the macro and its companion in your account
  hitcounter deploy template.yaml --stack-name hits  show what would change, then deploy it
  hitcounter diff hits template.yaml                 explain what a deployment would change in a stack
  hitcounter hits hits                               show the number of hits of each name
  hitcounter logs hits                               show the logs of functions and gateways
  hitcounter uninstall                               remove the macro and its companion, unless stacks need them
  hitcounter version                                 which release this is, and the digests of what it installs
  hitcounter completion bash                         what makes a shell complete all this

'hitcounter COMMAND --help' tells more. Exit codes: 0 fine, 1 problems found, 2 wrong usage, 130 ended by ctrl-c.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 fine, 1 problems found, 2 wrong usage, 130 ended by ctrl-c."""
    try:
        if "_ARGCOMPLETE" in os.environ:
            _complete_for_shell()
        arguments = _parse(sys.argv[1:] if argv is None else argv)
        run: Callable[[argparse.Namespace], int] = arguments.run
        code = run(arguments)
        sys.stdout.flush()
        return code
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else WRONG_USAGE
    except FileError as error:
        return report([print_problem(error.name, *found) for found in error.found])
    except MacroError as error:
        return report([str(problem) for problem in error.problems])
    except RecursionError:
        return report(["the template is nested too deeply to be read"])
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader closed the pipe (``| head``), which is no error. Without a new target, the final flush would fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE


def make_parser(names: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of a command line with these commands. Parsed arguments hold their command's function as ``run``."""
    parser = argparse.ArgumentParser(
        "hitcounter",
        description="Expands, checks and deploys compact CloudFormation templates with HitCounter resources.",
        epilog=_OVERVIEW,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("-V", "--version", action=_Version, nargs=0, help="print the release, and end")
    parsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in names:
        add_command(parsers, name, COMMANDS[name])
    return parser


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    # Only the help and errors about unknown commands need the parsers of the other commands.
    parser = make_parser(argv[:1] if argv and argv[0] in COMMANDS else COMMANDS)
    arguments, rest = parser.parse_known_args(argv)
    if rest and not arguments.takes_rest:
        parser.error(f"unknown arguments: {' '.join(rest)}")
    arguments.rest = rest
    return arguments


def _complete_for_shell() -> None:
    """Print the possible completions of the typed text for the shell, and exit."""
    import argcomplete

    argcomplete.autocomplete(make_parser())


class _Version(argparse.Action):
    """Prints the release. The import that reads the release runs only with ``--version``."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from macro.cli.cloud.installation.names import own_version

        print(f"hitcounter {own_version()}")
        parser.exit()
