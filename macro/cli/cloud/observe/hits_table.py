"""Print counts for people and programs: bars on a terminal, columns elsewhere, JSON, or CSV."""

import csv
import heapq
import io
import json
from collections.abc import Sequence
from typing import NamedTuple

from macro.cli.cloud.observe.deployed import Part
from macro.cli.text.escape import fit_text, measure_text, show_text

_BLOCKS = " ▏▎▍▌▋▊▉█"
_CYAN, _DIM, _PLAIN = "\033[36m", "\033[2m", "\033[0m"


class Chart(NamedTuple):
    """The shown names of a counter with their hits, most hits first.

    ``names`` is the number of all names, and ``total`` the number of all hits, including those that aren't shown.
    """

    part: Part
    rows: Sequence[tuple[str, int]]
    names: int
    total: int


class Screen(NamedTuple):
    """The output of a chart: the terminal's columns, 0 if the output is no terminal, and whether it has colours."""

    width: int = 0
    has_colour: bool = False


def make_chart(part: Part, hits: dict[str, int], top: int | None = None) -> Chart:
    """The chart of these counts, with only the ``top`` names with the most hits unless ``top`` is ``None``."""
    count = len(hits) if top is None else top
    rows = heapq.nsmallest(count, hits.items(), key=lambda row: (-row[1], row[0]))
    return Chart(part, rows, len(hits), sum(hits.values()))


def print_charts(charts: Sequence[Chart], screen: Screen) -> str:
    """A paragraph for each chart, and the total if there are several charts."""
    parts = [_print_chart(chart, screen) for chart in charts]
    if len(charts) > 1:
        parts.append(f"total: {sum(chart.total for chart in charts)}")
    return "\n\n".join(parts)


def print_json(stack: str, charts: Sequence[Chart]) -> str:
    """The charts as one JSON object, for programs."""
    counters = [
        {
            "counter": chart.part.counter,
            "stage": chart.part.stage or None,
            "table": chart.part.table,
            "names": chart.names,
            "total": chart.total,
            "hits": [{"name": name, "hits": number} for name, number in chart.rows],
        }
        for chart in charts
    ]
    return json.dumps({"stack": stack, "total": sum(chart.total for chart in charts), "counters": counters}, indent=2)


def print_csv(charts: Sequence[Chart], is_shown: bool) -> str:
    """A header, then a line for each name (RFC 4180). With ``is_shown``, names are made safe for a terminal."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(("counter", "stage", "name", "hits"))
    for chart in charts:
        part = chart.part
        writer.writerows(
            (part.counter, part.stage, show_text(name) if is_shown else name, hits) for name, hits in chart.rows
        )
    return target.getvalue()


def _print_chart(chart: Chart, screen: Screen) -> str:
    if not chart.rows:
        return f"{chart.part.label}: no hits yet"
    names = [show_text(name) for name, _ in chart.rows]
    digits = len(str(chart.rows[0][1]))
    width = max(map(measure_text, names))
    if screen.width:
        width = min(width, max(screen.width * 2 // 5, 8))
        space = max(screen.width - width - digits - 7, 1)
    lines = [_print_head(chart, screen)]
    for name, (_, hits) in zip(names, chart.rows, strict=True):
        line = f"  {fit_text(name, width)}  {hits:>{digits}}"
        bar = _draw(hits / chart.rows[0][1], space, screen) if screen.width and hits else ""
        lines.append(f"{line}  {bar}" if bar else line)
    return "\n".join(lines)


def _print_head(chart: Chart, screen: Screen) -> str:
    shown = "" if len(chart.rows) == chart.names else f", the first {len(chart.rows)} shown"
    facts = f"{_count(chart.total, 'hit')}, {_count(chart.names, 'name')}{shown}"
    return f"{chart.part.label}: {_DIM}{facts}{_PLAIN}" if screen.has_colour else f"{chart.part.label}: {facts}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _draw(share: float, space: int, screen: Screen) -> str:
    whole, eighths = divmod(round(share * space * 8), 8)
    bar = (_BLOCKS[-1] * whole + (_BLOCKS[eighths] if eighths else "")) or _BLOCKS[1]
    return f"{_CYAN}{bar}{_PLAIN}" if screen.has_colour else bar
