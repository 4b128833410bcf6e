"""A REST API made by one ``Custom::APIGatewayResource``: the rest is the companion's."""

from macro.companion import ask_companion
from macro.gateway import REST_LOGGED, format_access_log, limit_rate, make_access_log, make_urls
from macro.mapping import BODIES, CONTENT_TYPES, ERRORS, NO_STORE, REQUEST_TEMPLATE
from macro.plugin import Json, Piece, Values, merge, tag_map

INPUTS = (
    "counter_id", "shards", "exact", "function_arn", "path", "method", "integration", "stage", "service_token",
    "suffix", "tags", "api_properties", "stage_properties", "log_group_properties",
)  # fmt: skip
OUTPUTS = ("api_id", "base_url", "url")

_LOG_FORMAT = format_access_log(REST_LOGGED)


def build(values: Values) -> Piece:
    """The custom resource and the access log; each stage has an API of its own, whose id and URLs these are."""
    prefix = values["counter_id"]
    api = {"Fn::GetAtt": [f"{prefix}Gateway", "RestApiId"]}
    return Piece(
        values={"api_id": api, **make_urls(values, api)},
        resources={
            f"{prefix}AccessLog": make_access_log(values),
            f"{prefix}Gateway": {"Type": "Custom::APIGatewayResource", "Properties": _describe_gateway(values)},
        },
    )


def _describe_gateway(values: Values) -> dict[str, Json]:
    name = {"Fn::Sub": f"${{AWS::StackName}}-{values['counter_id']}"}
    api = merge({"Name": name, **tag_map(values["tags"])}, values["api_properties"])
    further = {key: value for key, value in api.items() if key != "Name"}
    return {
        **ask_companion(values),
        "ApiName": api["Name"],
        **({"Api": further} if further else {}),
        "Path": values["path"],
        "Method": values["method"],
        "RequestParameters": {"method.request.path.name": True},
        "RequestValidation": {"Parameters": True},
        **_integrate(values),
        "StageName": values["stage"],
        "Stage": merge(_describe_stage(values), values["stage_properties"]),
    }


def _integrate(values: Values) -> dict[str, Json]:
    if values["integration"] == "proxy":
        return {"IntegrationRequest": {"Type": "LambdaProxy", "FunctionArn": values["function_arn"]}}
    request = {
        "Type": "Lambda",
        "FunctionArn": values["function_arn"],
        "PassthroughBehavior": "NEVER",
        "RequestTemplates": dict.fromkeys(CONTENT_TYPES, REQUEST_TEMPLATE),
    }
    answers = {status: _answer(status, pattern) for status, (pattern, _) in ERRORS.items()}
    return {"IntegrationRequest": request, "Responses": {"200": _answer("200"), **answers}}


def _answer(status: str, pattern: str = "") -> dict[str, Json]:
    answer: dict[str, Json] = {"Parameters": {NO_STORE: "'no-store'"}}
    if pattern:
        answer["SelectionPattern"] = pattern
        answer["Templates"] = {"application/json": BODIES[status]}
    return answer


def _describe_stage(values: Values) -> dict[str, Json]:
    return {
        **limit_rate(values),
        "MetricsEnabled": True,
        "LoggingLevel": "ERROR",
        "DataTraceEnabled": False,
        "AccessLog": {
            "DestinationArn": {"Fn::GetAtt": [f"{values['counter_id']}AccessLog", "Arn"]},
            "Format": _LOG_FORMAT,
        },
        "TracingEnabled": True,
        **tag_map(values["tags"]),
    }
