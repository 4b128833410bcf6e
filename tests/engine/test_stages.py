"""Stages and shared APIs on the engine: each has its own function, table and counts."""

import json
from types import SimpleNamespace

import pytest

from macro.cli.cloud.deployment.deploy import Deployment, prepare
from macro.cli.cloud.installation.install import InstallOptions, install
from macro.cli.cloud.stack.account import connect_to_engine
from macro.cli.cloud.stack.operation import carry_out
from macro.cli.cloud.stack.reporter import Silence
from macro.cli.cloud.stack.session import Session
from macro.cli.engine.engine import run_engine
from macro.cli.engine.run.request import request
from macro.cli.engine.url import to_engine_url
from macro.cli.package.bundle import make_bundles
from macro.cli.text.files import parse_source

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def world():
    with run_engine() as engine:
        session = Session(connect_to_engine(engine.url), Silence())
        install(session, InstallOptions(), make_bundles(()))
        yield SimpleNamespace(url=engine.url, session=session, account=session.account)


def bring(world, name, properties, *outputs):
    """Deploy a counter, and return its outputs and the physical IDs of its resources."""
    return bring_all(world, name, {"Visits": properties}, {output: ["Visits", output] for output in outputs})


def bring_all(world, name, counters, outputs):
    """Deploy counters, and return the outputs with their attributes and the physical IDs of all resources."""
    template = {
        "Transform": "HitCounterMacro",
        "Resources": {key: {"Type": "HitCounter", "Properties": properties} for key, properties in counters.items()},
        "Outputs": {key: {"Value": {"Fn::GetAtt": place}} for key, place in outputs.items()},
    }
    source = parse_source("template.json", json.dumps(template))
    _, change_set = prepare(world.session, Deployment(name, source))
    stack = carry_out(world.session, change_set)
    client = world.account.client("cloudformation")
    listed = client.describe_stack_resources(StackName=name)["StackResources"]
    ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed}
    return {key: to_engine_url(world.url, value) for key, value in stack.outputs.items()}, ids


def hit(url, name="home"):
    status, body = request("GET", url.replace("{name}", name))
    assert status == 200, body
    return int(body)


def count(world, table):
    items = world.account.client("dynamodb").scan(TableName=table)["Items"]
    return {item["name"]["S"]: int(item["counter"]["N"]) for item in items}


@pytest.mark.parametrize("gateway", ["rest", "custom"])
def test_each_stage_counts_in_its_own_table_and_a_new_stage_changes_no_other(world, gateway):
    name, common = f"stages-{gateway}", {"Gateway": gateway}
    named = ("DevUrl", "ProdUrl", "DevSourceSha256", "ProdSourceSha256", "DevCodeSha256", "ProdCodeSha256")
    first, before = bring(world, name, {**common, "Stages": ["dev", "prod"]}, *named)
    stages = list_stages(world, first["DevUrl"])

    counted = [hit(first["DevUrl"]), hit(first["DevUrl"]), hit(first["ProdUrl"])]
    second, after = bring(world, name, {**common, "Stages": ["dev", "prod", "test"]}, *named, "TestUrl")
    more = list_stages(world, first["DevUrl"])

    assert counted == [1, 2, 1]
    assert first["DevSourceSha256"] == first["ProdSourceSha256"]
    assert first["DevCodeSha256"] != first["ProdCodeSha256"]
    kept = [name for name in before if name.startswith(("VisitsDev", "VisitsProd"))]
    assert {"VisitsDevTable", "VisitsDevFunction", "VisitsProdTable", "VisitsProdFunction"} <= set(kept)
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert {name: second[name] for name in named} == first
    assert {name: more[name] for name in stages} == stages
    assert (set(stages), set(more) - set(stages)) == ({"dev", "prod"}, {"test"})
    assert len({each["deploymentId"] for each in more.values()}) == 1
    assert (count(world, after["VisitsDevTable"]), count(world, after["VisitsProdTable"])) == ({"home": 2}, {"home": 1})
    assert [hit(second["TestUrl"]), hit(second["DevUrl"]), hit(second["ProdUrl"])] == [1, 3, 2]


