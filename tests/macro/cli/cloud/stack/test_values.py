"""Values of parameters: given, kept by a stack, defaults, and looked up in Systems Manager."""

import json

import pytest

from macro.cli.cloud.stack.stack import Stack
from macro.cli.cloud.stack.values import find_unused_defaults, read_values, resolve_values, values_before
from tests.support.fake_aws import Refusal

STACK = Stack("hits", "id", "UPDATE_COMPLETE", "", {}, {"Stage": "prod", "Old": "gone"}, False)
TEMPLATE = {
    "Parameters": {
        "Stage": {"Type": "String", "Default": "dev"},
        "Gateway": {"Type": "String", "Default": "rest"},
        "Shards": {"Type": "Number"},
        "Wrong": "no declaration",
    }
}


def keep(**types):
    return {"Parameters": {name: {"Type": f"AWS::SSM::Parameter::Value<{kind}>"} for name, kind in types.items()}}


def found(**values):
    return {"Parameters": [{"Name": f"/{name}", "Value": value} for name, value in values.items()]}


def asked(aws):
    return [json.loads(body)["Names"] for body in aws.sent("GetParameters")]


def test_given_values_have_priority_over_the_stacks_values_and_defaults():
    assert read_values(TEMPLATE, {}, None) == {"Stage": "dev", "Gateway": "rest"}
    assert read_values(TEMPLATE, {}, STACK) == {"Stage": "prod", "Gateway": "rest"}
    assert read_values(TEMPLATE, {"Stage": "test", "Shards": 3}, STACK) == {
        "Stage": "test",
        "Gateway": "rest",
        "Shards": 3,
    }


def test_a_new_default_that_the_stacks_value_hides_is_named_with_both():
    template = {
        "Parameters": {
            "Stage": {"Type": "String", "Default": "test"},
            "Same": {"Type": "Number", "Default": 4},
            "Flag": {"Type": "String", "Default": True},
            "Names": {"Type": "CommaDelimitedList", "Default": "a,b"},
            "Given": {"Type": "String", "Default": "new"},
            "Unknown": {"Type": "String", "Default": "new"},
            "Secret": {"Type": "String", "Default": "new", "NoEcho": "true"},
        }
    }
    kept = {"Stage": "prod", "Same": "4", "Flag": "true", "Names": "a", "Given": "old", "Secret": "****"}
    stack = STACK._replace(parameters=kept)

    assert list(find_unused_defaults(template, {"Given": "x"}, stack)) == [
        "parameter Stage keeps the stack's value 'prod'; the template's Default is 'test' "
        "(--parameter Stage=VALUE changes the value)",
        "parameter Names keeps the stack's value 'a'; the template's Default is 'a,b' "
        "(--parameter Names=VALUE changes the value)",
    ]
    assert list(find_unused_defaults(template, {}, None)) == []


@pytest.mark.parametrize("template", [{}, {"Parameters": None}, {"Parameters": ["Stage"]}])
def test_a_template_without_parameters_has_no_values(template):
    assert read_values(template, {}, STACK) == {}


def test_a_stack_in_review_has_no_values():
    planned = STACK._replace(status="REVIEW_IN_PROGRESS")

    assert values_before(planned) == {}
    assert read_values(TEMPLATE, {}, planned) == {"Stage": "dev", "Gateway": "rest"}


def test_each_value_in_systems_manager_is_looked_up_once(account, aws):
    aws.answer("GetParameters", found(shards="8", stage="prod"))
    values = {"Shards": "/shards", "Again": "/shards", "Stage": "/stage", "Plain": "/plain"}

    resolved = resolve_values(account, keep(Shards="String", Again="String", Stage="String"), values)

    assert resolved == {"Shards": "8", "Again": "8", "Stage": "prod", "Plain": "/plain"}
    assert asked(aws) == [["/shards", "/stage"]]


@pytest.mark.parametrize("kind", ["List<String>", "CommaDelimitedList"])
def test_a_list_in_systems_manager_is_returned_as_a_list(account, aws, kind):
    aws.answer("GetParameters", found(plugins="table, api,table-alarms"))

    resolved = resolve_values(account, keep(Plugins=kind), {"Plugins": "/plugins"})

    assert resolved == {"Plugins": ["table", "api", "table-alarms"]}


def test_at_most_ten_values_are_looked_up_in_one_call(account, aws):
    names = [f"P{number:02}" for number in range(11)]
    aws.answer("GetParameters", lambda body: found(**{name[1:]: name for name in json.loads(body)["Names"]}))

    resolved = resolve_values(account, keep(**dict.fromkeys(names, "String")), {name: f"/{name}" for name in names})

    assert resolved == {name: f"/{name}" for name in names}
    assert [len(each) for each in asked(aws)] == [10, 1]


def test_a_missing_value_is_left_out(account, aws):
    aws.answer("GetParameters", {**found(stage="prod"), "InvalidParameters": ["/shards"]})

    resolved = resolve_values(
        account, keep(Shards="Number", Stage="String"), {"Shards": "/shards", "Stage": "/stage", "Plain": "x"}
    )

    assert resolved == {"Stage": "prod", "Plain": "x"}


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException"])
def test_values_that_may_not_be_read_are_left_out(account, aws, code):
    aws.answer("GetParameters", Refusal(code, "no"))

    assert resolve_values(account, keep(Shards="String"), {"Shards": "/shards", "Plain": "x"}) == {"Plain": "x"}


def test_systems_manager_is_not_called_without_a_value_to_look_up(account, aws):
    assert resolve_values(account, keep(Shards="String"), {"Plain": "x"}) == {"Plain": "x"}
    assert aws.actions() == []
