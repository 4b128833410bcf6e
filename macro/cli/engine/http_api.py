"""Add to the engine's HTTP APIs what it lacks: functions that are named by stage variables.

MiniStack looks for a function with the variable's name. This module wraps the engine's ASGI application, finds the
function, and invokes it with the event of payload 2.0 (API Gateway guide, "Create AWS Lambda proxy integrations for
HTTP APIs"). All other requests pass through.
"""

import json
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, quote, unquote

App = Callable[[Any, Any, Any], Awaitable[Any]]


def add_stage_variables(app: App, mapping: Any, proxy: Any) -> App:
    """The application, with functions found by stage variables.

    ``mapping`` and ``proxy`` are the modules of this folder.
    """

    async def serve(scope: Any, receive: Any, send: Any) -> Any:
        found = mapping.CALL.fullmatch(scope["raw_path"].decode()) if scope["type"] == "http" else None
        reached = await _find_function(app, mapping, found, scope["method"]) if found else None
        if found is None or reached is None:
            return await app(scope, receive, send)
        arn, route, variables = reached
        place = (scope["method"], found["api"], found["stage"], found["path"], scope["query_string"].decode())
        call = proxy.Call(*place, scope["headers"], await mapping.read_body(receive))
        event = make_event(call, route, variables, proxy.describe_body)
        path = f"/2015-03-31/functions/{quote(arn, safe='')}/invocations"
        result = await mapping.ask(app, "lambda", "POST", path, body=event)
        if result.status != 200 or "x-amz-function-error" in result.headers:
            answer = (500, {"content-type": "application/json"}, b'{"message":"Internal Server Error"}')
        else:
            answer = read_answer(result.body, proxy.read_answer)
        return await mapping.reply(send, mapping.Answer(*answer))

    return serve


def find_route(routes: Sequence[Mapping[str, Any]], verb: str, path: str) -> Mapping[str, Any] | None:
    """The route for that method and path, or ``None``. The route with the fewest parameters has priority.

    ``path`` is percent-encoded, as in a URL.
    """
    fitting = []
    for route in routes:
        method, _, wanted = str(route.get("routeKey", "")).partition(" ")
        names, parts = wanted.strip("/").split("/"), path.split("/")
        if method in (verb, "ANY") and len(names) == len(parts) and all(map(_fits, names, parts)):
            fitting.append((wanted.count("{"), method == "ANY", route))
    return min(fitting, key=lambda each: each[:2])[2] if fitting else None


def make_event(call: Any, route: str, variables: Mapping[str, str], describe_body: Callable[[bytes], Any]) -> bytes:
    """The event as JSON. ``route`` is the route's key, such as ``GET /hits/{name}``."""
    headers: dict[str, list[str]] = {}
    for name, value in call.headers:
        headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    names = route.partition(" ")[2].strip("/").split("/")
    pairs = zip(names, call.path.split("/"), strict=True)
    raw_path = f"/{call.stage}/{unquote(call.path)}"
    queries = parse_qs(call.query, keep_blank_values=True)
    event = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": raw_path,
        "rawQueryString": call.query,
        "headers": {name: ",".join(values) for name, values in headers.items()},
        "pathParameters": {name[1:-1]: unquote(part) for name, part in pairs if name[:1] == "{"},
        "stageVariables": dict(variables),
        "requestContext": {
            "accountId": "000000000000",
            "apiId": call.api,
            "http": {"method": call.verb, "path": raw_path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
            "requestId": str(uuid.uuid4()),
            "routeKey": route,
            "stage": call.stage,
            "timeEpoch": int(time.time() * 1000),
        },
    }
    # Payload 2.0 has no keys for absent values.
    queried = {"queryStringParameters": {name: ",".join(values) for name, values in queries.items()}} if queries else {}
    body = {name: value for name, value in describe_body(call.body).items() if value is not None}
    return json.dumps({**event, **queried, **body}).encode()


def read_answer(body: bytes, read: Callable[[bytes], Any]) -> Any:
    """Status, headers and body. A result without ``statusCode`` is itself the body, with status 200 (payload 2.0)."""
    answer = json.loads(body)
    if isinstance(answer, dict) and "statusCode" in answer:
        return read(body)
    return 200, {"content-type": "application/json"}, answer.encode() if isinstance(answer, str) else body


def _fits(name: str, part: str) -> bool:
    return bool(part) and (name[:1] == "{" or name == unquote(part))


async def _find_function(app: App, mapping: Any, call: Any, verb: str) -> tuple[str, str, Mapping[str, str]] | None:
    """ARN, route key and stage variables, or ``None`` if no route reaches a function that a stage variable names."""
    api = f"/v2/apis/{call['api']}"
    routes = await mapping.ask(app, "apigateway", "GET", f"{api}/routes")
    route = find_route(json.loads(routes.body).get("items", []), verb, call["path"]) if routes.status == 200 else None
    if route is None:
        return None
    target = str(route.get("target", "")).rpartition("/")[2]
    integration = await mapping.ask(app, "apigateway", "GET", f"{api}/integrations/{target}")
    uri = json.loads(integration.body).get("integrationUri", "") if integration.status == 200 else ""
    if not mapping.VARIABLE.search(uri):
        return None
    stage = await mapping.ask(app, "apigateway", "GET", f"{api}/stages/{call['stage']}")
    variables = json.loads(stage.body).get("stageVariables") or {} if stage.status == 200 else {}
    function = mapping.FUNCTION.search(uri)
    arn = mapping.VARIABLE.sub(lambda found: variables.get(found[1], ""), function["arn"] if function else uri)
    return arn, str(route["routeKey"]), variables
