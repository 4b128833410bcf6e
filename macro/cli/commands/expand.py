"""``hitcounter expand``: print, write, compare or check the plain template."""

import argparse
import sys
from pathlib import Path

from macro.cli.commands.parsers import add_plugin, add_template
from macro.cli.preview.expansion import expand_source
from macro.cli.text.files import read_source
from macro.cli.text.output import fail, read_output, write
from macro.cli.text.report import FINE, PROBLEMS, has_colour, report

SUMMARY = "print the plain template that a compact one becomes"
EXAMPLES = """\
examples:
  hitcounter expand template.yaml
  hitcounter expand template.yaml --parameter Gateway=http --format json
  hitcounter expand template.yaml -o plain.yaml --diff      what would change in plain.yaml
  hitcounter expand template.yaml -o plain.yaml --check     for CI: exit 1 if plain.yaml is out of date
  hitcounter expand new.yaml --diff old.yaml                what a change to the compact template means
  cat template.yaml | hitcounter expand -
"""
_LAST_OUTPUT = "\0"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``expand``."""
    add_template(parser)
    add_plugin(parser)
    parser.add_argument("--format", choices=("yaml", "json"), help="form of the output; default: the template's own")
    parser.add_argument("-o", "--output", metavar="FILE", help="write there instead of to stdout")
    parser.add_argument(
        "--diff",
        nargs="?",
        const=_LAST_OUTPUT,
        metavar="OTHER",
        help="show how it differs from what OTHER expands to, or from the file of -o; writes nothing",
    )
    parser.add_argument("--check", action="store_true", help="exit 1 if the file of -o is out of date; writes nothing")


def run(arguments: argparse.Namespace) -> int:
    """Print, write, compare or check the plain template."""
    from macro.cli.text.edit import print_template

    if arguments.check and not arguments.output:
        fail("--check needs -o FILE, the file to be checked")
    if arguments.diff == _LAST_OUTPUT and not arguments.output:
        fail("--diff needs a template to compare with, or -o FILE, whose last content it then compares with")
    source = read_source(arguments.template)
    expanded = expand_source(source, arguments)
    if expanded is None:
        return PROBLEMS
    text = print_template(source, expanded, arguments.format)
    _warn_of_size(text)
    if arguments.check:
        return _check(text, arguments)
    if arguments.diff is not None:
        return _compare(text, arguments)
    return write(text, arguments.output)


def _check(text: str, arguments: argparse.Namespace) -> int:
    """Report an output file that is missing or differs from the current expansion."""
    output = Path(arguments.output)
    if output.is_file() and read_output(output) == text:
        return FINE
    state = "is out of date" if output.exists() else "is missing"
    return report([f"{output}: {state}; run: hitcounter expand {arguments.template} -o {output}"])


def _compare(text: str, arguments: argparse.Namespace) -> int:
    """Print the differences to another template's expansion, or to the output file's last content."""
    from macro.cli.text.edit import print_template
    from macro.cli.text.output import print_diff

    if arguments.diff == _LAST_OUTPUT:
        name = arguments.output
        before = read_output(Path(name)) if Path(name).is_file() else ""
    else:
        name = arguments.diff
        other = read_source(name)
        expanded = expand_source(other, arguments, is_other=True)
        if expanded is None:
            return PROBLEMS
        before = print_template(other, expanded, arguments.format)
    sys.stdout.write(print_diff(before, text, (name, arguments.template), has_colour(sys.stdout)))
    return FINE


def _warn_of_size(text: str) -> None:
    """Print a note to stderr if the plain template is too long for an inline template body."""
    from macro.template.merge import MAX_INLINE_BYTES, check_size

    size = len(text.encode())
    check_size(size)
    if size > MAX_INLINE_BYTES:
        limit = f"templates of more than {MAX_INLINE_BYTES:,} bytes must be uploaded to S3 before deployment"
        print(f"note: {size:,} bytes after expansion; {limit}", file=sys.stderr)
