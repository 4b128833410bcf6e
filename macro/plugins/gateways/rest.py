"""A REST API in front of the function: resources, one method and stages, with a new deployment for each change."""

import hashlib
from collections.abc import Sequence

from macro.plugin import Json, Piece, Values, merge, tag_list
from macro.plugins.gateways.common import (
    REST_LOGGED,
    format_access_log,
    join_pieces,
    limit_rate,
    make_invoke_uri,
    make_part,
    make_stage,
    make_variables,
)
from macro.plugins.gateways.mapping import MAPPING_DIGEST, map_method
from macro.plugins.gateways.snapshot import digest_snapshot

INPUTS = (
    "counter_id", "shards", "exact", "function_arn", "function_name", "path", "method", "integration", "stage",
    "stages", "share", "parameter_values", "constants", "tags", "api_properties", "stage_properties",
    "log_group_properties",
)  # fmt: skip
OUTPUTS = ("api_id", "base_url", "url")

_LOG_FORMAT = format_access_log(REST_LOGGED)


def build(values: Values) -> Piece:
    """The API with its method and deployment; for each stage, a permission and a log; the API's ID and its URLs.

    In an author's API, the plug-in makes no API. In an API that counters share, it makes only this counter's resources.
    """
    if values["share"]:
        return _build_part(values)
    prefix, options = values["counter_id"], values["api_properties"]
    api = options.get("RestApiId") or {"Ref": f"{prefix}Api"}
    root = options.get("RootResourceId") or {"Fn::GetAtt": [f"{prefix}Api", "RootResourceId"]}
    resources = _make_resources(values, api, root)
    mapping = MAPPING_DIGEST if values["integration"] == "mapped" else ""
    deployment_id = f"{prefix}Deployment{digest_snapshot(resources, mapping, values)}"
    if values["integration"] == "mapped":
        map_method(resources[f"{prefix}Method"]["Properties"])
    if "RestApiId" not in options:
        resources = {f"{prefix}Api": _make_api(values, options), **resources}
    stages = values["stages"]
    parts = [make_part(stage, api) for stage in stages]
    if "StageName" not in options:
        resources[deployment_id] = _deploy(api, [values])
        made = [_make_stage(stage, api, deployment_id, make_variables(values, stage)) for stage in stages]
        parts = [join_pieces(*both) for both in zip(made, parts, strict=True)]
    return Piece(values={"api_id": api}, resources=resources, stages=parts)


def build_shared(values: Values) -> Piece:
    """The API of several counters, the resources for their paths, the deployment, and the stages with their logs.

    ``values["routes"]`` describes the counters: ID, path, method, and the condition of a method that may be missing.
    """
    prefix, routes = values["counter_id"], values["routes"]
    api = {"Ref": f"{prefix}Api"}
    root = {"Fn::GetAtt": [f"{prefix}Api", "RootResourceId"]}
    options = values["api_properties"]
    resources: dict[str, Json] = {}
    for route in routes:
        parts = route["path"].split("/")
        ids = _name_shared_parts(prefix, parts)
        resources |= _make_parts(api, ids, parts, root)
    deployment_id = f"{prefix}Deployment{digest_snapshot([resources, _list_methods(routes)], '', values)}"
    return Piece(
        values={},
        resources={
            f"{prefix}Api": _make_api(values, options),
            **resources,
            deployment_id: _deploy(api, routes),
        },
        stages=[_make_stage(stage, api, deployment_id, stage["variables"]) for stage in values["stages"]],
    )


def _build_part(values: Values) -> Piece:
    prefix, share = values["counter_id"], values["share"]
    api = {"Ref": f"{share}Api"}
    resource_id = _name_shared_parts(share, values["path"].split("/"))[-1]
    method = _describe_method(values, api, resource_id)
    if values["integration"] == "mapped":
        map_method(method)
    return Piece(
        values={"api_id": api},
        resources={f"{prefix}Method": {"Type": "AWS::ApiGateway::Method", "Properties": method}},
        stages=[make_part(stage, api) for stage in values["stages"]],
    )


def _name_shared_parts(share: str, parts: Sequence[str]) -> list[str]:
    """A logical ID for each part of a path. Paths with the same beginning have the same IDs for that beginning."""
    paths = ["/".join(parts[: place + 1]) for place in range(len(parts))]
    return [f"{share}Resource{hashlib.sha256(path.encode()).hexdigest()[:8]}" for path in paths]


def _list_methods(routes: Sequence[Values]) -> Json:
    """Each counter's method, inside an ``Fn::If`` if the method depends on a condition."""
    methods = [[route["condition"], route["method"]] for route in routes]
    kept = [{"Fn::If": [condition, method]} if condition else method for condition, method in methods]
    return [[route["counter_id"], method] for route, method in zip(routes, kept, strict=True)]


def _deploy(api: Json, routes: Sequence[Values]) -> Json:
    """A deployment that waits for all methods.

    ``DependsOn`` can't name a conditional method (cfn-lint's E3005), so the description refers to that method.
    """
    sure = [f"{route['counter_id']}Method" for route in routes if not route.get("condition")]
    unsure = [
        {"Fn::If": [route["condition"], {"Ref": f"{route['counter_id']}Method"}, ""]}
        for route in routes
        if route.get("condition")
    ]
    description = {"Description": {"Fn::Join": [" ", ["with", *unsure]]}} if unsure else {}
    return {
        "Type": "AWS::ApiGateway::Deployment",
        **({"DependsOn": sure[0] if len(sure) == 1 else sure} if sure else {}),
        "Properties": {"RestApiId": api, **description},
    }


def _make_api(values: Values, options: Values) -> Json:
    properties = {
        "Name": {"Fn::Sub": f"${{AWS::StackName}}-{values['counter_id']}"},
        "EndpointConfiguration": {"Types": ["REGIONAL"]},
        **tag_list(values["tags"]),
    }
    return {"Type": "AWS::ApiGateway::RestApi", "Properties": merge(properties, options)}


def _make_resources(values: Values, api: Json, root: Json) -> dict[str, Json]:
    """A resource for each part of the path, and the method on the last part."""
    prefix = values["counter_id"]
    parts = values["path"].split("/")
    # IDs are numbered by position, so a longer path keeps the IDs and resources of the parts in the shorter path.
    ids = [f"{prefix}Resource{place if place > 1 else ''}" for place in range(1, len(parts) + 1)]
    resources = _make_parts(api, ids, parts, root)
    method = _describe_method(values, api, ids[-1])
    resources[f"{prefix}Method"] = {"Type": "AWS::ApiGateway::Method", "Properties": method}
    return resources


def _make_parts(api: Json, ids: Sequence[str], parts: Sequence[str], root: Json) -> dict[str, Json]:
    parents = [root, *({"Ref": name} for name in ids)]
    return {
        name: {
            "Type": "AWS::ApiGateway::Resource",
            "Properties": {"RestApiId": api, "ParentId": parent, "PathPart": part},
        }
        for name, parent, part in zip(ids, parents, parts, strict=False)
    }


def _describe_method(values: Values, api: Json, resource_id: str) -> Json:
    return {
        "RestApiId": api,
        "ResourceId": {"Ref": resource_id},
        "HttpMethod": values["method"],
        "AuthorizationType": "NONE",
        "Integration": {
            "Type": "AWS_PROXY",
            "IntegrationHttpMethod": "POST",
            "Uri": make_invoke_uri(values),
        },
    }


def _make_stage(stage: Values, api: Json, deployment_id: str, variables: Values) -> Piece:
    return make_stage(stage, "AWS::ApiGateway::Stage", _describe_stage(stage, api, deployment_id, variables))


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
