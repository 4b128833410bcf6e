"""Read requests for APIs, call the engine's own services, and send answers."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

App = Callable[[Any, Any, Any], Awaitable[Any]]
"""An ASGI application."""
VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")
JSON = {"content-type": "application/json"}
_FUNCTION = re.compile(r"(?:^|/functions/)(?P<arn>arn:[^:/]+:lambda:[^/]+)(?:/invocations)?$")
_CALL = re.compile(r"/_aws/execute-api/(?P<api>[^/]+)/(?P<stage>[^/]+)/(?P<path>.+)")
_SIGNATURE = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"


class Call(NamedTuple):
    """A request to an API's stage. ``path`` is percent-encoded, without the stage and a leading slash."""

    verb: str
    api: str
    stage: str
    path: str
    query: str
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes = b""


class Answer(NamedTuple):
    """An HTTP response. The headers have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def read_call(scope: Any) -> Call | None:
    """The call of an API that an ASGI scope describes, still without its body. ``None`` for any other request."""
    found = _CALL.fullmatch(scope["raw_path"].decode()) if scope["type"] == "http" else None
    if found is None:
        return None
    query = scope["query_string"].decode()
    return Call(scope["method"], found["api"], found["stage"], found["path"], query, scope["headers"])


async def read_body(receive: Any) -> bytes:
    """A request's whole body."""
    body, is_more = b"", True
    while is_more:
        message = await receive()
        body, is_more = body + message.get("body", b""), message.get("more_body", False)
    return body


async def ask(app: App, service: str, path: str, query: str = "", body: bytes | None = None) -> Answer:
    """The engine's own response to a call of its API: GET, or POST with a body."""
    sent: list[dict[str, Any]] = []
    headers = {"host": "127.0.0.1", "authorization": _SIGNATURE.format(service), "content-type": "application/json"}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http",
        "method": "GET" if body is None else "POST", "path": unquote(path), "raw_path": path.encode(),
        "query_string": query.encode(), "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 0), "server": ("127.0.0.1", 0),
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body or b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = next(message for message in sent if message["type"] == "http.response.start")
    content = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    return Answer(start["status"], {_text(name).lower(): _text(value) for name, value in start["headers"]}, content)


async def look_up(app: App, path: str, query: str = "") -> Any:
    """The engine's description of an API or of its parts, or ``None`` if there is none at that path."""
    found = await ask(app, "apigateway", path, query)
    return json.loads(found.body) if found.status == 200 else None


def find_function(uri: str, variables: Mapping[str, str]) -> str:
    """The ARN of the function in an integration's URI, with stage variables filled in. Empty if it names none."""
    function = _FUNCTION.search(uri)
    return VARIABLE.sub(lambda found: variables.get(found[1], ""), function["arn"]) if function else ""


async def invoke(app: App, function: str, event: bytes) -> Answer:
    """The engine's response to the invocation of the function with that ARN."""
    return await ask(app, "lambda", f"/2015-03-31/functions/{quote(function, safe='')}/invocations", body=event)


def has_failed(result: Answer) -> bool:
    """Whether the engine couldn't invoke the function, or the function raised an error."""
    return result.status != 200 or "x-amz-function-error" in result.headers


def make_error(status: int, message: str) -> Answer:
    """An answer in the form that REST APIs have for errors."""
    return Answer(status, dict(JSON), json.dumps({"message": message}).encode())


async def reply(send: Any, answer: Answer) -> None:
    """Send the answer."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
    length = (b"content-length", str(len(answer.body)).encode())
    await send({"type": "http.response.start", "status": answer.status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": answer.body})


def _text(value: bytes | str) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
