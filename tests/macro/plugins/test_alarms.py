"""The optional plug-in ``alarms``: its metrics, its dashboard and its options."""

import json
import re
from pathlib import Path

import pytest

from macro.errors import InvalidTemplate
from macro.expand import expand
from macro.plugins.alarms import OPTIONS, THRESHOLDS

ROOT = Path(__file__).parents[3]


def expand_counter(options=None, **properties):
    plugin = "alarms" if options is None else {"alarms": options}
    counter = {"Type": "HitCounter", "Properties": {"Plugins": [plugin], **properties}}
    return expand({"Transform": "HitCounterMacro", "Resources": {"Visits": counter}})["Resources"]


def list_alarms(resources):
    return {name: each["Properties"] for name, each in resources.items() if each["Type"] == "AWS::CloudWatch::Alarm"}


def read_dashboard(resources, name="VisitsDashboard"):
    body = resources[name]["Properties"]["DashboardBody"]["Fn::Sub"]
    text, own = (body, {}) if isinstance(body, str) else body
    return json.loads(re.sub(r"\$\{([^}]*)\}", lambda match: f"<{match[1]}>", text)), own


def test_a_counter_has_alarms_only_if_it_names_the_plugin():
    resources = expand({"Transform": "HitCounterMacro", "Resources": {"Visits": {"Type": "HitCounter"}}})["Resources"]

    assert not any("CloudWatch" in each["Type"] for each in resources.values())


@pytest.mark.parametrize("gateway", ["rest", "http", "custom"])
def test_missing_data_raises_no_alarm(gateway):
    alarms = list_alarms(expand_counter(Gateway=gateway))

    parts = ("ServerErrors", "FunctionErrors", "FunctionThrottles", "TableThrottles", "Latency")
    assert list(alarms) == [f"Visits{part}Alarm" for part in parts]
    assert {each["TreatMissingData"] for each in alarms.values()} == {"notBreaching"}


@pytest.mark.parametrize(
    ("gateway", "metric", "dimension"),
    [
        ("rest", "5XXError", {"Name": "ApiName", "Value": {"Fn::Sub": "${AWS::StackName}-Visits"}}),
        ("http", "5xx", {"Name": "ApiId", "Value": {"Ref": "VisitsApi"}}),
        ("custom", "5XXError", {"Name": "ApiName", "Value": {"Fn::Sub": "${AWS::StackName}-Visits"}}),
    ],
)
def test_the_alarms_name_the_api_as_its_metrics_do(gateway, metric, dimension):
    alarm = list_alarms(expand_counter(Gateway=gateway))["VisitsServerErrorsAlarm"]

    assert (alarm["MetricName"], alarm["Dimensions"]) == (metric, [dimension, {"Name": "Stage", "Value": "prod"}])


def test_an_author_can_change_a_threshold_or_omit_an_alarm():
    alarms = list_alarms(expand_counter({"Latency": {"Ref": "Slow"}, "ServerErrors": 1, "TableThrottles": False}))

    assert alarms["VisitsLatencyAlarm"]["Threshold"] == {"Ref": "Slow"}
    assert alarms["VisitsServerErrorsAlarm"]["Threshold"] == 1
    assert "VisitsTableThrottlesAlarm" not in alarms


def test_a_topic_is_notified_when_an_alarm_starts_and_ends():
    alarms = list_alarms(expand_counter({"Topic": {"Ref": "Pager"}}))

    assert all(each["AlarmActions"] == each["OKActions"] == [{"Ref": "Pager"}] for each in alarms.values())


@pytest.mark.parametrize("gateway", ["rest", "http", "custom"])
def test_the_dashboard_shows_metrics_and_alarms(gateway):
    body, own = read_dashboard(expand_counter(Gateway=gateway))

    *charts, alarms = body["widgets"]
    lines = [line for chart in charts for line in chart["properties"]["metrics"]]
    assert own == {}
    assert {line[0] for line in lines} == {"AWS/ApiGateway", "AWS/Lambda", "AWS/DynamoDB"}
    assert alarms["properties"]["alarms"][0] == "<VisitsServerErrorsAlarm.Arn>"


def test_a_name_with_quotes_is_escaped_in_the_dashboard():
    body, _ = read_dashboard(expand_counter(Api={"Name": 'a "big" ${one}'}))

    assert body["widgets"][0]["properties"]["metrics"][0][3] == 'a "big" <!one>'


def test_values_that_cannot_be_inline_are_variables_of_the_dashboard():
    name = {"Fn::If": ["IsBig", "big", "small"]}

    _, own = read_dashboard(expand_counter(Api={"Name": name}))

    assert own == {"ApiName": name}


def test_without_dashboard_and_alarms_the_attributes_are_empty():
    off = dict.fromkeys(("ServerErrors", "FunctionErrors", "FunctionThrottles", "TableThrottles", "Latency"), False)
    counter = {"Type": "HitCounter", "Properties": {"Plugins": [{"alarms": {**off, "Dashboard": False}}]}}
    outputs = {name: {"Value": {"Fn::GetAtt": ["Visits", name]}} for name in ("AlarmArns", "DashboardName")}

    plain = expand({"Transform": "HitCounterMacro", "Resources": {"Visits": counter}, "Outputs": outputs})

    assert [each["Value"] for each in plain["Outputs"].values()] == ["", ""]


def test_a_dashboard_without_alarms_lists_none():
    off = dict.fromkeys(("ServerErrors", "FunctionErrors", "FunctionThrottles", "TableThrottles", "Latency"), False)

    body, _ = read_dashboard(expand_counter(off))

    assert {widget["type"] for widget in body["widgets"]} == {"metric"}


def test_the_name_of_a_shared_api_may_come_from_another_counter():
    counters = {
        "Visits": {"Path": "visits/{name}", "Api": {"Share": True, "Name": "site"}},
        "Likes": {"Path": "likes/{name}", "Api": {"Share": True}, "Plugins": ["alarms"]},
    }
    resources = {name: {"Type": "HitCounter", "Properties": each} for name, each in counters.items()}

    alarms = list_alarms(expand({"Transform": "HitCounterMacro", "Resources": resources})["Resources"])

    assert alarms["LikesLatencyAlarm"]["Dimensions"][0] == {"Name": "ApiName", "Value": "site"}


def test_a_built_in_plugin_that_every_counter_has_cannot_be_requested():
    with pytest.raises(InvalidTemplate) as error:
        expand_counter(Plugins=["table"])

    assert str(error.value) == (
        "Resources.Visits.Properties.Plugins[0]: every counter has the built-in plugin 'table'; remove it"
    )


def test_the_guide_has_every_option_with_its_default_and_a_tested_example():
    text = (ROOT / "samples" / "README.md").read_text("utf-8").partition("\n### Operations\n")[2].partition("\n### ")[0]

    rows = re.findall(r"^\| `(\w+)` \| .* \| (\d+) \|$", text, re.MULTILINE)
    (example,) = re.findall(r"^ +- alarms: .*$", text, re.MULTILINE)

    assert dict(rows) == {name: str(number) for name, number in THRESHOLDS.items()}
    assert [name for name in OPTIONS if f"`{name}" not in text] == []
    assert example.strip() in (ROOT / "tests" / "golden" / "alarms" / "compact.yaml").read_text("utf-8")
