"""Add to the engine's REST APIs what it lacks: request mapping of a counter's name, and response mapping of errors.

MiniStack gives a function the gateway's own event and always answers 200. So code that works in an account would fail
here. MiniStack also doesn't look up functions that methods name by stage variables. ``server.py`` wraps the engine's
ASGI application with this module. All other requests pass through.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

App = Callable[[Any, Any, Any], Awaitable[Any]]
CALL = re.compile(r"/_aws/execute-api/(?P<api>[^/]+)/(?P<stage>[^/]+)/(?P<path>.+)")
_MAPPING = re.compile(
    r"""\{"(?P<key>\w+)": "\$util\.escapeJavaScript\(\$input\.params\('(?P<parameter>\w+)'\)\).*"\}"""
)
FUNCTION = re.compile(r"/functions/(?P<arn>[^/]+)/invocations")
VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")
_SIGNATURE = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"


class Answer(NamedTuple):
    """An HTTP response. The headers have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Method(NamedTuple):
    """The method that a request reaches.

    ``integration`` has the shape that GetResources returns. ``parameters`` are the path parameters. ``variables`` are
    the stage variables, which select the function. ``resource`` is the path with the parameters' names.
    """

    integration: Mapping[str, Any]
    parameters: Mapping[str, str]
    variables: Mapping[str, str] = {}
    resource: str = ""


def add_mapping(app: App, proxy: Any) -> App:
    """The application, wrapped with the mapping. ``proxy`` is the module of this folder."""

    async def serve(scope: Any, receive: Any, send: Any) -> Any:
        found = CALL.fullmatch(scope["raw_path"].decode()) if scope["type"] == "http" else None
        method = await _find_method(app, found, scope["method"]) if found else None
        if method is None:
            return await app(scope, receive, send)
        body = await read_body(receive)
        if method.integration["type"] == "AWS":
            return await reply(send, await _answer(app, method, dict(scope["headers"])))
        assert found is not None
        query = scope["query_string"].decode()
        place = (scope["method"], found["api"], found["stage"], found["path"], query, scope["headers"], body)
        event = proxy.make_event(proxy.Call(*place), method.resource, method.parameters, method.variables)
        return await reply(send, await _pass_on(app, method, event, proxy.read_answer))

    return serve


def find_method(resources: Sequence[Mapping[str, Any]], path: str, verb: str) -> Method | None:
    """The method for that path and verb, if it has the macro's mapping or names its function by a stage variable.

    ``path`` is percent-encoded, as in a URL. The resource with the fewest path parameters has priority.
    """
    parts = path.split("/")
    matches = []
    for resource in resources:
        names = str(resource["path"]).strip("/").split("/")
        parameters = {name[1:-1]: unquote(part) for name, part in zip(names, parts, strict=False) if name[:1] == "{"}
        is_equal = all(name[:1] == "{" or name == unquote(part) for name, part in zip(names, parts, strict=False))
        if is_equal and len(names) == len(parts) and all(parts):
            matches.append((len(parameters), resource, parameters))
    if not matches:
        return None
    _, resource, parameters = min(matches, key=lambda match: match[0])
    methods = resource.get("resourceMethods") or {}
    integration = (methods.get(verb) or methods.get("ANY") or {}).get("methodIntegration") or {}
    templates = (integration.get("requestTemplates") or {}).values()
    is_mapped = integration.get("type") == "AWS" and templates and all(map(_MAPPING.fullmatch, templates))
    uri = integration.get("uri") or ""
    is_ours = is_mapped or (integration.get("type") == "AWS_PROXY" and VARIABLE.search(uri))
    is_function = is_ours and FUNCTION.search(uri)
    return Method(integration, parameters, resource=str(resource["path"])) if is_function else None


def choose_response(integration: Mapping[str, Any], error: str | None) -> Mapping[str, Any]:
    """The integration response whose pattern matches the function's error message.

    If none matches, or there is no error, the result is the integration response without a pattern.
    """
    responses = list((integration.get("integrationResponses") or {}).values())
    matching = [each for each in responses if each.get("selectionPattern")]
    matching = [each for each in matching if error and re.fullmatch(each["selectionPattern"], error)]
    return next(iter([*matching, *(each for each in responses if not each.get("selectionPattern"))]), {})


