"""What the commands' parsers have in common."""

import argparse
from typing import Protocol


class Command(Protocol):
    """A command, as its module is one; the examples are ``None`` where it prints help of its own."""

    @property
    def SUMMARY(self) -> str:  # noqa: N802
        """What it does, in a line."""

    @property
    def EXAMPLES(self) -> str | None:  # noqa: N802
        """How it is called."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add what it takes."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; the exit code."""


def add_command(parsers: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, command: Command) -> None:
    """A command's parser among those of all."""
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
    """The template, and values for its parameters."""
    parser.add_argument("template", metavar="TEMPLATE", help="a YAML or JSON file, or - for stdin")
    parser.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="value of a template parameter; may be given several times",
    )
    parser.add_argument(
        "--parameters-file", metavar="FILE", help="parameter values as JSON, in any form that the AWS CLI takes"
    )


def add_plugin(parser: argparse.ArgumentParser) -> None:
    """Plug-ins to try out."""
    parser.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="[NAME=]FILE",
        help="try a plug-in from a Python file or module; its name is the file's unless given",
    )


def add_place(parser: argparse.ArgumentParser) -> None:
    """The account and region, or the engine."""
    parser.add_argument("--profile", metavar="NAME", help="profile of the AWS CLI's configuration")
    parser.add_argument("--region", metavar="NAME", help="region, such as eu-central-1")
    parser.add_argument("--endpoint-url", metavar="URL", help="an engine that stands in for AWS, such as MiniStack")


def add_json(parser: argparse.ArgumentParser) -> None:
    """Events for scripts."""
    parser.add_argument("--json", action="store_true", help="report what happens as JSON, one event a line, on stdout")
