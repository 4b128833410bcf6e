"""Create the event of a REST API's Lambda proxy integration (payload 1.0), and read the function's answer.

The formats are those of the API Gateway guide, "Lambda proxy integrations in API Gateway".
"""

import base64
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from .calls import JSON, Answer, Call, make_error


def make_event(call: Call, resource: str, parameters: Mapping[str, str], variables: Mapping[str, str]) -> bytes:
    """The event as JSON. ``resource`` is the path with its parameters' names, such as ``/hits/{name}``.

    Path and path parameters keep their percent-encoding, as in the URL. The query is decoded.
    """
    headers = read_headers(call)
    queries = parse_qs(call.query, keep_blank_values=True)
    event = {
        "resource": resource,
        "path": f"/{call.path}",
        "httpMethod": call.verb,
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {name: values[-1] for name, values in queries.items()} or None,
        "multiValueQueryStringParameters": queries or None,
        "pathParameters": dict(parameters) or None,
        "stageVariables": dict(variables) or None,
        "requestContext": _describe_request(call, resource),
        **describe_body(call.body),
    }
    return json.dumps(event).encode()


def read_answer(body: bytes) -> Answer:
    """The function's answer. The status is 502 if API Gateway would refuse the answer."""
    try:
        answer = json.loads(body)
        status = int(answer["statusCode"])
        multiple = {name: values[-1] for name, values in (answer.get("multiValueHeaders") or {}).items()}
        given = {**(answer.get("headers") or {}), **multiple}
        text = str(answer.get("body") or "")
        content = base64.b64decode(text) if answer.get("isBase64Encoded") else text.encode()
    except (ValueError, TypeError, KeyError, AttributeError):
        return make_error(502, "Internal server error")
    headers = {str(name).lower(): str(value) for name, value in given.items()}
    return Answer(status, {**JSON, **headers}, content)


def _describe_request(call: Call, resource: str) -> dict[str, Any]:
    return {
        "accountId": "000000000000",
        "apiId": call.api,
        "stage": call.stage,
        "resourcePath": resource,
        "httpMethod": call.verb,
        "path": f"/{call.stage}/{call.path}",
        "protocol": "HTTP/1.1",
        "requestId": str(uuid.uuid4()),
        "requestTimeEpoch": int(time.time() * 1000),
        "identity": {"sourceIp": "127.0.0.1", "userAgent": read_headers(call).get("user-agent", [""])[-1]},
    }


def read_headers(call: Call) -> dict[str, list[str]]:
    """The values of each header, in the order of the call."""
    headers: dict[str, list[str]] = {}
    for name, value in call.headers:
        headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    return headers


def describe_body(body: bytes) -> dict[str, Any]:
    """The keys ``body`` and ``isBase64Encoded`` of an event. A body that isn't UTF-8 is encoded in Base64."""
    try:
        return {"body": body.decode() or None, "isBase64Encoded": False}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
