"""What every gateway in front of a function has: an access log, a permission, a rate; for plug-ins to share."""

import json
from collections.abc import Mapping

from macro.plugin import Json, Values, merge, tag_list

# Writes a second that one table item takes (DynamoDB guide, "Partitions"), and what an account's gateways take at most.
_ITEM_RATE = 1000
_MAX_RATE, _MAX_BURST = 10_000, 5_000

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


def limit_rate(values: Values) -> dict[str, int]:
    """Requests a second, and how many may come at once: what a name's items take, all in one."""
    rate = _ITEM_RATE * int(values["shards"]) // (1 if values["exact"] is False else 2)
    return {
        "ThrottlingRateLimit": min(rate, _MAX_RATE),
        "ThrottlingBurstLimit": min(rate // 2, _MAX_BURST),
    }


def format_access_log(further: Mapping[str, str]) -> str:
    """A line of JSON with the request's id and outcome, in the gateway's ``$context`` variables."""
    return json.dumps({name: f"$context.{variable}" for name, variable in {**_LOGGED, **further}.items()})


def make_access_log(values: Values) -> Json:
    """The log group for the access log, with the counter's ``LogGroup`` properties (its name aside)."""
    further = {name: value for name, value in values["log_group_properties"].items() if name != "LogGroupName"}
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": merge({"RetentionInDays": 365, **tag_list(values["tags"])}, further),
    }


def make_permission(values: Values, api: Json) -> Json:
    """Leave for that API's stage and method, in this account, to call the function."""
    method = "*" if values["method"] == "ANY" else values["method"]
    arn = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:"
    source = f"{arn}${{{api['Ref']}}}/{values['stage']}/{method}/{values['path'].replace('{name}', '*')}"
    return {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "FunctionName": values["function_arn"],
            "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com",
            "SourceAccount": {"Ref": "AWS::AccountId"},
            "SourceArn": {"Fn::Sub": source},
        },
    }


def make_urls(values: Values, api: Json) -> dict[str, Json]:
    """The three outputs of a gateway: the API's id, the URL of its stage, and the URL that counts ``{name}``."""
    base = f"https://${{{api['Ref']}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{values['stage']}"
    return {"api_id": api, "base_url": {"Fn::Sub": base}, "url": {"Fn::Sub": f"{base}/{values['path']}"}}
