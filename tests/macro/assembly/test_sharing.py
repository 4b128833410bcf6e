"""Counters that share an API have one API and one deployment. Their other resources do not change."""

import json
from graphlib import TopologicalSorter

import pytest

from macro.counter.read import DEFAULT, Setting
from macro.errors import MacroError
from macro.expand import expand
from macro.plugin import Piece
from macro.plugins import as_plugin, find_plugin
from tests.support.plain import find_dangling, find_ids

CONDITIONS = {name: {"Fn::Equals": ["a", name]} for name in ("A", "B")}


def describe(gateway, path, share=True, **more):
    api = {"Share": share, **more.pop("Api", {})}
    attributes = {name: more.pop(name) for name in ("Condition", "DependsOn", "DeletionPolicy") if name in more}
    return {"Type": "HitCounter", **attributes, "Properties": {"Gateway": gateway, "Path": path, "Api": api, **more}}


def expand_all(**counters):
    return expand({"Conditions": CONDITIONS, "Resources": counters})["Resources"]


def leave_out(resources, *parts):
    return {key: json.dumps(each) for key, each in resources.items() if not any(part in key for part in parts)}


@pytest.mark.parametrize("gateway", ["rest", "http", "custom"])
@pytest.mark.parametrize("stages", [{}, {"Stages": ["dev", "prod"]}], ids=["one stage", "two stages"])
def test_a_counters_own_resources_are_the_same_alone_and_with_others(gateway, stages):
    visits = {"Visits": describe(gateway, "visits/{name}", **stages)}
    likes = {"Likes": describe(gateway, "likes/{name}", **stages)}

    alone, both = expand_all(**visits), expand_all(**visits, **likes)

    assert leave_out(alone, "HitCounter") == leave_out(both, "HitCounter", "Likes")
    assert find_dangling({"Resources": both}) == []


@pytest.mark.parametrize(
    ("gateway", "shared"),
    [
        ("rest", ["Api", "Resource", "Resource", "Resource", "Deployment", "AccessLog", "Stage"]),
        ("http", ["Api", "AccessLog", "Stage"]),
        ("custom", ["AccessLog", "Gateway"]),
    ],
)
def test_all_counters_share_one_api(gateway, shared):
    resources = expand_all(
        Visits=describe(gateway, "hits/{name}"), Likes=describe(gateway, "hits/{name}/likes", Method="POST")
    )

    prefix = f"HitCounter{gateway.capitalize()}"
    found = [key.removeprefix(prefix) for key in resources if key.startswith(prefix)]
    assert [each if each in shared else each[: -10 if each.startswith("D") else -8] for each in found] == shared


def find_deployment(**counters):
    return next(key for key in expand_all(**counters) if key.startswith("HitCounterRestDeployment"))


def test_the_api_is_deployed_once_after_all_methods():
    counters = {name: describe("rest", f"{name}/{{name}}") for name in ("A1", "B1", "C1")}

    resources = expand_all(**counters)

    (deployment,) = [each for each in resources.values() if each["Type"] == "AWS::ApiGateway::Deployment"]
    assert deployment["DependsOn"] == ["A1Method", "B1Method", "C1Method"]
    assert resources["HitCounterRestStage"]["Properties"]["DeploymentId"] == {"Ref": find_deployment(**counters)}


@pytest.mark.parametrize(
    "change",
    [{"Method": "POST"}, {"Integration": "mapped"}, {"path": "c/{name}"}, {"Api": {"BinaryMediaTypes": ["*/*"]}}],
)
def test_a_change_of_any_counter_is_deployed(change):
    first, path = describe("rest", "a/{name}"), change.get("path", "b/{name}")
    more = {name: value for name, value in change.items() if name != "path"}

    before = find_deployment(First=first, Second=describe("rest", "b/{name}"))

    assert before != find_deployment(First=first, Second=describe("rest", path, **more))
    assert before == find_deployment(First=first, Second=describe("rest", "b/{name}", Env={"A": "b"}, Shards=4))


def test_a_changed_condition_of_a_counter_is_deployed():
    counters = {"Visits": describe("rest", "a/{name}"), "Likes": describe("rest", "b/{name}", Condition="HasLikes")}
    template = {
        "Parameters": {"Kind": {"Type": "String"}, "Other": {"Type": "String"}},
        "Conditions": {"HasLikes": {"Fn::Equals": [{"Ref": "Kind"}, "liked"]}},
        "Resources": counters,
    }

    def find(**parameters):
        resources = expand(template, Setting(parameters))["Resources"]
        return next(key for key in resources if key.startswith("HitCounterRestDeployment"))

    assert find(Kind="liked", Other="a") == find(Kind="liked", Other="b") != find(Kind="plain", Other="a")


@pytest.mark.parametrize("gateway", ["rest", "http", "custom"])
def test_counters_of_one_api_may_wait_for_each_other_and_other_resources_for_all(gateway):
    topic = {"Type": "AWS::SNS::Topic", "DependsOn": "Visits"}
    resources = expand_all(
        Visits=describe(gateway, "a/{name}"), Likes=describe(gateway, "b/{name}", DependsOn="Visits"), Topic=topic
    )

    edges = {key: {name for name in find_ids(each) if name in resources} for key, each in resources.items()}
    assert len(list(TopologicalSorter(edges).static_order())) == len(resources)
    waits_for = set()
    left = ["Topic"]
    while left:
        new = edges[left.pop()] - waits_for
        waits_for |= new
        left += new
    shared = {key for key in resources if key.startswith("HitCounter")}
    assert shared <= waits_for
    assert "VisitsTable" in edges["LikesTable"] | waits_for


