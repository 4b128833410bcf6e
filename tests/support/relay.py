"""A proxy for the faults that microburst can't inject: lost answers without a body, and a flipped byte at a chosen place.

microburst cuts an answer inside its body, so an answer 204 always arrives. It chooses the flipped bytes itself, and only
in answers. It also drops the ``Content-Length`` of the answer to a ``HEAD``.
"""

import http.client
import re
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.support.loopback import LoopbackServer, QuietHandler


@dataclass
class Fault:
    """A fault of the first ``times`` requests whose line, such as ``PUT /path?query``, matches ``pattern``.

    ``flips``: the position of a flipped byte in the body; ``where`` is ``"request"`` or ``"answer"``. ``says``: a status
    and a body that are the answer instead of the engine's. Without both, the answer is lost.
    """

    pattern: str
    times: int = 1
    flips: int | None = None
    where: str = "answer"
    says: tuple[int, bytes] | None = None

    def take(self, line, body):
        """Whether the fault happens to this request, which then counts as one of ``times``."""
        if self.times == 0 or not re.search(self.pattern, line):
            return False
        if self.flips is not None and self.where == "request" and not body:
            return False
        self.times -= 1
        return True


class Relay(LoopbackServer):
    """A proxy to the engine at ``upstream``. ``fired`` lists the lines of the requests with a fault."""

    def __init__(self, upstream):
        self._upstream = urlsplit(upstream).netloc
        self._faults, self.fired, self._lock = [], [], threading.Lock()
        super().__init__(self._make_handler())

    def arm(self, *faults):
        """Set the faults, and empty ``fired``."""
        with self._lock:
            self._faults, self.fired = list(faults), []

    def _take_fault(self, line, body):
        with self._lock:
            fault = next((each for each in self._faults if each.take(line, body)), None)
            self.fired += [line] if fault else []
            return fault

    def _forward(self, method, path, headers, body):
        connection = http.client.HTTPConnection(self._upstream, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _make_handler(relay):  # noqa: N805 - the handler's own self is inside
        class Handler(QuietHandler):
            def serve(self):
                body = self.read_body()
                fault = relay._take_fault(f"{self.command} {self.path}", body)
                if fault and fault.says:
                    self.send(fault.says[0], [], fault.says[1])
                    return
                sent = _flip(body, fault) if fault and fault.where == "request" else body
                kept = {name: value for name, value in self.headers.items() if name not in ("Expect", "Connection")}
                status, headers, answer = relay._forward(self.command, self.path, kept, sent)
                if fault and fault.flips is None:
                    self.close_connection = True
                    return
                self.send(status, headers, _flip(answer, fault) if fault and fault.where == "answer" else answer)

            def send(self, status, headers, answer):
                self.send_response_only(status)
                for name, value in headers:
                    if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                        self.send_header(name, value)
                length = {name.lower(): value for name, value in headers}.get("content-length", len(answer))
                if status != 204:
                    self.send_header("Content-Length", str(length if self.command == "HEAD" else len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        for verb in ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"):
            setattr(Handler, f"do_{verb}", Handler.serve)
        return Handler


def _flip(data, fault):
    at = fault.flips % len(data)
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
