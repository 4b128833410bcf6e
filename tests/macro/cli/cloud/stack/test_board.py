"""The board of resources on a terminal: one row each, on terminals of any size, with reasons of failures."""

import io
import re

import pytest
from rich.console import Console

from macro.cli.cloud.stack.board import Board
from macro.cli.cloud.stack.events import StackEvent

WHY = "Resource handler returned message: the role VisitsRole can't be made, since its policy is not there"
OWN = ("hits", "AWS::CloudFormation::Stack")
TABLE = ("VisitsTable", "AWS::DynamoDB::Table")
ROLE = ("VisitsRole", "AWS::IAM::Role")


class Screen:
    """A board on a console of some size, and a clock that the test moves."""

    def __init__(self, width=100, height=40):
        self.now = 0.0
        self._file = io.StringIO()
        self._console = Console(
            file=self._file, width=width, height=height, color_system=None, get_time=lambda: self.now
        )
        self.board = Board(self._console)

    def add(self, resource, status, reason="", seconds=0.0):
        self.now += seconds
        self.board.add(StackEvent("1", *resource, status, reason, resource == OWN))
        return self

    def draw(self, is_live=True):
        self.board.is_live = is_live
        self._file.seek(0)
        self._file.truncate()
        self._console.print(self.board)
        return [line.rstrip() for line in self._file.getvalue().splitlines()]


def split(*lines):
    """The columns of each line."""
    return [re.split(" {2,}", line.strip()) for line in lines]


def test_each_resource_has_a_row_in_columns_and_the_stack_has_the_last_row():
    screen = Screen().add(OWN, "CREATE_IN_PROGRESS").add(TABLE, "CREATE_IN_PROGRESS").add(ROLE, "CREATE_IN_PROGRESS")
    screen.add(TABLE, "CREATE_COMPLETE", seconds=9.0)
    screen.now += 3.4

    lines = screen.draw()

    mark = lines[-1][0]
    assert split(*lines) == [
        ["✓ VisitsTable", "DynamoDB::Table", "created", "9 s"],
        [f"{mark} VisitsRole", "IAM::Role", "creating", "12 s"],
        [f"{mark} hits", "CloudFormation::Stack", "creating", "12 s"],
    ]
    assert len({len(line) for line in lines}) == 1
    assert len({line.index("creat") for line in lines}) == 1


def test_the_mark_of_a_running_resource_moves():
    screen = Screen().add(ROLE, "CREATE_IN_PROGRESS")
    marks = set()
    for _ in range(10):
        marks.add(screen.draw()[0][0])
        screen.now += 0.1

    assert marks < set("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
    assert len(marks) > 2


def test_the_reason_of_a_failure_is_shown_in_full_at_the_end():
    line, *reason = Screen(width=60).add(ROLE, "CREATE_FAILED", WHY).draw(is_live=False)

    assert split(line) == [["✗ VisitsRole", "IAM::Role", "create failed", "0 s"]]
    assert " ".join(part.strip() for part in reason) == WHY


def test_a_reason_takes_one_line_while_the_operation_runs():
    _, reason, _ = Screen(width=60).add(OWN, "CREATE_IN_PROGRESS").add(ROLE, "CREATE_FAILED", WHY).draw()

    assert reason.endswith("…")
    assert WHY.startswith(reason.strip(" …"))


def test_a_failed_resource_stays_marked_when_it_is_deleted():
    screen = Screen().add(ROLE, "CREATE_FAILED", "no such policy").add(ROLE, "DELETE_COMPLETE", seconds=4.0)

    assert split(*screen.draw()) == [["✗ VisitsRole", "IAM::Role", "deleted", "4 s"], ["no such policy"]]


def test_a_cancelled_resource_has_no_reason():
    screen = Screen().add(ROLE, "CREATE_FAILED", "Resource creation cancelled")

    assert split(*screen.draw()) == [["✗ VisitsRole", "IAM::Role", "cancelled", "0 s"]]


def test_a_failure_without_a_reason_is_marked():
    assert split(*Screen().add(ROLE, "UPDATE_FAILED").draw()) == [["✗ VisitsRole", "IAM::Role", "update failed", "0 s"]]


def test_a_reason_is_safe_for_a_terminal():
    assert Screen().add(ROLE, "CREATE_FAILED", "no\x1b[2J policy\nat all").draw()[1] == "    no\\x1b[2J policy\\nat all"


@pytest.mark.parametrize(
    ("status", "mark", "words"),
    [
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "⠋", "cleaning up"),
        ("ROLLBACK_COMPLETE", "✗", "rolled back"),
        ("UPDATE_ROLLBACK_IN_PROGRESS", "⠋", "rolling back"),
        ("DELETE_SKIPPED", "✓", "kept"),
        ("IMPORT_COMPLETE", "✓", "imported"),
        ("SOMETHING_NEW", "✓", "something new"),
    ],
)
def test_a_status_is_shown_in_plain_words(status, mark, words):
    assert split(*Screen().add(OWN, status).draw()) == [[f"{mark} hits", "CloudFormation::Stack", words, "0 s"]]


