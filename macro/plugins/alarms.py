"""Optional: alarms for errors, throttling and latency, and a dashboard, for each stage."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from macro.errors import PluginError, Problem, suggest
from macro.plugin import Json, Piece, Values, inline_value, merge, tag_list

INPUTS = (
    "counter_id", "stages", "stage", "gateway", "share", "api_id", "api_properties", "function_name", "table_name",
    "tags", "options",
)  # fmt: skip
OUTPUTS = ("alarm_arns", "dashboard_name")

# Default thresholds by metric: a sum in one period, for Latency the 99th percentile in milliseconds.
# The names are options and also parts of logical IDs.
THRESHOLDS = {"ServerErrors": 5, "FunctionErrors": 5, "FunctionThrottles": 1, "TableThrottles": 10, "Latency": 3000}
OPTIONS = ("Topic", *THRESHOLDS, "Dashboard", "ApiName")
PERIOD = 300
# With little traffic, a single slow response already is the 99th percentile, so latency must stay high for longer.
_PERIODS = {"Latency": 3}


class _Metric(NamedTuple):
    namespace: str
    name: str
    dimensions: Mapping[str, Json]


def build(values: Values) -> Piece:
    """Five alarms and a dashboard for each stage.

    The values are the alarms' ARNs as one text, and the dashboard's name or ``""``.

    The API's metrics count the whole stage, even if counters share the API.
    Raises :class:`PluginError` for an unknown option or an invalid value.
    """
    problems = [Problem((), f"plugin 'alarms': {text}") for text in _check_options(values)]
    if problems:
        raise PluginError(problems)
    return Piece({}, {}, [_watch(stage, values["counter_id"]) for stage in values["stages"]])


def _check_options(values: Values) -> Iterator[str]:
    options = values["options"]
    for name, value in options.items():
        if name not in OPTIONS:
            yield f"unknown option '{name}'; known are {', '.join(OPTIONS)}{suggest(name, OPTIONS)}"
        elif name in THRESHOLDS and not (value is False or _is_number(value) or isinstance(value, dict)):
            yield f"{name} must be a number above 0, or false for no alarm, got {value!r}"
        elif name == "Dashboard" and not isinstance(value, bool):
            yield f"Dashboard must be true or false, got {value!r}"
        elif name == "Topic" and not (isinstance(value, dict) or str(value).startswith("arn:")):
            yield f"Topic must be the ARN of an SNS topic or an intrinsic function, got {value!r}"
    needs_name = values["gateway"] != "http" and "RestApiId" in values["api_properties"]
    if needs_name and not options.get("ApiName"):
        yield "ApiName is required, because CloudWatch identifies your REST API by its name, not by its id"
    if "ApiName" in options and not needs_name:
        yield "ApiName applies only to your own REST API; remove it"


def _is_number(value: Json) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0


def _watch(stage: Values, counter_id: str) -> Piece:
    prefix, options = stage["counter_id"], stage["options"]
    metrics = _find_metrics(stage, _name_api(stage, counter_id))
    alarms = {
        f"{prefix}{name}Alarm": _make_alarm(name, metrics[name], threshold, stage)
        for name, default in THRESHOLDS.items()
        if (threshold := options.get(name, default)) is not False
    }
    arns = {"Fn::Join": [",", [{"Fn::GetAtt": [name, "Arn"]} for name in alarms]]} if alarms else ""
    if options.get("Dashboard", True) is False:
        return Piece({"alarm_arns": arns, "dashboard_name": ""}, alarms)
    dashboard_id = f"{prefix}Dashboard"
    dashboard = {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {"DashboardBody": _write_body(metrics, list(alarms))},
    }
    return Piece({"alarm_arns": arns, "dashboard_name": {"Ref": dashboard_id}}, {**alarms, dashboard_id: dashboard})


def _name_api(stage: Values, counter_id: str) -> Mapping[str, Json]:
    """The API's dimension in CloudWatch: an HTTP API's ID, or a REST API's name in ASCII.

    Source: API Gateway guide, "dimensions and metrics".
    """
    if stage["gateway"] == "http":
        return {"ApiId": stage["api_id"]}
    named = {"Fn::Sub": f"${{AWS::StackName}}-{stage['share'] or counter_id}"}
    name = stage["options"].get("ApiName") or merge({"Name": named}, stage["api_properties"])["Name"]
    return {"ApiName": name.encode("ascii", "ignore").decode() or stage["api_id"] if isinstance(name, str) else name}


def _find_metrics(stage: Values, api: Mapping[str, Json]) -> dict[str, _Metric]:
    """The metrics of the alarms, by name, then the dashboard's other metrics."""
    is_http = stage["gateway"] == "http"
    behind = {**api, "Stage": stage["stage"]}
    function, table = {"FunctionName": stage["function_name"]}, {"TableName": stage["table_name"]}
    return {
        "ServerErrors": _Metric("AWS/ApiGateway", "5xx" if is_http else "5XXError", behind),
        "FunctionErrors": _Metric("AWS/Lambda", "Errors", function),
        "FunctionThrottles": _Metric("AWS/Lambda", "Throttles", function),
        "TableThrottles": _Metric("AWS/DynamoDB", "WriteThrottleEvents", table),
        "Latency": _Metric("AWS/ApiGateway", "Latency", behind),
        "Requests": _Metric("AWS/ApiGateway", "Count", behind),
        "ClientErrors": _Metric("AWS/ApiGateway", "4xx" if is_http else "4XXError", behind),
        "Duration": _Metric("AWS/Lambda", "Duration", function),
        "Concurrency": _Metric("AWS/Lambda", "ConcurrentExecutions", function),
        "ReadThrottles": _Metric("AWS/DynamoDB", "ReadThrottleEvents", table),
        "Writes": _Metric("AWS/DynamoDB", "ConsumedWriteCapacityUnits", table),
        "Reads": _Metric("AWS/DynamoDB", "ConsumedReadCapacityUnits", table),
    }


