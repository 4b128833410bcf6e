"""End the engine when the process that started it ends, even by ``kill -9``: stdin closes with that process.

``process.py`` runs this file as a separate process: ``guard.py PARENT MARK COMMAND…``. The guard creates a folder in
PARENT, runs the command there, and prints ``{"pid": …, "folder": …}``. If the command ends by itself, the guard writes
the exit code to ``folder/ended`` and prints another line. When stdin closes, the guard ends the command with all its
child processes, and removes the folder. If the command ended with exit code 0, the guard creates the file MARK.
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
    """Run the command until stdin closes, then remove its processes and its folder."""
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
    """Remove a folder. Processes that are ending may still write to it, so removal is retried for up to 15 s."""
    deadline = time.monotonic() + _LONGEST_WAIT
    while folder.exists() and time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.01)


def kill_group(pid: int) -> None:
    """Kill the process group that this process leads, if it still runs."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _start(folder: Path, command: Sequence[str]) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "HOME": str(folder), "TMPDIR": str(folder)}
    with (folder / "log").open("wb") as log:
        # Open files are inherited: the engine also holds the lock on the kept state, even if this process is killed.
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
    # Only the end of stdin ends the guard. A handler, because the command would inherit SIG_IGN.
    for unheeded in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(unheeded, lambda *_: None)
    try:
        guard(sys.argv[1], sys.argv[2], sys.argv[3:])
    except OSError as error:
        sys.exit(str(error))
