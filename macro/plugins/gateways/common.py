"""Access log, permission, rate limit, URLs and stage variables, which all gateways have in common."""

import hashlib
import json
from collections.abc import Mapping

from macro.plugin import Json, Piece, Values, merge, substitute, tag_list

# Writes per second that a table item takes (DynamoDB guide, "Partitions"); limits for all gateways of an account.
_ITEM_RATE = 1000
_MAX_RATE, _MAX_BURST = 10_000, 5_000
# The maximum length of a stage variable's name (API Gateway guide, quotas of REST APIs and of HTTP APIs).
_MAX_VARIABLE = 64

_LOGGED = {
    "requestId": "requestId",
    "requestTime": "requestTime",
    "ip": "identity.sourceIp",
    "httpMethod": "httpMethod",
    "path": "path",
    "status": "status",
    "responseLength": "responseLength",
    "responseLatency": "responseLatency",
    "error": "error.message",
}
# Further context variables that only REST APIs log.
REST_LOGGED = {"integrationStatus": "integration.status", "integrationError": "integration.error"}
# The start of the URI with which a gateway invokes a function. Only the function's name may be a stage variable
# (API Gateway guide, "stage variables reference").
_INVOKE = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
_URL = "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/"
_FUNCTIONS = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:"


def has_stages(values: Values) -> bool:
    """Whether the counter names its stages. If so, a stage variable selects the function to call."""
    return bool(values["stages"][0]["counter_id"] != values["counter_id"])


def name_variable(counter_id: str) -> str:
    """The stage variable that holds the name of a counter's function. A digest keeps shortened long IDs unique."""
    name = f"{counter_id}Function"
    if len(name) <= _MAX_VARIABLE:
        return name
    return f"{counter_id[: _MAX_VARIABLE - 16]}{hashlib.sha256(counter_id.encode()).hexdigest()[:8]}Function"


def make_variables(values: Values, stage: Values) -> dict[str, Json]:
    """The stage's variable with its function's name. Empty if all stages have the same function."""
    return {_name_variable(values): stage["function_name"]} if has_stages(values) else {}


def make_invoke_uri(values: Values) -> Json:
    """The URI that invokes the function. If the counter names its stages, a stage variable selects the function."""
    if has_stages(values):
        return {"Fn::Sub": f"{_INVOKE}{_name_pattern(values)}/invocations"}
    return substitute(f"{_INVOKE}${{Arn}}/invocations", "Arn", values["function_arn"])


def make_function_pattern(values: Values) -> Json:
    """The ARN of the function that the stage variable selects."""
    return {"Fn::Sub": _name_pattern(values)}


def _name_pattern(values: Values) -> str:
    return f"{_FUNCTIONS}${{!stageVariables.{_name_variable(values)}}}"


def _name_variable(values: Values) -> str:
    return name_variable(values["counter_id"])


def limit_rate(values: Values) -> dict[str, int]:
    """The rate limit in requests per second and the burst limit: the capacity of all items of one name together."""
    rate = _ITEM_RATE * int(values["shards"]) // (1 if values["exact"] is False else 2)
    return {
        "ThrottlingRateLimit": min(rate, _MAX_RATE),
        "ThrottlingBurstLimit": min(rate // 2, _MAX_BURST),
    }


def format_access_log(further: Mapping[str, str]) -> str:
    """A line of JSON with the request's ID and result, in the gateway's ``$context`` variables."""
    return json.dumps({name: f"$context.{variable}" for name, variable in {**_LOGGED, **further}.items()})


def make_access_log(values: Values) -> Json:
    """The log group for the access log, with the counter's ``LogGroup`` properties except the name."""
    further = {name: value for name, value in values["log_group_properties"].items() if name != "LogGroupName"}
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": merge({"RetentionInDays": 365, **tag_list(values["tags"])}, further),
    }


def make_part(stage: Values, api: Json) -> Piece:
    """What a stage has even in an author's API: its URLs, and a permission to invoke its function."""
    return Piece(make_urls(stage, api), {f"{stage['counter_id']}Permission": _make_permission(stage, api)})


def make_stage(stage: Values, kind: str, described: Values) -> Piece:
    """A stage of the resource type ``kind`` with its access log. The author's properties are merged into it."""
    prefix = stage["counter_id"]
    properties = merge(described, stage["stage_properties"])
    resources = {
        f"{prefix}AccessLog": make_access_log(stage),
        f"{prefix}Stage": {"Type": kind, "Properties": properties},
    }
    return Piece({}, resources)


def join_pieces(first: Piece, second: Piece) -> Piece:
    """One piece with the values and resources of both."""
    return Piece({**first.values, **second.values}, {**first.resources, **second.resources})


def _make_permission(values: Values, api: Json) -> Json:
    """Permission for the API's stage and method, in the same account, to invoke the function."""
    method = "*" if values["method"] == "ANY" else values["method"]
    arn = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}"
    source = f"{arn}/{values['stage']}/{method}/{values['path'].replace('{name}', '*')}"
    return {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "FunctionName": values["function_arn"],
            "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com",
            "SourceAccount": {"Ref": "AWS::AccountId"},
            "SourceArn": substitute(source, "Api", api),
        },
    }


def make_urls(values: Values, api: Json) -> dict[str, Json]:
    """Two outputs of a gateway: the URL of its stage, and the URL that counts ``{name}``."""
    base = substitute(_URL + values["stage"], "Api", api)
    if isinstance(base["Fn::Sub"], str):
        return {"base_url": base, "url": {"Fn::Sub": f"{base['Fn::Sub']}/{values['path']}"}}
    return {"base_url": base, "url": substitute(f"{_URL}{values['stage']}/{values['path']}", "Api", api)}
