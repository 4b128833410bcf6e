"""What a long command says while it works: JSON for scripts, plain lines for logs, a live board on a terminal."""

import json
import os
import re
from pathlib import Path

import pytest

from macro.cli.cloud.stack.progress import RESOURCE, Line, show_progress
from tests.support.terminal import on_terminal

ROOT = Path(__file__).parents[5]
# On a terminal: a stack with a resource that fails, another line, then what a script reads.
PROGRAM = """
from macro.cli.cloud.stack.progress import RESOURCE, Line, show_progress

def note(logical_id, kind, status, reason=""):
    facts = {"logical_id": logical_id, "type": kind, "status": status, "reason": reason}
    return Line(RESOURCE, f"{status} {kind} {logical_id}", facts)

with show_progress(False) as report:
    report(Line("begin", "\\033[32mbeginning\\033[0m"))
    report(note("hits", "AWS::CloudFormation::Stack", "CREATE_IN_PROGRESS"))
    report(note("VisitsTable", "AWS::DynamoDB::Table", "CREATE_IN_PROGRESS"))
    report(note("VisitsRole", "AWS::IAM::Role", "CREATE_IN_PROGRESS"))
    report(note("VisitsTable", "AWS::DynamoDB::Table", "CREATE_COMPLETE"))
    report(note("VisitsRole", "AWS::IAM::Role", "CREATE_FAILED", "no such policy"))
    report(note("VisitsRole", "AWS::IAM::Role", "DELETE_COMPLETE"))
    report(note("hits", "AWS::CloudFormation::Stack", "ROLLBACK_COMPLETE"))
    print("while it is live")
    report(Line("outputs", ""))
    print("Url: http://127.0.0.1/hits")
    report(note("hits", "AWS::CloudFormation::Stack", "DELETE_COMPLETE"))
"""
BOARD = [
    "beginning",
    "✓ VisitsTable  DynamoDB::Table        created         0 s",
    "✗ VisitsRole   IAM::Role              deleted         0 s",
    "    no such policy",
    "✗ hits         CloudFormation::Stack  rolled back     0 s",
    "✓ hits  CloudFormation::Stack  deleted     0 s",
]


def note(status, **more):
    facts = {"logical_id": "Visits", "type": "HitCounter", "status": status, "reason": ""}
    return Line(RESOURCE, f"{status} HitCounter Visits", {**facts, **more})


def interrupt_after(*lines, as_json=False, told=lambda: None):
    with show_progress(as_json) as report:
        for line in lines:
            report(line)
        told()
        raise KeyboardInterrupt


def run(**env):
    clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    settings = {**clean, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **env}
    with on_terminal("-c", PROGRAM, env=settings) as terminal:
        code, out = terminal.end()
    assert code == 0, terminal.shown
    return terminal.shown, out


def last_screen(shown):
    """What stands on the screen at the end, as lines: text that was drawn over is gone."""
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


def test_scripts_get_an_object_a_line_on_stdout(capsys):
    with show_progress(True) as report:
        report(Line("begin", "für Menschen", {"stack": "hits"}))
        report(note("CREATE_IN_PROGRESS"))
        report(Line("outputs", "", {"outputs": {"Url": "http://ü"}}))

    out, err = capsys.readouterr()
    assert out == (
        '{"event": "begin", "stack": "hits"}\n'
        '{"event": "resource", "logical_id": "Visits", "type": "HitCounter", "status": "CREATE_IN_PROGRESS", '
        '"reason": ""}\n'
        '{"event": "outputs", "outputs": {"Url": "http://ü"}}\n'
    )
    assert [json.loads(line)["event"] for line in out.splitlines()] == ["begin", "resource", "outputs"]
    assert err == ""


def test_logs_get_plain_lines_of_what_was_reached_on_stderr(capsys):
    with show_progress(False) as report:
        report(Line("begin", "beginning"))
        report(note("CREATE_IN_PROGRESS"))
        report(note("CREATE_COMPLETE"))
        report(Line("outputs", ""))

    assert capsys.readouterr() == ("", "beginning\nCREATE_COMPLETE HitCounter Visits\n")


@pytest.mark.parametrize(("as_json", "shown"), [
    (False, ("", "CloudFormation goes on by itself; the command, run again, shows how it ends\n")),
    (True, ('{"event": "interrupted"}\n', "")),
])  # fmt: skip
def test_ctrl_c_during_an_operation_tells_that_it_goes_on(capsys, as_json, shown):
    with pytest.raises(KeyboardInterrupt):
        interrupt_after(note("CREATE_IN_PROGRESS"), as_json=as_json, told=capsys.readouterr)

    assert capsys.readouterr() == shown


def test_ctrl_c_elsewhere_tells_nothing(capsys):
    with pytest.raises(KeyboardInterrupt):
        interrupt_after(note("CREATE_IN_PROGRESS"), Line("outputs", ""))

    assert capsys.readouterr() == ("", "")


def test_a_terminal_shows_a_line_for_each_resource_and_stdout_stays_clean():
    shown, out = run()

    assert last_screen(shown) == BOARD
    assert "\x1b[32m" in shown
    assert "\x1b[31m" in shown
    assert out == "while it is live\nUrl: http://127.0.0.1/hits\n"


def test_a_terminal_without_colours_shows_the_same():
    shown, out = run(NO_COLOR="1")

    assert last_screen(shown) == BOARD
    assert not re.search(r"\x1b\[[0-9;]*m", shown)
    assert out == "while it is live\nUrl: http://127.0.0.1/hits\n"


def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines():
    shown, _ = run(TERM="dumb", NO_COLOR="1")

    assert shown.replace("\x1b[32m", "").replace("\x1b[0m", "").split("\r\n") == [
        "beginning",
        "CREATE_COMPLETE AWS::DynamoDB::Table VisitsTable",
        "CREATE_FAILED AWS::IAM::Role VisitsRole",
        "DELETE_COMPLETE AWS::IAM::Role VisitsRole",
        "ROLLBACK_COMPLETE AWS::CloudFormation::Stack hits",
        "DELETE_COMPLETE AWS::CloudFormation::Stack hits",
        "",
    ]
