"""A defect: one mistake that somebody could make in the product, and the tests that are expected to notice it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent.parent
COPIED = ("macro", "transform_lambda", "samples", "tests", "setup.cfg", "pyproject.toml", "README.md")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "downloaded", ".hypothesis", ".tools")
LONGEST_SECONDS = 300
# What the run around it has set, for its own tests.
_NOT_PASSED_ON = ("PYTEST_", "COV_", "COVERAGE_", "HYPOTHESIS_")
_ALL_PASSED, _FAILED, _BROKEN = 0, 1, 2


class Defect(NamedTuple):
    """A mutation: in ``file``, ``find`` (which stands there once) becomes ``replacement``; ``tests`` have to notice."""

    name: str
    file: str
    find: str
    replacement: str
    tests: tuple[str, ...]


class Outcome(NamedTuple):
    """Which test was the first to notice; empty where none did, and ``said`` then tells what happened instead."""

    test: str
    seconds: float
    said: str = ""


def look(defect, root=ROOT, longest=LONGEST_SECONDS):
    """Run the defect's tests in a copy of the tree that has it."""
    with copied(root) as copy:
        path = copy / defect.file
        path.write_text(damage(defect, path.read_text("utf-8")), "utf-8")
        return run_tests(copy, defect.tests, longest)


def look_at_none(tests, root=ROOT, longest=10 * LONGEST_SECONDS):
    """Run the tests in a copy without a defect, where none of them may fail."""
    with copied(root) as copy:
        return run_tests(copy, tuple(dict.fromkeys(tests)), longest)


def damage(defect, text):
    """The file's text with the defect; raises ValueError where its place is not there once."""
    places = text.count(defect.find)
    if places != 1:
        raise ValueError(f"{defect.name}: its text stands {places} times in {defect.file}, must be once")
    return text.replace(defect.find, defect.replacement)


@contextmanager
def copied(root):
    with tempfile.TemporaryDirectory(prefix="defect-") as folder:
        copy = Path(folder) / "tree"
        copy.mkdir()
        for name in COPIED:
            if (root / name).is_dir():
                shutil.copytree(root / name, copy / name, ignore=LEFT_OUT)
            elif (root / name).exists():
                shutil.copy2(root / name, copy / name)
        yield copy


def run_tests(folder, tests, longest):
    # The copy is installed nowhere: what tests start of their own shall find it before what is.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)}
    environment |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--tb=no", *tests]
    started = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        said = process.communicate(timeout=longest)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return Outcome("", time.monotonic() - started, f"no answer within {longest} seconds")
    return judge(process.returncode, said, time.monotonic() - started)


def judge(code, said, seconds):
    """What the tests' end means: only a test that failed, or could not even be imported, has noticed something."""
    lines = said.splitlines()
    failed = [line.partition(" ")[2].partition(" - ")[0] for line in lines if line.startswith(("FAILED ", "ERROR "))]
    if code in (_FAILED, _BROKEN) and failed:
        return Outcome(failed[0], seconds)
    told = "; ".join(line for line in lines if line.strip()) or "nothing"
    return Outcome("", seconds, "all passed" if code == _ALL_PASSED else f"pytest ended with {code}: {told}")
