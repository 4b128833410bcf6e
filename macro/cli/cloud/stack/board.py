"""Show the resources of a running operation on a terminal. Each resource has a line that is updated in place."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

_STACK = "AWS::CloudFormation::Stack"
_WORDS = {
    "CREATE_IN_PROGRESS": "creating",
    "CREATE_COMPLETE": "created",
    "UPDATE_IN_PROGRESS": "updating",
    "UPDATE_COMPLETE": "updated",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "cleaning up",
    "DELETE_IN_PROGRESS": "deleting",
    "DELETE_COMPLETE": "deleted",
    "DELETE_SKIPPED": "kept",
    "IMPORT_IN_PROGRESS": "importing",
    "IMPORT_COMPLETE": "imported",
    "ROLLBACK_IN_PROGRESS": "rolling back",
    "ROLLBACK_COMPLETE": "rolled back",
    "UPDATE_ROLLBACK_IN_PROGRESS": "rolling back",
    "UPDATE_ROLLBACK_COMPLETE": "rolled back",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "cleaning up",
}
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_FRAMES_PER_SECOND = 8
# A type that is cut to fewer columns tells the reader nothing.
_LEAST_OF_TYPE = 12
# One line for the cursor, and one that the terminal may need to wrap a line.
_LINES_KEPT = 2


class Row(NamedTuple):
    """A resource's latest state.

    ``failure`` is the reason of the resource's first failure. Later events don't change ``failure``.
    ``seconds`` is the time from the resource's first event to its latest event.
    """

    logical_id: str
    type: str
    status: str
    seconds: float
    failure: str | None = None

    def is_running(self) -> bool:
        """Whether more events are expected."""
        return self.status.endswith("_IN_PROGRESS")

    def is_bad(self) -> bool:
        """Whether the resource failed or is rolled back."""
        return self.failure is not None or "ROLLBACK" in self.status

    def reason(self) -> str:
        """The reason of the failure. Empty if the resource was cancelled because another resource failed."""
        return "" if not self.failure or _is_cancelled(self.failure) else self.failure


class Board:
    """Rows by logical ID, in the order of their first events."""

    def __init__(self, console: Any) -> None:
        self._console = console
        self._rows: dict[str, Row] = {}
        self._begun: dict[str, float] = {}
        self._live: Any = None

    def note(self, facts: Mapping[str, Any]) -> None:
        """Show a resource's new state, from the facts of a stack event."""
        name, status = facts["logical_id"], facts["status"]
        begun = self._begun.setdefault(name, time.monotonic())
        failure = self._rows[name].failure if name in self._rows else None
        if failure is None and status.endswith("_FAILED"):
            failure = facts["reason"]
        self._rows[name] = Row(name, facts["type"], status, time.monotonic() - begun, failure)
        if self._live is None:
            from rich.live import Live

            # Other output is not redirected, because it may go into files.
            theirs: dict[str, Any] = {"redirect_stdout": False, "redirect_stderr": False}
            self._live = Live(
                console=self._console, get_renderable=self._draw, refresh_per_second=_FRAMES_PER_SECOND, **theirs
            )
            self._live.start()

    def close(self) -> None:
        """Leave the current lines on the screen. The next event starts a new board."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()
        self._rows, self._begun = {}, {}

    def _draw(self) -> Any:
        now = time.monotonic()
        rows = [
            row._replace(seconds=now - self._begun[name]) if row.is_running() else row
            for name, row in self._rows.items()
        ]
        height = self._console.height - _LINES_KEPT if self._live else None
        return draw(rows, self._console.width, height, int(now * _FRAMES_PER_SECOND))


def draw(rows: Sequence[Row], width: int, height: int | None = None, frame: int = 0) -> Any:
    """A rich renderable of the rows. The stack's own row comes last.

    ``width`` is in columns. With ``height``, at most that many lines are shown: completed rows are left out first, then
    those that began last, and reasons are cut at the end of the line. Without ``height``, reasons are shown in full.
    """
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    # An operation's first event is about the stack itself.
    own = rows[:1] if rows and rows[0].type == _STACK else []
    shown = choose(rows[len(own) :], height - len(own)) if height else rows[len(own) :]
    left_out = len(rows) - len(own) - len(shown)
    lines: list[Any] = []
    for row in [*shown, *own]:
        if left_out and row in own:
            lines.append(Text(f"  … and {left_out} more", "dim"))
        lines.append(_print(row, _measure([*shown, *own], width), frame))
        if row.reason():
            how: dict[str, Any] = {"no_wrap": True, "overflow": "ellipsis"} if height else {}
            lines.append(Padding(Text(row.reason(), "red", **how), (0, 0, 0, 4)))
    return Group(*lines)


def choose(rows: Sequence[Row], height: int) -> list[Row]:
    """The rows to show in ``height`` lines. If rows are left out, one line is reserved for their number."""
    done = [row for row in rows if not row.is_running() and not row.is_bad()]
    lines = sum(_count_lines(row) for row in rows)
    gone: set[Row] = set()
    # Nobody waits for completed rows. They are left out first, from the top, then the others, from the end.
    for row in [*done, *(row for row in rows[::-1] if row.is_running() or row.is_bad())]:
        if lines + bool(gone) <= height:
            break
        gone.add(row)
        lines -= _count_lines(row)
    return [row for row in rows if row not in gone]


def _count_lines(row: Row) -> int:
    return 2 if row.reason() else 1


def _measure(rows: Sequence[Row], width: int) -> tuple[int, int, int]:
    """The widths of logical IDs, types and statuses at which each row fits on one line."""
    statuses = max(len(_say(row)) for row in rows)
    ids = max(len(row.logical_id) for row in rows)
    longest = max(len(_short(row.type)) for row in rows)
    # A row also has a mark, the seconds, and spaces.
    left = width - statuses - len("✓ ") - len("  ") - len("  9999 s")
    types = min(longest, left - ids - len("  "))
    if types < min(longest, _LEAST_OF_TYPE):
        types = 0
    return min(ids, left - (types + len("  ") if types else 0)), types, statuses


def _print(row: Row, widths: tuple[int, int, int], frame: int) -> Any:
    from rich.text import Text

    ids, types, statuses = widths
    style = "red" if row.is_bad() else "yellow" if row.is_running() else "green"
    mark = _FRAMES[frame % len(_FRAMES)] if row.is_running() else "✗" if row.is_bad() else "✓"
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"{mark} ", style)
    line.append(_cut(row.logical_id, ids, (ids - 1) // 2), "bold" if row.type == _STACK else "")
    if types:
        line.append(f"  {_cut(_short(row.type), types, 0)}", "dim")
    line.append(f"  {_say(row):<{statuses}}", style)
    return line.append(f"{row.seconds:>6.0f} s", "dim")


def _say(row: Row) -> str:
    if row.status.endswith("_FAILED") and _is_cancelled(row.failure or ""):
        return "cancelled"
    return _WORDS.get(row.status, row.status.replace("_", " ").lower())


def _is_cancelled(reason: str) -> bool:
    return reason.lower().endswith("cancelled")


def _short(resource_type: str) -> str:
    return resource_type.removeprefix("AWS::")


def _cut(text: str, width: int, end: int) -> str:
    """The text in exactly ``width`` columns. A longer text is cut before its last ``end`` characters."""
    if len(text) <= width:
        return f"{text:<{width}}"
    return f"{text[: max(width - 1 - end, 0)]}…{text[len(text) - end :]}"
