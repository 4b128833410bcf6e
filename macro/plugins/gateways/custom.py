"""A REST API in front of the function, made by one ``Custom::APIGatewayResource`` of the companion."""

from macro.plugin import NO_VALUE, Json, Piece, Values, merge, tag_map
from macro.plugins.companion import ask_companion
from macro.plugins.gateways.common import (
    REST_LOGGED,
    format_access_log,
    has_stages,
    limit_rate,
    make_access_log,
    make_function_pattern,
    make_urls,
)
from macro.plugins.gateways.mapping import BODIES, ERRORS, NAME, NO_STORE, make_templates

TYPE = "Custom::APIGatewayResource"
INPUTS = (
    "counter_id", "shards", "exact", "function_arn", "function_name", "path", "method", "integration", "stage",
    "stages", "condition", "share", "service_token", "suffix", "tags", "api_properties", "stage_properties",
    "log_group_properties",
)  # fmt: skip
OUTPUTS = ("api_id", "base_url", "url")

_LOG_FORMAT = format_access_log(REST_LOGGED)


def build(values: Values) -> Piece:
    """The custom resource, and an access log for each stage; the API's ID and the URLs of its stages.

    In an API that counters share, the custom resource makes only the method. Another custom resource deploys the API.
    """
    prefix, stages = values["counter_id"], values["stages"]
    api = {"Fn::GetAtt": [f"{prefix}Gateway", "RestApiId"]}
    is_foreign = bool(values["share"]) or "StageName" in values["api_properties"]
    logs = [{} if is_foreign else {f"{each['counter_id']}AccessLog": make_access_log(each)} for each in stages]
    gateway = {"Type": TYPE, "Properties": _describe_gateway(values, leaves_deployment=is_foreign)}
    first = {} if has_stages(values) else logs.pop(0)
    return Piece(
        values={"api_id": api},
        resources={**first, f"{prefix}Gateway": gateway},
        stages=[Piece(make_urls(stage, api), log) for stage, log in zip(stages, logs or [{}], strict=True)],
    )


def build_shared(values: Values) -> Piece:
    """The custom resource that deploys all counters' methods, and an access log for each stage."""
    prefix, stages = values["counter_id"], values["stages"]
    logs = [{f"{each['counter_id']}AccessLog": make_access_log(each)} for each in stages]
    gateway = {
        "Type": TYPE,
        "Properties": {
            **ask_companion(values),
            **_name_api(values, values["tags"]),
            "Methods": [_wait_for(route) for route in values["routes"]],
            **_list_stages(values, [_deploy(stage, stage["variables"]) for stage in stages]),
        },
    }
    first = {} if has_stages(values) else logs.pop(0)
    return Piece(
        values={}, resources={**first, f"{prefix}Gateway": gateway}, stages=[Piece({}, log) for log in logs or [{}]]
    )


def _describe_gateway(values: Values, *, leaves_deployment: bool) -> dict[str, Json]:
    stages = [{} if leaves_deployment else _deploy(stage, {}) for stage in values["stages"]]
    if has_stages(values):
        stages = [
            {"FunctionArn": stage["function_arn"], **given}
            for stage, given in zip(values["stages"], stages, strict=True)
        ]
    return {
        **ask_companion(values),
        **_name_api(values, {} if values["share"] else values["tags"]),
        "Path": values["path"],
        "Method": values["method"],
        **_integrate(values),
        **({"Deploy": False} if leaves_deployment else {}),
        **_list_stages(values, stages),
    }


def _list_stages(values: Values, described: list[dict[str, Json]]) -> dict[str, Json]:
    """The stages by name, each with its condition. Without ``Stages``, the counter's only stage."""
    if not has_stages(values):
        return {"StageName": values["stages"][0]["stage"], **({"Stage": described[0]} if described[0] else {})}
    named = {stage["stage"]: _given(stage, each) for stage, each in zip(values["stages"], described, strict=True)}
    return {"Stages": named}


def _given(stage: Values, described: Json) -> Json:
    return {"Fn::If": [stage["condition"], described, dict(NO_VALUE)]} if stage["condition"] else described


def _wait_for(route: Values) -> Json:
    """A value that changes with the counter's method, so that a change causes a new deployment."""
    digest = {"Fn::GetAtt": [f"{route['counter_id']}Gateway", "MethodDigest"]}
    return {"Fn::If": [route["condition"], digest, dict(NO_VALUE)]} if route["condition"] else digest


def _deploy(stage: Values, variables: Values) -> dict[str, Json]:
    described = {**_describe_stage(stage), **({"Variables": variables} if variables else {})}
    return merge(described, stage["stage_properties"])


def _name_api(values: Values, tags: Values) -> dict[str, Json]:
    options = values["api_properties"]
    if "RestApiId" in options:
        return {"RestApiId": options["RestApiId"]}
    name = {"Fn::Sub": f"${{AWS::StackName}}-{values['share'] or values['counter_id']}"}
    api = merge({"Name": name, **tag_map(tags)}, options)
    further = {key: value for key, value in api.items() if key != "Name"}
    return {"ApiName": api["Name"], **({"Api": further} if further else {})}


def _integrate(values: Values) -> dict[str, Json]:
    function = _name_function(values)
    if values["integration"] == "proxy":
        return {"IntegrationRequest": {"Type": "LambdaProxy", **function}}
    request = {
        "Type": "Lambda",
        **function,
        "PassthroughBehavior": "NEVER",
        "RequestTemplates": make_templates(values["method"]),
    }
    number: Json = {"200": {"Parameters": {NO_STORE: "'no-store'"}}}
    answers = {status: _answer(status, pattern) for status, (pattern, _) in ERRORS.items()}
    return {"RequestParameters": {NAME: True}, "IntegrationRequest": request, "Responses": {**number, **answers}}


def _name_function(values: Values) -> dict[str, Json]:
    """The function of the integration.

    If stages have separate functions, the companion chooses a stage variable for them. In a shared API, the custom
    resource that deploys the API sets the variable.
    """
    if not has_stages(values):
        return {"FunctionArn": values["function_arn"]}
    return {"FunctionArn": make_function_pattern(values)} if values["share"] else {}


def _answer(status: str, pattern: str) -> dict[str, Json]:
    return {"SelectionPattern": pattern, "Templates": {"application/json": BODIES[status]}}


def _describe_stage(stage: Values) -> dict[str, Json]:
    return {
        **limit_rate(stage),
        "MetricsEnabled": True,
        "LoggingLevel": "ERROR",
        "DataTraceEnabled": False,
        "AccessLog": {
            "DestinationArn": {"Fn::GetAtt": [f"{stage['counter_id']}AccessLog", "Arn"]},
            "Format": _LOG_FORMAT,
        },
        "TracingEnabled": True,
        **tag_map(stage["tags"]),
    }
