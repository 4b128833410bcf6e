"""Draw a graph as an SVG without a browser. ELK computes the layout in an embedded JavaScript engine."""

import json
from pathlib import Path
from typing import Any

from macro.cli.graph.model import Graph, to_data
from macro.errors import MacroError, Problem

_HERE = Path(__file__).parent
ELK = _HERE / "elk" / "elk.bundled.js"
# The browser functions that ELK calls. :func:`_finish` runs the timers one after the other.
_BROWSER = """
var self = globalThis, window = globalThis, waiting = [];
var setTimeout = (run) => waiting.push(run), clearTimeout = () => {};
var console = {log() {}, warn() {}, error() {}};
"""
_CALL = """
var graph = JSON.parse(data);
var picture = null, failure = null;
HitCounterPicture.make(graph, new Set(graph.folded), new ELK(), {style}).then(
    (text) => { picture = text; }, (error) => { failure = String(error && error.message || error); });
"""
_STACK_BYTES = 4 * 1024 * 1024


def draw_svg(graph: Graph) -> str:
    """The picture as SVG with its own style, which follows the dark mode of the reader's system.

    Equal graphs give equal bytes.

    Raises:
        MacroError: the package quickjs-ng is not installed.
        RuntimeError: the script fails.
    """
    context = start_engine()
    context.set("data", json.dumps(to_data(graph)))
    context.set("style", read_text("picture.css"))
    context.eval(_CALL)
    _finish(context)
    # JSON is needed because the engine can't pass a string concatenated from many parts to Python.
    picture, failure = json.loads(context.eval("JSON.stringify([picture, failure])"))
    if failure is not None:
        raise RuntimeError(failure)
    return str(picture)


def start_engine() -> Any:
    """A JavaScript engine that has loaded ELK and ``picture.js``.

    Raises:
        MacroError: the package quickjs-ng is not installed.
    """
    try:
        import quickjs
    except ImportError:
        text = "--format svg needs the package quickjs-ng; run 'pip install quickjs-ng', or use --format html"
        raise MacroError([Problem((), text)]) from None
    context = quickjs.Context()
    context.set_max_stack_size(_STACK_BYTES)
    context.eval(_BROWSER)
    context.eval(ELK.read_text("utf-8"))
    context.eval(read_text("picture.js"))
    return context


def read_text(name: str) -> str:
    """The text of a file in this module's folder."""
    return (_HERE / name).read_text("utf-8")


def _finish(context: Any) -> None:
    while True:
        while context.execute_pending_job():
            pass
        if not context.eval("waiting.length"):
            return
        context.eval("waiting.shift()(); 0")
