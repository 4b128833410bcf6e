"""Resources on a terminal: one line each, in any width and height, with what failed and why."""

import io
import re

import pytest
from rich.console import Console

from macro.cli.cloud.stack.board import Row, choose, draw

OWN = Row("hits", "AWS::CloudFormation::Stack", "CREATE_IN_PROGRESS", 12.4)
TABLE = Row("VisitsTable", "AWS::DynamoDB::Table", "CREATE_COMPLETE", 9.0)
ROLE = Row("VisitsRole", "AWS::IAM::Role", "CREATE_IN_PROGRESS", 3.6)
WHY = "Resource handler returned message: the role VisitsRole can't be made, since its policy is not there"


def show(*rows, width=100, height=None, frame=0):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(draw(rows, width, height, frame))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def split(*lines):
    """What stands in the columns of each line, wherever they begin."""
    return [re.split(" {2,}", line.strip()) for line in lines]


def test_each_resource_has_a_line_in_columns_and_the_stack_is_the_last():
    lines = show(OWN, TABLE, ROLE)

    assert split(*lines) == [
        ["✓ VisitsTable", "DynamoDB::Table", "created", "9 s"],
        ["⠋ VisitsRole", "IAM::Role", "creating", "4 s"],
        ["⠋ hits", "CloudFormation::Stack", "creating", "12 s"],
    ]
    assert len({len(line) for line in lines}) == 1
    assert len({line.index("creat") for line in lines}) == 1


def test_what_is_under_way_moves():
    assert [show(ROLE, frame=frame)[0][0] for frame in (0, 1, 9, 10)] == ["⠋", "⠙", "⠏", "⠋"]


def test_a_failure_tells_its_reason_below_in_full_once_all_is_over():
    failed = ROLE._replace(status="CREATE_FAILED", failure=WHY)

    line, *reason = show(failed, width=60)

    assert split(line) == [["✗ VisitsRole", "IAM::Role", "create failed", "4 s"]]
    assert " ".join(part.strip() for part in reason) == WHY


def test_a_reason_takes_one_line_while_more_is_to_come():
    failed = ROLE._replace(status="CREATE_FAILED", failure=WHY)

    _, reason, _ = show(OWN, failed, width=60, height=20)

    assert reason.endswith("…")
    assert WHY.startswith(reason.strip(" …"))


def test_a_failure_stays_marked_when_it_is_taken_back():
    gone = ROLE._replace(status="DELETE_COMPLETE", failure="no such policy")

    assert split(*show(gone)) == [["✗ VisitsRole", "IAM::Role", "deleted", "4 s"], ["no such policy"]]


def test_what_was_cancelled_is_told_without_a_reason():
    cancelled = ROLE._replace(status="CREATE_FAILED", failure="Resource creation cancelled")

    assert split(*show(cancelled)) == [["✗ VisitsRole", "IAM::Role", "cancelled", "4 s"]]


def test_a_failure_without_a_reason_is_told_as_one():
    lines = show(ROLE._replace(status="UPDATE_FAILED", failure=""))

    assert split(*lines) == [["✗ VisitsRole", "IAM::Role", "update failed", "4 s"]]


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
def test_a_status_is_told_in_a_word_or_two(status, mark, words):
    lines = show(OWN._replace(status=status))

    assert split(*lines) == [[f"{mark} hits", "CloudFormation::Stack", words, "12 s"]]


def test_long_names_are_cut_in_their_middle_so_that_no_line_is_broken():
    name = "VisitsOfTheWholeWideWorldCountedOneByOneAndKeptForEverAccessLogGroup"
    long = Row(name, "AWS::ApiGateway::RequestValidator", "CREATE_COMPLETE", 1.0)

    (wide, middle, narrow) = (split(show(OWN, long, width=width)[0])[0] for width in (130, 105, 80))

    assert wide == [f"✓ {name}", "ApiGateway::RequestValidator", "created", "1 s"]
    assert (middle[0], middle[2:]) == (f"✓ {name}", ["created", "1 s"])
    assert "ApiGateway::RequestValidator".startswith(middle[1].removesuffix("…"))
    start, end = narrow[0].removeprefix("✓ ").split("…")
    assert narrow[1:] == ["created", "1 s"]
    assert start
    assert name.startswith(start)
    assert end
    assert name.endswith(end)


@pytest.mark.parametrize("width", [20, 40, 80, 130])
def test_no_line_is_wider_than_the_terminal(width):
    rows = [OWN, *(ROLE._replace(logical_id=f"{'Part' * 20}{number}", failure=WHY) for number in range(5))]

    assert max(map(len, show(*rows, width=width, height=30))) <= width
    assert len(show(*rows, width=width, height=30)) == 11


def test_where_there_are_too_many_what_is_done_goes_first():
    done = [TABLE._replace(logical_id=f"Done{number:02}") for number in range(40)]
    failed = TABLE._replace(logical_id="Bad", status="CREATE_FAILED", failure=WHY)
    running = [ROLE._replace(logical_id=f"Running{number}") for number in range(3)]

    lines = show(OWN, *done[:20], failed, *done[20:], *running, height=10)

    assert [line.split()[1] for line in lines] == [
        "Bad", "handler", "Done37", "Done38", "Done39", "Running0", "Running1", "Running2", "and", "hits",
    ]  # fmt: skip
    assert lines[-2] == "  … and 37 more"


def test_what_began_last_goes_where_nothing_is_done():
    running = [ROLE._replace(logical_id=f"Running{number}") for number in range(9)]

    lines = show(OWN, *running, height=5)

    assert [line.split()[1] for line in lines] == ["Running0", "Running1", "Running2", "and", "hits"]


def test_all_rows_are_chosen_where_there_is_room():
    assert choose([TABLE, ROLE], 2) == [TABLE, ROLE]


def test_nothing_is_drawn_of_nothing():
    assert show() == []