async def _find_method(app: App, call: re.Match[str], verb: str) -> Method | None:
    listed = await ask(app, "apigateway", "GET", f"/restapis/{call['api']}/resources", "embed=methods&limit=500")
    if listed.status != 200:
        return None
    content = json.loads(listed.body)
    method = find_method(content.get("item") or content.get("items") or [], call["path"], verb)
    if method is None or not VARIABLE.search(method.integration["uri"]):
        return method
    stage = await ask(app, "apigateway", "GET", f"/restapis/{call['api']}/stages/{call['stage']}")
    return method._replace(variables=json.loads(stage.body).get("variables") or {}) if stage.status == 200 else None


async def _answer(app: App, method: Method, headers: Mapping[bytes, bytes]) -> Answer:
    kind = headers.get(b"content-type", b"application/json").decode("latin-1").partition(";")[0].strip().lower()
    template = method.integration["requestTemplates"].get(kind)
    if template is None:
        return _say(415, "Unsupported Media Type")
    mapping = _MAPPING.fullmatch(template)
    assert mapping is not None
    event = json.dumps({mapping["key"]: method.parameters.get(mapping["parameter"], "")}).encode()
    result = await _invoke(app, method, event)
    if result.status != 200:
        return _say(500, "Internal server error")
    error = None
    if "x-amz-function-error" in result.headers:
        error = str(json.loads(result.body).get("errorMessage", ""))
    return _map(choose_response(method.integration, error), result.body)


async def _pass_on(app: App, method: Method, event: bytes, read: Callable[[bytes], Any]) -> Answer:
    result = await _invoke(app, method, event)
    if result.status != 200 or "x-amz-function-error" in result.headers:
        return _say(502, "Internal server error")
    return Answer(*read(result.body))


async def _invoke(app: App, method: Method, event: bytes) -> Answer:
    function = FUNCTION.search(method.integration["uri"])
    assert function is not None
    arn = VARIABLE.sub(lambda found: method.variables.get(found[1], ""), function["arn"])
    return await ask(app, "lambda", "POST", f"/2015-03-31/functions/{quote(arn, safe='')}/invocations", body=event)


async def read_body(receive: Any) -> bytes:
    """A request's whole body."""
    body, is_more = b"", True
    while is_more:
        message = await receive()
        body, is_more = body + message.get("body", b""), message.get("more_body", False)
    return body


def _map(response: Mapping[str, Any], body: bytes) -> Answer:
    headers = {"content-type": "application/json"}
    for name, value in (response.get("responseParameters") or {}).items():
        # The macro generates only literals, which are in quotes.
        headers[name.rpartition(".")[2].lower()] = str(value).strip("'")
    template = (response.get("responseTemplates") or {}).get("application/json")
    return Answer(int(response.get("statusCode", 200)), headers, template.encode() if template else body)


def _say(status: int, message: str) -> Answer:
    return Answer(status, {"content-type": "application/json"}, json.dumps({"message": message}).encode())


async def ask(app: App, service: str, verb: str, path: str, query: str = "", body: bytes = b"") -> Answer:
    """The engine's own response to a call of its API."""
    told: list[dict[str, Any]] = []
    headers = {"host": "127.0.0.1", "authorization": _SIGNATURE.format(service), "content-type": "application/json"}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": verb, "scheme": "http",
        "path": unquote(path), "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 0), "server": ("127.0.0.1", 0),
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    await app(scope, receive, send)
    start = next(message for message in told if message["type"] == "http.response.start")
    content = b"".join(message.get("body", b"") for message in told if message["type"] == "http.response.body")
    return Answer(start["status"], {_text(name).lower(): _text(value) for name, value in start["headers"]}, content)


async def reply(send: Any, answer: Answer) -> None:
    """Send the answer."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
    length = (b"content-length", str(len(answer.body)).encode())
    await send({"type": "http.response.start", "status": answer.status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": answer.body})


def _text(value: bytes | str) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
