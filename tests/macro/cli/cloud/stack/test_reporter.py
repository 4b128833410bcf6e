"""Reports of a long command: JSON for scripts, plain lines for logs, a live board on a terminal."""

import json
import os
import re
from pathlib import Path

from macro.cli.cloud.stack.events import StackEvent
from macro.cli.cloud.stack.reporter import Silence, open_reporter
from tests.support.terminal import on_terminal

ROOT = Path(__file__).parents[5]
# A stack with a resource that fails, another line on stdout, a result, and the start of a second board.
PROGRAM = """
from macro.cli.cloud.stack.events import StackEvent
from macro.cli.cloud.stack.reporter import open_reporter

def show(logical_id, kind, status, reason=""):
    reporter.show_event(StackEvent("1", logical_id, kind, status, reason, logical_id == "hits"))

with open_reporter(False) as reporter:
    reporter.show_step("begin", "\\033[32mbeginning\\033[0m")
    show("hits", "AWS::CloudFormation::Stack", "CREATE_IN_PROGRESS")
    show("VisitsTable", "AWS::DynamoDB::Table", "CREATE_IN_PROGRESS")
    show("VisitsRole", "AWS::IAM::Role", "CREATE_IN_PROGRESS")
    show("VisitsTable", "AWS::DynamoDB::Table", "CREATE_COMPLETE")
    show("VisitsRole", "AWS::IAM::Role", "CREATE_FAILED", "no such \\033[7mpolicy")
    show("VisitsRole", "AWS::IAM::Role", "DELETE_COMPLETE")
    show("hits", "AWS::CloudFormation::Stack", "ROLLBACK_COMPLETE")
    print("while it is live")
    reporter.show_result("outputs", "Url: http://127.0.0.1/hits\\n")
    show("hits", "AWS::CloudFormation::Stack", "DELETE_COMPLETE")
"""
BOARD = [
    "beginning",
    "✓ VisitsTable  DynamoDB::Table        created        0 s",
    "✗ VisitsRole   IAM::Role              deleted        0 s",
    "    no such \\x1b[7mpolicy",
    "✗ hits         CloudFormation::Stack  rolled back    0 s",
    "✓ hits  CloudFormation::Stack  deleted    0 s",
]


def make_event(status, reason=""):
    return StackEvent("1", "Visits", "HitCounter", status, reason, False)


def run(**env):
    clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    settings = {**clean, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **env}
    with on_terminal("-c", PROGRAM, env=settings) as terminal:
        code, out = terminal.end()
    assert code == 0, terminal.shown
    return terminal.shown, out


def last_screen(shown):
    """The lines on the screen at the end, without text that was drawn over."""
    lines, row = [""], 0
    for piece in re.split(r"(\x1b\[[0-9;?]*[A-Za-z]|\r|\n)", shown):
        if piece == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif piece == "\x1b[1A":
            row -= 1
        elif piece == "\x1b[2K":
            lines[row] = ""
        elif not piece.startswith("\x1b") and piece != "\r":
            lines[row] += piece
    return [line.rstrip() for line in lines if line.strip()]


def test_json_reports_are_objects_on_lines_of_stdout(capsys):
    with open_reporter(True) as reporter:
        reporter.show_step("begin", "für Menschen", stack="hits")
        reporter.show_event(make_event("CREATE_IN_PROGRESS"))
        reporter.show_result("outputs", "Url: http://ü\n", outputs={"Url": "http://ü"})

    out, err = capsys.readouterr()
    assert out == (
        '{"event": "begin", "stack": "hits"}\n'
        '{"event": "resource", "logical_id": "Visits", "type": "HitCounter", "status": "CREATE_IN_PROGRESS", '
        '"reason": ""}\n'
        '{"event": "outputs", "outputs": {"Url": "http://ü"}}\n'
    )
    assert [json.loads(line)["event"] for line in out.splitlines()] == ["begin", "resource", "outputs"]
    assert err == ""


def test_plain_reports_are_lines_on_stderr_and_results_go_to_stdout(capsys):
    with open_reporter(False) as reporter:
        reporter.show_step("begin", "beginning")
        reporter.show_event(make_event("CREATE_IN_PROGRESS"))
        reporter.show_event(make_event("CREATE_COMPLETE", "no failure, so this reason is not shown"))
        reporter.show_event(make_event("UPDATE_FAILED", "no such\n\x1b[7mpolicy"))
        reporter.show_result("outputs", "Url: http://ü\n")

    assert capsys.readouterr() == (
        "Url: http://ü\n",
        "beginning\n"
        "CREATE_COMPLETE              HitCounter                        Visits\n"
        "UPDATE_FAILED                HitCounter                        Visits  no such\\n\\x1b[7mpolicy\n",
    )


def test_silence_reports_nothing(capsys):
    silence = Silence()

    silence.show_event(make_event("CREATE_COMPLETE"))
    silence.show_step("begin", "beginning")
    silence.show_result("outputs", "Url: http://ü\n")

    assert capsys.readouterr() == ("", "")


def test_a_terminal_shows_a_row_for_each_resource_and_stdout_has_only_the_results():
    shown, out = run()

    assert last_screen(shown) == BOARD
    assert "\x1b[32m" in shown
    assert "\x1b[31m" in shown
    assert out == "while it is live\nUrl: http://127.0.0.1/hits\n"


def test_no_color_shows_the_same_without_colours():
    shown, out = run(NO_COLOR="1")

    assert last_screen(shown) == BOARD
    assert not re.search(r"\x1b\[[0-9;]*m", shown)
    assert out == "while it is live\nUrl: http://127.0.0.1/hits\n"


def test_a_terminal_that_cannot_move_its_cursor_shows_plain_lines():
    shown, _ = run(TERM="dumb", NO_COLOR="1")

    assert shown.replace("\x1b[32m", "").replace("\x1b[0m", "").split("\r\n") == [
        "beginning",
        "CREATE_COMPLETE              AWS::DynamoDB::Table              VisitsTable",
        "CREATE_FAILED                AWS::IAM::Role                    VisitsRole  no such \\x1b[7mpolicy",
        "DELETE_COMPLETE              AWS::IAM::Role                    VisitsRole",
        "ROLLBACK_COMPLETE            AWS::CloudFormation::Stack        hits",
        "DELETE_COMPLETE              AWS::CloudFormation::Stack        hits",
        "",
    ]
