"""Run ``hitcounter local`` in its own process, with or without a terminal, and find leftovers."""

import fcntl
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import termios
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECONDS = 60
_TO_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


def write_template(path, *counters, **properties):
    """Write a template with these counters, all with the same properties."""
    resource = {"Type": "HitCounter", "Properties": properties}
    template = {"Transform": "HitCounterMacro", "Resources": dict.fromkeys(counters or ["Visits"], resource)}
    draft = path.with_name(f".{path.name}")
    draft.write_text(json.dumps(template))
    draft.replace(path)
    return path


def get(url):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=SECONDS) as answer:
        return answer.read().decode()


def wait_until(is_so):
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


class Run:
    """A running ``hitcounter local`` in a folder, with its temporary files below the folder."""

    def __init__(self, folder, *arguments, python=sys.executable, is_on_terminal=False, **environment):
        self.temporary = folder / "temporary"
        self.temporary.mkdir(exist_ok=True)
        command = [python, "-m", "macro", "local", *map(str, arguments)]
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TMPDIR": str(self.temporary), **environment}
        self._terminal, other = os.openpty() if is_on_terminal else (None, subprocess.PIPE)
        if is_on_terminal:
            fcntl.ioctl(other, termios.TIOCSWINSZ, b"\x28\x00\x64\x00\x00\x00\x00\x00")
            command = [python, "-c", _TO_TERMINAL, *command]
            env["TERM"] = "xterm"
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=env,
            stdin=other if is_on_terminal else subprocess.DEVNULL,
            stdout=other,
            stderr=other if is_on_terminal else subprocess.STDOUT,
            start_new_session=True,
        )
        if is_on_terminal:
            os.close(other)
        self._source = self._terminal if is_on_terminal else self.process.stdout.fileno()
        self.text = ""

    def read_until(self, pattern):
        """Wait for a match in the output since the last call, and return the match."""
        deadline = time.monotonic() + SECONDS
        while not (found := re.search(pattern, self.text)):
            assert self._read(deadline), self.text
        self.text = self.text[found.end() :]
        return found

    def url(self):
        """The URL of the next counter in the output, for the name ``home``."""
        return self.read_until(r"\w+ counts at (http://\S+)")[1].replace("{name}", "home")

    def press_ctrl_c(self):
        os.write(self._terminal, b"\x03")

    def end(self, number=None):
        """The exit code and the rest of the output. ``number`` is a signal to send first."""
        if number:
            self.process.send_signal(number)
        deadline = time.monotonic() + SECONDS
        while self._read(deadline):
            pass
        return self.process.wait(SECONDS), self.text

    def close(self):
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self._terminal is not None:
            os.close(self._terminal)
        else:
            self.process.stdout.close()

    def find_rest(self):
        """The processes and temporary files that still exist."""
        return [*self.temporary.iterdir(), *_find_processes(str(self.temporary))]

    def _read(self, deadline):
        ready = select.select([self._source], [], [], max(0, deadline - time.monotonic()))[0]
        assert ready, f"no more output within {SECONDS} s: {self.text}"
        try:
            content = os.read(self._source, 65_536)
        except OSError:
            # Linux raises this error for a terminal without processes.
            content = b""
        self.text += content.decode("utf-8", "replace").replace("\r\n", "\n")
        return content


def find_engine(url):
    """The ID of the process that serves the URL, found by the port in its command line."""
    port = url.split("/")[2].partition(":")[2]
    engine = re.compile(rf"\s*\d+ \S+python\S* \S+\S*server\.py \S+ {port}")
    (line,) = filter(engine.fullmatch, _list_processes())
    return int(line.split()[0])


def is_open(url):
    host, _, port = url.split("/")[2].partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def _find_processes(text):
    """The processes with the text in their command line or, on Linux, in their environment."""
    if not Path("/proc").is_dir():
        return [line for line in _list_processes() if text in line]
    found = []
    for file in (file for name in ("cmdline", "environ") for file in Path("/proc").glob(f"[0-9]*/{name}")):
        with suppress(OSError):
            if text.encode() in file.read_bytes():
                found.append(file)
    return found


def _list_processes():
    return subprocess.run(
        ["ps", "-Awwo", "pid=,command="], capture_output=True, text=True, check=True
    ).stdout.splitlines()
