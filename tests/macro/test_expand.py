"""Any template: never an exception but ours, never a dangling reference, never a clash; and what a deployment snapshots."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain import find_dangling

from macro.counter import DEFAULT, Setting
from macro.errors import MacroError, PluginError
from macro.expand import expand
from macro.plugin import Piece
from macro.plugins import BUILT_IN, as_plugin, find_plugin
from macro.validate import load_schema

IDS = st.sampled_from(["Hit", "Hits", "HitTable", "A", "AB", "ABTable", "Topic"])
ATTRIBUTES = st.sampled_from(["Url", "TableArn", "BaseUrl", "FunctionArn", "Nothing", "RoleName"])


def make_reference(logical_id, attribute):
    return st.sampled_from(
        [
            {"Ref": logical_id},
            {"Fn::GetAtt": [logical_id, attribute]},
            {"Fn::GetAtt": f"{logical_id}.{attribute}"},
            {"Fn::Sub": f"${{{logical_id}}} ${{{logical_id}.{attribute}}} ${{!{logical_id}}} ${{AWS::Region}}"},
            {"Fn::Sub": [f"${{x}} ${{{logical_id}.{attribute}}}", {"x": {"Ref": logical_id}}]},
            {"Fn::Join": [",", [{"Ref": logical_id}, {"Fn::If": ["C", {"Ref": logical_id}, {"Ref": "AWS::NoValue"}]}]]},
        ]
    )


REFERENCES = st.tuples(IDS, ATTRIBUTES).flatmap(lambda pair: make_reference(*pair))
SIMPLE = st.none() | st.booleans() | st.integers(-1, 70) | st.text(max_size=5)
VALUES = SIMPLE | REFERENCES
DATA = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)
GOOD = st.fixed_dictionaries(
    {},
    optional={
        "Env": st.dictionaries(st.sampled_from(["A", "B", "C"]), st.text(max_size=3) | REFERENCES, max_size=2),
        "Gateway": st.sampled_from(["rest", "http"]),
        "Path": st.sampled_from(["{name}", "a/{name}", "/a/b/{name}/c"]),
        "Method": st.sampled_from(["GET", "POST", "ANY"]),
        "Shards": st.integers(1, 64),
        "Exact": st.booleans(),
        "Tags": st.dictionaries(st.sampled_from(["T", "U"]), st.text(max_size=3) | REFERENCES, max_size=2),
        "Table": st.dictionaries(st.sampled_from(["TableName", "Tags"]), REFERENCES, max_size=1),
    },
)
BAD = st.dictionaries(st.sampled_from([*load_schema()["properties"], "Other", "Ref"]), DATA, max_size=3)
COUNTERS = st.fixed_dictionaries(
    {"Type": st.just("HitCounter")},
    optional={
        "Properties": GOOD | GOOD | BAD | DATA,
        "DependsOn": IDS | st.lists(IDS, max_size=2),
        "Condition": st.just("C"),
        "DeletionPolicy": st.sampled_from(["Delete", "Retain"]),
        "Metadata": st.dictionaries(st.text(max_size=3), DATA, max_size=2),
    },
)
OTHERS = st.fixed_dictionaries(
    {"Type": st.just("AWS::SNS::Topic")},
    optional={"Properties": st.dictionaries(st.text(max_size=3), DATA, max_size=2), "DependsOn": IDS},
)
TEMPLATES = st.fixed_dictionaries(
    {"Resources": st.dictionaries(IDS, COUNTERS | OTHERS, min_size=1, max_size=4)},
    optional={"Outputs": st.dictionaries(st.text(max_size=3), DATA, max_size=2), "Conditions": st.just({"C": True})},
)


@settings(max_examples=600)
@given(TEMPLATES)
def test_any_template_is_expanded_or_refused(template):
    before = copy.deepcopy(template)
    dangling = find_dangling(template)
    try:
        plain = expand(template)
    except MacroError as error:
        assert error.problems
        assert all(str(problem) for problem in error.problems)
    else:
        assert "HitCounter" not in [resource["Type"] for resource in plain["Resources"].values()]
        assert set(find_dangling(plain)) <= set(dangling)
        assert json.dumps(expand(before)) == json.dumps(plain)
        assert expand(plain) == plain
    assert template == before


@settings(max_examples=300)
@given(st.recursive(SIMPLE, lambda inner: st.lists(inner) | st.dictionaries(st.text() | IDS, inner), max_leaves=10))
def test_any_data_is_expanded_or_refused(data):
    try:
        expand(data if isinstance(data, dict) else {"Resources": data})
    except MacroError as error:
        assert error.problems


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(["Hit", "Hits", "A", "AB"]), st.builds(dict, Properties=GOOD), min_size=1))
def test_no_two_counters_make_the_same_id(counters):
    resources = {name: {"Type": "HitCounter", "Properties": {}} for name in counters}

    plain = expand({"Resources": resources})

    owners = [max((name for name in counters if key.startswith(name)), key=len) for key in plain["Resources"]]
    assert set(owners) == set(counters)


def expand_one(setting=DEFAULT, template=None, **properties):
    resources = {"Visits": {"Type": "HitCounter", "Properties": properties}}
    return expand({"Resources": resources, **(template or {})}, setting)["Resources"]


def find_deployment(resources):
    return next(key for key in resources if key.startswith("VisitsDeployment"))


@pytest.mark.parametrize(
    "properties",
    [
        {"Path": "a/{name}"},
        {"Method": "POST"},
        {"Integration": "proxy"},
        {"Api": {"BinaryMediaTypes": ["*/*"]}},
        {"Api": {"Policy": {"Statement": []}}},
    ],
)
def test_whatever_a_deployment_snapshots_makes_a_new_deployment(properties):
    assert find_deployment(expand_one(**properties)) != find_deployment(expand_one())


@pytest.mark.parametrize(
    "properties",
    [{"Env": {"A": "b"}}, {"Table": {"TableName": "x"}}, {"Shards": 4}, {"Code": "s3://b/k"}, {"LogGroup": {"A": 1}}],
)
def test_nothing_else_makes_a_new_deployment(properties):
    assert find_deployment(expand_one(**properties)) == find_deployment(expand_one())


def test_another_value_of_a_parameter_in_the_api_is_a_new_deployment():
    template = {"Parameters": {"Cidr": {"Type": "String", "Default": "10.0.0.0/8"}, "Other": {"Type": "String"}}}
    properties = {"Api": {"Policy": {"Fn::Sub": "allow ${Cidr}"}}}

    first = expand_one(Setting(), template, **properties)
    same = expand_one(Setting({"Cidr": "10.0.0.0/8", "Other": "x"}), template, **properties)
    changed = expand_one(Setting({"Cidr": "192.168.0.0/16"}), template, **properties)

    assert find_deployment(first) == find_deployment(same) != find_deployment(changed)


def test_plugins_that_give_the_same_outputs_take_a_places_place_and_change_nothing_else():
    names = ("rest", "http")

    expanded = {name: expand_one(Gateway=name, Integration="proxy") for name in names}

    parts = ("Table", "LogGroup", "Role", "Policy", "Function")
    rest, http = ({part: expanded[name][f"Visits{part}"] for part in parts} for name in names)
    assert rest == http


def test_what_comes_out_shares_nothing_that_a_later_expansion_uses():
    def spoil(node):
        for value in node.values() if isinstance(node, dict) else node:
            if isinstance(value, (dict, list)):
                spoil(value)
        node.clear()

    before = json.dumps(expand_one())
    spoil(expand_one())

    assert json.dumps(expand_one()) == before


class Module:
    """A plug-in in the making."""

    INPUTS = ("counter_id",)
    OUTPUTS = ("answer",)

    def __init__(self, build):
        self.build = build


def test_a_plugin_sees_only_what_it_asks_for():
    seen = []
    plugin = as_plugin("spy", Module(lambda values: seen.append(dict(values)) or Piece({"answer": "42"}, {})))

    resources = {"Visits": {"Type": "HitCounter", "Properties": {"Plugins": ["spy"]}}}
    expand({"Resources": resources}, Setting(), lambda name: find_plugin(name, {"spy": plugin}))

    assert seen == [{"counter_id": "Visits"}]


def test_a_bug_in_a_plugin_is_not_hidden():
    def build(values):
        return 1 / 0

    plugin = as_plugin("buggy", Module(build))
    resources = {"Visits": {"Type": "HitCounter", "Properties": {"Plugins": ["buggy"]}}}

    with pytest.raises(ZeroDivisionError):
        expand({"Resources": resources}, Setting(), lambda name: find_plugin(name, {"buggy": plugin}))


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (object(), "plugin 'x' must have INPUTS, a tuple of names"),
        (type("M", (), {"INPUTS": (), "OUTPUTS": (1,), "build": 3}), "plugin 'x' must have a function build(values)"),
    ],
)
def test_what_is_no_plugin_is_told(module, message):
    with pytest.raises(PluginError) as error:
        as_plugin("x", module)

    assert message in str(error.value)


def test_built_in_plugins_say_what_they_are():
    assert all(plugin.summary.endswith(".") for plugin in BUILT_IN.values())
