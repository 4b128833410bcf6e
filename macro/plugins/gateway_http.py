"""An HTTP API in front of the function: one route, one stage that deploys itself."""

from macro.gateway import format_access_log, limit_rate, make_access_log, make_permission, make_urls
from macro.plugin import Json, Piece, Values, merge, tag_map

INPUTS = (
    "counter_id", "shards", "exact", "function_arn", "path", "method", "stage", "tags", "api_properties",
    "stage_properties", "log_group_properties",
)  # fmt: skip
OUTPUTS = ("api_id", "base_url", "url")

_LOG_FORMAT = format_access_log(
    {"integrationStatus": "integration.status", "integrationError": "integrationErrorMessage"}
)


def build(values: Values) -> Piece:
    """The API with its route, stage, access log and permission; the API's id and its URLs."""
    prefix = values["counter_id"]
    api = {"Ref": f"{prefix}Api"}
    options = values["api_properties"]
    name = {"Fn::Sub": f"${{AWS::StackName}}-{prefix}"}
    properties = {"Name": name, "ProtocolType": "HTTP", **tag_map(values["tags"])}
    stage = merge(_describe_stage(values, api), values["stage_properties"])
    return Piece(
        values=make_urls(values, api),
        resources={
            f"{prefix}Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": merge(properties, options)},
            f"{prefix}Integration": {
                "Type": "AWS::ApiGatewayV2::Integration",
                "Properties": {
                    "ApiId": api,
                    "IntegrationType": "AWS_PROXY",
                    "IntegrationUri": values["function_arn"],
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
            f"{prefix}AccessLog": make_access_log(values),
            f"{prefix}Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": stage},
            f"{prefix}Permission": make_permission(values, api),
        },
    )


def _describe_stage(values: Values, api: Json) -> Json:
    return {
        "ApiId": api,
        "StageName": values["stage"],
        "AutoDeploy": True,
        "DefaultRouteSettings": {
            **limit_rate(values),
            "DetailedMetricsEnabled": True,
        },
        "AccessLogSettings": {
            "DestinationArn": {"Fn::GetAtt": [f"{values['counter_id']}AccessLog", "Arn"]},
            "Format": _LOG_FORMAT,
        },
        **tag_map(values["tags"]),
    }
