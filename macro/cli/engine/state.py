"""Keep the engine's state between runs, as the last orderly end left it. One engine at a time uses the state."""

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
    """The engine can't be run, or has ended. The text has the reason and a remedy."""

    def __init__(self, text: str) -> None:
        super().__init__([Problem((), text)])


class State(NamedTuple):
    """The place where an engine reads and saves its state.

    ``lock`` is a file descriptor that each process of the engine inherits. ``mark`` is a file that exists while
    ``folder`` is complete: until the engine answers, and after it ended in order. If ``mark`` is missing, the next run
    starts from the same state as this run. ``is_set_back`` says that the last run left no ``mark``. This run's port
    is written to ``port_file``. ``port`` is the last run's port.
    """

    folder: Path
    mark: Path
    lock: int
    is_set_back: bool
    port_file: Path
    port: int | None


@contextmanager
def open_state(folder: Path) -> Iterator[State]:
    """The state kept in that folder, locked for this run. The folder is created if it doesn't exist.

    The engine saves its state only when it ends, file by file. So the engine works on a copy. The next run replaces the
    kept state with the copy if the copy is marked as complete. An engine that is killed at any time leaves a consistent
    state.

    Raises:
        EngineError: the folder can't be used, another engine uses it, or its state is damaged.
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
    # Imported here because not every platform has fcntl. The lock ends with the last process that holds it, even if
    # that process is killed.
    import fcntl

    with (folder / "lock").open("w") as file:
        deadline = time.monotonic() + _LONGEST_WAIT
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                # After a command is killed, its engine needs a moment to save its state and end.
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
            text = f"is damaged; remove the folder {kept.parent} to start again"
            raise EngineError(f"{file}: {text}") from None


def _settle_functions(file: Path) -> None:
    """Mark functions as ready that were being changed when the engine ended. Otherwise callers would wait for them."""
    if not file.exists():
        return
    # A thread of the engine does this half a second after a change. The next engine doesn't repeat it.
    ready = {"State": "Active", "StateReason": "", "StateReasonCode": "", "LastUpdateStatus": "Successful"}

    def settle(found: dict[str, Any]) -> dict[str, Any]:
        is_changing = found.get("State") == "Pending" or found.get("LastUpdateStatus") == "InProgress"
        return {**found, **ready} if is_changing else found

    content = json.loads(file.read_text("utf-8"), object_hook=settle)
    file.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
