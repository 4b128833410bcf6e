"""Each stage has its own table and function. One API selects the function. A new stage changes no other stage."""

import copy
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macro.counter.read import DEFAULT
from macro.counter.stages import name_part
from macro.errors import MacroError, PluginError
from macro.expand import expand
from macro.handler import handler
from macro.plugin import Piece, Spread, Unset, overlay
from macro.plugins import as_plugin, find_plugin
from tests.support.plain import find_dangling

CONDITIONS = {f"Is{n}": {"Fn::Equals": ["a", str(n)]} for n in range(24)}
PARTITION = {"AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::AccountId": "123456789012"}
# A URI from AWS's page "API Gateway stage variables reference", which shows it for REST and HTTP APIs.
INVOKE = (
    "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/"
    "arn:aws:lambda:eu-west-1:123456789012:function:FUNCTION/invocations"
)


def expand_one(find=find_plugin, conditions=None, attributes=None, **properties):
    counter = {"Type": "HitCounter", "Properties": properties, **(attributes or {})}
    template = {"Resources": {"Visits": counter}, **({"Conditions": conditions} if conditions else {})}
    return expand(template, DEFAULT, find)


def substitute(text, variables):
    """The text of an ``Fn::Sub`` after substitution by CloudFormation."""
    known = re.sub(r"\$\{([^!}]+)\}", lambda match: variables[match[1]], text)
    return known.replace("${!", "${")


def fill(uri, variables):
    """The URI after API Gateway replaces its stage variables."""
    return re.sub(r"\$\{stageVariables\.(\w+)\}", lambda match: variables[match[1]], uri)


@pytest.mark.parametrize("gateway", ["rest", "http"])
def test_a_new_stage_does_not_change_other_stages(gateway):
    two = expand_one(Gateway=gateway, Stages=["dev", "prod"])["Resources"]
    three = expand_one(Gateway=gateway, Stages=["dev", "live", "prod"])["Resources"]

    assert {name: json.dumps(three[name]) for name in two} == {name: json.dumps(two[name]) for name in two}
    assert {name for name in three if name not in two} == {name for name in three if name.startswith("VisitsLive")}


@pytest.mark.parametrize("stages", [["dev", "live", "prod"], {"dev": {}, "live": {"Condition": "Is1"}, "prod": {}}])
def test_a_new_stage_is_a_new_entry_of_the_custom_resource(stages):
    two = expand_one(Gateway="custom", Stages=["dev", "prod"])["Resources"]
    three = expand_one(conditions=CONDITIONS, Gateway="custom", Stages=stages)["Resources"]

    entry = three["VisitsGateway"]["Properties"]["Stages"].pop("live")
    assert {name: three[name] for name in two} == two
    assert {name for name in three if name not in two} == {name for name in three if name.startswith("VisitsLive")}
    given = entry["Fn::If"][1] if isinstance(stages, dict) else entry
    assert given["FunctionArn"] == {"Fn::GetAtt": ["VisitsLiveFunction", "Arn"]}
    assert entry in (given, {"Fn::If": ["Is1", given, {"Ref": "AWS::NoValue"}]})


@pytest.mark.parametrize("gateway", ["rest", "http"])
def test_a_condition_of_a_stage_does_not_change_other_stages(gateway):
    plain = expand_one(Gateway=gateway, Stages=["dev", "prod"])["Resources"]
    stages = {"dev": {}, "prod": {}, "live": {"Condition": "Is1"}}
    more = expand_one(conditions=CONDITIONS, Gateway=gateway, Stages=stages)

    assert {name: more["Resources"][name] for name in plain} == plain
    added = [resource for name, resource in more["Resources"].items() if name not in plain]
    assert [resource["Condition"] for resource in added] == ["Is1"] * len(added)
    assert more["Conditions"] == CONDITIONS