def list_stages(world, url):
    """The stages of the API with this URL, without the times of their changes."""
    client = world.account.client("apigateway")
    (api,) = [each["id"] for each in client.get_rest_apis(limit=500)["items"] if f"/{each['id']}/" in url]
    listed = client.get_stages(restApiId=api)["item"]
    return {each["stageName"]: {key: each[key] for key in each if not key.endswith("Date")} for each in listed}


@pytest.mark.parametrize("gateway", ["rest", "http", "custom"])
def test_stages_with_a_proxy_integration_count_in_their_own_tables(world, gateway):
    properties = {"Gateway": gateway, "Integration": "proxy", "Stages": ["dev", "prod"]}

    made, ids = bring(world, f"proxy-{gateway}", properties, "DevUrl", "ProdUrl")
    counted = [hit(made["DevUrl"]), hit(made["DevUrl"]), hit(made["ProdUrl"])]

    assert counted == [1, 2, 1]
    assert (count(world, ids["VisitsDevTable"]), count(world, ids["VisitsProdTable"])) == ({"home": 2}, {"home": 1})


def test_the_resources_of_the_first_design_and_a_log_group_count(world):
    made, ids = bring(world, "sketch", {"Gateway": "custom"}, "Url")

    assert [hit(made["Url"]), hit(made["Url"]), hit(made["Url"], "other")] == [1, 2, 1]
    assert {"VisitsTable", "VisitsRole", "VisitsFunction", "VisitsGateway"} <= set(ids)


@pytest.mark.parametrize("gateway", ["rest", "http", "custom"])
def test_two_counters_on_one_api_count_separately(world, gateway):
    common = {"Gateway": gateway, "Api": {"Share": True}}
    counters = {"Visits": {**common, "Path": "visits/{name}"}, "Loads": {**common, "Path": "loads/{name}"}}
    outputs = {"Visits": ["Visits", "Url"], "Loads": ["Loads", "Url"]}

    made, ids = bring_all(world, f"shared-{gateway}", counters, outputs)

    assert made["Visits"].rpartition("/visits/")[0] == made["Loads"].rpartition("/loads/")[0]
    assert [hit(made[name]) for name in ("Visits", "Visits", "Loads")] == [1, 2, 1]
    if gateway == "custom":
        assert ids["HitCounterCustomGateway"].endswith("-HitCounterCustom/stages")
        assert count_deployments(world, made["Visits"]) == 1


def count_deployments(world, url):
    """The number of deployments of the API with this URL."""
    client = world.account.client("apigateway")
    (api,) = [each["id"] for each in client.get_rest_apis(limit=500)["items"] if f"/{each['id']}/" in url]
    return len(client.get_deployments(restApiId=api)["items"])


def test_two_counters_with_stages_on_one_custom_api_count_separately_in_each_stage(world):
    common = {"Gateway": "custom", "Api": {"Share": True}, "Stages": ["dev", "prod"]}
    counters = {"Visits": {**common, "Path": "visits/{name}"}, "Loads": {**common, "Path": "loads/{name}"}}
    outputs = {f"{name}{part}": [name, f"{part}Url"] for name in counters for part in ("Dev", "Prod")}

    made, _ = bring_all(world, "shared-stages", counters, outputs)
    hits = [hit(made[name]) for name in ("VisitsDev", "VisitsDev", "VisitsProd", "LoadsProd")]
    left = {"Visits": counters["Visits"]}
    bring_all(world, "shared-stages", left, {name: place for name, place in outputs.items() if place[0] in left})

    assert hits == [1, 2, 1, 1]
    assert [hit(made["VisitsDev"]), hit(made["VisitsProd"])] == [3, 2]
    assert request("GET", made["LoadsProd"].replace("{name}", "home"))[0] in (403, 404)
    assert count_deployments(world, made["VisitsDev"]) == 1
