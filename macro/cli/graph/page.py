"""Print one HTML file that draws a graph in a browser, to fold and search. The page loads no other files."""

import base64
import hashlib
import html
import json
import re

from macro.cli.graph.draw import ELK, read_text
from macro.cli.graph.model import Graph, to_data

_MARK = re.compile(r"\{\{([a-z-]+)\}\}")
# Characters in the JSON text that could end the script element or start a comment in it.
_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def print_page(graph: Graph) -> str:
    """The page. Its Content Security Policy allows only the page's own scripts and styles, by their digests."""
    style = read_text("picture.css") + read_text("page.css")
    elk, script = ELK.read_text("utf-8"), read_text("picture.js") + read_text("page.js")
    parts = {
        "title": html.escape(graph.title),
        "style-source": _allow(style),
        "script-source": f"{_allow(elk)} {_allow(script)}",
        "style": style,
        "graph": write_json(graph),
        "elk": elk,
        "script": script,
    }
    return _MARK.sub(lambda match: parts[match[1]], read_text("page.html"))


def write_json(graph: Graph) -> str:
    """The graph as JSON that is safe inside a ``script`` element."""
    text = json.dumps(to_data(graph), ensure_ascii=False)
    return "".join(_ESCAPES.get(letter, letter) for letter in text)


def _allow(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