@pytest.mark.parametrize("gateway", ["rest", "http"])
def test_the_stage_selects_the_function(gateway):
    resources = expand_one(Gateway=gateway, Stages=["dev", "prod"])["Resources"]

    uri = (
        resources["VisitsMethod"]["Properties"]["Integration"]["Uri"]
        if gateway == "rest"
        else resources["VisitsIntegration"]["Properties"]["IntegrationUri"]
    )
    for part in ("Dev", "Prod"):
        stage = resources[f"Visits{part}Stage"]["Properties"]
        variables = stage["Variables" if gateway == "rest" else "StageVariables"]
        names = {name: value["Fn::GetAtt"] for name, value in variables.items()}
        assert names == {"VisitsFunction": [f"Visits{part}Function", "FunctionName"]}
        called = fill(substitute(uri["Fn::Sub"], PARTITION), {"VisitsFunction": f"hitcounter-{part}"})
        assert called == INVOKE.replace("FUNCTION", f"hitcounter-{part}")


@pytest.mark.parametrize("gateway", ["rest", "http"])
def test_each_function_may_be_invoked_only_through_its_own_stage(gateway):
    resources = expand_one(Gateway=gateway, Path="a/{name}", Stages=["dev", "prod"])["Resources"]

    permissions = {name: each["Properties"] for name, each in resources.items() if name.endswith("Permission")}
    assert list(permissions) == ["VisitsDevPermission", "VisitsProdPermission"]
    for part, permission in zip(("Dev", "Prod"), permissions.values(), strict=True):
        assert permission["FunctionName"] == {"Fn::GetAtt": [f"Visits{part}Function", "Arn"]}
        assert permission["SourceArn"]["Fn::Sub"].endswith(f":${{VisitsApi}}/{part.lower()}/GET/a/*")


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize(("gateway", "property_name"), [("rest", "Variables"), ("http", "StageVariables")])
@pytest.mark.parametrize("length", [56, 57, 200])
def test_api_gateway_accepts_the_name_of_the_stage_variable(gateway, property_name, length, share):
    counters = {
        letter + "x" * (length - 2) + last: {
            "Type": "HitCounter",
            "Properties": {"Gateway": gateway, "Path": f"{last}/{{name}}", "Stages": ["p"], "Api": {"Share": share}},
        }
        for letter, last in ("AB", "AC")
    }

    resources = expand({"Resources": counters})["Resources"]

    given = [name for each in resources.values() for name in each.get("Properties", {}).get(property_name, ())]
    asked = set(re.findall(r"stageVariables\.(\w+)", json.dumps(resources)))
    assert sorted(given) == sorted(asked)
    assert len(asked) == 2
    assert max(map(len, asked)) <= 64


def test_all_stages_run_the_same_code_with_separate_tables():
    resources = expand_one(Stages=["dev", "prod"], Code="s3://code/app.zip")["Resources"]

    functions = [resources[f"Visits{part}Function"]["Properties"] for part in ("Dev", "Prod")]
    assert functions[0]["Code"] == functions[1]["Code"] == {"S3Bucket": "code", "S3Key": "app.zip"}
    assert [function["Env"]["table"]["Ref"] for function in functions] == ["VisitsDevTable", "VisitsProdTable"]


def test_a_single_named_stage_equals_one_of_several_stages():
    one = expand_one(Stages=["prod"])["Resources"]
    two = expand_one(Stages=["prod", "dev"])["Resources"]

    assert {name: two[name] for name in one} == one


def test_a_changed_method_creates_a_new_deployment_and_a_new_stage_does_not():
    def find_deployment(**properties):
        resources = expand_one(**properties)["Resources"]
        return next(name for name in resources if name.startswith("VisitsDeployment"))

    first = find_deployment(Stages=["dev"])

    assert first == find_deployment(Stages={"prod": {"Env": {"A": "b"}}, "dev": {}})
    assert first != find_deployment(Stages=["dev"], Method="POST")
    assert first != find_deployment()


@pytest.mark.parametrize(
    ("count", "sizes"), [(2, [2]), (10, [10]), (11, [10, 2]), (20, [10, 10, 2]), (24, [10, 10, 6])]
)
def test_the_api_exists_if_any_stage_exists(count, sizes):
    stages = {f"s{n}": {"Condition": f"Is{n}"} for n in range(count)}

    plain = expand_one(conditions=CONDITIONS, Stages=stages)

    assert plain["Resources"]["VisitsApi"]["Condition"] == "VisitsExists"
    node, found, named = plain["Conditions"]["VisitsExists"], [], []
    while node:
        found.append(len(node["Fn::Or"]))
        named += [operand["Condition"] for operand in node["Fn::Or"] if "Condition" in operand]
        node = next((operand for operand in node["Fn::Or"] if "Fn::Or" in operand), None)
    assert found == sizes
    assert named == [f"Is{n}" for n in range(count)]


