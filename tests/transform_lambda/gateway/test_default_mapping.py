"""A `Lambda` integration without a mapping gets one: path parameters in the event, errors as statuses."""

import json

import pytest

from macro.plugins.gateways.mapping import BODIES, ERRORS, make_templates
from tests.support.gateway_companion import GatewayCompanion, wanted
from tests.support.gateways import FUNCTION
from tests.support.velocity import evaluate
from transform_lambda.gateway.default_mapping import with_default_mapping

LAMBDA = {"Type": "Lambda", "FunctionArn": FUNCTION}


def template_for(path, **more):
    found = with_default_mapping({"Path": path, "IntegrationRequest": LAMBDA, **more})
    return found["IntegrationRequest"]["RequestTemplates"]


def test_a_function_gets_the_paths_parameters_by_their_names():
    templates = template_for("{name}/of/{user-id}/{rest+}")
    parameters = {"name": "a%20b", "user-id": "é+1", "rest": "x/y%2Fz"}
    (text,) = {evaluate(template, parameters) for template in templates.values()}
    assert json.loads(text) == {"name": "a b", "user-id": "é+1", "rest": "x/y/z"}


def test_no_parameter_takes_the_variable_of_another():
    (template,) = set(template_for("{p1}/{a-b}").values())
    assert json.loads(evaluate(template, {"p1": "x", "a-b": "y"})) == {"p1": "x", "a-b": "y"}


@pytest.mark.parametrize("method", ["GET", "POST", "ANY"])
def test_the_default_for_a_name_is_the_macros_mapping(method):
    found = with_default_mapping({"Path": "{name}", "Method": method, "IntegrationRequest": LAMBDA})
    responses = {
        status: (each["SelectionPattern"], each["Templates"]) for status, each in found["Responses"].items() if each
    }

    assert found["IntegrationRequest"]["RequestTemplates"] == make_templates(method)
    assert responses == {
        status: (pattern, {"application/json": BODIES[status]}) for status, (pattern, _) in ERRORS.items()
    }


@pytest.mark.parametrize("name", ["input", "util", "context", "stageVariables"])
def test_a_parameter_with_a_name_of_api_gateways_own_variables_hides_none(name):
    (template,) = set(template_for(f"{{{name}}}/{{b}}").values())
    assert json.loads(evaluate(template, {name: "x", "b": "y"})) == {name: "x", "b": "y"}


@pytest.mark.parametrize(("method", "takes_forms"), [("GET", False), ("POST", True), ("ANY", True)])
def test_a_method_with_a_body_takes_what_pages_send(method, takes_forms):
    kinds = template_for("{name}", Method=method)
    assert "application/json" in kinds
    assert ("text/plain;charset=UTF-8" in kinds) == takes_forms


@pytest.mark.parametrize(
    "own",
    [
        pytest.param({"RequestTemplates": {"application/json": "{}"}}, id="templates"),
        pytest.param({"PassthroughBehavior": "WHEN_NO_TEMPLATES"}, id="passthrough"),
    ],
)
def test_an_authors_own_mapping_stays(own):
    integration = {**LAMBDA, **own}
    found = with_default_mapping({"Path": "{name}", "IntegrationRequest": integration})
    assert found["IntegrationRequest"] == integration


@pytest.mark.parametrize("kind", ["LambdaProxy", "Http", "Mock"])
def test_other_integrations_stay(kind):
    typed = {"Path": "{name}", "IntegrationRequest": {"Type": kind}}
    assert with_default_mapping(typed) == typed


def test_a_functions_error_never_arrives_as_200_by_default():
    companion = GatewayCompanion()
    companion.create(wanted(IntegrationRequest=LAMBDA))
    (api,) = companion.gateways.apis
    integration = companion.gateways.method(api, "/{name}")["methodIntegration"]
    patterns = {status: each.get("selectionPattern") for status, each in integration["integrationResponses"].items()}
    assert patterns.pop("200") is None
    assert set(patterns) == {"400", "500", "503", "504"}


def test_responses_of_the_authors_own_stay():
    companion = GatewayCompanion()
    companion.create(wanted(IntegrationRequest=LAMBDA, Responses={"200": {}}))
    (api,) = companion.gateways.apis
    assert list(companion.gateways.method(api, "/{name}")["methodResponses"]) == ["200"]
