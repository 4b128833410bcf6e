"""The event of an HTTP API, and what becomes of the answer."""

import json

import pytest

from macro.cli.engine.api_gateway.calls import Call
from macro.cli.engine.api_gateway.http_api import find_route, make_event, read_answer
from tests.support.events import read_event

ROUTES = [{"routeKey": key} for key in ("GET /hits/{name}", "ANY /hits/{name}", "GET /hits/all", "$default")]
JSON = {"content-type": "application/json"}


def describe(**more):
    given = {"verb": "GET", "api": "abc", "stage": "dev", "path": "hits/a%20b", "query": "", "headers": [], "body": b""}
    call = Call(**{**given, **more})
    return json.loads(make_event(call, "GET /hits/{name}", {"app": "hits"}))


def test_an_event_is_as_one_that_was_recorded():
    recorded = read_event("http_2_0")
    headers = {**recorded["headers"], "cookie": "; ".join(recorded["cookies"])}
    pairs = [(key.encode(), value.encode()) for key, value in headers.items()]
    path = read_event("rest_proxy")["path"].lstrip("/")
    call = Call("GET", recorded["requestContext"]["apiId"], "prod", path, recorded["rawQueryString"], pairs)

    event = json.loads(make_event(call, recorded["routeKey"], {}))

    assert {**event, "requestContext": {}} == {**recorded, "requestContext": {}}
    assert set(event["requestContext"]) <= set(recorded["requestContext"])
    assert {**event["requestContext"]["http"], "sourceIp": "203.0.113.7"} == recorded["requestContext"]["http"]


def test_the_stage_that_has_no_name_stands_in_no_path():
    assert describe(stage="$default")["rawPath"] == "/hits/a b"


@pytest.mark.parametrize(
    ("verb", "path", "key"),
    [
        ("GET", "hits/home", "GET /hits/{name}"),
        ("POST", "hits/home", "ANY /hits/{name}"),
        ("GET", "hits/all", "GET /hits/all"),
        ("GET", "hits/a%2Fb", "GET /hits/{name}"),
        ("GET", "hits/", None),
        ("GET", "hits/home/more", None),
    ],
)
def test_the_route_with_the_fewest_parameters_is_reached(verb, path, key):
    assert (find_route(ROUTES, verb, path) or {}).get("routeKey") == key


def test_an_event_tells_route_path_parameters_and_the_stages_variables():
    event = describe(query="a=1&a=2", headers=[(b"x", b"1"), (b"x", b"2")])

    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "GET /hits/{name}", "/dev/hits/a b")
    assert (event["pathParameters"], event["stageVariables"]) == ({"name": "a b"}, {"app": "hits"})
    assert (event["queryStringParameters"], event["headers"]) == ({"a": "1,2"}, {"x": "1,2"})
    assert event["requestContext"]["http"]["method"] == "GET"


def test_what_there_is_none_of_is_left_out():
    assert {"body", "queryStringParameters"}.isdisjoint(describe())
    assert describe(body=b"\xff")["body"] == "/w=="


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"statusCode": 404, "body": "no"}, (404, JSON, b"no")),
        (7, (200, JSON, b"7")),
        ("text", (200, JSON, b"text")),
        ({"count": 1}, (200, JSON, b'{"count": 1}')),
    ],
)
def test_an_answer_without_a_status_is_itself_the_body(answer, told):
    assert read_answer(json.dumps(answer).encode()) == told
