"""``hitcounter env``: what the companion would do to a zip's env file, by the companion's own command."""

import argparse

SUMMARY = "show what deployment would do to the .env of a code zip"
# The companion's parser reads the arguments, and prints help.
EXAMPLES = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing here: all is the companion's."""
    parser.set_defaults(takes_rest=True)


def run(arguments: argparse.Namespace) -> int:
    """Print the change, or write the zip."""
    from transform_lambda.env.command import main

    return main(["env", *arguments.rest], program="hitcounter")
