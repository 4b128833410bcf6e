"""What one begins with: it is written whole, over nothing, and runs as it says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from macro.cli.commands.init import FILES, STARTER

ROOT = Path(__file__).parents[4]


def test_the_files_are_written_and_named(command, tmp_path):
    code, out, err = command("init", tmp_path / "hits")

    folder = tmp_path / "hits"
    assert (code, err) == (0, "")
    assert out == (
        "".join(f"{folder / name}\n" for name in FILES)
        + f"count hits on this machine: cd {folder} && hitcounter local template.yaml\n"
        + "run its test: pip install pytest 'hitcounter-macro[local]' && pytest\n"
    )
    assert sorted(path for path in folder.rglob("*") if path.is_file()) == sorted(folder / name for name in FILES)


@pytest.mark.parametrize("name", FILES)
def test_nothing_that_is_there_is_overwritten(command, tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")

    code, out, err = command("init", tmp_path)

    assert (code, out) == (1, "")
    assert err == f"{tmp_path / name}: is there already; nothing was written\n"
    assert [path.read_text() for path in tmp_path.rglob("*") if path.is_file()] == ["mine"]


def test_a_folder_that_can_not_be_made_is_told(command, tmp_path):
    (tmp_path / "file").write_text("")

    code, out, err = command("init", tmp_path / "file" / "hits")

    assert (code, out, err) == (1, "", f"{tmp_path / 'file' / 'hits'}: can't be written: Not a directory\n")


def test_the_template_is_clean(command, tmp_path, monkeypatch):
    command("init", tmp_path)
    monkeypatch.chdir(tmp_path)

    assert command("lint", "template.yaml", "-c", "I", "-i", "I4010") == (0, "", "")


@pytest.mark.thorough
def test_the_test_that_is_written_passes(tmp_path, command):
    command("init", tmp_path / "hits")
    binaries = tmp_path / "bin"
    binaries.mkdir()
    (binaries / "hitcounter").write_text(f'#!/bin/sh\nexec {sys.executable} -m macro "$@"\n')
    (binaries / "hitcounter").chmod(0o755)
    environment = {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    pytest_runs = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path / "hits"]

    run = subprocess.run(
        pytest_runs, cwd=tmp_path / "hits", env={**environment, "PYTEST_ADDOPTS": ""}, capture_output=True, text=True
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert "1 passed" in run.stdout


def test_the_handler_is_the_one_of_the_samples():
    assert (STARTER / "index.py.txt").read_text() == (ROOT / "samples" / "handler" / "index.py").read_text()
