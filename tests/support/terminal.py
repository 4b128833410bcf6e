"""Run a program on its own terminal, with or without its stdout."""

import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from contextlib import contextmanager, suppress
from fcntl import ioctl

_SECONDS = 30


class Terminal:
    """A running program. ``shown`` is the text on its terminal so far."""

    def __init__(self, process, screen):
        self.shown = ""
        self._process, self._screen = process, screen

    def wait_for(self, text):
        """Read until the text is shown."""
        deadline = time.monotonic() + _SECONDS
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown
            if not self._read(0.1) and self._process.poll() is not None:
                assert text in self.shown, self.shown

    def press(self, keys):
        """Type the keys."""
        os.write(self._screen, keys.encode())

    def end(self):
        """Wait for the program's end. Returns the exit code, and the stdout that didn't go to the terminal."""
        deadline = time.monotonic() + _SECONDS
        while self._process.poll() is None:
            assert time.monotonic() < deadline, self.shown
            self._read(0.05)
        while self._read(0):
            pass
        out = self._process.stdout
        return self._process.returncode, out.read().decode() if out else ""

    def _read(self, seconds):
        if not select.select([self._screen], [], [], seconds)[0]:
            return False
        # Linux raises an error after the program has closed the terminal.
        with suppress(OSError):
            piece = os.read(self._screen, 65_536).decode("utf-8", "replace")
            self.shown += piece
            return bool(piece)
        return False


@contextmanager
def on_terminal(*arguments, env, columns=100, lines=30, has_stdout=False, program=sys.executable):
    """Run a program, by default Python, on a terminal of this size. With ``has_stdout``, its stdout goes there too."""
    screen, side = pty.openpty()
    ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def take_terminal():
        os.setsid()
        ioctl(0, termios.TIOCSCTTY, 0)

    out = side if has_stdout else subprocess.PIPE
    command = [program, *arguments]
    process = subprocess.Popen(command, stdin=side, stdout=out, stderr=side, env=env, preexec_fn=take_terminal)
    os.close(side)
    try:
        yield Terminal(process, screen)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()
        if process.stdout:
            process.stdout.close()
        os.close(screen)
