"""A REST API made by one ``Custom::APIGatewayResource``: the rest is the companion's."""

from macro.companion import ask_companion
from macro.gateway import REST_LOGGED, format_access_log, limit_rate, make_access_log, make_urls
from macro.mapping import BODIES, CONTENT_TYPES, ERRORS, NO_STORE, REQUEST_TEMPLATE
from macro.plugin import Json, Piece, Values, merge, tag_map

INPUTS = (
    "counter_id", "shards", "exact", "function_arn", "path", "method", "integration", "stage", "share", "service_token",
    "suffix", "tags", "api_properties", "stage_properties", "log_group_properties",
)  # fmt: skip
OUTPUTS = ("api_id", "base_url", "url")

_LOG_FORMAT = format_access_log(REST_LOGGED)


def build(values: Values) -> Piece:
    """The custom resource and the access log; each stage has an API of its own, whose id and URLs these are."""
    prefix, share = values["counter_id"], values["share"]
    api = {"Fn::GetAtt": [f"{prefix}Gateway", "RestApiId"]}
    gateway = {"Type": "Custom::APIGatewayResource", "Properties": _describe_gateway(values)}
    log = {} if share or "StageName" in values["api_properties"] else {f"{prefix}AccessLog": make_access_log(values)}
    return Piece(values={"api_id": api, **make_urls(values, api)}, resources={**log, f"{prefix}Gateway": gateway})


def build_shared(values: Values) -> Piece:
    """The access log of each stage; the API itself is made by the first custom resource and gone with the last."""
    parts = [Piece({}, {f"{stage['counter_id']}AccessLog": make_access_log(stage)}) for stage in values["stages"]]
    return Piece(values={}, resources={}, stages=parts)


def _describe_gateway(values: Values) -> dict[str, Json]:
    is_foreign = "StageName" in values["api_properties"]
    stage = {} if is_foreign else {"Stage": merge(_describe_stage(values), values["stage_properties"])}
    return {
        **ask_companion(values),
        **_name_api(values),
        "Path": values["path"],
        "Method": values["method"],
        "RequestParameters": {"method.request.path.name": True},
        "RequestValidation": {"Parameters": True},
        **_integrate(values),
        "StageName": values["stage"],
        **stage,
    }


def _name_api(values: Values) -> dict[str, Json]:
    options = values["api_properties"]
    if "RestApiId" in options:
        return {"RestApiId": options["RestApiId"]}
    name = {"Fn::Sub": f"${{AWS::StackName}}-{values['share'] or values['counter_id']}"}
    api = merge({"Name": name, **tag_map(values["tags"])}, options)
    further = {key: value for key, value in api.items() if key != "Name"}
    return {"ApiName": api["Name"], **({"Api": further} if further else {})}


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
            "DestinationArn": {"Fn::GetAtt": [f"{values['share'] or values['counter_id']}AccessLog", "Arn"]},
            "Format": _LOG_FORMAT,
        },
        "TracingEnabled": True,
        **tag_map(values["tags"]),
    }
