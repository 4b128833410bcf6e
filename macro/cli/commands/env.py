"""``hitcounter env``: show what the companion would do to a zip's env file. Runs the companion's own command."""

import argparse

SUMMARY = "show what deployment would do to the .env of a code zip"
# The companion's parser reads the arguments and prints the help.
EXAMPLES = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Pass all arguments to the companion's parser."""
    parser.set_defaults(takes_rest=True)


def run(arguments: argparse.Namespace) -> int:
    """Print the change of the env file, or write the zip."""
    from transform_lambda.env.command import main

    return main(["env", *arguments.rest], program="hitcounter")
