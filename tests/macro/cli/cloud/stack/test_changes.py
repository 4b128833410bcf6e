"""Printed change sets: columns, signs, colours, causes, and loss of counts."""

import pytest

from macro.cli.cloud.stack.changes import Change, count_changes, print_changes, read_changes

TABLE = "AWS::DynamoDB::Table"


def entry(action, logical_id="Visits", resource_type=TABLE, **more):
    change = {"Action": action, "LogicalResourceId": logical_id, "ResourceType": resource_type, **more}
    return {"Type": "Resource", "ResourceChange": change}


def show(*entries, has_colour=False):
    return print_changes(read_changes(entries), has_colour)


def test_each_kind_of_change_has_a_sign_and_columns():
    shown = show(
        entry("Add", "VisitsLog", "AWS::Logs::LogGroup"),
        entry("Modify", "Visits", "Custom::LambdaFunction", Replacement="False"),
        entry("Modify", "VisitsRole", "AWS::IAM::Role", Replacement="True"),
        entry("Remove", "OldTopic", "AWS::SNS::Topic", PolicyAction="Delete"),
        entry("Import", "Bucket", "AWS::S3::Bucket"),
        entry("Dynamic", "Inner", "AWS::CloudFormation::Stack"),
    )

    assert shown == (
        "  + add     VisitsLog   AWS::Logs::LogGroup\n"
        "  ~ change  Visits      Custom::LambdaFunction\n"
        "  ± replace VisitsRole  AWS::IAM::Role\n"
        "  - remove  OldTopic    AWS::SNS::Topic\n"
        "  < import  Bucket      AWS::S3::Bucket\n"
        "  ? unknown Inner       AWS::CloudFormation::Stack  the change is known only during the deployment\n"
        "1 added, 1 changed, 1 replaced, 1 removed, 1 imported, 1 unknown"
    )


def test_a_change_names_each_cause_once():
    details = [
        {"Target": {"Attribute": "Properties", "Name": "Role"}},
        {"Target": {"Attribute": "Properties", "Name": "Code"}},
        {"Target": {"Attribute": "Properties", "Name": "Role"}},
        {"Target": {"Attribute": "Tags"}},
        {"Target": {}},
        {"Evaluation": "Static"},
    ]

    shown = show(entry("Modify", "Visits", "Custom::LambdaFunction", Replacement="False", Details=details))

    assert shown == "  ~ change  Visits  Custom::LambdaFunction  Role, Code, Tags\n1 changed"


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"action": "Add"}, ""),
        ({"action": "Modify", "Replacement": "False"}, ""),
        (
            {"action": "Modify", "Replacement": "True"},
            "  a new table counts from zero, the old counts are lost",
        ),
        (
            {"action": "Modify", "Replacement": "True", "PolicyAction": "ReplaceAndRetain"},
            "  a new table counts from zero, the old one stays in the account",
        ),
        (
            {"action": "Modify", "Replacement": "Conditional", "PolicyAction": "ReplaceAndDelete"},
            "  may be replaced: a new table counts from zero, the old counts are lost",
        ),
        (
            {"action": "Modify", "Replacement": "Conditional", "PolicyAction": "ReplaceAndRetain"},
            "  may be replaced: a new table counts from zero, the old one stays in the account",
        ),
        ({"action": "Remove", "PolicyAction": "Delete"}, "  its counts are lost"),
        ({"action": "Remove", "PolicyAction": "Retain"}, "  stays in the account with its counts"),
        ({"action": "Dynamic"}, "  may be replaced: a new table counts from zero, the old counts are lost"),
    ],
)
@pytest.mark.parametrize("kind", [TABLE, "AWS::DynamoDB::GlobalTable"])
def test_the_change_of_a_table_says_what_happens_to_its_counts(kind, change, note):
    (read,) = read_changes([entry(resource_type=kind, **change)])

    (line, _) = print_changes([read]).split("\n")

    assert line.partition(kind)[2] == note
    assert read.costs_data() is bool(note)


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"action": "Modify", "Replacement": "Conditional"}, "  may be replaced"),
        ({"action": "Remove", "PolicyAction": "Retain"}, "  stays in the account"),
        ({"action": "Remove", "PolicyAction": "Delete"}, ""),
        ({"action": "Modify", "Replacement": "True", "PolicyAction": "ReplaceAndRetain"}, ""),
    ],
)
def test_other_resources_cost_no_counts(change, note):
    (read,) = read_changes([entry(resource_type="AWS::Logs::LogGroup", **change)])

    (line, _) = print_changes([read]).split("\n")

    assert line.partition("AWS::Logs::LogGroup")[2] == note
    assert not read.costs_data()


def test_causes_come_before_the_warning():
    details = [{"Target": {"Attribute": "Properties", "Name": "KeySchema"}}]

    shown = show(entry("Modify", Replacement="True", Details=details))

    assert shown == (
        "  ± replace Visits  AWS::DynamoDB::Table  KeySchema; a new table counts from zero, the old counts are lost\n"
        "1 replaced"
    )


def test_colours_distinguish_kinds_and_loss_of_data_is_red():
    log = "AWS::Logs::LogGroup"
    entries = [
        entry("Add", "A", log),
        entry("Modify", "B", log, Replacement="False"),
        entry("Modify", "C", log, Replacement="True"),
        entry("Remove", "D", log),
        entry("Import", "E", log),
        entry("Dynamic", "F", log),
        entry("Remove", "G", TABLE),
    ]

    lines = show(*entries, has_colour=True).split("\n")

    assert [line.partition("m")[0] for line in lines[:-1]] == [
        "\033[32", "\033[33", "\033[35", "\033[31", "\033[36", "\033[33", "\033[1;31",
    ]  # fmt: skip
    assert all(line.endswith("\033[0m") for line in lines[:-1])
    assert lines[-1] == "1 added, 1 changed, 1 replaced, 2 removed, 1 imported, 1 unknown"


def test_a_change_set_without_resource_changes_is_reported_as_such():
    assert print_changes([]) == "no resource changes"


def test_changes_without_a_resource_are_left_out():
    assert read_changes([{"Type": "Hook"}]) == []


def test_changes_of_one_kind_are_counted_together():
    changes = [Change("add", "A", TABLE), Change("add", "B", TABLE), Change("remove", "C", TABLE)]

    assert count_changes(changes) == "2 added, 1 removed"