@pytest.mark.parametrize(
    ("own", "stages", "api", "dev", "added"),
    [
        (None, {"dev": "Is1"}, "Is1", "Is1", []),
        (None, {"dev": "Is1", "prod": "Is1"}, "Is1", "Is1", []),
        ("Is0", {"dev": None}, "Is0", "Is0", []),
        ("Is0", {"dev": "Is0", "prod": "Is1"}, "Is0", "Is0", ["VisitsProdExists"]),
        ("Is0", {"dev": "Is1", "prod": None}, "Is0", "VisitsDevExists", ["VisitsDevExists"]),
        (
            "Is0",
            {"dev": "Is1", "prod": "Is2"},
            "VisitsExists",
            "VisitsDevExists",
            ["VisitsDevExists", "VisitsProdExists", "VisitsExists"],
        ),
    ],
)
def test_conditions_of_counter_and_stages_are_combined(own, stages, api, dev, added):
    attributes = {"Condition": own} if own else {}
    overrides = {name: {"Condition": condition} if condition else {} for name, condition in stages.items()}

    plain = expand_one(conditions=CONDITIONS, attributes=attributes, Stages=overrides)

    assert plain["Resources"]["VisitsApi"]["Condition"] == api
    assert plain["Resources"]["VisitsDevTable"]["Condition"] == dev
    assert [name for name in plain["Conditions"] if name not in CONDITIONS] == added


def test_two_counters_cannot_add_the_same_condition():
    first = {"Type": "HitCounter", "Condition": "Is0", "Properties": {"Stages": {"dev": {"Condition": "Is1"}}}}
    stages = {"x": {"Condition": "Is1"}, "y": {"Condition": "Is2"}}
    second = {"Type": "HitCounter", "Properties": {"Stages": stages}}

    with pytest.raises(MacroError) as error:
        expand({"Conditions": CONDITIONS, "Resources": {"Visits": first, "VisitsDev": second}})

    assert str(error.value) == (
        "Resources.VisitsDev: adds the condition VisitsDevExists, but counter Visits adds it already; "
        "rename a counter or a stage"
    )


def test_a_transform_in_resources_cannot_add_conditions():
    stages = {"dev": {"Condition": "Is1"}, "prod": {"Condition": "Is2"}}
    fragment = {"Visits": {"Type": "HitCounter", "Properties": {"Stages": stages}}}

    answer = handler({"requestId": "r", "transformId": "1::HitCounterMacro", "fragment": fragment, "params": {}}, None)

    assert answer["errorMessage"] == (
        "Fn::Transform: can't add to Conditions, but the counters require VisitsExists; "
        "call 'Transform: HitCounterMacro' at the top of the template instead"
    )


def test_a_preview_refuses_added_conditions_in_resources_too(command, tmp_path):
    (tmp_path / "t.yaml").write_text(
        "Conditions: {A: !Equals [a, b], B: !Equals [a, b]}\n"
        "Resources:\n  Fn::Transform: {Name: HitCounterMacro}\n"
        "  Visits: {Type: HitCounter, Properties: {Stages: {dev: {Condition: A}, prod: {Condition: B}}}}\n",
        "utf-8",
    )

    code, _, err = command("expand", tmp_path / "t.yaml")

    assert code == 1
    assert "can't add to Conditions, but the counters require VisitsExists" in err


class Module:
    """A plug-in with given inputs and a given ``build`` function."""

    OUTPUTS = ("answer",)

    def __init__(self, build, *inputs):
        self.build = build
        self.INPUTS = ("counter_id", *inputs)


def expand_with(build, *inputs, **properties):
    plugin = as_plugin("mine", Module(build, *inputs))
    return expand_one(lambda name: find_plugin(name, {"mine": plugin}), Plugins=["mine"], **properties)


