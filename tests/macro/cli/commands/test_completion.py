"""Shells complete commands, options and their values, once they were taught to."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from macro.cli import main
from tests.support.terminal import on_terminal

COMMANDS = {"install", "uninstall", "expand", "explain", "deploy", "lint"}
IN_BASH = """
eval "$(hitcounter completion bash)"
COMP_LINE="$1" COMP_POINT=${#1} COMP_TYPE=9 COMP_WORDS=($1) COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_python_argcomplete hitcounter "${COMP_WORDS[$COMP_CWORD]}" ""
printf '%s\\n' "${COMPREPLY[@]}"
"""
IN_FISH = 'hitcounter completion fish | source; complete -C "$argv[1]"'


@pytest.fixture
def settings(tmp_path):
    """An environment in which ``hitcounter`` is this one, and the shells find no settings of anyone's."""
    (tmp_path / "hitcounter").write_text(f'#!/bin/sh\nexec {sys.executable} -m macro "$@"\n')
    (tmp_path / "hitcounter").chmod(0o755)
    root = Path(main.__file__).parents[2]
    path = f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(tmp_path), "PYTHONPATH": str(root), "TERM": "xterm", "LANG": "C.UTF-8"}


def ask(shell, script, line, settings):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not here")
    last = [line] if shell == "fish" else [shell, line]
    run = subprocess.run([shell, "-c", script, *last], env=settings, capture_output=True, text=True, timeout=60)
    return [found.partition("\t")[0].strip() for found in run.stdout.splitlines()]


@pytest.mark.parametrize(("shell", "script"), [("bash", IN_BASH), ("fish", IN_FISH)])
@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("hitcounter unin", ["uninstall"]),
        ("hitcounter ex", ["expand", "explain"]),
        ("hitcounter expand --che", ["--check"]),
        ("hitcounter explain --format m", ["markdown"]),
        ("hitcounter completion f", ["fish"]),
    ],
)
def test_a_shell_completes_commands_options_and_values(settings, shell, script, line, completed):
    assert ask(shell, script, line, settings) == completed


def test_zsh_completes_a_command(settings):
    zsh = shutil.which("zsh") or pytest.skip("zsh is not here")
    taught = 'autoload -U compinit; compinit -u -D; eval "$(hitcounter completion zsh)"; echo taught | tr t T\n'
    with on_terminal("-f", "-i", env=settings, has_stdout=True, program=zsh) as terminal:
        terminal.press(taught)
        terminal.wait_for("TaughT")

        terminal.press("hitcounter unin\t")

        terminal.wait_for("hitcounter uninstall")


def test_a_shell_that_is_not_known_is_wrong_usage(command):
    code, out, err = command("completion", "tcsh")

    assert (code, out) == (2, "")
    assert "hitcounter completion: error: argument shell: " in err
