"""A server on 127.0.0.1 that takes the answers to custom resource requests."""

import json

from tests.support.loopback import LoopbackServer, QuietHandler

RESET = "reset"


class Sink(LoopbackServer):
    """``requests`` lists each request as (method, path with query, headers, body); ``taken`` those with status 200.

    The server answers with ``statuses`` in turn, then always with 200. ``RESET`` closes the connection instead.
    """

    def __init__(self, *statuses):
        self.requests, self.taken = [], []
        self._statuses = list(statuses)
        super().__init__(self._make_handler())

    def refuse(self, *statuses):
        """Answer the next requests with these statuses instead of the earlier ones."""
        self._statuses[:] = statuses

    @property
    def url(self):
        return f"http://{self.host}/answer%7Ctoken?X-Amz-Signature=s3cr3t"

    @property
    def answers(self):
        return [json.loads(body) for _, _, _, body in self.requests]

    def _make_handler(self):
        sink = self

        class Handler(QuietHandler):
            protocol_version = "HTTP/1.0"

            def do_PUT(self):  # noqa: N802 - the base class finds the method by this name
                body = self.read_body()
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

        return Handler
