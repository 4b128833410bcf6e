"""Uses pip to fetch pinned wheels into the user's cache, and to build the wheel of a folder."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from macro.errors import MacroError, Problem

# What Amazon Linux 2023, below Lambda's Python 3.12 and later, can run.
_PLATFORMS = ("manylinux2014", "manylinux_2_17", "manylinux_2_28", "manylinux_2_34")
_OFFLINE = "without a network, copy the wheels from a machine that has one and name their folder with --wheels"

_OTHER_FILE = "the index has another file than this release is made for; its SHA-256 is another"


def find_cache() -> Path:
    """The folder in which fetched wheels are kept for the next time."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "hitcounter", "wheels")


def fetch_locked(lock: Path, machines: Sequence[str], python: str, folder: Path) -> None:
    """Fetch a lock file's wheels for these machines into the folder, their digests checked by pip."""
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
    """Wheels of these packages and of what they need, chosen by pip, from a folder or from the index."""
    with tempfile.TemporaryDirectory() as draft:
        source = ["--no-index", "--find-links", str(folder)] if folder else []
        _download([*source, *_choose_platform("x86_64", python), *requirements], Path(draft))
        yield sorted(Path(draft).iterdir())


@contextmanager
def build_wheel(folder: Path) -> Iterator[Path]:
    """The wheel of a project's folder, which is left as it was."""
    with tempfile.TemporaryDirectory() as name:
        draft = Path(name)
        # Setuptools leaves its own folders beside the sources.
        noise = shutil.ignore_patterns("build", "*.egg-info", "__pycache__", ".git", ".venv")
        try:
            copy = shutil.copytree(folder, draft / "project", ignore=noise, symlinks=True)
        except shutil.Error as error:
            problems = [Problem((), f"{source}: can't be read: {text}") for source, _, text in error.args[0]]
            raise MacroError(problems) from None
        command = ["wheel", "--no-deps", "--wheel-dir", str(draft), str(copy)]
        # Build tools come from the index; without it those that are installed have to do.
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
    """The one line of pip's that says why."""
    if "No module named pip" in run.stderr:
        return "pip is missing; 'python -m ensurepip' installs it"
    lines = [line.strip() for line in run.stderr.splitlines() if line.strip()]
    if any("DO NOT MATCH THE HASHES" in line for line in lines):
        return _OTHER_FILE
    errors = [line.partition(":")[2].strip() for line in lines if line.startswith("ERROR:")]
    return [*lines[-1:], *errors][-1].rstrip(".") if lines else "pip gave no reason"
