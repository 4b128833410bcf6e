"""Answer calls of HTTP APIs with events as AWS sends them, and find functions that stage variables name.

MiniStack takes an encoded slash for the end of a name, leaves ``%25`` encoded, and looks for a function with a stage
variable's name. The event has payload 2.0 (API Gateway guide, "Create AWS Lambda proxy integrations for HTTP APIs").
"""

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

from . import proxy
from .calls import JSON, VARIABLE, Answer, App, Call, find_function, has_failed, invoke, look_up


class Route(NamedTuple):
    """The route that a call reaches: its key such as ``GET /hits/{name}``, its function's ARN, and stage variables."""

    key: str
    function: str
    variables: Mapping[str, str]


async def reach_route(app: App, call: Call) -> Route | None:
    """The route, or ``None`` if the engine itself answers the call.

    Only the engine can authorize calls and add headers for other origins.
    """
    place = f"/v2/apis/{call.api}"
    api, routes = await look_up(app, place), await look_up(app, f"{place}/routes")
    found = find_route(routes.get("items", []), call.verb, call.path) if api and routes else None
    if found is None or found.get("authorizationType", "NONE") != "NONE":
        return None
    target = str(found.get("target", "")).rpartition("/")[2]
    integration = await look_up(app, f"{place}/integrations/{target}") or {}
    stage = await look_up(app, f"{place}/stages/{call.stage}")
    uri, variables = str(integration.get("integrationUri") or ""), (stage or {}).get("stageVariables") or {}
    is_plain = integration.get("payloadFormatVersion") == "2.0" and not api.get("corsConfiguration")
    function = find_function(uri, variables) if stage and (is_plain or VARIABLE.search(uri)) else ""
    return Route(str(found["routeKey"]), function, variables) if function else None


async def answer_http(app: App, route: Route, call: Call) -> Answer:
    """The answer of the route's function."""
    result = await invoke(app, route.function, make_event(call, route.key, route.variables))
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
    """The event as JSON. ``route`` is the route's key, such as ``GET /hits/{name}``.

    Path and path parameters are decoded once. The query is there decoded, and as in the URL.
    """
    headers = {name: ",".join(values) for name, values in proxy.read_headers(call).items()}
    cookies = headers.pop("cookie", "")
    names = route.partition(" ")[2].strip("/").split("/")
    pairs = zip(names, call.path.split("/"), strict=True)
    queries = parse_qs(call.query, keep_blank_values=True)
    event = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": _name_path(call),
        "rawQueryString": call.query,
        "cookies": cookies.split("; ") if cookies else None,
        "headers": headers,
        "queryStringParameters": {name: ",".join(values) for name, values in queries.items()} or None,
        "pathParameters": {name[1:-1]: unquote(part) for name, part in pairs if name[:1] == "{"} or None,
        "stageVariables": dict(variables) or None,
        "requestContext": _describe_request(call, route, headers.get("user-agent", "")),
        **proxy.describe_body(call.body),
    }
    # Payload 2.0 has no keys for absent values.
    return json.dumps({name: value for name, value in event.items() if value is not None}).encode()


def read_answer(body: bytes) -> Answer:
    """The answer. A result without ``statusCode`` is itself the body, with status 200 (payload 2.0)."""
    answer = json.loads(body)
    if isinstance(answer, dict) and "statusCode" in answer:
        return proxy.read_answer(body)
    content = answer.encode() if isinstance(answer, str) else body
    return Answer(200, JSON, content)


def _name_path(call: Call) -> str:
    path = f"/{unquote(call.path)}"
    return path if call.stage == "$default" else f"/{call.stage}{path}"


def _describe_request(call: Call, route: str, user_agent: str) -> dict[str, Any]:
    request = {"method": call.verb, "path": _name_path(call), "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"}
    return {
        "accountId": "000000000000",
        "apiId": call.api,
        "http": {**request, "userAgent": user_agent},
        "requestId": str(uuid.uuid4()),
        "routeKey": route,
        "stage": call.stage,
        "timeEpoch": int(time.time() * 1000),
    }


def _fits(name: str, part: str) -> bool:
    return bool(part) and (name[:1] == "{" or name == unquote(part))
