"""Reads a gateway's properties with the types of API Gateway's own model, and checks them before any change."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from transform_lambda.contract import Json, Request, ResourceError
from transform_lambda.gateway.default_mapping import with_default_mapping
from transform_lambda.gateway.names import API, AUTHORIZATION, INTEGRATION, RESPONSE, properties_shape, renamed
from transform_lambda.gateway.place import ROOT, Place
from transform_lambda.gateway.problems import TYPES, find_problems, is_lambda
from transform_lambda.gateway.wanted_stages import (
    WantedStage,
    deployed_names,
    function_pattern,
    functions_in,
    stages_in,
)
from transform_lambda.ports import Gateways
from transform_lambda.typed import type_properties

_VALIDATORS = {
    (True, True): "hitcounter-body-and-parameters",
    (True, False): "hitcounter-body",
    (False, True): "hitcounter-parameters",
}
"""The names of request validators, by whether they check the body and the parameters."""
OWN_VALIDATORS = frozenset(_VALIDATORS.values())


@dataclass(frozen=True)
class Wanted:
    """A gateway as the template wants it. The maps have API Gateway's own names and types."""

    place: Place
    api: Mapping[str, Json] = field(repr=False)
    """The parameters of CreateRestApi, without the name."""
    method: Mapping[str, Json] = field(repr=False)
    """The parameters of PutMethod, without the mark and the validator."""
    validator: str
    """The request validator's name. Empty for none."""
    integration: Mapping[str, Json] = field(repr=False)
    method_responses: Mapping[str, Mapping[str, Json]] = field(repr=False)
    """The parameters of PutMethodResponse, by status."""
    integration_responses: Mapping[str, Mapping[str, Json]] = field(repr=False)
    stages: tuple[WantedStage, ...] = field(repr=False)
    """The stages that serve the gateway, even if another resource deploys them."""
    are_several: bool
    """Whether the template names the stages by `Stages`."""
    deployed: tuple[str, ...]
    """The names of the stages to which the resource deploys."""
    functions: Mapping[str, tuple[str, ...]]
    """The functions that the method may call, each with the stages that call the function. "" means any stage."""


def read_wanted(gateways: Gateways, request: Request) -> Wanted:
    """The gateway that `request.properties` describe, after all checks.

    Raises:
        ResourceError: all problems. Each one names the property, what is wrong and what would be right.
    """
    given = {name: value for name, value in request.properties.items() if value is not None}
    typed = type_properties(properties_shape(gateways), _with_policy_as_text(given))
    if problems := list(find_problems(typed)):
        raise ResourceError("\n".join(problems))
    typed = with_default_mapping(typed)
    validation = typed.get("RequestValidation", {})
    responses = typed.get("Responses", {})
    place = read_typed_place(typed)
    integration = _integration(typed, request) if place.has_method else {}
    is_proxy = str(integration.get("type")).endswith("_PROXY")
    return Wanted(
        place=place,
        api=_api(typed.get("Api", {})),
        method=_method(typed),
        validator=_VALIDATORS.get((validation.get("Body", False), validation.get("Parameters", False)), ""),
        integration=integration,
        method_responses={status: _method_response(each) for status, each in responses.items()},
        integration_responses={} if is_proxy else {code: renamed(each, RESPONSE) for code, each in responses.items()},
        stages=stages_in(typed, request),
        are_several="Stages" in typed,
        deployed=deployed_names(typed, request),
        functions=functions_in(typed),
    )


def read_typed_place(properties: Mapping[str, Json]) -> Place:
    """The place that the checked properties name."""
    api_id, api_name = (str(properties.get(name, "")) for name in ("RestApiId", "ApiName"))
    if "Methods" in properties:
        return Place(api_id, api_name)
    path = ROOT + str(properties.get("Path", ROOT)).strip("/")
    return Place(api_id, api_name, str(properties.get("Method", "GET")), path)


def _with_policy_as_text(properties: Mapping[str, Json]) -> dict[str, Json]:
    api = properties.get("Api")
    if not isinstance(api, Mapping) or not isinstance(api.get("Policy"), Mapping):
        return dict(properties)
    return {**properties, "Api": {**api, "Policy": json.dumps(api["Policy"], sort_keys=True)}}


def _api(given: Mapping[str, Json]) -> dict[str, Json]:
    name = "EndpointConfiguration"
    return renamed({**given, name: _lower(given[name])} if name in given else given, API)


def _method(typed: Mapping[str, Any]) -> dict[str, Json]:
    return {
        "authorizationType": "NONE",
        **renamed(typed.get("Authorization", {}), AUTHORIZATION),
        "apiKeyRequired": typed.get("ApiKeyRequired", False),
        "requestParameters": typed.get("RequestParameters", {}),
        "requestModels": typed.get("RequestModels", {}),
    }


def _integration(typed: Mapping[str, Any], request: Request) -> dict[str, Json]:
    given = typed["IntegrationRequest"]
    named = {**given, "TlsConfig": _lower(given["TlsConfig"])} if "TlsConfig" in given else given
    call = {"type": TYPES[given["Type"]], **renamed(named, INTEGRATION)}
    if not is_lambda(given):
        return call
    _, partition, _, region, *_ = request.stack_id.split(":")
    function = given.get("FunctionArn") or function_pattern(typed, request)
    region = function.split(":")[3] or region
    uri = f"arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations"
    return {**call, "uri": uri, "integrationHttpMethod": "POST"}


def _method_response(given: Mapping[str, Any]) -> dict[str, Json]:
    parameters = dict.fromkeys(given.get("Parameters", {}), False)
    return {"responseParameters": parameters, "responseModels": given.get("Models", {})}


def _lower(given: Mapping[str, Json]) -> dict[str, Json]:
    return {name[:1].lower() + name[1:]: value for name, value in given.items()}
