"""The event of a REST API's proxy integration, and what becomes of the answer."""

import base64
import json

import pytest

from macro.cli.engine.api_gateway.calls import Call
from macro.cli.engine.api_gateway.proxy import make_event, read_answer
from tests.support.events import read_event

BAD = (502, {"content-type": "application/json"}, b'{"message": "Internal server error"}')


def describe(**more):
    given = {"verb": "GET", "api": "abc", "stage": "dev", "path": "hits/a%20b", "query": "", "headers": [], "body": b""}
    call = Call(**{**given, **more})
    return json.loads(make_event(call, "/hits/{name}", {"name": "a%20b"}, {"app": "hits"}))


def test_an_event_is_as_one_that_was_recorded():
    recorded = read_event("rest_proxy")
    name = recorded["pathParameters"]["name"]
    headers = recorded["multiValueHeaders"].items()
    pairs = [(key.lower().encode(), value.encode()) for key, values in headers for value in values]
    query = read_event("http_2_0")["rawQueryString"]
    call = Call("GET", recorded["requestContext"]["apiId"], "prod", f"hits/{name}", query, pairs)

    event = json.loads(make_event(call, recorded["resource"], {"name": name}, {}))

    own = dict.fromkeys(("headers", "multiValueHeaders", "requestContext"))
    assert {**event, **own} == {**recorded, **own}
    assert set(event["requestContext"]) <= set(recorded["requestContext"])
    assert set(event["requestContext"]["identity"]) <= set(recorded["requestContext"]["identity"])
    assert event["requestContext"]["path"] == recorded["requestContext"]["path"]
    assert event["multiValueHeaders"]["x-probe"] == recorded["multiValueHeaders"]["x-probe"]


def test_an_event_tells_the_path_its_parameters_and_the_stages_variables():
    event = describe()

    assert {name: event[name] for name in ("resource", "path", "httpMethod", "pathParameters", "stageVariables")} == {
        "resource": "/hits/{name}",
        "path": "/hits/a%20b",
        "httpMethod": "GET",
        "pathParameters": {"name": "a%20b"},
        "stageVariables": {"app": "hits"},
    }
    assert (event["requestContext"]["stage"], event["requestContext"]["path"]) == ("dev", "/dev/hits/a%20b")
    assert (event["body"], event["queryStringParameters"], event["isBase64Encoded"]) == (None, None, False)


def test_of_what_comes_several_times_the_event_has_the_last_and_all():
    event = describe(query="a=1&a=2&b=", headers=[(b"x", b"1"), (b"x", b"2")])

    assert (event["queryStringParameters"], event["multiValueQueryStringParameters"]) == (
        {"a": "2", "b": ""},
        {"a": ["1", "2"], "b": [""]},
    )
    assert (event["headers"], event["multiValueHeaders"]) == ({"x": "2"}, {"x": ["1", "2"]})


@pytest.mark.parametrize(("body", "told", "is_encoded"), [(b"text", "text", False), (b"\xff", "/w==", True)])
def test_a_body_that_is_no_text_is_encoded(body, told, is_encoded):
    event = describe(body=body)

    assert (event["body"], event["isBase64Encoded"]) == (told, is_encoded)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"statusCode": 200, "body": "1"}, (200, {"content-type": "application/json"}, b"1")),
        (
            {
                "statusCode": "404",
                "headers": {"X-A": 1, "Content-Type": "a/b"},
                "multiValueHeaders": {"X-B": ["1", "2"]},
            },
            (404, {"content-type": "a/b", "x-a": "1", "x-b": "2"}, b""),
        ),
        (
            {"statusCode": 200, "body": base64.b64encode(b"\xff").decode(), "isBase64Encoded": True},
            (200, {"content-type": "application/json"}, b"\xff"),
        ),
        ({"body": "1"}, BAD),
        (7, BAD),
        ({"statusCode": 200, "headers": [1]}, BAD),
        ({"statusCode": 200, "body": "a", "isBase64Encoded": True}, BAD),
    ],
)
def test_an_answer_is_an_envelope_or_an_error(answer, told):
    assert read_answer(json.dumps(answer).encode()) == told
