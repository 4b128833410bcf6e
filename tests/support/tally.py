"""Figures that tests report while they pass, added up over all workers and printed as one table by ``--tally``."""

from collections import Counter

import pytest

KEY = "tally"


def pytest_addoption(parser):
    parser.addoption("--tally", action="store_true", help="print the figures that the tests measured, as a table")


@pytest.fixture
def tally(request):
    """``tally(title, amount)``: count towards a line of the table; of figures with ``most=True`` the largest is shown."""

    def count(title, amount=1, most=False):
        request.node.user_properties.append((KEY, [title, amount, most]))

    return count


def pytest_terminal_summary(terminalreporter, config):
    if not config.getoption("--tally"):
        return
    lines = add_up(terminalreporter.stats.get("passed", []))
    terminalreporter.section("what these tests measured")
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
