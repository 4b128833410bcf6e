"""Use pip to fetch pinned wheels into the user's cache, and to build the wheel of a folder."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from macro.errors import MacroError, Problem

# The platform tags that Amazon Linux 2023 supports. Lambda's Python 3.12 and later run on Amazon Linux 2023.
_PLATFORMS = ("manylinux2014", "manylinux_2_17", "manylinux_2_28", "manylinux_2_34")
_OFFLINE = "without a network, copy the wheels from a machine that has one and name their folder with --wheels"

_OTHER_FILE = "the index has another file than this release is made for; its SHA-256 is another"


def find_cache() -> Path:
    """The folder that keeps fetched wheels for later calls."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "hitcounter", "wheels")


def fetch_locked(lock: Path, machines: Sequence[str], python: str, folder: Path) -> None:
    """Fetch a lock file's wheels for these machines into the folder. pip verifies their digests.

    Raises:
        MacroError: a wheel can't be fetched, or the folder can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as draft:
            for machine in machines:
                options = ["--require-hashes", "--no-deps", "--requirement", str(lock)]
                _download([*options, *_choose_platform(machine, python)], Path(draft))
            for wheel in Path(draft).iterdir():
                wheel.replace(folder / wheel.name)
    except OSError as error:
        text = f"{folder}: can't be written: {error.strerror}; name another folder in XDG_CACHE_HOME"
        raise MacroError([Problem((), text)]) from None


@contextmanager
def fetch_latest(requirements: Sequence[str], python: str, folder: Path | None = None) -> Iterator[list[Path]]:
    """Wheels of these packages and their dependencies, chosen by pip from a folder or from the index.

    Raises:
        MacroError: a wheel can't be fetched.
    """
    with tempfile.TemporaryDirectory() as draft:
        source = ["--no-index", "--find-links", str(folder)] if folder else []
        _download([*source, *_choose_platform("x86_64", python), *requirements], Path(draft))
        yield sorted(Path(draft).iterdir())


@contextmanager
def build_wheel(folder: Path) -> Iterator[Path]:
    """The wheel of a project folder. The folder is not modified.

    Raises:
        MacroError: the folder can't be read, or the wheel can't be built.
    """
    with tempfile.TemporaryDirectory() as name:
        draft = Path(name)
        # Setuptools leaves build folders beside the sources.
        noise = shutil.ignore_patterns("build", "*.egg-info", "__pycache__", ".git", ".venv")
        try:
            copy = shutil.copytree(folder, draft / "project", ignore=noise, symlinks=True)
        except shutil.Error as error:
            problems = [Problem((), f"{source}: can't be read: {text}") for source, _, text in error.args[0]]
            raise MacroError(problems) from None
        command = ["wheel", "--no-deps", "--wheel-dir", str(draft), str(copy)]
        # pip fetches build tools from the index. Without an index, the installed build tools are used.
        if _run(command).returncode:
            run = _run([*command, "--no-build-isolation"])
            if run.returncode:
                reason = _find_reason(run).replace(str(copy), str(folder))
                raise MacroError([Problem((), f"{folder}: can't be built: {reason}")])
        yield next(draft.glob("*.whl"))


def _choose_platform(machine: str, python: str) -> list[str]:
    names = [word for name in _PLATFORMS for word in ("--platform", f"{name}_{machine}")]
    return ["--only-binary", ":all:", "--implementation", "cp", "--python-version", python, *names]


def _download(options: Sequence[str], target: Path) -> None:
    run = _run(["download", "--dest", str(target), *options])
    if run.returncode:
        reason = _find_reason(run)
        text = reason if reason == _OTHER_FILE else f"{reason}; {_OFFLINE}"
        raise MacroError([Problem((), f"packages can't be fetched: {text}")])


def _run(arguments: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    options = ["--disable-pip-version-check", "--no-input", "--retries", "1"]
    return subprocess.run(
        [sys.executable, "-m", "pip", *arguments, *options], capture_output=True, encoding="utf-8", errors="replace"
    )


def _find_reason(run: "subprocess.CompletedProcess[str]") -> str:
    """The line of pip's output that has the reason."""
    if "No module named pip" in run.stderr:
        return "pip is missing; 'python -m ensurepip' installs it"
    lines = [line.strip() for line in run.stderr.splitlines() if line.strip()]
    if any("DO NOT MATCH THE HASHES" in line for line in lines):
        return _OTHER_FILE
    errors = [line.partition(":")[2].strip() for line in lines if line.startswith("ERROR:")]
    return [*lines[-1:], *errors][-1].rstrip(".") if lines else "pip gave no reason"
