"""Attributes of a third-party plug-in's resources, and their combination with the counter's attributes."""

import pytest

from macro.counter.read import DEFAULT
from macro.errors import MacroError
from macro.expand import expand
from macro.plugin import Piece
from macro.plugins import as_plugin, find_plugin

ATTRIBUTES = {
    "Metadata": {"Team": "web", "cfn-lint": {"config": {"ignore_checks": ["W1"]}}},
    "DependsOn": ["First", "Second"],
    "Condition": "IsProd",
    "CreationPolicy": {"ResourceSignal": {"Count": 3}},
    "UpdatePolicy": {"UseOnlineResharding": True},
    "DeletionPolicy": "RetainExceptOnCreate",
    "UpdateReplacePolicy": "Snapshot",
}
EACH = [{name: value} for name, value in ATTRIBUTES.items()]
BODY = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "x"}}


class Topics:
    """A plug-in that makes a topic for each stage, and one more with the input ``stages``. All have the attributes."""

    OUTPUTS = ("answer",)

    def __init__(self, attributes, *inputs):
        self.resource = {**BODY, **attributes}
        self.INPUTS = ("counter_id", *inputs)

    def build(self, values):
        parts = [Piece({}, self.make(stage)) for stage in values.get("stages", ())]
        return Piece({"answer": "42"}, self.make(values), parts)

    def make(self, values):
        return {f"{values['counter_id']}Topic": self.resource}


def expand_with(plugin, own=None, further=None, **properties):
    """The topics of a counter. ``own`` holds the counter's attributes."""
    counter = {"Type": "HitCounter", **(own or {}), "Properties": {"Plugins": ["mine"], **properties}}
    template = {"Conditions": {"IsProd": True}, "Resources": {"Visits": counter, **(further or {})}}
    found = as_plugin("mine", plugin)
    resources = expand(template, DEFAULT, lambda name: find_plugin(name, {"mine": found}))["Resources"]
    return {name: each for name, each in resources.items() if name.endswith("Topic")}


@pytest.mark.parametrize("attributes", [{}, ATTRIBUTES, *EACH], ids=lambda attributes: ",".join(attributes))
@pytest.mark.parametrize(
    ("inputs", "properties", "ids"),
    [
        ((), {}, ["VisitsTopic"]),
        ((), {"Stages": ["dev", "prod"]}, ["VisitsDevTopic", "VisitsProdTopic"]),
        (("stages",), {"Stages": ["dev", "prod"]}, ["VisitsTopic", "VisitsDevTopic", "VisitsProdTopic"]),
        ((), {"Api": {"Share": True}}, ["VisitsTopic"]),
        ((), {"Env": {"OWN": {"Fn::GetAtt": ["Visits", "Answer"]}}}, ["VisitsTopic"]),
        ((), {"Env": {"OTHER": {"Fn::GetAtt": ["Likes", "Url"]}}}, ["VisitsTopic"]),
    ],
    ids=["alone", "each stage", "all stages", "shared API", "own attribute", "another's attribute"],
)
def test_a_plugins_resource_keeps_its_attributes_and_properties(attributes, inputs, properties, ids):
    others = {"Likes": {"Type": "HitCounter"}, "Bucket": {"Type": "AWS::S3::Bucket", "DependsOn": "Visits"}}

    topics = expand_with(Topics(attributes, *inputs), None, others, **properties)

    assert list(topics) == ids
    assert list(topics.values()) == [{**BODY, **attributes}] * len(ids)


