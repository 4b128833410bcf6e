"""Figures that passed tests report. ``--tally`` prints their sums over all workers as a table."""

from collections import Counter

import pytest

KEY = "tally"


def pytest_addoption(parser):
    parser.addoption("--tally", action="store_true", help="print the figures that the tests report, as a table")


@pytest.fixture
def tally(request):
    """``tally(title, amount)`` adds to a line of the table. With ``most=True``, the line shows the largest amount."""

    def count(title, amount=1, most=False):
        request.node.user_properties.append((KEY, [title, amount, most]))

    return count


def pytest_terminal_summary(terminalreporter, config):
    if not config.getoption("--tally"):
        return
    lines = add_up(terminalreporter.stats.get("passed", []))
    terminalreporter.section("figures of these tests")
    width = max((len(title) for title in lines), default=0)
    for title, amount in lines.items():
        terminalreporter.write_line(f"{title:{width}}  {amount:>12,}")


def add_up(reports):
    lines = Counter()
    for report in reports:
        for key, value in report.user_properties:
            if key == KEY:
                title, amount, most = value
                lines[title] = max(lines[title], amount) if most else lines[title] + amount
    return dict(sorted(lines.items()))
