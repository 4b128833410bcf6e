"""Control a headless Chromium through a pipe (Chrome DevTools Protocol)."""

import base64
import json
import os
import shutil
import struct
import subprocess
import tempfile
import time
import zlib
from contextlib import contextmanager
from pathlib import Path

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage", "--no-first-run",
    "--force-color-profile=srgb", "--remote-debugging-pipe", "--disable-background-networking",
)  # fmt: skip
_SECONDS = 60


def find_browser():
    """The path of the installed browser; ``None`` without a browser."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """A page. ``requests`` lists the requested URLs, ``complaints`` the console messages and uncaught errors."""

    def __init__(self, to_browser, from_browser):
        self.requests, self.complaints = [], []
        self._to, self._from = to_browser, from_browser
        self._number, self._rest, self._session = 0, b"", None
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._call(f"{domain}.enable")

    def open(self, path, width=1400, height=900, scheme="light"):
        """Open a file in a window of this size, with this colour scheme."""
        media = [{"name": "prefers-color-scheme", "value": scheme}]
        self._call("Emulation.setEmulatedMedia", features=media)
        self.resize(width, height)
        self.requests.clear()
        self._call("Page.navigate", url=Path(path).as_uri())
        self.wait_for("document.readyState === 'complete'")

    def resize(self, width, height):
        """Change the window's size."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._call("Emulation.setDeviceMetricsOverride", **size)

    def evaluate(self, script):
        """The value of a JavaScript expression."""
        found = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait_for(self, script):
        """Wait until an expression is true."""
        deadline = time.monotonic() + _SECONDS
        while not self.evaluate(script):
            assert time.monotonic() < deadline, script
            time.sleep(0.02)

    def move_to(self, script):
        """Move the mouse to the middle of the element that an expression finds."""
        x, y = self.evaluate(
            f"(() => {{ const element = {script}; element.scrollIntoView({{block: 'center', inline: 'center'}});"
            "const box = element.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        self._call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        return x, y

    def click(self, script):
        """Click on the element that an expression finds."""
        x, y = self.move_to(script)
        for kind in ("mousePressed", "mouseReleased"):
            self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def tap(self, script):
        """Touch the element that an expression finds."""
        x, y = self.move_to(script)
        self._call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self._call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def type(self, text):
        """Type a text into the focused element."""
        self._call("Input.insertText", text=text)

    def press(self, key):
        """Press a key, such as ``Enter`` or ``Tab``."""
        code = {"Enter": 13, "Tab": 9, " ": 32}[key]
        text = {"Enter": "\r", " ": " "}.get(key, "")
        event = {"key": key, "windowsVirtualKeyCode": code}
        self._call("Input.dispatchKeyEvent", type="keyDown", text=text, **event)
        self._call("Input.dispatchKeyEvent", type="keyUp", **event)

    def shoot(self, path):
        """Write a screenshot of the window."""
        Path(path).write_bytes(base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"]))

    def look(self, width=320, height=200):
        """The colours in the window's upper left corner, as rows of (red, green, blue)."""
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        return read_png(base64.b64decode(self._call("Page.captureScreenshot", format="png", clip=clip)["data"]))

    def _call(self, method, **parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer)
                return answer["result"]
            self._note(answer)

    def _note(self, event):
        parameters = event.get("params", {})
        if event.get("method") == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        if event.get("method") == "Log.entryAdded":
            self.complaints.append(parameters["entry"]["text"])
        if event.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(parameters["exceptionDetails"]))

    def _read(self):
        while b"\0" not in self._rest:
            data = os.read(self._from, 1 << 20)
            assert data, "the browser has ended"
            self._rest += data
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)


@contextmanager
def open_browser():
    """A page in a browser that runs as long as the block."""
    in_read, in_write = os.pipe()
    out_read, out_write = os.pipe()

    def place():
        os.dup2(os.dup(in_read), 3)
        os.dup2(os.dup(out_write), 4)

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [find_browser(), *_OPTIONS, f"--user-data-dir={profile}"]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(command, preexec_fn=place, close_fds=False, **quiet)
        os.close(in_read)
        os.close(out_write)
        try:
            yield Page(in_write, out_read)
        finally:
            process.terminate()
            process.wait(_SECONDS)
            os.close(in_write)
            os.close(out_read)


def read_png(data):
    """The rows of an 8-bit RGB or RGBA PNG, each a list of (red, green, blue)."""
    place, packed, header = 8, b"", None
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        chunk = data[place + 8 : place + 8 + length]
        header = chunk if kind == b"IHDR" else header
        packed += chunk if kind == b"IDAT" else b""
        place += 12 + length
    width, height, _, colour = struct.unpack(">IIBB", header[:10])
    step = {2: 3, 6: 4}[colour]
    raw, before, rows = zlib.decompress(packed), bytearray(width * step), []
    for row in range(height):
        start = row * (width * step + 1)
        before = _unfilter(raw[start], bytearray(raw[start + 1 : start + 1 + width * step]), before, step)
        rows.append([tuple(before[at : at + 3]) for at in range(0, len(before), step)])
    return rows


def _unfilter(kind, line, above, step):
    for at in range(len(line)):
        left = line[at - step] if at >= step else 0
        corner = above[at - step] if at >= step else 0
        guess = (0, left, above[at], (left + above[at]) // 2, _paeth(left, above[at], corner))[kind]
        line[at] = (line[at] + guess) & 255
    return line


def _paeth(left, above, corner):
    guess = left + above - corner
    return min((left, above, corner), key=lambda value: abs(guess - value))
