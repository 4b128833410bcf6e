"""The engine's REST APIs with mapping templates and events as AWS sends them, which MiniStack alone leaves out."""

import json

import pytest

from macro.cli.engine.api_gateway.rest_api import choose_response, choose_template, find_method
from macro.cli.engine.engine import run_engine
from macro.cli.engine.run.request import request
from macro.plugins.gateways.mapping import REQUEST_TEMPLATE as TEMPLATE
from tests.engine.test_engine import make_function
from tests.support.ministack import client_for

pytestmark = pytest.mark.thorough

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:hits"
URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
CODE = """
import json

def handler(event, context):
    if event == {"name": "bad"}:
        raise ValueError("[400] is bad")
    if event == {"name": "worse"}:
        raise ValueError("worse")
    return {"statusCode": 200, "body": json.dumps(event)} if "httpMethod" in event else event
"""
DECODED = """{"name": "$util.escapeJavaScript($util.urlDecode($input.params('name')))"}"""
METHODS = {
    "GET": ("AWS", TEMPLATE),
    "DELETE": ("AWS", '{"raw": "$input.params(\'name\')"}'),
    "OPTIONS": ("AWS", DECODED),
    "PUT": ("AWS", "$input.body"),
    "POST": ("AWS_PROXY", TEMPLATE),
    "PATCH": ("AWS_PROXY", TEMPLATE),
}
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
    validator = gateway.create_request_validator(restApiId=api["id"], name="hits", validateRequestParameters=True)["id"]
    for verb, (kind, template) in METHODS.items():
        place = {"restApiId": api["id"], "resourceId": child, "httpMethod": verb}
        validated = {"requestValidatorId": validator} if verb == "PATCH" else {}
        gateway.put_method(**place, authorizationType="NONE", **validated)
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
        ("a+b%2Bc", "a+b+c"),
        ("100%25", "100%"),
    ],
)
def test_a_function_gets_the_name_alone(base, path, name):
    status, body = request("GET", f"{base}/hits/{path}")

    assert (status, json.loads(body)) == (200, {"name": name})


def test_an_error_becomes_the_status_that_its_text_begins_with(base):
    assert request("GET", f"{base}/hits/bad") == (400, BAD)


def test_an_error_that_no_pattern_matches_is_answered_as_a_result(base):
    status, body = request("GET", f"{base}/hits/worse")

    assert (status, json.loads(body)["errorMessage"]) == (200, "worse")


@pytest.mark.parametrize(("verb", "path", "status"), [("GET", "hits", 403), ("HEAD", "hits/home", 403)])
def test_what_is_not_there_is_the_engines_affair(base, verb, path, status):
    assert request(verb, f"{base}/{path}").status == status


def test_a_template_that_does_not_decode_passes_the_name_on_as_it_stands_in_the_url(base):
    status, body = request("DELETE", f"{base}/hits/a%20b")

    assert (status, json.loads(body)) == (200, {"raw": "a%20b"})


def test_a_template_that_decodes_a_broken_escape_is_answered_by_the_gateway(base):
    assert request("OPTIONS", f"{base}/hits/a%20b") == (200, '{"name": "a b"}')
    assert request("OPTIONS", f"{base}/hits/%zz") == (500, '{"message": "Internal server error"}')


@pytest.mark.parametrize("verb", ["PUT", "POST", "PATCH"], ids=["another template", "a proxy", "a checked proxy"])
def test_whoever_makes_the_event_leaves_the_name_as_it_stands_in_the_url(base, verb):
    status, body = request(verb, f"{base}/hits/caf%c3%a9%2Fa+b")

    told = json.loads(body)
    event = json.loads(told["body"]) if "statusCode" in told else told
    assert (status, event["pathParameters"]) == (200, {"name": "caf%c3%a9%2Fa+b"})
    assert (event["path"], event["requestContext"]["path"]) == ("/hits/caf%c3%a9%2Fa+b", "/prod/hits/caf%c3%a9%2Fa+b")


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
        ("known", "GET", {}),
        ("kn%6Fwn", "GET", {}),
        ("a%2Fb", "GET", {"name": "a%2Fb"}),
        ("a/b", "GET", {"one": "a", "two": "b"}),
        ("a/known", "GET", {"one": "a"}),
        ("x/y", "PUT", {"one": "x", "two": "y"}),
        ("a/", "GET", None),
        ("a/b/c", "GET", None),
    ],
)
def test_the_method_is_that_of_the_most_literal_path(path, verb, parameters):
    resources = [
        describe("/{name}", GET={}),
        describe("/known", GET={"type": "AWS_PROXY"}),
        describe("/{one}/{two}", ANY={}),
        describe("/{one}/known", GET={}),
    ]

    found = find_method(resources, path, verb)

    assert (found and found.parameters) == parameters


@pytest.mark.parametrize(
    ("content_type", "template"),
    [
        ("text/plain", "typed"),
        ("text/plain;charset=UTF-8", "exact"),
        ("Text/Plain; charset=latin-1", "typed"),
        ("text/html", None),
    ],
)
def test_a_template_is_selected_by_the_whole_content_type_or_by_the_type_alone(content_type, template):
    assert choose_template({"text/plain": "typed", "text/plain;charset=UTF-8": "exact"}, content_type) == template


@pytest.mark.parametrize(
    ("error", "status"), [(None, "200"), ("[400] x", "400"), ("of [400]", "500"), ("[400]\nx", "400"), ("", "200")]
)
def test_a_response_is_chosen_by_the_whole_text_of_an_error(error, status):
    patterns = {"200": "", "400": r"\[400\][\s\S]*", "500": r"(?!\[400\])[\s\S]*"}
    responses = {code: {"statusCode": code, "selectionPattern": pattern} for code, pattern in patterns.items()}

    assert choose_response({"integrationResponses": responses}, error)["statusCode"] == status
