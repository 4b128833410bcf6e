"""A server on loopback that gives AWS's answers as they are told to it, in AWS's own protocols."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

ACCOUNT, REGION = "123456789012", "eu-central-1"
CALLER = {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/me", "UserId": "ME"}


class Refusal(NamedTuple):
    """An error as AWS answers it."""

    code: str
    message: str = ""
    status: int = 400


class Raw(NamedTuple):
    """An answer in another form than a service's own."""

    body: bytes
    status: int = 200


class FakeAws:
    """Answers by action (``DescribeStacks``) or by method and path (``GET /account``), in turn; the last one stays.

    An answer may be a function of a call's parameters; a path may end with ``*``.
    """

    def __init__(self):
        self.calls = []
        self._answers = {"GetCallerIdentity": [CALLER]}
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

    def answer(self, action, *answers):
        """What calls of the action get, one after the other."""
        self._answers[action] = list(answers)

    def sent(self, action):
        """The parameters of each call of the action."""
        return [parameters for name, parameters in self.calls if name == action]

    def actions(self):
        """The actions that were called, without the first, which proves the credentials."""
        return [name for name, _ in self.calls if name != "GetCallerIdentity"]

    def _next(self, action, parameters):
        known = [name for name in self._answers if name == action or (name[-1] == "*" and action.startswith(name[:-1]))]
        told = self._answers[max(known, key=len)] if known else [Refusal("NotTold", f"nothing told for {action}")]
        answer = told.pop(0) if len(told) > 1 else told[0]
        return answer(parameters) if callable(answer) else answer

    def _handler(self):
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # An answer of several packets would wait for the client to acknowledge the first.
            disable_nagle_algorithm = True

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                is_query = "form-urlencoded" in self.headers.get("Content-Type", "")
                parameters = dict(parse_qsl(body.decode(), keep_blank_values=True)) if is_query else body
                target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
                action = parameters["Action"] if is_query else target or f"{self.command} {urlsplit(self.path).path}"
                fake.calls.append((action, parameters))
                status, content = render(fake._next(action, parameters), action if is_query else None)
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = answer  # noqa: N815

            def log_message(self, *_):
                pass

        return Handler


def render(answer, action):
    """The status and body of an answer: XML to an action, else JSON."""
    if isinstance(answer, Raw):
        return answer.status, answer.body
    if isinstance(answer, Refusal):
        error = {"Error": {"Code": answer.code, "Message": answer.message}}
        told = {"__type": answer.code, "message": answer.message}
        body = f"<ErrorResponse>{to_xml(error)}</ErrorResponse>" if action else json.dumps(told)
        return answer.status, body.encode()
    if not action:
        return 200, json.dumps(answer).encode()
    return 200, f"<{action}Response><{action}Result>{to_xml(answer)}</{action}Result></{action}Response>".encode()


def to_xml(value):
    """XML as the query protocol writes it."""
    if isinstance(value, dict):
        return "".join(f"<{name}>{to_xml(each)}</{name}>" for name, each in value.items())
    if isinstance(value, list):
        return "".join(f"<member>{to_xml(each)}</member>" for each in value)
    return escape(str(value).lower() if isinstance(value, bool) else str(value))
