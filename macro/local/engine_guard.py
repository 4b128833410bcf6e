"""Ends the engine together with whoever started it, be it by ``kill -9``: that end of stdin closes with them.

``engine.py`` runs this file as a process of its own: ``engine_guard.py PARENT MARK COMMAND…``. It makes a folder in
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
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_TICK, _PATIENCE = 0.1, 15.0


def guard(parent: str, mark: str, command: Sequence[str]) -> None:
    """Run the command until stdin closes; nothing of it is left then."""
    folder = tempfile.mkdtemp(prefix="hitcounter-", dir=parent)
    try:
        process = _start(Path(folder), command)
        try:
            print(json.dumps({"pid": process.pid, "folder": folder}), flush=True)
            _watch(process, Path(folder), mark)
        finally:
            kill_group(process.pid)
            process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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


def _watch(process: "subprocess.Popen[bytes]", folder: Path, mark: str) -> None:
    while not _is_stdin_closed(_TICK):
        if process.poll() is not None:
            kill_group(process.pid)
            (folder / "ended").write_text(str(process.returncode))
            print("ended", flush=True)
            _is_stdin_closed(None)
            return
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        if process.wait(_PATIENCE) == 0 and mark:
            Path(mark).touch()


def _is_stdin_closed(seconds: float | None) -> bool:
    return bool(select.select([sys.stdin], [], [], seconds)[0])


if __name__ == "__main__":
    # Only the end of stdin is a reason to end. A handler, since the command would inherit SIG_IGN.
    for unheeded in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(unheeded, lambda *_: None)
    guard(sys.argv[1], sys.argv[2], sys.argv[3:])