_SAYS = {
    "ServerErrors": "Requests were answered with 5xx: hits may be lost. The function's log names each reason.",
    "FunctionErrors": "The function failed, or refused hits. Its log names each reason.",
    "FunctionThrottles": "Lambda ran no function for a hit: raise the account's concurrency, or lower the API's rate.",
    "TableThrottles": "The table refused writes: one name is hotter than its items; Shards spreads it over more.",
    "Latency": "One answer in a hundred takes too long, for a quarter of an hour.",
}


def _make_alarm(name: str, metric: _Metric, threshold: Json, stage: Values) -> Json:
    topic = stage["options"].get("Topic")
    periods = _PERIODS.get(name, 1)
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": _SAYS[name],
            "Namespace": metric.namespace,
            "MetricName": metric.name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in metric.dimensions.items()],
            **({"ExtendedStatistic": "p99"} if name == "Latency" else {"Statistic": "Sum"}),
            "Period": PERIOD,
            "EvaluationPeriods": periods,
            "DatapointsToAlarm": periods,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Threshold": threshold,
            "TreatMissingData": "notBreaching",
            **({"AlarmActions": [topic], "OKActions": [topic]} if topic else {}),
            **tag_list(stage["tags"]),
        },
    }


# Each widget's title and its lines: a metric and its statistic.
_WIDGETS = {
    "Requests": [("Requests", "Sum")],
    "Refused and failed": [("ClientErrors", "Sum"), ("ServerErrors", "Sum")],
    "Latency, ms": [("Latency", "p50"), ("Latency", "p99"), ("Duration", "p99")],
    "Function": [("FunctionErrors", "Sum"), ("FunctionThrottles", "Sum"), ("Concurrency", "Maximum")],
    "Table, units": [("Writes", "Sum"), ("Reads", "Sum")],
    "Table, throttled": [("TableThrottles", "Sum"), ("ReadThrottles", "Sum")],
}


def _write_body(metrics: Mapping[str, _Metric], alarms: Sequence[str]) -> Json:
    """The dashboard's JSON as ``Fn::Sub``. Values that can't be inline stand in the map beside the text."""
    variables = ("ApiName", "ApiId", "FunctionName", "TableName")
    own: dict[str, Json] = {}

    def write(key: str, value: Json) -> str:
        inline = inline_value(value, variables)
        if inline is None:
            own[key] = value
        return f"${{{key}}}" if inline is None else inline

    def describe(line: tuple[str, str]) -> Json:
        metric = metrics[line[0]]
        dimensions = [text for key, value in metric.dimensions.items() for text in (key, write(key, value))]
        return [metric.namespace, metric.name, *dimensions, {"stat": line[1]}]

    widgets = [
        _make_widget(place, title, [describe(line) for line in lines])
        for place, (title, lines) in enumerate(_WIDGETS.items())
    ]
    if alarms:
        widgets.append(_list_alarms(alarms))
    text = json.dumps({"widgets": widgets}, separators=(",", ":"))
    return {"Fn::Sub": [text, own] if own else text}


def _make_widget(place: int, title: str, lines: Sequence[Json]) -> dict[str, Json]:
    properties = {"title": title, "region": "${AWS::Region}", "view": "timeSeries", "period": PERIOD, "metrics": lines}
    row, column = divmod(place, 3)
    return {"type": "metric", "x": 8 * column, "y": 6 * row, "width": 8, "height": 6, "properties": properties}


def _list_alarms(alarms: Sequence[str]) -> dict[str, Json]:
    properties = {"title": "Alarms", "alarms": [f"${{{name}.Arn}}" for name in alarms]}
    return {"type": "alarm", "x": 0, "y": 12, "width": 24, "height": 3, "properties": properties}
