"""Show the resources of a running operation on a terminal. Each resource has a line that is updated in place."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from macro.cli.cloud.stack.events import StackEvent
from macro.cli.text.escape import show_text

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
# One line for the cursor, and one for the number of resources that are left out.
_LINES_KEPT = 2


class Row(NamedTuple):
    """A resource's latest event, and its first failure if any. ``begun`` and ``ended`` are the console's seconds."""

    event: StackEvent
    begun: float
    ended: float
    failure: StackEvent | None = None

    def is_done(self) -> bool:
        """Whether the resource is as it should be, and no more events follow."""
        return not self.event.is_running() and not self.is_bad()

    def is_bad(self) -> bool:
        """Whether the resource failed or is rolled back."""
        return self.failure is not None or "ROLLBACK" in self.event.status

    def reason(self) -> str:
        """The reason of the failure, safe for a terminal. Empty if another resource's failure is the reason."""
        return show_text(self.failure.reason) if self.failure and not self.failure.is_cancelled() else ""


class Board:
    """A row for each resource, in the order of the first events. The stack's own row comes last. rich can print it.

    While ``is_live``, the board fits on the console: completed rows are left out first, then those that began last, and
    reasons are cut at the end of the line. Otherwise all rows and reasons are shown in full.
    """

    def __init__(self, console: Any) -> None:
        from rich.spinner import Spinner

        self.is_live = True
        self._console = console
        self._spinner = Spinner("dots")
        self._rows: dict[tuple[str, bool], Row] = {}

    def add(self, event: StackEvent) -> None:
        """Show the event in its resource's row."""
        now, key = self._console.get_time(), (event.logical_id, event.is_stack)
        before = self._rows.get(key) or Row(event, now, now)
        self._rows[key] = Row(event, before.begun, now, before.failure or (event if event.has_failed() else None))

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        """What rich prints: the rows, and the number of rows that are left out."""
        from rich.text import Text

        # A copy, because rich draws in a thread of its own.
        rows = list(self._rows.values())
        own, others = [row for row in rows if row.event.is_stack], [row for row in rows if not row.event.is_stack]
        shown = choose(others, console.height - len(own) - _LINES_KEPT) if self.is_live else others
        lines = console.render_lines(self._draw([*shown, *own]), options, pad=False)
        yield from self._add_reasons(shown, lines)
        if len(shown) < len(others):
            yield Text(f"  … and {len(others) - len(shown)} more", "dim")
        yield from self._add_reasons(own, lines[len(shown) :])

    def _add_reasons(self, rows: Sequence[Row], lines: Sequence[Any]) -> Iterator[Any]:
        """Each row's line, and the reason of its failure below."""
        from rich.padding import Padding
        from rich.segment import Segment
        from rich.text import Text

        how: dict[str, Any] = {"no_wrap": True, "overflow": "ellipsis"} if self.is_live else {}
        for row, line in zip(rows, lines, strict=False):
            yield from [*line, Segment.line()]
            if row.reason():
                yield Padding(Text(row.reason(), "red", **how), (0, 0, 0, 4))

    def _draw(self, rows: Sequence[Row]) -> Any:
        """The rows as a table with one line for each."""
        from rich.table import Table
        from rich.text import Text

        now = self._console.get_time()
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column()
        table.add_column(style="dim")
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, justify="right", style="dim", min_width=len("999 s"))
        for row in rows:
            event, style = row.event, "red" if row.is_bad() else "green" if row.is_done() else "yellow"
            mark = self._spinner.render(now) if event.is_running() else "✗" if row.is_bad() else "✓"
            name = Text.assemble((f"{mark} ", style), (event.logical_id, "bold" if event.is_stack else ""))
            kind = Text(event.type.removeprefix("AWS::"))
            # Both columns shrink on a narrow terminal. A column with no_wrap keeps its width.
            name.no_wrap = kind.no_wrap = True
            name.overflow = kind.overflow = "ellipsis"
            seconds = (now if event.is_running() else row.ended) - row.begun
            table.add_row(name, kind, Text(_say(event), style), f"{seconds:.0f} s")
        return table


def choose(rows: Sequence[Row], height: int) -> list[Row]:
    """The rows that fit into ``height`` lines, in the same order. A reason takes one line."""
    chosen = list(rows)
    # Nobody waits for completed rows. They are left out first, from the top, then the others, from the end.
    for row in [*(row for row in rows if row.is_done()), *(row for row in rows[::-1] if not row.is_done())]:
        if sum(2 if each.reason() else 1 for each in chosen) <= height:
            break
        chosen.remove(row)
    return chosen


def _say(event: StackEvent) -> str:
    return "cancelled" if event.is_cancelled() else _WORDS.get(event.status, event.status.replace("_", " ").lower())
