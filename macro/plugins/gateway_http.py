"""An HTTP API in front of the function: one route, and stages that deploy themselves."""

from macro.gateway import (
    format_access_log,
    has_stages,
    limit_rate,
    make_access_log,
    make_invoke_uri,
    make_permission,
    make_urls,
    make_variables,
)
from macro.plugin import Json, Piece, Values, merge, tag_map

INPUTS = (
    "counter_id", "shards", "exact", "function_arn", "function_name", "path", "method", "stage", "stages", "tags",
    "api_properties", "stage_properties", "log_group_properties",
)  # fmt: skip
OUTPUTS = ("api_id", "base_url", "url")

_LOG_FORMAT = format_access_log(
    {"integrationStatus": "integration.status", "integrationError": "integrationErrorMessage"}
)


def build(values: Values) -> Piece:
    """The API with its route; for each stage a permission and an access log; the API's id and its URLs."""
    prefix = values["counter_id"]
    api = {"Ref": f"{prefix}Api"}
    options = values["api_properties"]
    name = {"Fn::Sub": f"${{AWS::StackName}}-{prefix}"}
    properties = {"Name": name, "ProtocolType": "HTTP", **tag_map(values["tags"])}
    return Piece(
        values={"api_id": api},
        resources={
            f"{prefix}Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": merge(properties, options)},
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
        },
        stages=[_make_stage(stage, api, make_variables(values, stage)) for stage in values["stages"]],
    )


def _make_stage(stage: Values, api: Json, variables: Values) -> Piece:
    prefix = stage["counter_id"]
    properties = {
        "ApiId": api,
        "StageName": stage["stage"],
        **({"StageVariables": variables} if variables else {}),
        "AutoDeploy": True,
        "DefaultRouteSettings": {
            **limit_rate(stage),
            "DetailedMetricsEnabled": True,
        },
        "AccessLogSettings": {
            "DestinationArn": {"Fn::GetAtt": [f"{prefix}AccessLog", "Arn"]},
            "Format": _LOG_FORMAT,
        },
        **tag_map(stage["tags"]),
    }
    return Piece(
        values=make_urls(stage, api),
        resources={
            f"{prefix}AccessLog": make_access_log(stage),
            f"{prefix}Stage": {
                "Type": "AWS::ApiGatewayV2::Stage",
                "Properties": merge(properties, stage["stage_properties"]),
            },
            f"{prefix}Permission": make_permission(stage, api),
        },
    )
