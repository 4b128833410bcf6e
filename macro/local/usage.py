"""How the command is called: its arguments, and help that teaches with examples."""

import argparse
from collections.abc import Callable, Mapping

from macro.local import bundle_command, completion_command, convert_command, init_command, version_command
from macro.local.cloud import diff_command, hits_command, logs_command
from macro.local.graph import command as graph_command
from macro.local.parsers import add_command, add_plugin, add_template
from macro.local.usage_cloud import add_deploy, add_install, add_local, add_uninstall

Commands = Mapping[str, Callable[[argparse.Namespace], int]]
LAST_OUTPUT = "\0"

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
  hitcounter install                                 put the macro and its companion into your account
  hitcounter deploy template.yaml --stack-name hits  show what would change, then deploy it
  hitcounter diff hits template.yaml                 what deploying would change in a stack, in words
  hitcounter hits hits                               how often each name was counted
  hitcounter logs hits                               what functions and gateways logged
  hitcounter uninstall                               remove macro and companion, unless stacks need them
  hitcounter version                                 which release this is, and the digests of what it installs
  hitcounter completion bash                         what makes a shell complete all this

'hitcounter COMMAND --help' tells more. Exit codes: 0 fine, 1 problems found, 2 wrong usage, 130 ended by ctrl-c.
"""
_EXPAND = """\
examples:
  hitcounter expand template.yaml
  hitcounter expand template.yaml --parameter Gateway=http --format json
  hitcounter expand template.yaml -o plain.yaml --diff      what would change in plain.yaml
  hitcounter expand template.yaml -o plain.yaml --check     for CI: exit 1 if plain.yaml is out of date
  hitcounter expand new.yaml --diff old.yaml                what a change to the compact template means
  cat template.yaml | hitcounter expand -
"""
_LINT = """\
TEMPLATE comes first. Arguments that hitcounter doesn't know go to cfn-lint as they are, and .cfnlintrc is respected.

examples:
  hitcounter lint template.yaml
  hitcounter lint template.yaml -c I -i W3002
  hitcounter lint template.yaml --format sarif -r eu-central-1 us-east-1
"""
_EXPLAIN = """\
examples:
  hitcounter explain                    all of it
  hitcounter explain properties         what a counter may say
  hitcounter explain attributes         what !GetAtt and ${Counter.…} may name
  hitcounter explain plugins            the plug-ins, what they take and what they give
  hitcounter explain values             what every plug-in may take
  hitcounter explain --format json
  hitcounter explain --shards 2500      how many Shards a hot name needs, and what they cost
  hitcounter explain --cfnlintrc        settings that teach a plain cfn-lint the type HitCounter
  hitcounter explain --schema           JSON Schema of a template with counters, for completion and hover in editors
"""


class _Version(argparse.Action):
    """Prints the release, which is read only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from macro.local.cloud.installation import own_version

        print(f"hitcounter {own_version()}")
        parser.exit()


def make_parser(commands: Commands) -> argparse.ArgumentParser:
    """The parser; parsed arguments carry their function as ``command``."""
    parser = argparse.ArgumentParser(
        "hitcounter",
        description="Expands, checks and deploys compact CloudFormation templates with HitCounter resources.",
        epilog=_OVERVIEW,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("-V", "--version", action=_Version, nargs=0, help="print the release, and end")
    parsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    init_command.add_arguments(
        add_command(parsers, "init", init_command.SUMMARY, init_command.EXAMPLES, commands["init"])
    )
    convert = add_command(parsers, "convert", convert_command.SUMMARY, convert_command.EXAMPLES, commands["convert"])
    convert_command.add_arguments(convert)
    _add_expand(parsers, commands["expand"])
    _add_lint(parsers, commands["lint"])
    graph = add_command(parsers, "graph", graph_command.SUMMARY, graph_command.EXAMPLES, commands["graph"])
    graph_command.add_arguments(graph)
    _add_explain(parsers, commands["explain"])
    # Its own parser reads the arguments.
    env = parsers.add_parser("env", help="show what deployment would do to the .env of a code zip", add_help=False)
    env.set_defaults(command=commands["env"])
    add_local(parsers, commands["local"])
    bundle = add_command(parsers, "bundle", bundle_command.SUMMARY, bundle_command.EXAMPLES, commands["bundle"])
    bundle_command.add_arguments(bundle)
    add_install(parsers, commands["install"])
    add_deploy(parsers, commands["deploy"])
    diff = add_command(parsers, "diff", diff_command.SUMMARY, diff_command.EXAMPLES, commands["diff"])
    diff_command.add_arguments(diff)
    hits_command.add_arguments(
        add_command(parsers, "hits", hits_command.SUMMARY, hits_command.EXAMPLES, commands["hits"])
    )
    logs_command.add_arguments(
        add_command(parsers, "logs", logs_command.SUMMARY, logs_command.EXAMPLES, commands["logs"])
    )
    add_uninstall(parsers, commands["uninstall"])
    version = add_command(parsers, "version", version_command.SUMMARY, version_command.EXAMPLES, commands["version"])
    version_command.add_arguments(version)
    completion = add_command(
        parsers, "completion", completion_command.SUMMARY, completion_command.EXAMPLES, commands["completion"]
    )
    completion_command.add_arguments(completion)
    return parser


def _add_expand(parsers: "argparse._SubParsersAction[argparse.ArgumentParser]", command: Callable[..., int]) -> None:
    parser = add_command(parsers, "expand", "print the plain template that a compact one becomes", _EXPAND, command)
    add_template(parser)
    add_plugin(parser)
    parser.add_argument("--format", choices=("yaml", "json"), help="form of the output; default: the template's own")
    parser.add_argument("-o", "--output", metavar="FILE", help="write there instead of to stdout")
    parser.add_argument(
        "--diff",
        nargs="?",
        const=LAST_OUTPUT,
        metavar="OTHER",
        help="show how it differs from what OTHER expands to, or from the file of -o; writes nothing",
    )
    parser.add_argument("--check", action="store_true", help="exit 1 if the file of -o is out of date; writes nothing")


def _add_lint(parsers: "argparse._SubParsersAction[argparse.ArgumentParser]", command: Callable[..., int]) -> None:
    parser = add_command(
        parsers, "lint", "check a compact template and, with cfn-lint, what it becomes", _LINT, command
    )
    add_template(parser)
    add_plugin(parser)
    forms = ("text", "json", "junit", "parseable", "pretty", "quiet", "sarif")
    parser.add_argument("-f", "--format", choices=forms, default="text", help="cfn-lint's formats; default: text")


def _add_explain(parsers: "argparse._SubParsersAction[argparse.ArgumentParser]", command: Callable[..., int]) -> None:
    parser = add_command(parsers, "explain", "print properties, attributes and plug-ins", _EXPLAIN, command)
    topics = ("all", "properties", "attributes", "plugins", "values")
    parser.add_argument("topic", nargs="?", choices=topics, default="all", help="what to explain; default: all")
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text", help="default: text")
    parser.add_argument("--cfnlintrc", action="store_true", help="print the settings for .cfnlintrc, nothing else")
    parser.add_argument("--schema", action="store_true", help="print a JSON Schema for editors, nothing else")
    parser.add_argument("--shards", type=int, metavar="RATE", help="print how many Shards so many hits a second need")
    add_plugin(parser)
