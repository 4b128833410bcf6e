"""What a long command says while it works: a live line per resource on a terminal, plain lines else, or JSON events."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from macro.cli.cloud.stack.board import Board
from macro.plugin import Json


class Line(NamedTuple):
    """One thing to report: ``text`` for people, and for scripts an event's name and its facts."""

    event: str
    text: str
    facts: Mapping[str, Json] = {}


Report = Callable[[Line], None]
RESOURCE = "resource"


@contextmanager
def show_progress(as_json: bool) -> Iterator[Report]:
    """A function that shows lines: as JSON objects on stdout, or on stderr, live where that is a terminal."""
    last = ""

    def note(line: Line) -> None:
        nonlocal last
        last = line.event
        report(line)

    with _open(as_json) as report:
        try:
            yield note
        except KeyboardInterrupt:
            if last == RESOURCE:
                report(
                    Line("interrupted", "CloudFormation goes on by itself; the command, run again, shows how it ends")
                )
            raise


@contextmanager
def _open(as_json: bool) -> Iterator[Report]:
    if as_json:
        yield _tell_json
    elif not sys.stderr.isatty() or os.environ.get("TERM", "dumb") in ("dumb", "unknown"):
        yield _tell_plain
    else:
        screen = _Screen()
        try:
            yield screen.report
        finally:
            screen.close()


def mute(report: Report, *events: str) -> Report:
    """Without these events; without any where none is named."""

    def tell_rest(line: Line) -> None:
        if events and line.event not in events:
            report(line)

    return tell_rest


def _tell_json(line: Line) -> None:
    print(json.dumps({"event": line.event, **line.facts}, ensure_ascii=False), flush=True)


def _tell_plain(line: Line) -> None:
    # A log tells what was reached; that it was begun, one can see on a terminal.
    is_begun = line.event == RESOURCE and str(line.facts["status"]).endswith("_IN_PROGRESS")
    if line.text and not is_begun:
        print(line.text, file=sys.stderr, flush=True)


class _Screen:
    """A board of resources, and other lines below what stands there."""

    def __init__(self) -> None:
        from rich.console import Console

        more: dict[str, Any] = {"color_system": None} if os.environ.get("NO_COLOR") else {}
        self._console = Console(stderr=True, highlight=False, **more)
        self._board = Board(self._console)

    def report(self, line: Line) -> None:
        """Show a line: a resource's in its place, any other below what stands there."""
        if line.event == RESOURCE:
            self._board.note(line.facts)
            return
        self.close()
        if line.text:
            from rich.text import Text

            self._console.print(Text.from_ansi(line.text), soft_wrap=True)

    def close(self) -> None:
        """Leave what stands there."""
        self._board.close()
