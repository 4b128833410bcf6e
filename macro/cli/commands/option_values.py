"""Check option values during argument parsing, so a value that an account would refuse fails early."""

import argparse
import re
from collections.abc import Callable

# CloudFormation's rule for stack names (API reference, CreateStack, StackName).
_STACK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")


def read_stack_name(text: str) -> str:
    """The name, if the name is valid for a stack. An argparse type.

    Raises:
        argparse.ArgumentTypeError: a stack can't have the name.
    """
    if not _STACK_NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"must be 1 to 128 letters, digits and hyphens, beginning with a letter, got {text!r}"
        )
    return text


def read_as(parameter: str) -> Callable[[str], str]:
    """An argparse type that accepts the valid values of a parameter of ``install.yaml``."""

    def read(text: str) -> str:
        problem = find_problem(parameter, text)
        if problem:
            raise argparse.ArgumentTypeError(f"must be {problem}, got {text!r}")
        return text

    return read


def find_problem(parameter: str, text: str) -> str:
    """The rule in ``install.yaml`` that the value breaks, as the end of "must be …"; empty for a valid value."""
    from macro.cli.cloud.installation.names import read_template

    declared = read_template()["Parameters"][parameter]
    allowed = [str(value) for value in declared.get("AllowedValues", [])]
    if allowed and text not in allowed:
        return f"one of {', '.join(allowed)}"
    pattern = declared.get("AllowedPattern")
    return str(declared["ConstraintDescription"]) if pattern and not re.fullmatch(pattern, text) else ""


def add_suffix(parser: argparse.ArgumentParser) -> None:
    """Add the argument that selects one of several installations."""
    parser.add_argument(
        "--suffix",
        type=read_as("Suffix"),
        default="",
        metavar="TEXT",
        help="suffix of the installation's name: HitCounterMacro<TEXT>",
    )
