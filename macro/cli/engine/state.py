"""Keeps the engine's state between runs, as the last orderly end left it, for one engine at a time."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from macro.errors import MacroError, Problem

_LONGEST_WAIT = 5.0
_COMPLETE = "complete"


class EngineError(MacroError):
    """The engine can't be run, or ended; the text says why, and what to do."""

    def __init__(self, text: str) -> None:
        super().__init__([Problem((), text)])


class State(NamedTuple):
    """Where an engine finds and leaves its state; ``lock`` is a file descriptor that each of its processes inherits.

    ``mark`` is the file that is there while the folder is complete: until the engine answers, and after it ended in
    order. Without it the next run starts from what this one began with; ``is_set_back`` says that this happened to the
    last run. ``port_file`` is for the port of this run; ``port`` is that of the last one.
    """

    folder: Path
    mark: Path
    lock: int
    is_set_back: bool
    port_file: Path
    port: int | None


@contextmanager
def open_state(folder: Path) -> Iterator[State]:
    """The state kept in that folder, made where there is none, for this run alone.

    The engine saves only as it ends, file by file. So it works on a copy, which takes the place of the kept state
    once it is marked as complete: killed at any time, it leaves the state of one point in time.
    """
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context(_lock(folder))
            state = _prepare(folder.absolute(), lock)
        except OSError as error:
            raise EngineError(f"{folder}: state can't be kept there: {error.strerror or error}") from None
        yield state


@contextmanager
def _lock(folder: Path) -> Iterator[int]:
    # Not on every platform; a lock of this kind ends with the last process that holds it, however that ends.
    import fcntl

    with (folder / "lock").open("w") as file:
        deadline = time.monotonic() + _LONGEST_WAIT
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                # The engine of a command that was killed takes a moment to save and end.
                if time.monotonic() > deadline:
                    text = "another engine uses the state in this folder; end it, or choose another folder"
                    raise EngineError(f"{folder}: {text}") from None
                time.sleep(0.1)
        yield file.fileno()


def _prepare(folder: Path, lock: int) -> State:
    kept, copy, port_file = folder / "kept", folder / "next", folder / "port"
    is_set_back = _settle(kept, copy)
    _check(kept)
    shutil.copytree(kept, copy)
    _settle_functions(copy / "lambda.json")
    (copy / _COMPLETE).touch()
    last = port_file.read_text() if port_file.exists() else ""
    port = int(last) if last.isdecimal() and len(last) <= 5 else None
    return State(copy, copy / _COMPLETE, lock, is_set_back, port_file, port)


def _settle(kept: Path, copy: Path) -> bool:
    is_set_back = copy.exists() and not (copy / _COMPLETE).exists()
    if is_set_back:
        shutil.rmtree(copy)
    elif copy.exists():
        shutil.rmtree(kept, ignore_errors=True)
        copy.rename(kept)
        (kept / _COMPLETE).unlink()
    kept.mkdir(exist_ok=True)
    return is_set_back


def _check(kept: Path) -> None:
    for file in sorted(kept.glob("*.json")):
        try:
            json.loads(file.read_text("utf-8"))
        except ValueError:
            text = f"is damaged; remove the folder {kept.parent} to start anew"
            raise EngineError(f"{file}: {text}") from None


def _settle_functions(file: Path) -> None:
    """Make functions ready that were being changed when the engine ended, for which whoever uses them would wait."""
    if not file.exists():
        return
    # A thread of that engine would have done it, half a second after the change; the next one doesn't.
    ready = {"State": "Active", "StateReason": "", "StateReasonCode": "", "LastUpdateStatus": "Successful"}

    def settle(found: dict[str, Any]) -> dict[str, Any]:
        is_changing = found.get("State") == "Pending" or found.get("LastUpdateStatus") == "InProgress"
        return {**found, **ready} if is_changing else found

    content = json.loads(file.read_text("utf-8"), object_hook=settle)
    file.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