def test_custom_resources_describe_the_shared_api_alike_and_the_last_one_deploys_it():
    common = {"Description": "all", "Stage": {"TracingEnabled": False}}
    resources = expand_all(
        Visits=describe("custom", "a/{name}", Shards=3, Tags={"team": "web"}),
        Likes=describe("custom", "b/{name}", Exact=True, Api=common),
    )

    gateways = [resources[f"{name}Gateway"]["Properties"] for name in ("Visits", "Likes", "HitCounterCustom")]
    name = {"Fn::Sub": "${AWS::StackName}-HitCounterCustom"}
    assert [each["ApiName"] for each in gateways] == [name] * 3
    assert [each["Api"] for each in gateways] == [
        *[{"Description": "all"}] * 2,
        {"Tags": {"team": "web"}, "Description": "all"},
    ]
    assert [(each.get("Deploy"), each["StageName"], "Stage" in each) for each in gateways] == [
        *[(False, "prod", False)] * 2,
        (None, "prod", True),
    ]
    assert gateways[2]["Methods"] == [
        {"Fn::GetAtt": [f"{name}Gateway", "MethodDigest"]} for name in ("Visits", "Likes")
    ]
    assert (gateways[2]["Stage"]["ThrottlingRateLimit"], gateways[2]["Stage"]["TracingEnabled"]) == (3000, False)
    assert gateways[2]["Stage"]["AccessLog"]["DestinationArn"] == {"Fn::GetAtt": ["HitCounterCustomAccessLog", "Arn"]}


@pytest.mark.parametrize("gateway", ["rest", "http", "custom"])
def test_a_stages_variables_name_the_function_of_each_counter(gateway):
    resources = expand_all(
        Visits=describe(gateway, "a/{name}", Stages=["dev", "prod"]),
        Likes=describe(gateway, "b/{name}", Stages=["prod", "dev"]),
    )

    for part in ("Dev", "Prod"):
        if gateway == "custom":
            stage = resources["HitCounterCustomGateway"]["Properties"]["Stages"][part.lower()]
        else:
            stage = resources[f"HitCounter{gateway.capitalize()}{part}Stage"]["Properties"]
        assert stage["StageVariables" if gateway == "http" else "Variables"] == {
            f"{name}Function": {"Fn::GetAtt": [f"{name}{part}Function", "FunctionName"]} for name in ("Visits", "Likes")
        }


def test_a_conditional_stage_is_an_entry_with_its_condition():
    stages = {"dev": {"Condition": "A"}, "prod": {}}
    resources = expand_all(
        Visits=describe("custom", "a/{name}", Stages=stages), Likes=describe("custom", "b/{name}", Stages=stages)
    )

    described = [
        resources[f"{name}Gateway"]["Properties"]["Stages"] for name in ("Visits", "Likes", "HitCounterCustom")
    ]
    assert [each["dev"]["Fn::If"][0] for each in described] == ["A"] * 3
    assert [each["dev"]["Fn::If"][2] for each in described] == [{"Ref": "AWS::NoValue"}] * 3
    assert list(described[2]["dev"]["Fn::If"][1]["Variables"]) == ["VisitsFunction", "LikesFunction"]
    assert resources["HitCounterCustomDevAccessLog"]["Condition"] == "A"


@pytest.mark.parametrize(
    ("conditions", "api", "description"),
    [
        (("A", "A"), "A", None),
        (("A", None), None, {"Fn::Join": [" ", ["with", {"Fn::If": ["A", {"Ref": "VisitsMethod"}, ""]}]]}),
        (
            ("A", "B"),
            "HitCounterRestExists",
            {
                "Fn::Join": [
                    " ",
                    [
                        "with",
                        {"Fn::If": ["A", {"Ref": "VisitsMethod"}, ""]},
                        {"Fn::If": ["B", {"Ref": "LikesMethod"}, ""]},
                    ],
                ]
            },
        ),
    ],
)
def test_the_shared_api_exists_if_any_counter_exists(conditions, api, description):
    first, second = ({"Condition": name} if name else {} for name in conditions)

    resources = expand_all(Visits=describe("rest", "a/{name}", **first), Likes=describe("rest", "b/{name}", **second))

    deployment = next(each for key, each in resources.items() if "Deployment" in key)
    assert [resources[f"HitCounterRest{part}"].get("Condition") for part in ("Api", "Stage", "AccessLog")] == [api] * 3
    assert deployment["Properties"].get("Description") == description


def test_the_first_counters_policy_applies_to_the_shared_log():
    resources = expand_all(
        Visits=describe("http", "a/{name}", DeletionPolicy="Delete"), Likes=describe("http", "b/{name}")
    )

    assert resources["HitCounterHttpAccessLog"]["DeletionPolicy"] == "Delete"
    assert resources["LikesLogGroup"]["DeletionPolicy"] == "Retain"


class Gateway:
    """A plug-in that replaces a gateway."""

    INPUTS = ("counter_id", "function_arn")
    OUTPUTS = ("api_id", "base_url", "url")

    @staticmethod
    def build(values):
        return Piece(dict.fromkeys(Gateway.OUTPUTS, "x"), {})


def test_a_third_party_gateway_cannot_be_shared():
    plugin = as_plugin("mine", Gateway)
    counter = describe("rest", "{name}", Plugins=["mine"])

    with pytest.raises(MacroError) as error:
        expand({"Resources": {"Visits": counter}}, DEFAULT, lambda name: find_plugin(name, {"mine": plugin}))

    assert str(error.value) == (
        "Resources.Visits.Properties.Api.Share: requires the built-in gateway 'rest', "
        "but a plugin replaces it; remove Share or that plugin"
    )
