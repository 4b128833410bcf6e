"""What a long command says while it works: a live line per resource on a terminal, plain lines else, or JSON events."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from macro.plugin import Json


class Line(NamedTuple):
    """One thing to tell: ``text`` for people, and for scripts an event's name and its facts."""

    event: str
    text: str
    facts: Mapping[str, Json] = {}


Tell = Callable[[Line], None]
RESOURCE = "resource"


@contextmanager
def show_progress(as_json: bool) -> Iterator[Tell]:
    """A function that shows lines: as JSON objects on stdout, or on stderr, live where that is a terminal."""
    if as_json:
        yield _tell_json
    elif not sys.stderr.isatty():
        yield _tell_plain
    else:
        board = _Board()
        try:
            yield board.tell
        finally:
            board.close()


def mute(tell: Tell, *events: str) -> Tell:
    """Without these events; without any where none is named."""

    def tell_rest(line: Line) -> None:
        if events and line.event not in events:
            tell(line)

    return tell_rest


def _tell_json(line: Line) -> None:
    print(json.dumps({"event": line.event, **line.facts}, ensure_ascii=False), flush=True)


def _tell_plain(line: Line) -> None:
    # A log tells what was reached; that it was begun, one can see on a terminal.
    is_begun = line.event == RESOURCE and str(line.facts["status"]).endswith("_IN_PROGRESS")
    if line.text and not is_begun:
        print(line.text, file=sys.stderr, flush=True)


class _Board:
    """The resources of the operation under way, a line each that changes in place; other lines stand above."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False)
        self._rows: dict[str, tuple[Mapping[str, Any], float, float | None]] = {}
        self._live: Any = None

    def tell(self, line: Line) -> None:
        """Show a line: a resource's in its place, any other below what stands there."""
        if line.event != RESOURCE:
            self.close()
            if line.text:
                from rich.text import Text

                self._console.print(Text.from_ansi(line.text), soft_wrap=True)
            return
        if self._live is None:
            from rich.live import Live

            self._live = Live(console=self._console, get_renderable=self._draw, refresh_per_second=8)
            self._live.start()
        self._note(line.facts)

    def close(self) -> None:
        """Leave the resources as they stand now, and begin anew with the next."""
        if self._live is not None:
            self._live.stop()
        self._live, self._rows = None, {}

    def _note(self, facts: Mapping[str, Any]) -> None:
        name, now = facts["logical_id"], time.monotonic()
        begun = self._rows[name][1] if name in self._rows else now
        is_running = facts["status"].endswith("_IN_PROGRESS")
        self._rows[name] = (facts, begun, None if is_running else now)

    def _draw(self) -> Any:
        from rich.spinner import Spinner
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        for facts, begun, ended in self._rows.values():
            status = facts["status"]
            is_bad = "FAILED" in status or "ROLLBACK" in status
            style = "red" if is_bad else "green" if ended else "yellow"
            mark: Any = Text("✗" if is_bad else "✓", style) if ended else Spinner("dots", style=style)
            seconds = f"{(ended or time.monotonic()) - begun:.0f} s"
            words = status.replace("_", " ").lower()
            table.add_row(mark, facts["logical_id"], Text(facts["type"], "dim"), Text(words, style), seconds)
        return table
