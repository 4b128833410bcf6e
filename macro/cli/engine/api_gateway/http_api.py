"""Answer calls of HTTP APIs whose function is named by stage variables. MiniStack takes the variable's name for it.

The event has payload 2.0 (API Gateway guide, "Create AWS Lambda proxy integrations for HTTP APIs").
"""

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

from . import proxy
from .calls import JSON, VARIABLE, Answer, App, Call, ask, has_failed, invoke, read_stage_variables


class Route(NamedTuple):
    """The route that a call reaches: its key such as ``GET /hits/{name}``, its function's URI, and stage variables."""

    key: str
    uri: str
    variables: Mapping[str, str]


async def reach_route(app: App, call: Call) -> Route | None:
    """The route, or ``None`` if no route reaches a function that a stage variable names."""
    api = f"/v2/apis/{call.api}"
    routes = await ask(app, "apigateway", f"{api}/routes")
    found = find_route(json.loads(routes.body).get("items", []), call.verb, call.path) if routes.status == 200 else None
    if found is None:
        return None
    target = str(found.get("target", "")).rpartition("/")[2]
    integration = await ask(app, "apigateway", f"{api}/integrations/{target}")
    uri = json.loads(integration.body).get("integrationUri", "") if integration.status == 200 else ""
    if not VARIABLE.search(uri):
        return None
    variables = await read_stage_variables(app, f"{api}/stages/{call.stage}", "stageVariables")
    return None if variables is None else Route(str(found["routeKey"]), uri, variables)


async def answer_http(app: App, route: Route, call: Call) -> Answer:
    """The answer of the route's function."""
    result = await invoke(app, route.uri, route.variables, make_event(call, route.key, route.variables))
    return Answer(500, JSON, b'{"message":"Internal Server Error"}') if has_failed(result) else read_answer(result.body)


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


def make_event(call: Call, route: str, variables: Mapping[str, str]) -> bytes:
    """The event as JSON. ``route`` is the route's key, such as ``GET /hits/{name}``."""
    names = route.partition(" ")[2].strip("/").split("/")
    pairs = zip(names, call.path.split("/"), strict=True)
    queries = parse_qs(call.query, keep_blank_values=True)
    event = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": f"/{call.stage}/{unquote(call.path)}",
        "rawQueryString": call.query,
        "headers": {name: ",".join(values) for name, values in proxy.read_headers(call).items()},
        "pathParameters": {name[1:-1]: unquote(part) for name, part in pairs if name[:1] == "{"},
        "stageVariables": dict(variables),
        "requestContext": _describe_request(call, route),
    }
    # Payload 2.0 has no keys for absent values.
    queried = {"queryStringParameters": {name: ",".join(values) for name, values in queries.items()}} if queries else {}
    body = {name: value for name, value in proxy.describe_body(call.body).items() if value is not None}
    return json.dumps({**event, **queried, **body}).encode()


def read_answer(body: bytes) -> Answer:
    """The answer. A result without ``statusCode`` is itself the body, with status 200 (payload 2.0)."""
    answer = json.loads(body)
    if isinstance(answer, dict) and "statusCode" in answer:
        return proxy.read_answer(body)
    content = answer.encode() if isinstance(answer, str) else body
    return Answer(200, JSON, content)


def _describe_request(call: Call, route: str) -> dict[str, Any]:
    path = f"/{call.stage}/{unquote(call.path)}"
    return {
        "accountId": "000000000000",
        "apiId": call.api,
        "http": {"method": call.verb, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
        "requestId": str(uuid.uuid4()),
        "routeKey": route,
        "stage": call.stage,
        "timeEpoch": int(time.time() * 1000),
    }


def _fits(name: str, part: str) -> bool:
    return bool(part) and (name[:1] == "{" or name == unquote(part))
