"""``hitcounter graph``: draw the expansion of a template."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from macro.cli.commands.parsers import add_plugin, add_template
from macro.cli.graph.model import Graph, to_data
from macro.cli.preview.expansion import expand_source
from macro.cli.preview.parameters import read_parameters
from macro.cli.text.files import Source, read_source
from macro.cli.text.output import write
from macro.cli.text.report import PROBLEMS
from macro.expand import Expanded

SUMMARY = "draw what a template becomes"
EXAMPLES = """\
Counters are groups with their plug-ins and resources in them; arrows lead to what each needs.
The picture shows no values of env files, none that sound like secrets, and none of parameters that say NoEcho.

examples:
  hitcounter graph template.yaml -o template.html         a page to fold, point at and search; it needs no network
  hitcounter graph template.yaml -o template.svg          a picture, light and dark
  hitcounter graph template.yaml                          for Markdown: GitHub draws Mermaid
  hitcounter graph template.yaml --format json            boxes and edges as data
  hitcounter graph template.yaml --format svg --detail counters
"""
_FORMATS = ("mermaid", "svg", "html", "json")
_ENDS = {".svg": "svg", ".html": "html", ".htm": "html", ".json": "json"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``graph``."""
    add_template(parser)
    add_plugin(parser)
    parser.add_argument("--format", choices=_FORMATS, help="default: what FILE's ending says, else mermaid")
    parser.add_argument("-o", "--output", metavar="FILE", help="write there instead of to stdout")
    parser.add_argument(
        "--detail",
        choices=("auto", "resources", "plugins", "counters"),
        default="auto",
        help="fold plug-ins, or counters, to one box each; auto: plug-ins from 3 counters on, counters from 13 on",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print or write the picture."""
    source = read_source(arguments.template)
    expanded = expand_source(source, arguments)
    return PROBLEMS if expanded is None else write(print_graph(source, expanded, arguments), arguments.output)


def print_graph(source: Source, expanded: Expanded, arguments: argparse.Namespace) -> str:
    """The picture's text in the format and detail that the arguments select."""
    from macro.cli.graph.collect import make_graph
    from macro.cli.graph.fold import set_detail

    parameters = read_parameters(arguments.parameter, arguments.parameters_file, source.template)
    graph = set_detail(make_graph(source, expanded, parameters), arguments.detail)
    return _find_printer(arguments.format or _guess_format(arguments.output))(graph)


def _guess_format(output: str | None) -> str:
    return _ENDS.get(Path(output).suffix.lower(), "mermaid") if output else "mermaid"


def _find_printer(form: str) -> Callable[[Graph], str]:
    from macro.cli.graph import draw, mermaid, page

    printers = {
        "mermaid": mermaid.print_mermaid,
        "svg": draw.draw_svg,
        "html": page.print_page,
        "json": print_json,
    }
    return printers[form]


def print_json(graph: Graph) -> str:
    """The complete graph as JSON for programs. ``folded`` lists the groups that a picture would fold."""
    return json.dumps(to_data(graph), indent=2, ensure_ascii=False) + "\n"