@pytest.mark.parametrize(
    ("plugins", "counters", "both"),
    [
        ({}, {"Metadata": {"A": 1}}, {"Metadata": {"A": 1}}),
        ({"Metadata": {"A": 1, "B": 1}}, {"Metadata": {"B": 2, "C": 2}}, {"Metadata": {"A": 1, "B": 2, "C": 2}}),
        (
            {"Metadata": {"cfn-lint": {"config": {"ignore_checks": ["W1"]}}}},
            {"Metadata": {"cfn-lint": {"config": {"regions": ["eu-west-1"]}}}},
            {"Metadata": {"cfn-lint": {"config": {"ignore_checks": ["W1"], "regions": ["eu-west-1"]}}}},
        ),
        ({"Metadata": {"A": {"Ref": "X"}}}, {"Metadata": {"A": {"Ref": "Y"}}}, {"Metadata": {"A": {"Ref": "Y"}}}),
        ({}, {"DependsOn": "A"}, {"DependsOn": "A"}),
        ({"DependsOn": "A"}, {"DependsOn": "B"}, {"DependsOn": ["A", "B"]}),
        ({"DependsOn": ["A", "B"]}, {"DependsOn": ["B", "C"]}, {"DependsOn": ["A", "B", "C"]}),
        ({"DependsOn": []}, {"DependsOn": "A"}, {"DependsOn": "A"}),
        ({}, {"Condition": "IsProd"}, {"Condition": "IsProd"}),
        ({"DeletionPolicy": "Retain"}, {"DeletionPolicy": "Delete"}, {"DeletionPolicy": "Delete"}),
        ({}, {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}, {}),
        (
            {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"},
            {"UpdateReplacePolicy": "Delete"},
            {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Delete"},
        ),
        (
            {"CreationPolicy": {"A": 1}, "UpdatePolicy": {"B": 1}, "Condition": "IsProd"},
            {"Metadata": {"C": 1}, "DependsOn": "A", "DeletionPolicy": "Delete"},
            {
                "CreationPolicy": {"A": 1},
                "UpdatePolicy": {"B": 1},
                "Condition": "IsProd",
                "Metadata": {"C": 1},
                "DependsOn": "A",
            },
        ),
    ],
)
@pytest.mark.parametrize("inputs", [(), ("stages",)], ids=["each stage", "all stages"])
def test_attributes_of_plugin_and_counter_are_joined(plugins, counters, both, inputs):
    plugin = Topics(plugins, *inputs)
    topics = expand_with(plugin, counters, Stages=["dev"])

    assert list(topics) == ["VisitsTopic", "VisitsDevTopic"][0 if inputs else 1 :]
    assert list(topics.values()) == [{**BODY, **both}] * len(topics)
    assert plugin.resource == {**BODY, **plugins}


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"Metadata": None}, "Metadata must be a map"),
        ({"Metadata": ["a"]}, "Metadata must be a map"),
        ({"Condition": {"Fn::Not": ["IsProd"]}}, "Condition must be a name"),
        ({"DependsOn": None}, "DependsOn must be a logical id or a list of logical ids"),
        ({"DependsOn": {"Ref": "A"}}, "DependsOn must be a logical id or a list of logical ids"),
        ({"DependsOn": ["A", {"Ref": "B"}]}, "DependsOn must be a logical id or a list of logical ids"),
        ({"Properties": []}, "Properties must be a map"),
    ],
)
@pytest.mark.parametrize("own", [{}, {"Metadata": {"A": 1}, "DependsOn": "A"}], ids=["", "own"])
def test_an_invalid_attribute_of_a_plugins_resource_is_reported(attributes, message, own):
    with pytest.raises(MacroError) as error:
        expand_with(Topics(attributes), own)

    assert str(error.value) == (
        f"Resources.Visits.Properties.Plugins[0]: plugin 'mine' makes the resource 'VisitsTopic'; its {message}"
    )


@pytest.mark.parametrize(
    ("own", "properties", "refused"),
    [
        ({"Condition": "IsProd"}, {}, ["VisitsTopic"]),
        ({"Condition": "IsProd"}, {"Stages": ["dev"]}, ["VisitsDevTopic"]),
        ({}, {"Stages": {"dev": {"Condition": "IsProd"}, "prod": {}}}, ["VisitsDevTopic"]),
    ],
)
def test_a_resource_cannot_have_two_conditions(own, properties, refused):
    with pytest.raises(MacroError) as error:
        expand_with(Topics({"Condition": "IsProd"}), own, **properties)

    assert [problem.text for problem in error.value.problems] == [
        f"plugin 'mine' sets Condition of '{name}'; remove Condition of the counter" for name in refused
    ]
