"""The companion's resources that an author writes: who serves them, and which references are refused in them."""

import copy

import pytest

from macro.counter.read import Setting
from macro.errors import InvalidTemplate
from macro.expand import expand
from macro.plugin import Piece, Plugin
from macro.plugins import find_plugin

SECRET = "{{resolve:secretsmanager:prod/db}}"
OWN = ("Custom::LambdaFunction", "Custom::APIGatewayResource")


def name_token(suffix=""):
    name = f"HitCounterMacro{suffix}-Companion"
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:{name}"}


def expand_resources(resources, suffix="", **sections):
    template = {**sections, "Resources": resources}
    before = copy.deepcopy(template)
    expanded = expand(template, Setting({}, suffix))["Resources"]
    assert template == before
    return expanded


@pytest.mark.parametrize("suffix", ["", "Beta"])
@pytest.mark.parametrize("kind", OWN)
@pytest.mark.parametrize("given", [{}, {"Properties": {}}, {"Properties": {"Path": "a"}}])
def test_a_custom_resource_gets_the_token_of_the_installation_that_the_template_calls(kind, given, suffix):
    properties = expand_resources({"A": {"Type": kind, **given}}, suffix)["A"]["Properties"]
    assert properties == {**given.get("Properties", {}), "ServiceToken": name_token(suffix), "ServiceTimeout": 600}


def test_a_given_token_and_time_limit_stay():
    given = {"Type": OWN[0], "Properties": {"ServiceToken": "arn", "ServiceTimeout": 5}}
    assert expand_resources({"A": given})["A"] is given


def test_custom_resources_in_nested_loops_get_the_token():
    inner = ["Y", ["b"], {"F${X}${Y}": {"Type": OWN[0]}}]
    expanded = expand_resources({"Fn::ForEach::Outer": ["X", ["a"], {"Fn::ForEach::Inner": inner}]})
    filled = expanded["Fn::ForEach::Outer"][2]["Fn::ForEach::Inner"][2]["F${X}${Y}"]
    assert filled["Properties"]["ServiceToken"] == name_token()


@pytest.mark.parametrize(
    "resources",
    [
        pytest.param({"A": {"Type": "Custom::Other"}}, id="another type"),
        pytest.param({"A": {"Type": [OWN[0]]}}, id="a type in a list"),
        pytest.param({"A": {"Type": OWN[0], "Properties": ["a"]}}, id="a list of properties"),
        pytest.param({"A": {"Type": OWN[0], "Properties": None}}, id="no properties"),
        pytest.param({"Fn::ForEach::A": []}, id="an empty loop"),
        pytest.param({"Fn::ForEach::A": ["X", ["a"]]}, id="a loop without a body"),
        pytest.param({"Fn::ForEach::A": ["X", ["a"], "b"]}, id="a loop over text"),
        pytest.param({"A": [], "B": None, "C": "text"}, id="entries in another form"),
    ],
)
def test_everything_else_stays(resources):
    assert expand_resources(resources) == resources


def test_a_secure_reference_in_a_loop_is_refused_at_its_place():
    loop = ["X", ["a"], {"F${X}": {"Type": OWN[0], "Properties": {"Env": {"a": SECRET}}}}]
    with pytest.raises(InvalidTemplate) as caught:
        expand_resources({"Fn::ForEach::A": loop})
    (problem,) = caught.value.problems
    assert problem.path == ("Resources", "Fn::ForEach::A", 2, "F${X}", "Properties", "Env", "a")


def test_a_reference_that_cloudformation_resolves_in_its_own_types_is_allowed_there():
    counter = {
        "Type": "HitCounter",
        "Properties": {"Table": {"TableName": SECRET}, "LogGroup": {"LogGroupName": SECRET}},
    }
    own = {"Type": "AWS::Lambda::Function", "Properties": {"Description": SECRET}}
    assert expand_resources({"Visits": counter, "Own": own})["Own"] is own


def test_a_reference_that_a_plug_in_adds_is_refused_at_the_counter():
    def build(values):
        return Piece({"secret": SECRET}, {})

    plugin = Plugin("secret", (), ("secret",), build)
    consumer = {"Env": {"a": {"Fn::GetAtt": ["Visits", "Secret"]}}, "Plugins": ["secret"]}
    template = {"Resources": {"Visits": {"Type": "HitCounter", "Properties": consumer}}}
    with pytest.raises(InvalidTemplate) as caught:
        expand(template, find=lambda name: plugin if name == "secret" else find_plugin(name))
    (problem,) = caught.value.problems
    assert problem.path == ("Resources", "Visits")
