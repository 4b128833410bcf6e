"""Report what a command does: live lines on a terminal, plain lines in a log, or JSON events for scripts."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from macro.cli.cloud.stack.board import Board
from macro.cli.cloud.stack.events import StackEvent
from macro.cli.text.escape import show_text
from macro.plugin import Json

_FRAMES_PER_SECOND = 8


class Reporter(Protocol):
    """The place to report to. For scripts, each report is an event with a name and facts."""

    def show_event(self, event: StackEvent) -> None:
        """Report that a resource entered a status."""

    def show_step(self, name: str, text: str, /, **facts: Json) -> None:
        """Report what the command does or has done. People read the text."""

    def show_result(self, name: str, text: str, /, **facts: Json) -> None:
        """Report a result. The text, complete with its line ends, goes to stdout."""


class Silence:
    """Drops all reports."""

    def show_event(self, event: StackEvent) -> None:
        """Drop the event."""

    def show_step(self, name: str, text: str, /, **facts: Json) -> None:
        """Drop the step."""

    def show_result(self, name: str, text: str, /, **facts: Json) -> None:
        """Drop the result."""


class JsonReporter:
    """Prints each report as a JSON object on one line of stdout."""

    def show_event(self, event: StackEvent) -> None:
        """Print the event's facts."""
        facts = {"logical_id": event.logical_id, "type": event.type, "status": event.status, "reason": event.reason}
        self.show_step("resource", "", **facts)

    def show_step(self, name: str, text: str, /, **facts: Json) -> None:
        """Print the step's name and facts."""
        print(json.dumps({"event": name, **facts}, ensure_ascii=False), flush=True)

    show_result = show_step


class PlainReporter:
    """Prints lines to stderr, and results to stdout."""

    def show_event(self, event: StackEvent) -> None:
        """Print the event, unless it only says that an operation on a resource has begun."""
        if not event.is_running():
            reason = f"  {show_text(event.reason)}" if event.reason and event.has_failed() else ""
            self.show_step("resource", f"{event.status:<28} {event.type:<33} {event.logical_id}{reason}")

    def show_step(self, name: str, text: str, /, **facts: Json) -> None:
        """Print the text."""
        print(text, file=sys.stderr, flush=True)

    def show_result(self, name: str, text: str, /, **facts: Json) -> None:
        """Print the text to stdout."""
        print(text, end="", flush=True)


class LiveReporter(PlainReporter):
    """Shows a live board of resources on the terminal of stderr, and other lines below the board."""

    def __init__(self) -> None:
        from rich.console import Console

        more: dict[str, Any] = {"color_system": None} if os.environ.get("NO_COLOR") else {}
        self._console = Console(stderr=True, highlight=False, **more)
        self._board = Board(self._console)
        self._live: Any = None

    def show_event(self, event: StackEvent) -> None:
        """Show the event on the board. The first event after other lines starts a new board."""
        if self._live is None:
            from rich.live import Live

            self._board = Board(self._console)
            # Other output is not redirected, because it may go into files.
            how: dict[str, Any] = {"redirect_stdout": False, "redirect_stderr": False}
            self._live = Live(self._board, console=self._console, refresh_per_second=_FRAMES_PER_SECOND, **how)
            self._live.start()
        self._board.add(event)

    def show_step(self, name: str, text: str, /, **facts: Json) -> None:
        """Print the text below the board."""
        from rich.text import Text

        self.close()
        self._console.print(Text.from_ansi(text), soft_wrap=True)

    def show_result(self, name: str, text: str, /, **facts: Json) -> None:
        """Print the text to stdout, which may be the same terminal."""
        self.close()
        super().show_result(name, text)

    def close(self) -> None:
        """Leave the current board on the screen."""
        if self._live is not None:
            self._board.is_live = False
            self._live.stop()
            self._live = None


@contextmanager
def open_reporter(as_json: bool) -> Iterator[Reporter]:
    """The reporter for scripts, or for people at a terminal or with a log."""
    if as_json:
        yield JsonReporter()
    elif not sys.stderr.isatty() or os.environ.get("TERM", "dumb") in ("dumb", "unknown"):
        yield PlainReporter()
    else:
        reporter = LiveReporter()
        try:
            yield reporter
        finally:
            reporter.close()
