"""An HTTP API in front of the function: one route, and stages that deploy changes automatically."""

from macro.plugin import Json, Piece, Values, merge, tag_map
from macro.plugins.gateways.common import (
    format_access_log,
    has_stages,
    join_pieces,
    limit_rate,
    make_invoke_uri,
    make_part,
    make_stage,
    make_variables,
)

INPUTS = (
    "counter_id", "shards", "exact", "function_arn", "function_name", "path", "method", "stage", "stages", "share",
    "tags", "api_properties", "stage_properties", "log_group_properties",
)  # fmt: skip
OUTPUTS = ("api_id", "base_url", "url")

_LOG_FORMAT = format_access_log(
    {"integrationStatus": "integration.status", "integrationError": "integrationErrorMessage"}
)


def build(values: Values) -> Piece:
    """The API with its route; for each stage, a permission and an access log; the API's ID and its URLs.

    In an author's API, the plug-in makes no API. In an API that counters share, it makes only this counter's resources.
    """
    prefix, share, options = values["counter_id"], values["share"], values["api_properties"]
    api = {"Ref": f"{share or prefix}Api"} if share or "ApiId" not in options else options["ApiId"]
    resources = _make_route(values, api)
    if not share and "ApiId" not in options:
        resources = {f"{prefix}Api": _make_api(values), **resources}
    has_stage = not share and "StageName" not in options
    return Piece(
        values={"api_id": api},
        resources=resources,
        stages=[
            join_pieces(_make_stage(stage, api, make_variables(values, stage)), make_part(stage, api))
            if has_stage
            else make_part(stage, api)
            for stage in values["stages"]
        ],
    )


def build_shared(values: Values) -> Piece:
    """The API of several counters, and its stages with their access logs."""
    api = {"Ref": f"{values['counter_id']}Api"}
    return Piece(
        values={},
        resources={f"{values['counter_id']}Api": _make_api(values)},
        stages=[_make_stage(stage, api, stage["variables"]) for stage in values["stages"]],
    )


def _make_api(values: Values) -> Json:
    name = {"Fn::Sub": f"${{AWS::StackName}}-{values['counter_id']}"}
    properties = {"Name": name, "ProtocolType": "HTTP", **tag_map(values["tags"])}
    return {"Type": "AWS::ApiGatewayV2::Api", "Properties": merge(properties, values["api_properties"])}


def _make_route(values: Values, api: Json) -> dict[str, Json]:
    prefix = values["counter_id"]
    return {
        f"{prefix}Integration": {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {
                "ApiId": api,
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": make_invoke_uri(values) if has_stages(values) else values["function_arn"],
                "PayloadFormatVersion": "2.0",
            },
        },
        f"{prefix}Route": {
            "Type": "AWS::ApiGatewayV2::Route",
            "Properties": {
                "ApiId": api,
                "RouteKey": f"{values['method']} /{values['path']}",
                "AuthorizationType": "NONE",
                "Target": {"Fn::Sub": f"integrations/${{{prefix}Integration}}"},
            },
        },
    }


def _make_stage(stage: Values, api: Json, variables: Values) -> Piece:
    return make_stage(stage, "AWS::ApiGatewayV2::Stage", _describe_stage(stage, api, variables))


def _describe_stage(stage: Values, api: Json, variables: Values) -> Json:
    return {
        "ApiId": api,
        "StageName": stage["stage"],
        **({"StageVariables": variables} if variables else {}),
        "AutoDeploy": True,
        "DefaultRouteSettings": {
            **limit_rate(stage),
            "DetailedMetricsEnabled": True,
        },
        "AccessLogSettings": {
            "DestinationArn": {"Fn::GetAtt": [f"{stage['counter_id']}AccessLog", "Arn"]},
            "Format": _LOG_FORMAT,
        },
        **tag_map(stage["tags"]),
    }
