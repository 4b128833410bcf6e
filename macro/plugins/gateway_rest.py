"""A REST API in front of the function: one resource, one method, deployed anew whenever it changes, and its stages."""

import hashlib
import json

from macro.gateway import (
    REST_LOGGED,
    format_access_log,
    limit_rate,
    make_access_log,
    make_invoke_uri,
    make_permission,
    make_urls,
    make_variables,
)
from macro.mapping import BODIES, CONTENT_TYPES, ERRORS, NO_STORE, REQUEST_TEMPLATE
from macro.plugin import Json, Piece, Values, merge, tag_list

INPUTS = (
    "counter_id", "shards", "exact", "function_arn", "function_name", "path", "method", "integration", "stage",
    "stages", "parameter_values", "tags", "api_properties", "stage_properties", "log_group_properties",
)  # fmt: skip
OUTPUTS = ("api_id", "base_url", "url")

_LOG_FORMAT = format_access_log(REST_LOGGED)


def build(values: Values) -> Piece:
    """The API with its method and deployment; for each stage a permission and a log; the API's id and its URLs."""
    prefix = values["counter_id"]
    api = {"Ref": f"{prefix}Api"}
    options = values["api_properties"]
    resources = _make_resources(values, api)
    deployment_id = f"{prefix}Deployment{digest(resources, options, values)}"
    if values["integration"] == "mapped":
        _add_mapping(resources[f"{prefix}Method"]["Properties"])
    return Piece(
        values={"api_id": api},
        resources={
            f"{prefix}Api": _make_api(values, options),
            **resources,
            deployment_id: {
                "Type": "AWS::ApiGateway::Deployment",
                "DependsOn": f"{prefix}Method",
                "Properties": {"RestApiId": api},
            },
        },
        stages=[_make_stage(stage, api, deployment_id, make_variables(values, stage)) for stage in values["stages"]],
    )


def digest(resources: Json, options: Values, values: Values) -> str:
    """Ten hex digits that change with all that a deployment snapshots, template parameters by their values.

    The mapping is the same for all counters and counts by a digest of its own. The author's ``options`` count in any
    order and parameters as text, for CloudFormation need not hand them on as they stand in the template.
    """
    text = ascii(resources) + (MAPPING_DIGEST if values["integration"] == "mapped" else "")
    variables = values["stage_properties"].get("Variables")
    if options or variables:
        text += json.dumps(_as_text([options, variables or {}]), sort_keys=True)
    parameters = values["parameter_values"]
    for name in sorted(parameters):
        if f"'{name}'" in text or f'"{name}"' in text or f"${{{name}}}" in text:
            value = parameters[name]
            text += f"\n{name}={','.join(map(str, value)) if isinstance(value, list) else _as_text(value)}"
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def _as_text(node: Json) -> Json:
    if isinstance(node, dict):
        return {name: _as_text(value) for name, value in node.items()}
    if isinstance(node, list):
        return [_as_text(item) for item in node]
    return str(node).lower() if isinstance(node, bool) else str(node)


def _make_api(values: Values, options: Values) -> Json:
    properties = {
        "Name": {"Fn::Sub": f"${{AWS::StackName}}-{values['counter_id']}"},
        "EndpointConfiguration": {"Types": ["REGIONAL"]},
        **tag_list(values["tags"]),
    }
    return {"Type": "AWS::ApiGateway::RestApi", "Properties": merge(properties, options)}


