"""A real HTTP server on loopback that takes answers, with the statuses it is told to give."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RESET = "reset"


class Sink:
    """Requests as they came: method, path with query, headers, body; statuses are given in turn, then 200 for ever.

    `taken` are those that got 200.
    """

    def __init__(self, *statuses):
        self.requests, self.taken = [], []
        self._statuses = list(statuses)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def refuse(self, *statuses):
        """Give these next, and no others that were told before."""
        self._statuses[:] = statuses

    @property
    def host(self):
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self):
        return f"http://{self.host}/answer%7Ctoken?X-Amz-Signature=s3cr3t"

    @property
    def answers(self):
        return [json.loads(body) for _, _, _, body in self.requests]

    def _handler(self):
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sink.requests.append((self.command, self.path, dict(self.headers), body))
                status = sink._statuses.pop(0) if sink._statuses else 200
                if status == 200:
                    sink.taken.append(sink.requests[-1])
                if status == RESET:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        return Handler