def test_a_resource_with_the_stacks_name_has_its_own_row():
    screen = Screen().add(OWN, "CREATE_IN_PROGRESS").add(("hits", "AWS::SNS::Topic"), "CREATE_COMPLETE")

    assert [line[1] for line in split(*screen.draw())] == ["SNS::Topic", "CloudFormation::Stack"]


def test_long_names_are_cut_and_status_and_time_are_not():
    name = "VisitsOfTheWholeWideWorldCountedOneByOneAndKeptForEverAccessLogGroup"
    kind = "AWS::ApiGateway::RequestValidator"

    wide, narrow = (
        split(Screen(width=width).add(OWN, "CREATE_IN_PROGRESS").add((name, kind), "CREATE_COMPLETE").draw()[0])[0]
        for width in (130, 60)
    )

    assert wide == [f"✓ {name}", "ApiGateway::RequestValidator", "created", "0 s"]
    assert narrow[2:] == ["created", "0 s"]
    assert f"✓ {name}".startswith(narrow[0].removesuffix("…"))
    assert "ApiGateway::RequestValidator".startswith(narrow[1].removesuffix("…"))
    assert (narrow[0][-1], narrow[1][-1]) == ("…", "…")


@pytest.mark.parametrize("width", [20, 40, 80, 130])
def test_no_line_is_wider_than_the_terminal(width):
    screen = Screen(width).add(OWN, "CREATE_IN_PROGRESS")
    for number in range(5):
        screen.add((f"{'Part' * 20}{number}", "AWS::IAM::Role"), "CREATE_FAILED", WHY)

    lines = screen.draw()

    assert max(map(len, lines)) <= width
    assert len(lines) == 11


def test_completed_resources_are_left_out_first_on_a_small_terminal():
    screen = Screen(height=12).add(OWN, "CREATE_IN_PROGRESS")
    for number in range(20):
        screen.add((f"Done{number:02}", "AWS::IAM::Role"), "CREATE_COMPLETE")
    screen.add(("Bad", "AWS::IAM::Role"), "CREATE_FAILED", WHY)
    for number in range(20, 40):
        screen.add((f"Done{number:02}", "AWS::IAM::Role"), "CREATE_COMPLETE")
    for number in range(3):
        screen.add((f"Running{number}", "AWS::IAM::Role"), "CREATE_IN_PROGRESS")

    lines = screen.draw()

    assert [line.split()[1] for line in lines] == [
        "Bad", "handler", "Done36", "Done37", "Done38", "Done39", "Running0", "Running1", "Running2", "and", "hits",
    ]  # fmt: skip
    assert lines[-2] == "  … and 36 more"
    assert len(screen.draw(is_live=False)) > 45


def test_the_latest_resources_are_left_out_where_none_is_completed():
    screen = Screen(height=6).add(OWN, "CREATE_IN_PROGRESS")
    for number in range(9):
        screen.add((f"Running{number}", "AWS::IAM::Role"), "CREATE_IN_PROGRESS")

    assert [line.split()[1] for line in screen.draw()] == ["Running0", "Running1", "Running2", "and", "hits"]


def test_left_out_resources_are_counted_where_the_stack_has_no_row():
    screen = Screen(height=4)
    for number in range(9):
        screen.add((f"Done{number}", "AWS::IAM::Role"), "CREATE_COMPLETE")

    assert [line.split()[1] for line in screen.draw()] == ["Done7", "Done8", "and"]


def test_all_resources_are_shown_where_there_is_room():
    screen = Screen(height=5).add(OWN, "CREATE_IN_PROGRESS").add(TABLE, "CREATE_COMPLETE").add(ROLE, "CREATE_COMPLETE")

    assert [line.split()[1] for line in screen.draw()] == ["VisitsTable", "VisitsRole", "hits"]


def test_an_empty_board_draws_nothing():
    assert Screen().draw() == []
