"""``hitcounter explain``: print a counter's properties and attributes, and the plug-ins."""

import argparse

from macro.cli.commands.parsers import add_plugin
from macro.cli.preview.expansion import load_plugins
from macro.cli.text.report import FINE

SUMMARY = "print properties, attributes and plug-ins"
EXAMPLES = """\
examples:
  hitcounter explain                    all of it
  hitcounter explain properties         what a counter may say
  hitcounter explain attributes         what !GetAtt and ${Counter.…} may name
  hitcounter explain plugins            the plug-ins, what they take and what they give
  hitcounter explain values             what every plug-in may take
  hitcounter explain --format json
  hitcounter explain --cfnlintrc        settings that teach a plain cfn-lint the type HitCounter
  hitcounter explain --schema           JSON Schema of a template with counters, for completion and hover in editors
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``explain``."""
    topics = ("all", "properties", "attributes", "plugins", "values")
    parser.add_argument("topic", nargs="?", choices=topics, default="all", help="what to explain; default: all")
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text", help="default: text")
    parser.add_argument("--cfnlintrc", action="store_true", help="print the settings for .cfnlintrc, nothing else")
    parser.add_argument("--schema", action="store_true", help="print a JSON Schema for editors, nothing else")
    add_plugin(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the chosen topic, the cfn-lint settings or the JSON Schema."""
    from macro.cli.explain import explain as explainer

    if arguments.cfnlintrc:
        print(explainer.print_settings(), end="")
        return FINE
    further = list(load_plugins(arguments).values())
    if arguments.schema:
        from macro.cli.explain.editor_schema import print_schema

        print(print_schema(further), end="")
        return FINE
    print(explainer.explain(arguments.topic, arguments.format, further), end="")
    return FINE