def _make_resources(values: Values, api: Json) -> dict[str, Json]:
    """A resource for each part of the path, the validator, and the method on the last part."""
    prefix = values["counter_id"]
    parts = values["path"].split("/")
    # By place, so that a longer path keeps the ids, and the resources, of the part it shares with the shorter one.
    ids = [f"{prefix}Resource{place if place > 1 else ''}" for place in range(1, len(parts) + 1)]
    parents = [{"Fn::GetAtt": [f"{prefix}Api", "RootResourceId"]}, *({"Ref": name} for name in ids)]
    resources = {
        name: {
            "Type": "AWS::ApiGateway::Resource",
            "Properties": {"RestApiId": api, "ParentId": parent, "PathPart": part},
        }
        for name, parent, part in zip(ids, parents, parts, strict=False)
    }
    resources[f"{prefix}Validator"] = {
        "Type": "AWS::ApiGateway::RequestValidator",
        "Properties": {"RestApiId": api, "ValidateRequestBody": False, "ValidateRequestParameters": True},
    }
    method = _describe_method(values, api, ids[-1])
    resources[f"{prefix}Method"] = {"Type": "AWS::ApiGateway::Method", "Properties": method}
    return resources


def _describe_method(values: Values, api: Json, resource_id: str) -> Json:
    prefix = values["counter_id"]
    return {
        "RestApiId": api,
        "ResourceId": {"Ref": resource_id},
        "HttpMethod": values["method"],
        "AuthorizationType": "NONE",
        "RequestValidatorId": {"Ref": f"{prefix}Validator"},
        "RequestParameters": {"method.request.path.name": True},
        "Integration": {
            "Type": "AWS_PROXY",
            "IntegrationHttpMethod": "POST",
            "Uri": make_invoke_uri(values),
        },
    }


def _add_mapping(method: dict[str, Json]) -> None:
    """Make a method's proxy integration one that maps the name in, and the number or an error's status out."""
    method["Integration"].update(
        Type="AWS",
        PassthroughBehavior="NEVER",
        RequestTemplates=dict.fromkeys(CONTENT_TYPES, REQUEST_TEMPLATE),
        IntegrationResponses=[_answer("200"), *(_answer(status, pattern) for status, (pattern, _) in ERRORS.items())],
    )
    method["MethodResponses"] = [
        {"StatusCode": status, "ResponseParameters": {NO_STORE: True}} for status in ("200", *ERRORS)
    ]


def _answer(status: str, pattern: str = "") -> dict[str, Json]:
    answer: dict[str, Json] = {"StatusCode": status, "ResponseParameters": {NO_STORE: "'no-store'"}}
    if pattern:
        answer["SelectionPattern"] = pattern
        answer["ResponseTemplates"] = {"application/json": BODIES[status]}
    return answer


def _digest_mapping() -> str:
    method: dict[str, Json] = {"Integration": {}}
    _add_mapping(method)
    return hashlib.sha256(ascii(method).encode()).hexdigest()


def _make_stage(stage: Values, api: Json, deployment_id: str, variables: Values) -> Piece:
    prefix = stage["counter_id"]
    properties = _describe_stage(stage, api, deployment_id, variables)
    return Piece(
        values=make_urls(stage, api),
        resources={
            f"{prefix}AccessLog": make_access_log(stage),
            f"{prefix}Stage": {
                "Type": "AWS::ApiGateway::Stage",
                "Properties": merge(properties, stage["stage_properties"]),
            },
            f"{prefix}Permission": make_permission(stage, api),
        },
    )


def _describe_stage(stage: Values, api: Json, deployment_id: str, variables: Values) -> Json:
    settings = {
        "HttpMethod": "*",
        "ResourcePath": "/*",
        **limit_rate(stage),
        "MetricsEnabled": True,
        "LoggingLevel": "ERROR",
        "DataTraceEnabled": False,
        "CachingEnabled": False,
    }
    return {
        "RestApiId": api,
        "DeploymentId": {"Ref": deployment_id},
        "StageName": stage["stage"],
        **({"Variables": variables} if variables else {}),
        "MethodSettings": [settings],
        "AccessLogSetting": {
            "DestinationArn": {"Fn::GetAtt": [f"{stage['counter_id']}AccessLog", "Arn"]},
            "Format": _LOG_FORMAT,
        },
        "TracingEnabled": True,
        **tag_list(stage["tags"]),
    }


MAPPING_DIGEST = _digest_mapping()
