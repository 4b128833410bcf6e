"""The engine's REST APIs evaluate a counter's mapping templates, which MiniStack doesn't."""

import json

import pytest

from macro.cli.engine.api_gateway.rest_api import choose_response, find_method
from macro.cli.engine.engine import run_engine
from macro.cli.engine.run.request import request
from macro.plugins.gateways.mapping import REQUEST_TEMPLATE as TEMPLATE
from tests.engine.test_engine import make_function
from tests.support.ministack import client_for

pytestmark = pytest.mark.thorough

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:hits"
URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
CODE = """
def handler(event, context):
    if event == {"name": "bad"}:
        raise ValueError("[400] is bad")
    if event == {"name": "worse"}:
        raise ValueError("worse")
    return event
"""
BAD = '{"message": "Bad Request"}'


@pytest.fixture(scope="module")
def base():
    with run_engine() as engine:
        make_function(engine, code=CODE)
        yield f"{engine.url}/_aws/execute-api/{make_api(engine)}/prod"


def make_api(engine):
    gateway = client_for(engine.url, service="apigateway")
    api = gateway.create_rest_api(name="hits")
    parent = gateway.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart="hits")["id"]
    child = gateway.create_resource(restApiId=api["id"], parentId=parent, pathPart="{name}")["id"]
    for verb, kind, template in (
        ("GET", "AWS", TEMPLATE),
        ("PUT", "AWS", "$input.body"),
        ("POST", "AWS_PROXY", TEMPLATE),
    ):
        place = {"restApiId": api["id"], "resourceId": child, "httpMethod": verb}
        gateway.put_method(**place, authorizationType="NONE")
        gateway.put_integration(
            **place, type=kind, integrationHttpMethod="POST", uri=URI, requestTemplates={"application/json": template}
        )
        gateway.put_method_response(**place, statusCode="200")
        gateway.put_method_response(**place, statusCode="400")
        gateway.put_integration_response(
            **place, statusCode="200", responseParameters={"method.response.header.Cache-Control": "'no-store'"}
        )
        gateway.put_integration_response(
            **place, statusCode="400", selectionPattern=r"\[400\].*", responseTemplates={"application/json": BAD}
        )
    gateway.create_deployment(restApiId=api["id"], stageName="prod")
    return api["id"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("home", "home"),
        ("a%20b", "a b"),
        ("%C3%A9%22%5C'", "é\"\\'"),
        ("a%2Fb?name=other", "a/b"),
        ("%7Bname%7D", "{name}"),
    ],
)
def test_a_function_gets_only_the_name(base, path, name):
    status, body = request("GET", f"{base}/hits/{path}")

    assert (status, json.loads(body)) == (200, {"name": name})


def test_an_error_is_answered_with_the_status_at_its_beginning(base):
    assert request("GET", f"{base}/hits/bad") == (400, BAD)


def test_an_error_that_no_pattern_matches_is_answered_as_a_result(base):
    status, body = request("GET", f"{base}/hits/worse")

    assert (status, json.loads(body)["errorMessage"]) == (200, "worse")


@pytest.mark.parametrize(("verb", "path", "status"), [("GET", "hits", 403), ("DELETE", "hits/home", 403)])
def test_the_engine_answers_unknown_paths(base, verb, path, status):
    assert request(verb, f"{base}/{path}").status == status


def test_the_engine_answers_methods_with_other_templates(base):
    status, body = request("PUT", f"{base}/hits/home")

    assert (status, json.loads(body)["pathParameters"]) == (200, {"name": "home"})


def describe(path, **methods):
    integration = {"type": "AWS", "uri": URI, "requestTemplates": {"application/json": TEMPLATE}}
    return {
        "path": path,
        "resourceMethods": {verb: {"methodIntegration": {**integration, **more}} for verb, more in methods.items()},
    }


@pytest.mark.parametrize(
    ("path", "verb", "parameters"),
    [
        ("a", "GET", {"name": "a"}),
        ("a", "POST", None),
        ("known", "GET", None),
        ("a/b", "GET", {"one": "a", "two": "b"}),
        ("a/known", "GET", {"one": "a"}),
        ("x/y", "PUT", {"one": "x", "two": "y"}),
        ("a/", "GET", None),
        ("a/b/c", "GET", None),
    ],
)
def test_the_method_with_the_fewest_path_parameters_has_priority(path, verb, parameters):
    resources = [
        describe("/{name}", GET={}),
        describe("/known", GET={"type": "AWS_PROXY"}),
        describe("/{one}/{two}", ANY={}),
        describe("/{one}/known", GET={}),
    ]

    found = find_method(resources, path, verb)

    assert (found and found.parameters) == parameters


@pytest.mark.parametrize(
    "wrong",
    [
        {"requestTemplates": {}},
        {"requestTemplates": {"application/json": TEMPLATE.replace('"}', "}")}},
        {"uri": "arn:aws:apigateway:us-east-1:sqs:path/000000000000/hits"},
        {"uri": None, "type": "MOCK"},
    ],
)
def test_methods_with_other_mappings_are_left_to_the_engine(wrong):
    assert find_method([describe("/{name}", GET=wrong)], "home", "GET") is None


@pytest.mark.parametrize(
    ("error", "status"), [(None, "200"), ("[400] x", "400"), ("of [400]", "500"), ("[400]\nx", "400"), ("", "200")]
)
def test_a_response_pattern_must_match_the_whole_error(error, status):
    patterns = {"200": "", "400": r"\[400\][\s\S]*", "500": r"(?!\[400\])[\s\S]*"}
    responses = {code: {"statusCode": code, "selectionPattern": pattern} for code, pattern in patterns.items()}

    assert choose_response({"integrationResponses": responses}, error)["statusCode"] == status
