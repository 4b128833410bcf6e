"""Report a long command's progress: live lines for resources on a terminal, otherwise plain lines or JSON events."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from macro.cli.cloud.stack.board import Board
from macro.plugin import Json


class Line(NamedTuple):
    """One report: ``text`` for people, and an event name with facts for scripts."""

    event: str
    text: str
    facts: Mapping[str, Json] = {}


Report = Callable[[Line], None]
RESOURCE = "resource"


@contextmanager
def show_progress(as_json: bool) -> Iterator[Report]:
    """A function that shows lines, either as JSON objects on stdout or as text on stderr.

    If stderr is a terminal, lines for resources are updated in place.
    """
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
    """A report function that drops these events, or all events if none is named."""

    def tell_rest(line: Line) -> None:
        if events and line.event not in events:
            report(line)

    return tell_rest


def _tell_json(line: Line) -> None:
    print(json.dumps({"event": line.event, **line.facts}, ensure_ascii=False), flush=True)


def _tell_plain(line: Line) -> None:
    # A log shows only completed steps. A terminal also shows steps that have begun.
    is_begun = line.event == RESOURCE and str(line.facts["status"]).endswith("_IN_PROGRESS")
    if line.text and not is_begun:
        print(line.text, file=sys.stderr, flush=True)


class _Screen:
    """Shows a board of resources, and other lines below the board."""

    def __init__(self) -> None:
        from rich.console import Console

        more: dict[str, Any] = {"color_system": None} if os.environ.get("NO_COLOR") else {}
        self._console = Console(stderr=True, highlight=False, **more)
        self._board = Board(self._console)

    def report(self, line: Line) -> None:
        """Show a line: on the board for a resource, otherwise below the board."""
        if line.event == RESOURCE:
            self._board.note(line.facts)
            return
        self.close()
        if line.text:
            from rich.text import Text

            self._console.print(Text.from_ansi(line.text), soft_wrap=True)

    def close(self) -> None:
        """Leave the current lines on the screen."""
        self._board.close()
