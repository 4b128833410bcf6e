"""A server on 127.0.0.1 that gives prepared answers in AWS's own protocols."""

import json
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

from tests.support.loopback import LoopbackServer, QuietHandler

ACCOUNT, REGION = "123456789012", "eu-central-1"
CALLER = {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/me", "UserId": "ME"}


class Refusal(NamedTuple):
    """An error answer of AWS."""

    code: str
    message: str = ""
    status: int = 400


class Raw(NamedTuple):
    """An answer with any body, whatever the protocol."""

    body: bytes
    status: int = 200


class FakeAws(LoopbackServer):
    """Prepared answers by action (``DescribeStacks``), or by method and path (``GET /account``, ``GET /account/*``).

    The answers of an action are given in turn; the last one is repeated. A function as an answer gets the call's
    parameters.
    """

    def __init__(self):
        self.calls = []
        self._answers = {"GetCallerIdentity": [CALLER]}
        super().__init__(self._make_handler())

    def answer(self, action, *answers):
        """Prepare the answers for calls of the action."""
        self._answers[action] = list(answers)

    def sent(self, action):
        """The parameters of each call of the action."""
        return [parameters for name, parameters in self.calls if name == action]

    def actions(self):
        """The called actions, without the check of the credentials."""
        return [name for name, _ in self.calls if name != "GetCallerIdentity"]

    def _next(self, action, parameters):
        known = [name for name in self._answers if name == action or (name[-1] == "*" and action.startswith(name[:-1]))]
        answers = self._answers[max(known, key=len)] if known else [Refusal("NoAnswer", f"no answer for {action}")]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer(parameters) if callable(answer) else answer

    def _make_handler(self):
        fake = self

        class Handler(QuietHandler):
            def answer(self):
                body = self.read_body()
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

        return Handler


def render(answer, action):
    """The status and body of an answer: XML for an action of the query protocol, otherwise JSON."""
    if isinstance(answer, Raw):
        return answer.status, answer.body
    if isinstance(answer, Refusal):
        error = {"Error": {"Code": answer.code, "Message": answer.message}}
        plain = {"__type": answer.code, "message": answer.message}
        body = f"<ErrorResponse>{to_xml(error)}</ErrorResponse>" if action else json.dumps(plain)
        return answer.status, body.encode()
    if not action:
        return 200, json.dumps(answer).encode()
    return 200, f"<{action}Response><{action}Result>{to_xml(answer)}</{action}Result></{action}Response>".encode()


def to_xml(value):
    """A value in the XML of the query protocol."""
    if isinstance(value, dict):
        return "".join(f"<{name}>{to_xml(each)}</{name}>" for name, each in value.items())
    if isinstance(value, list):
        return "".join(f"<member>{to_xml(each)}</member>" for each in value)
    return escape(str(value).lower() if isinstance(value, bool) else str(value))
