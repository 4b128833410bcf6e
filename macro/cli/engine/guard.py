"""Ends the engine together with whoever started it, be it by ``kill -9``: that end of stdin closes with them.

``engine.py`` runs this file as a process of its own: ``guard.py PARENT MARK COMMAND…``. It makes a folder in
PARENT, runs the command there, prints ``{"pid": …, "folder": …}`` and, should the command end by itself, writes its
exit code to ``folder/ended`` and prints another line. When stdin closes it ends the command with all that it started,
and removes the folder. The file MARK is made if the command ended in order.
"""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_TICK, _LONGEST_WAIT = 0.1, 15.0


def guard(parent: str, mark: str, command: Sequence[str]) -> None:
    """Run the command until stdin closes; nothing of it is left then."""
    folder = Path(tempfile.mkdtemp(prefix="hitcounter-", dir=parent))
    try:
        process = _start(folder, command)
        try:
            print(json.dumps({"pid": process.pid, "folder": str(folder)}), flush=True)
            is_early = _has_ended_first(process)
        finally:
            _end(process)
        if process.returncode == 0 and mark:
            Path(mark).touch()
        if is_early:
            _report(process.returncode, folder)
    finally:
        remove_folder(folder)


def remove_folder(folder: Path) -> None:
    """Remove a folder in which processes that end may still write."""
    deadline = time.monotonic() + _LONGEST_WAIT
    while folder.exists() and time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.01)


def kill_group(pid: int) -> None:
    """End a process that leads its group, and all that it started, if they still run."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _start(folder: Path, command: Sequence[str]) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "HOME": str(folder), "TMPDIR": str(folder)}
    with (folder / "log").open("wb") as log:
        # What is open stays open: the engine too holds the lock on the kept state, should this process be killed.
        return subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            close_fds=False,
            start_new_session=True,
        )


def _has_ended_first(process: "subprocess.Popen[bytes]") -> bool:
    while process.poll() is None:
        if _is_stdin_closed(_TICK):
            return False
    return True


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_LONGEST_WAIT)
    kill_group(process.pid)
    process.wait()


def _report(code: int, folder: Path) -> None:
    (folder / "ended").write_text(str(code))
    print("ended", flush=True)
    _is_stdin_closed(None)


def _is_stdin_closed(seconds: float | None) -> bool:
    return bool(select.select([sys.stdin], [], [], seconds)[0])


if __name__ == "__main__":
    # Only the end of stdin is a reason to end. A handler, since the command would inherit SIG_IGN.
    for unheeded in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(unheeded, lambda *_: None)
    try:
        guard(sys.argv[1], sys.argv[2], sys.argv[3:])
    except OSError as error:
        sys.exit(str(error))