def make_topic(values):
    return {f"{values['counter_id']}Topic": {"Type": "AWS::SNS::Topic"}}


def test_a_plugin_without_the_input_stages_is_built_for_each_stage():
    seen = []

    def build(values):
        seen.append(values)
        return Piece({"answer": {"Ref": f"{values['counter_id']}Topic"}}, make_topic(values))

    reference = {"Fn::GetAtt": ["Visits", "Answer"]}
    plain = expand_with(build, "stage", "table_name", Stages=["dev", "prod"], Env={"A": reference})["Resources"]

    assert [(values["counter_id"], values["stage"], values["table_name"]["Ref"]) for values in seen] == [
        ("VisitsDev", "dev", "VisitsDevTable"),
        ("VisitsProd", "prod", "VisitsProdTable"),
    ]
    answers = [plain[f"Visits{part}Function"]["Properties"]["Env"]["A"] for part in ("Dev", "Prod")]
    assert answers == [{"Ref": "VisitsDevTopic"}, {"Ref": "VisitsProdTopic"}]


def test_a_plugin_with_the_input_stages_is_built_once():
    seen = []

    def build(values):
        seen.append(values)
        parts = [Piece({"answer": stage["stage"]}, make_topic(stage)) for stage in values["stages"]]
        return Piece({}, make_topic(values), parts)

    template = {
        "Resources": {"Visits": {"Type": "HitCounter", "Properties": {"Plugins": ["mine"], "Stages": ["dev", "prod"]}}},
        "Outputs": {name: {"Value": {"Fn::GetAtt": ["Visits", f"{name}Answer"]}} for name in ("", "Dev", "Prod")},
    }
    plugin = as_plugin("mine", Module(build, "stages", "stage"))
    plain = expand(template, DEFAULT, lambda name: find_plugin(name, {"mine": plugin}))

    stages = [{"counter_id": f"Visits{name.capitalize()}", "stage": name, "stages": ()} for name in ("dev", "prod")]
    assert seen == [{"counter_id": "Visits", "stage": "dev", "stages": stages}]
    assert [name for name in plain["Resources"] if name.endswith("Topic")] == [
        "VisitsTopic",
        "VisitsDevTopic",
        "VisitsProdTopic",
    ]
    assert [output["Value"] for output in plain["Outputs"].values()] == ["dev", "dev", "prod"]


@pytest.mark.parametrize(
    ("inputs", "parts", "message"),
    [
        (["stages"], [Piece({}, {})], "must return a Piece with two maps for each of the 2 stages, or for none"),
        (["stages"], [Piece({}, {}), 1], "must return a Piece with two maps for each of the 2 stages, or for none"),
        ([], [Piece({}, {})], "returns pieces for stages; add 'stages' to its INPUTS"),
        (
            ["stages"],
            [Piece({"answer": 1}, {}), Piece({}, {})],
            "returns no value for its output 'answer'; return one, or remove it from OUTPUTS",
        ),
        (
            ["stages"],
            [Piece({"answer": 1}, {}), Piece({"answer": 1}, {"VisitsTopic": {"Type": "AWS::SNS::Topic"}})],
            "makes the resource 'VisitsTopic'; its logical id must be values['counter_id'] ('VisitsProd'), "
            "then letters and digits",
        ),
    ],
)
def test_the_pieces_of_stages_are_checked(inputs, parts, message):
    with pytest.raises(MacroError) as error:
        expand_with(lambda values: Piece({}, {}, parts), *inputs, Stages=["dev", "prod"])

    assert str(error.value) == f"Resources.Visits.Properties.Plugins[0]: plugin 'mine' {message}"


def test_a_cycle_through_a_stages_own_attribute_is_reported_with_its_path():
    reference = {"Fn::GetAtt": ["Visits", "ProdUrl"]}

    with pytest.raises(MacroError) as error:
        expand_one(Stages={"dev": {}, "prod": {"Env": {"A": reference}}})

    assert str(error.value) == (
        "Resources.Visits: plugins depend on each other: function → gateway_rest → function, through function_arn, url"
    )


