"""The expansion of any template is valid or refused. A REST API is deployed again if its snapshot changes."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macro.assembly.choose import choose_plugins
from macro.counter.read import DEFAULT, Given, PluginRequest, Setting
from macro.counter.validate import load_schema
from macro.errors import MacroError, PluginError, Problem
from macro.expand import expand, expand_counters
from macro.plugin import Piece
from macro.plugins import BUILT_IN, as_plugin, find_plugin
from macro.template.counters import Counter
from tests.support.plain import find_dangling

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
        "Gateway": st.sampled_from(["rest", "http", "custom"]),
        "Path": st.sampled_from(["{name}", "a/{name}", "/a/b/{name}/c"]),
        "Method": st.sampled_from(["GET", "POST", "ANY"]),
        "Shards": st.integers(1, 64),
        "Stages": st.sampled_from([["prod"], ["dev", "prod"], {"dev": None, "prod": {"Condition": "C"}}]),
        "Exact": st.booleans(),
        "Tags": st.dictionaries(st.sampled_from(["T", "U"]), st.text(max_size=3) | REFERENCES, max_size=2),
        "Table": st.dictionaries(st.sampled_from(["TableName", "Tags"]), REFERENCES, max_size=1),
        "Api": st.just({"Share": True})
        | st.dictionaries(st.sampled_from(["Stage", "Fn::If", "Name", "Share"]), DATA, max_size=2),
    },
)
BAD = st.dictionaries(st.sampled_from([*load_schema()["properties"], "Other", "Ref"]), DATA, max_size=3)
COUNTERS = st.fixed_dictionaries(
    {"Type": st.just("HitCounter")},
    optional={
        "Properties": GOOD | GOOD | BAD | DATA,
        "DependsOn": IDS | st.lists(IDS | DATA, max_size=2),
        "Condition": st.just("C"),
        "DeletionPolicy": st.sampled_from(["Delete", "Retain"]),
        "Metadata": st.dictionaries(st.text(max_size=3), DATA, max_size=2),
    },
)
OTHERS = st.fixed_dictionaries(
    {"Type": st.just("AWS::SNS::Topic")},
    optional={"Properties": st.dictionaries(st.text(max_size=3), DATA, max_size=2), "DependsOn": IDS | DATA},
)
TEMPLATES = st.fixed_dictionaries(
    {"Resources": st.dictionaries(IDS, COUNTERS | OTHERS, min_size=1, max_size=4)},
    optional={
        "Outputs": st.dictionaries(st.text(max_size=3), DATA, max_size=2),
        "Conditions": st.just({"C": True}),
        "Parameters": DATA,
        "Globals": DATA,
    },
)


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


@given(st.recursive(SIMPLE, lambda inner: st.lists(inner) | st.dictionaries(st.text() | IDS, inner), max_leaves=10))
def test_any_data_is_expanded_or_refused(data):
    try:
        expand(data if isinstance(data, dict) else {"Resources": data})
    except MacroError as error:
        assert error.problems


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
        {"Api": {"Stage": {"Variables": {"a": "2"}}}},
        {"Path": "a/{name}"},
        {"Method": "POST"},
        {"Integration": "mapped"},
        {"Api": {"BinaryMediaTypes": ["*/*"]}},
        {"Api": {"Policy": {"Statement": []}}},
    ],
)
def test_a_change_of_anything_in_the_snapshot_creates_a_new_deployment(properties):
    assert find_deployment(expand_one(**properties)) != find_deployment(expand_one())


@pytest.mark.parametrize(
    "properties",
    [
        {"Env": {"A": "b"}},
        {"Table": {"TableName": "x"}},
        {"Shards": 4},
        {"Code": "s3://b/k", "Integration": "proxy"},
        {"LogGroup": {"A": 1}},
    ],
)
def test_other_changes_create_no_new_deployment(properties):
    assert find_deployment(expand_one(**properties)) == find_deployment(expand_one())


def test_a_changed_parameter_value_in_the_api_creates_a_new_deployment():
    template = {"Parameters": {"Cidr": {"Type": "String", "Default": "10.0.0.0/8"}, "Other": {"Type": "String"}}}
    properties = {"Api": {"Policy": {"Fn::Sub": "allow ${Cidr}"}}}

    first = expand_one(Setting(), template, **properties)
    same = expand_one(Setting({"Cidr": "10.0.0.0/8", "Other": "x"}), template, **properties)
    changed = expand_one(Setting({"Cidr": "192.168.0.0/16"}), template, **properties)

    assert find_deployment(first) == find_deployment(same) != find_deployment(changed)


def test_a_changed_parameter_value_in_a_condition_of_the_api_creates_a_new_deployment():
    template = {
        "Parameters": {"Kind": {"Type": "String"}, "Other": {"Type": "String"}},
        "Conditions": {"IsLive": {"Condition": "IsProd"}, "IsProd": {"Fn::Equals": [{"Ref": "Kind"}, "prod"]}},
    }
    properties = {"Api": {"BinaryMediaTypes": {"Fn::If": ["IsLive", ["*/*"], {"Ref": "AWS::NoValue"}]}}}

    first = expand_one(Setting({"Kind": "prod", "Other": "x"}), template, **properties)
    same = expand_one(Setting({"Kind": "prod", "Other": "y"}), template, **properties)
    changed = expand_one(Setting({"Kind": "dev", "Other": "x"}), template, **properties)

    assert find_deployment(first) == find_deployment(same) != find_deployment(changed)


def test_a_changed_mapping_of_the_api_creates_a_new_deployment():
    properties = {"Api": {"Policy": {"Fn::FindInMap": ["Policies", "one", "text"]}}}
    first, second = ({"Mappings": {"Policies": {"one": {"text": text}}}} for text in ("a", "b"))

    assert find_deployment(expand_one(DEFAULT, first, **properties)) != find_deployment(
        expand_one(DEFAULT, second, **properties)
    )
    assert find_deployment(expand_one(DEFAULT, first)) == find_deployment(expand_one(DEFAULT, second))


def test_the_gateway_does_not_change_other_resources():
    names = ("rest", "http")

    expanded = {name: expand_one(Gateway=name, Integration="proxy") for name in names}

    parts = ("Table", "LogGroup", "Role", "Policy", "Function")
    rest, http = ({part: expanded[name][f"Visits{part}"] for part in parts} for name in names)
    assert rest == http


def test_a_changed_result_does_not_change_later_expansions():
    def spoil(node):
        for value in node.values() if isinstance(node, dict) else node:
            if isinstance(value, (dict, list)):
                spoil(value)
        node.clear()

    before = json.dumps(expand_one())
    spoil(expand_one())

    assert json.dumps(expand_one()) == before


class Module:
    """A plug-in with a given ``build`` function."""

    INPUTS = ("counter_id",)
    OUTPUTS = ("answer",)

    def __init__(self, build):
        self.build = build


def test_a_plugin_gets_only_its_inputs():
    seen = []
    plugin = as_plugin("spy", Module(lambda values: seen.append(dict(values)) or Piece({"answer": "42"}, {})))

    resources = {"Visits": {"Type": "HitCounter", "Properties": {"Plugins": ["spy"]}}}
    expand({"Resources": resources}, Setting(), lambda name: find_plugin(name, {"spy": plugin}))

    assert seen == [{"counter_id": "Visits"}]


def build_buggy(values):
    return {}["missing"]


def build_refusing(values):
    raise PluginError([Problem((), "Colour must be blue")])


def build_mutating(values):
    values["env"]["ADDED"] = "1"
    values["options"].clear()
    return Piece({"answer": "42"}, {})


def expand_with(build, inputs=("counter_id",), **properties):
    module = Module(build)
    module.INPUTS = inputs
    plugin = as_plugin("mine", module)
    resources = {"Visits": {"Type": "HitCounter", "Properties": {"Plugins": [{"mine": {"a": 1}}], **properties}}}
    before = copy.deepcopy(resources)
    try:
        return expand({"Resources": resources}, DEFAULT, lambda name: find_plugin(name, {"mine": plugin}))["Resources"]
    finally:
        assert resources == before


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (build_buggy, "plugin 'mine' failed: KeyError: 'missing' (test_expand.py, line "),
        (build_refusing, "Resources.Visits.Properties.Plugins[0]: Colour must be blue"),
        (lambda values: Piece({"answer": 1}, None), "plugin 'mine' must return a Piece with two maps, got Piece"),
    ],
)
def test_a_mistake_of_a_plugin_is_reported_at_its_name(build, message):
    with pytest.raises(MacroError) as error:
        expand_with(build)

    assert message in str(error.value)
    assert str(error.value).startswith("Resources.Visits.Properties.Plugins[0]: ")


def test_a_plugin_cannot_change_the_values_of_others():
    resources = expand_with(build_mutating, inputs=("env", "options"), Env={"A": "b"})

    assert resources["VisitsFunction"]["Properties"]["Env"] == {"table": {"Ref": "VisitsTable"}, "A": "b"}


@pytest.mark.parametrize(
    ("author", "properties"),
    [
        ({"Fn::If": ["C", {"A": 1}, {"BillingMode": "PROVISIONED"}]}, {"BillingMode": {"Fn::If": ["C", "PAY_PER_REQUEST", "PROVISIONED"]}, "A": {"Fn::If": ["C", 1, {"Ref": "AWS::NoValue"}]}}),
        ({"Fn::If": ["C", {"SSESpecification": {"KMSMasterKeyId": "k"}}, {"Ref": "AWS::NoValue"}]}, {"SSESpecification": {"Fn::If": ["C", {"SSEEnabled": True, "KMSMasterKeyId": "k"}, {"SSEEnabled": True}]}}),
        ({"Fn::If": ["C", {"A": 1}, {"Fn::If": ["D", {"A": 2}, {"Ref": "AWS::NoValue"}]}]}, {"A": {"Fn::If": ["C", 1, {"Fn::If": ["D", 2, {"Ref": "AWS::NoValue"}]}]}}),
        ({"BillingMode": {"Ref": "AWS::NoValue"}}, {"BillingMode": {"Ref": "AWS::NoValue"}}),
    ],
    ids=["default stays", "merged by branch", "nested", "removed"],
)  # fmt: skip
def test_a_branch_without_a_property_keeps_its_default(author, properties):
    table = expand_one(Table=author)["VisitsTable"]["Properties"]

    assert {name: table[name] for name in properties} == properties


@pytest.mark.parametrize(
    "api",
    [
        {"Stage": {"Fn::If": ["C", {"TracingEnabled": False}, {"Ref": "AWS::NoValue"}]}},
        {"Fn::If": ["C", {"Stage": {"TracingEnabled": False}}, {"Ref": "AWS::NoValue"}]},
    ],
)
def test_the_stage_may_depend_on_a_condition(api):
    stage = expand_one(Api=api)["VisitsStage"]["Properties"]

    assert stage["TracingEnabled"] == {"Fn::If": ["C", False, True]}
    assert stage["StageName"] == "prod"


@pytest.mark.parametrize(
    ("properties", "rate", "burst"),
    [({}, 1000, 500), ({"Exact": True}, 500, 250), ({"Shards": 4}, 4000, 2000), ({"Shards": 64}, 10_000, 5_000)],
)
@pytest.mark.parametrize("gateway", ["rest", "http"])
def test_the_rate_limit_is_the_capacity_of_the_items_of_a_name(gateway, properties, rate, burst):
    stage = expand_one(Gateway=gateway, **properties)["VisitsStage"]["Properties"]

    limits = stage["MethodSettings"][0] if gateway == "rest" else stage["DefaultRouteSettings"]
    assert (limits["ThrottlingRateLimit"], limits["ThrottlingBurstLimit"]) == (rate, burst)


def test_a_longer_path_keeps_the_resources_of_the_shorter_path():
    short, long = expand_one(Path="a/{name}"), expand_one(Path="a/{name}/x")

    assert [name for name in long if name.startswith("VisitsResource")] == [
        "VisitsResource",
        "VisitsResource2",
        "VisitsResource3",
    ]
    assert all(long[name] == short[name] for name in ("VisitsResource", "VisitsResource2"))
    assert long["VisitsMethod"]["Properties"]["ResourceId"] == {"Ref": "VisitsResource3"}


def test_a_resource_that_refers_to_a_counter_still_waits_for_all_of_the_counter():
    visits = {
        "Type": "HitCounter",
        "DependsOn": "Likes",
        "Properties": {"Env": {"likes": {"Fn::GetAtt": ["Likes", "Url"]}}},
    }

    resources = expand({"Resources": {"Likes": {"Type": "HitCounter"}, "Visits": visits}})["Resources"]

    assert resources["VisitsFunction"]["DependsOn"] == ["LikesPolicy", "LikesStage", "LikesPermission"]


@pytest.mark.parametrize(
    ("name", "value", "default"), [("Flag", "true", True), ("Size", "3", 3), ("List", ["a", "b"], "a,b")]
)
def test_a_default_and_the_same_given_value_create_the_same_deployment(name, value, default):
    template = {"Parameters": {name: {"Type": "String", "Default": default}}}
    properties = {"Api": {"Policy": {"Ref": name}}}

    assert find_deployment(expand_one(DEFAULT, template, **properties)) == find_deployment(
        expand_one(Setting({name: value}), template, **properties)
    )


def test_owners_are_right_if_one_id_is_a_prefix_of_another():
    template = {"Resources": {"Page": {"Type": "HitCounter"}, "PageA": {"Type": "HitCounter"}}}

    owners = expand_counters(template).owners

    assert (owners["PageApi"], owners["PageAApi"], owners["PageAccessLog"]) == ("Page", "PageA", "Page")


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (object(), "plugin 'x' must have INPUTS, a tuple of names"),
        (type("M", (), {"INPUTS": (), "OUTPUTS": (1,), "build": 3}), "plugin 'x' must have a function build(values)"),
    ],
)
def test_an_object_that_is_not_a_plugin_is_refused(module, message):
    with pytest.raises(PluginError) as error:
        as_plugin("x", module)

    assert message in str(error.value)


def test_built_in_plugins_have_summaries():
    assert all(plugin.summary.endswith(".") for plugin in BUILT_IN.values())


ALL_ATTRIBUTES = {
    "Metadata": {"cfn-lint": {"config": {"ignore_checks": ["W1"]}}},
    "DependsOn": "Topic",
    "CreationPolicy": {"ResourceSignal": {"Timeout": "PT5M"}},
    "UpdatePolicy": {"UseOnlineResharding": True},
    "DeletionPolicy": "Snapshot",
    "UpdateReplacePolicy": "Retain",
    "Condition": "Own",
}


@pytest.mark.parametrize("stages", [None, ["dev", "prod"]], ids=["no stages", "stages"])
@pytest.mark.parametrize(
    "own", [{}, {"Metadata": {"a": 1}}, {"DependsOn": "Other", "DeletionPolicy": "Retain"}], ids=str
)
@pytest.mark.parametrize("name", ALL_ATTRIBUTES)
def test_a_plugins_resource_keeps_its_attributes(name, own, stages):
    def build(values):
        resource = {"Type": "AWS::SQS::Queue", "Properties": {"A": 1}, name: ALL_ATTRIBUTES[name]}
        return Piece({"queue": "q"}, {f"{values['counter_id']}Queue": resource})

    class Module:
        INPUTS, OUTPUTS = ("counter_id",), ("queue",)

    Module.build = staticmethod(build)
    plugin = as_plugin("mine", Module)
    properties = {"Plugins": ["mine"], **({"Stages": stages} if stages else {})}
    template = {
        "Conditions": {"Own": {"Fn::Equals": [1, 1]}},
        "Resources": {
            "Visits": {"Type": "HitCounter", "Properties": properties, **own},
            "Topic": {"Type": "AWS::SNS::Topic"},
            "Other": {"Type": "AWS::SNS::Topic"},
        },
    }

    expanded = expand(template, find=lambda _: plugin)["Resources"]

    queues = [each for each in expanded.values() if each["Type"] == "AWS::SQS::Queue"]
    assert len(queues) == len(stages or [1])
    for queue in queues:
        kept = queue[name]
        if name == "Metadata":
            assert kept == {**ALL_ATTRIBUTES[name], **own.get("Metadata", {})}
        elif name == "DependsOn" and "DependsOn" in own:
            assert kept == ["Topic", "Other"]
        elif name == "DeletionPolicy" and name in own:
            assert kept == own[name]
        else:
            assert kept == ALL_ATTRIBUTES[name]
        assert queue["Properties"] == {"A": 1}


@pytest.mark.parametrize(
    ("further", "goes"),
    [
        ((), True),
        (("queue", "topic"), True),
        (None, False),
    ],
    ids=["the same outputs", "more outputs", "fewer outputs"],
)
@pytest.mark.parametrize("name", ["table", "log_group", "role", "function", "gateway_rest"])
def test_a_plugin_with_all_outputs_of_a_built_in_plugin_replaces_it(name, further, goes):
    outputs = BUILT_IN[name].outputs
    given_outputs = outputs[1:] if further is None else (*outputs, *further)
    if not given_outputs or (further is None and len(outputs) == 1):
        pytest.skip("a plug-in without outputs takes no place")

    class Module:
        INPUTS, OUTPUTS = (), given_outputs

        @staticmethod
        def build(values):
            return Piece(dict.fromkeys(given_outputs, "x"), {})

    plugins = choose_plugins(
        Given(Counter("Visits", {}, {}), {}, "rest", [PluginRequest("mine", {}, ())], []),
        lambda _: as_plugin("mine", Module),
    )

    assert ("mine" in [plugin.name for plugin in plugins]) is True
    assert (name not in [plugin.name for plugin in plugins]) is goes
