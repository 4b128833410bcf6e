"""``hitcounter graph``: draw the expansion of a template."""

import argparse
import json
from pathlib import Path

from macro.cli.commands.parsers import add_plugin, add_template
from macro.cli.graph.model import Graph, to_data
from macro.cli.preview.expansion import expand_source
from macro.cli.preview.parameters import read_parameters
from macro.cli.text.files import Source, read_source
from macro.cli.text.output import write
from macro.cli.text.report import PROBLEMS
from macro.expand import Expanded

SUMMARY = "draw the expansion of a template"
EXAMPLES = """\
Each counter is a group that contains its plug-ins and their resources. Arrows lead to the parts that a box refers to.
The picture shows no values of env files, of keys that sound secret, or of parameters with NoEcho.

examples:
  hitcounter graph template.yaml -o template.html         a page to fold, explore and search; it needs no network
  hitcounter graph template.yaml -o template.svg          a picture for light and dark mode
  hitcounter graph template.yaml                          Mermaid, which GitHub draws in Markdown
  hitcounter graph template.yaml --format json            boxes and edges as data
  hitcounter graph template.yaml --format svg --detail counters
"""
_FORMATS = ("mermaid", "svg", "html", "json")
_EXTENSIONS = {".svg": "svg", ".html": "html", ".htm": "html", ".json": "json"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``graph``."""
    add_template(parser)
    add_plugin(parser)
    parser.add_argument("--format", choices=_FORMATS, help="default: by the extension of FILE, else mermaid")
    parser.add_argument("-o", "--output", metavar="FILE", help="write the picture to this file instead of stdout")
    parser.add_argument(
        "--detail",
        choices=("auto", "resources", "plugins", "counters"),
        default="auto",
        help="show each plug-in, or each counter, as one box; auto: plug-ins for 3 to 12 counters, counters for more",
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
    return _print(graph, arguments.format or _guess_format(arguments.output))


def _guess_format(output: str | None) -> str:
    return _EXTENSIONS.get(Path(output).suffix.lower(), "mermaid") if output else "mermaid"


def _print(graph: Graph, form: str) -> str:
    from macro.cli.graph.draw import draw_svg
    from macro.cli.graph.mermaid import print_mermaid
    from macro.cli.graph.page import print_page

    printers = {"mermaid": print_mermaid, "svg": draw_svg, "html": print_page, "json": print_json}
    return printers[form](graph)


def print_json(graph: Graph) -> str:
    """The complete graph as JSON for programs. ``folded`` lists the groups that a picture would fold."""
    return json.dumps(to_data(graph), indent=2, ensure_ascii=False) + "\n"
