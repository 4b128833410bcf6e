"""Build the commands' parsers, and add the arguments that several commands share."""

import argparse
from typing import Protocol


class Command(Protocol):
    """The interface of a command's module. ``EXAMPLES`` is ``None`` if the command prints its own help."""

    @property
    def SUMMARY(self) -> str:  # noqa: N802
        """One line that says what the command does."""

    @property
    def EXAMPLES(self) -> str | None:  # noqa: N802
        """Further help with examples of calls."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Run the command, and return the exit code."""


def add_command(parsers: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, command: Command) -> None:
    """Add the command's parser to the parsers of all commands."""
    parser: argparse.ArgumentParser = parsers.add_parser(
        name,
        help=command.SUMMARY,
        description=f"{command.SUMMARY[0].upper()}{command.SUMMARY[1:]}.",
        epilog=command.EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=command.EXAMPLES is not None,
    )
    parser.set_defaults(run=command.run, takes_rest=False)
    command.add_arguments(parser)


def add_template(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the template and its parameter values."""
    parser.add_argument("template", metavar="TEMPLATE", help="a YAML or JSON file, or - for stdin")
    parser.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="value of a template parameter; may be given several times",
    )
    parser.add_argument(
        "--parameters-file", metavar="FILE", help="parameter values as JSON, in any format that the AWS CLI accepts"
    )


def add_plugin(parser: argparse.ArgumentParser) -> None:
    """Add the argument for plug-ins in files."""
    parser.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="[NAME=]FILE",
        help="try a plug-in from a Python file or module; its name is the file's unless given",
    )


def add_place(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the account and region, or for an engine that stands in for AWS."""
    parser.add_argument("--profile", metavar="NAME", help="profile in the AWS CLI's configuration")
    parser.add_argument("--region", metavar="NAME", help="region, such as eu-central-1")
    parser.add_argument("--endpoint-url", metavar="URL", help="URL of an engine that emulates AWS, such as MiniStack")


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the argument that reports events as JSON for scripts."""
    parser.add_argument("--json", action="store_true", help="report events as JSON on stdout, one on each line")
