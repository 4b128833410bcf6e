"""Print problems to stderr, each with the author's line."""

import os
import re
import sys
from collections.abc import Sequence

from macro.cli.text.files import Source, find_position
from macro.cli.text.positions import print_problem
from macro.errors import Problem

FINE, PROBLEMS, WRONG_USAGE = 0, 1, 2


def report(lines: Sequence[str]) -> int:
    """Print the lines to stderr, and return the exit code for problems."""
    for line in lines:
        print(line, file=sys.stderr)
    return PROBLEMS


def report_problems(source: Source, problems: Sequence[Problem], end: str = "nothing was written") -> int:
    """Print the problems in the order of the file, then their number, and return the exit code for problems.

    ``end`` is the last part of the line with the number.
    """
    found = [(problem, find_position(source, problem) if problem.path else None) for problem in problems]
    found.sort(key=lambda pair: (pair[1].line, pair[1].column) if pair[1] else (0, 0))
    for place, (problem, position) in enumerate(found):
        # Problems at the same position share one copy of the line.
        is_last = place + 1 == len(found) or found[place + 1][1] != position
        text = print_problem(source.name, problem, position)
        report([_paint(text if is_last else text.partition("\n")[0])])
    count = len(problems)
    return report([f"{count} problem{'s' if count > 1 else ''}; {end}"])


def has_colour(stream: object) -> bool:
    """Whether the stream is a terminal and the user did not turn off colours (``NO_COLOR``, see no-color.org)."""
    return bool(getattr(stream, "isatty", lambda: False)()) and not os.environ.get("NO_COLOR")


def _paint(text: str) -> str:
    """The text for a terminal: the position bold, and the mark below the author's line red."""
    if not has_colour(sys.stderr):
        return text
    text = re.sub(r"^.*?:\d+:\d+:", "\033[1m\\g<0>\033[0m", text, count=1)
    return re.sub(r"\^$", "\033[1;31m^\033[0m", text)
