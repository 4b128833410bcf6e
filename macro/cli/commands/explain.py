"""``hitcounter explain``: print a counter's properties and attributes, and the plug-ins."""

import argparse

from macro.cli.commands.parsers import add_plugin
from macro.cli.preview.expansion import load_plugins
from macro.cli.text.report import FINE

SUMMARY = "print properties, attributes and plug-ins"
EXAMPLES = """\
examples:
  hitcounter explain                    all topics
  hitcounter explain properties         a counter's properties
  hitcounter explain attributes         the attributes for !GetAtt and ${Counter.…}
  hitcounter explain plugins            the plug-ins with their inputs and outputs
  hitcounter explain values             the inputs that every plug-in can name
  hitcounter explain --format json
  hitcounter explain --cfnlintrc        settings for cfn-lint, so that it knows the type HitCounter
  hitcounter explain --schema           JSON Schema of a template with counters, for completion and hover in editors
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``explain``."""
    topics = ("all", "properties", "attributes", "plugins", "values")
    parser.add_argument("topic", nargs="?", choices=topics, default="all", help="the topic; default: all")
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text", help="default: text")
    parser.add_argument("--cfnlintrc", action="store_true", help="print only the settings for .cfnlintrc")
    parser.add_argument("--schema", action="store_true", help="print only a JSON Schema for editors")
    add_plugin(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the chosen topic, the cfn-lint settings or the JSON Schema."""
    from macro.cli.explain.explain import explain, print_settings

    if arguments.cfnlintrc:
        print(print_settings(), end="")
        return FINE
    further = list(load_plugins(arguments).values())
    if arguments.schema:
        from macro.cli.explain.editor_schema import print_schema

        print(print_schema(further), end="")
        return FINE
    print(explain(arguments.topic, arguments.format, further), end="")
    return FINE
