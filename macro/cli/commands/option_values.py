"""Values of options that an account would refuse, refused while the command line is read."""

import argparse
import re
from collections.abc import Callable

# CloudFormation's own rule: API reference, CreateStack, StackName.
_STACK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")


def read_stack_name(text: str) -> str:
    """The name, if a stack can have it; for argparse."""
    if not _STACK_NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"must be a letter, then letters, digits and hyphens, at most 128 in all, got {text!r}"
        )
    return text


def read_as(parameter: str) -> Callable[[str], str]:
    """A function that gives the text, if that parameter of ``install.yaml`` takes it; for argparse."""

    def read(text: str) -> str:
        problem = find_problem(parameter, text)
        if problem:
            raise argparse.ArgumentTypeError(f"must be {problem}, got {text!r}")
        return text

    return read


def find_problem(parameter: str, text: str) -> str:
    """What a value must be, as ``install.yaml`` says it; nothing where the text is such a value."""
    from macro.cli.cloud.installation.names import read_template

    declared = read_template()["Parameters"][parameter]
    allowed = [str(value) for value in declared.get("AllowedValues", [])]
    if allowed and text not in allowed:
        return f"one of {', '.join(allowed)}"
    pattern = declared.get("AllowedPattern")
    return str(declared["ConstraintDescription"]) if pattern and not re.fullmatch(pattern, text) else ""


def add_suffix(parser: argparse.ArgumentParser) -> None:
    """Which of several installations is meant."""
    parser.add_argument(
        "--suffix",
        type=read_as("Suffix"),
        default="",
        metavar="TEXT",
        help="of an installation beside others: HitCounterMacro<TEXT>",
    )