@pytest.mark.parametrize(
    ("stages", "meanings"),
    [
        (["base", "prod"], "BaseUrl would mean both BaseUrl of the first stage and Url of stage 'base'"),
        ({"eu": {}, "euBase": {}}, "EuBaseUrl would mean both BaseUrl of stage 'eu' and Url of stage 'euBase'"),
    ],
)
def test_an_attribute_with_two_meanings_is_refused(stages, meanings):
    with pytest.raises(MacroError) as error:
        expand_one(Stages=stages)

    assert str(error.value) == f"Resources.Visits.Properties.Stages: the attribute {meanings}; rename a stage"


@pytest.mark.parametrize(
    ("name", "part"), [("prod", "Prod"), ("prod-eu", "Prodeu"), ("prodEu_1", "ProdEu1"), ("7", "7"), ("_x", "X")]
)
def test_a_stages_part_of_an_id_has_only_letters_and_digits(name, part):
    assert name_part(name) == part


@pytest.mark.parametrize(
    ("base", "further", "result"),
    [
        ({"a": 1}, {"a": 2, "b": 3}, {"a": 2, "b": 3}),
        ({"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}),
        ({"a": {"Ref": "X"}}, {"a": {"c": 2}}, {"a": {"c": 2}}),
        ({"a": 1}, {"a": Spread({"Fn::If": ["C", 2, Unset()]})}, {"a": {"Fn::If": ["C", 2, 1]}}),
        ({"a": Spread({"Fn::If": ["C", 2, Unset()]})}, {"a": 3}, {"a": 3}),
        (
            {"a": Spread({"Fn::If": ["C", {"b": 1}, Unset()]})},
            {"a": {"c": 2}},
            {"a": {"Fn::If": ["C", {"b": 1, "c": 2}, {"c": 2}]}},
        ),
    ],
)
def test_a_stages_properties_are_merged_into_the_counters_properties(base, further, result):
    before = copy.deepcopy((base, further))

    assert overlay(base, further) == result
    assert (base, further) == before


def test_a_stages_branch_without_a_property_keeps_its_default():
    bigger = {"Fn::If": ["Is0", {"MemorySize": 512}, {"Ref": "AWS::NoValue"}]}
    stages = {"dev": {"Function": bigger}, "prod": {}}

    resources = expand_one(conditions=CONDITIONS, Stages=stages, Function={"Timeout": 5})["Resources"]

    assert resources["VisitsDevFunction"]["Properties"]["MemorySize"] == {"Fn::If": ["Is0", 512, 256]}
    assert resources["VisitsProdFunction"]["Properties"]["MemorySize"] == 256
    assert [resources[f"Visits{part}Function"]["Properties"]["Timeout"] for part in ("Dev", "Prod")] == [5, 5]


NAMES = st.lists(st.from_regex(r"\A[A-Za-z0-9_-]{1,6}\Z"), min_size=1, max_size=5)
STAGES = NAMES | st.dictionaries(
    st.from_regex(r"\A[A-Za-z0-9_-]{1,6}\Z"),
    st.none()
    | st.fixed_dictionaries(
        {},
        optional={
            "Env": st.dictionaries(st.sampled_from(["A", "B"]), st.text(max_size=2), max_size=2),
            "Condition": st.sampled_from(["Is1", "Is2"]),
            "Table": st.just({"TableName": {"Fn::Sub": "x"}}),
        },
    ),
    max_size=4,
)


@given(STAGES, st.sampled_from(["rest", "http"]), st.none() | st.just("Is0"))
def test_any_stages_are_expanded_or_refused(stages, gateway, condition):
    attributes = {"Condition": condition} if condition else {}
    try:
        plain = expand_one(conditions=CONDITIONS, attributes=attributes, Stages=stages, Gateway=gateway)
    except MacroError as error:
        assert not isinstance(error, PluginError)
        assert all("Stages" in problem.path or "TableName" in problem.text for problem in error.problems)
    else:
        assert find_dangling(plain) == []
        assert sum(name.endswith("Function") for name in plain["Resources"]) == len(stages)
        assert expand(plain) == plain
