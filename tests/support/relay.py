"""A proxy of our own for what microburst can't: answers without a body lost, and a byte flipped at a place of our choice.

microburst cuts an answer within its body, so that a 204 comes through; it flips bytes at places of its own choice, in
answers alone; and the answer to a HEAD loses its length in it.
"""

import http.client
import re
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass
class Fault:
    """What happens to the first `times` requests whose line, `PUT /path?query`, has the pattern in it.

    With `flips` a byte of the request's or the answer's body (`where`) is another; with `says`, a status and a body, that
    is the answer, and the engine is not asked; else the answer is lost.
    """

    pattern: str
    times: int = 1
    flips: int | None = None
    where: str = "answer"
    says: tuple[int, bytes] | None = None

    def is_due(self, line, body):
        if self.times == 0 or not re.search(self.pattern, line):
            return False
        if self.flips is not None and self.where == "request" and not body:
            return False
        self.times -= 1
        return True


class Relay:
    """`url` leads to the engine; `fired` has the lines of the requests that a fault happened to."""

    def __init__(self, upstream):
        self._upstream = urlsplit(upstream).netloc
        self._faults, self.fired, self._lock = [], [], threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def arm(self, *faults):
        """These faults and no others, and an empty list of what fired."""
        with self._lock:
            self._faults, self.fired = list(faults), []

    def _due(self, line, body):
        with self._lock:
            fault = next((each for each in self._faults if each.is_due(line, body)), None)
            self.fired += [line] if fault else []
            return fault

    def _ask(self, method, path, headers, body):
        connection = http.client.HTTPConnection(self._upstream, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _handler(relay):  # noqa: N805 - the handler's own self is inside
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # An answer of several packets would wait for the client to acknowledge the first.
            disable_nagle_algorithm = True

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                fault = relay._due(f"{self.command} {self.path}", body)
                if fault and fault.says:
                    self.send(fault.says[0], [], fault.says[1])
                    return
                sent = _flipped(body, fault) if fault and fault.where == "request" else body
                kept = {name: value for name, value in self.headers.items() if name not in ("Expect", "Connection")}
                status, headers, answer = relay._ask(self.command, self.path, kept, sent)
                if fault and fault.flips is None:
                    self.close_connection = True
                    return
                self.send(status, headers, _flipped(answer, fault) if fault and fault.where == "answer" else answer)

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

            def log_message(self, *_):
                pass

        for verb in ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"):
            setattr(Handler, f"do_{verb}", Handler.serve)
        return Handler


def _flipped(data, fault):
    at = fault.flips % len(data)
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
