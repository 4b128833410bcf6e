"""Properties: what a template says of a gateway, in words and types of API Gateway's model, checked first of all."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from transform_lambda.contract import Json, Request, ResourceError
from transform_lambda.ports import Gateways
from transform_lambda.resources.gateway_place import ROOT, Place
from transform_lambda.resources.gateway_problems import TYPES, find_problems, is_lambda
from transform_lambda.resources.gateway_words import (
    API,
    AUTHORIZATION,
    INTEGRATION,
    RESPONSE,
    properties_shape,
    renamed,
)
from transform_lambda.typed import type_properties

_VALIDATORS = {
    (True, True): "hitcounter-body-and-parameters",
    (True, False): "hitcounter-body",
    (False, True): "hitcounter-parameters",
}
"""Names of request validators by what they look at: the body, the parameters."""
OWN_VALIDATORS = frozenset(_VALIDATORS.values())


@dataclass(frozen=True)
class Wanted:
    """A gateway as the template wants it; maps are in API Gateway's own words and types."""

    place: Place
    api: Mapping[str, Json] = field(repr=False)
    """What CreateRestApi takes, but for the name."""
    method: Mapping[str, Json] = field(repr=False)
    """What PutMethod takes, but for the mark and the validator."""
    validator: str
    """Its name; empty for none."""
    integration: Mapping[str, Json] = field(repr=False)
    method_responses: Mapping[str, Mapping[str, Json]] = field(repr=False)
    """By status, as PutMethodResponse takes them."""
    integration_responses: Mapping[str, Mapping[str, Json]] = field(repr=False)
    stage_name: str
    stage: Mapping[str, Json] = field(repr=False)
    """By the template's names."""
    functions: tuple[str, ...]
    """Those that the method is to be allowed to call."""


def read_wanted(gateways: Gateways, request: Request) -> Wanted:
    """The gateway that `request.properties` describe.

    Raises:
        ResourceError: all that is wrong, each as property, what is wrong and what would be right.
    """
    given = {name: value for name, value in request.properties.items() if value is not None}
    typed = type_properties(properties_shape(gateways), _with_policy_as_text(given))
    problems = list(find_problems(typed))
    if problems:
        raise ResourceError("\n".join(problems))
    validation = typed.get("RequestValidation", {})
    responses = typed.get("Responses", {})
    is_proxy = TYPES[typed["IntegrationRequest"]["Type"]].endswith("_PROXY")
    return Wanted(
        place=read_typed_place(typed),
        api=_api(typed.get("Api", {})),
        method=_method(typed),
        validator=_VALIDATORS.get((validation.get("Body", False), validation.get("Parameters", False)), ""),
        integration=_integration(typed["IntegrationRequest"], request),
        method_responses={status: _method_response(each) for status, each in responses.items()},
        integration_responses={} if is_proxy else {code: renamed(each, RESPONSE) for code, each in responses.items()},
        stage_name=typed.get("StageName", ""),
        stage=typed.get("Stage", {}),
        functions=functions_in(typed),
    )


def read_typed_place(properties: Mapping[str, Json]) -> Place:
    """The place that checked properties tell."""
    path = ROOT + str(properties.get("Path", ROOT)).strip("/")
    api_id, api_name = (str(properties.get(name, "")) for name in ("RestApiId", "ApiName"))
    return Place(api_id, api_name, str(properties.get("Method", "GET")), path)


def functions_in(properties: Mapping[str, Json]) -> tuple[str, ...]:
    """The functions that properties, checked or not, name to be called."""
    integration, given = properties.get("IntegrationRequest"), properties.get("PermissionFor")
    if isinstance(given, (list, tuple)):
        return tuple(dict.fromkeys(str(each) for each in given))
    if not isinstance(integration, Mapping) or not is_lambda(integration):
        return ()
    function = str(integration.get("FunctionArn", ""))
    return () if "${" in function or not function else (function,)


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


def _integration(given: Mapping[str, Json], request: Request) -> dict[str, Json]:
    named = {**given, "TlsConfig": _lower(given["TlsConfig"])} if "TlsConfig" in given else given
    call = {"type": TYPES[given["Type"]], **renamed(named, INTEGRATION)}
    if not is_lambda(given):
        return call
    _, partition, _, region, *_ = request.stack_id.split(":")
    function = given["FunctionArn"]
    region = function.split(":")[3] or region
    uri = f"arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations"
    return {**call, "uri": uri, "integrationHttpMethod": "POST"}


def _method_response(given: Mapping[str, Any]) -> dict[str, Json]:
    parameters = dict.fromkeys(given.get("Parameters", {}), False)
    return {"responseParameters": parameters, "responseModels": given.get("Models", {})}


def _lower(given: Mapping[str, Json]) -> dict[str, Json]:
    return {name[:1].lower() + name[1:]: value for name, value in given.items()}
