"""An installation is removed from any state of its stack."""

import pytest

from macro.cli.cloud.installation.uninstall import uninstall
from macro.cli.cloud.stack.errors import CloudError
from tests.support.fake_aws import Raw

BUCKET = "hitcountermacro-123456789012-eu-central-1"
OWN = ("Suffix", "LowerSuffix", "AnswerHosts")
KIND = "AWS::CloudFormation::Stack"


def stack(status, parameters=OWN):
    told = [{"ParameterKey": name, "ParameterValue": ""} for name in parameters]
    return {"Stacks": [{"StackName": "HitCounterMacro", "StackId": "id", "StackStatus": status, "Parameters": told}]}


def event(number, status):
    named = {"EventId": str(number), "StackId": "id", "StackName": "HitCounterMacro"}
    return {**named, "LogicalResourceId": "HitCounterMacro", "PhysicalResourceId": "id", "ResourceType": KIND,
            "ResourceStatus": status}  # fmt: skip


@pytest.fixture
def removable(aws):
    """A stack that can be deleted, and no bucket."""
    before, gone = event(1, "CREATE_FAILED"), event(2, "DELETE_COMPLETE")
    aws.answer("DescribeStackEvents", {"StackEvents": [before]}, {"StackEvents": [gone, before]})
    aws.answer("DeleteStack", {})
    aws.answer(f"HEAD /{BUCKET}", Raw(b"", 404))
    return aws


@pytest.mark.parametrize(
    "status",
    [
        "CREATE_COMPLETE",
        "CREATE_FAILED",
        "DELETE_FAILED",
        "ROLLBACK_COMPLETE",
        "ROLLBACK_FAILED",
        "UPDATE_ROLLBACK_FAILED",
        "REVIEW_IN_PROGRESS",
    ],
)
def test_an_installation_is_removed_from_any_state(session, removable, status):
    removable.answer(
        "DescribeStacks", stack(status, () if status == "REVIEW_IN_PROGRESS" else OWN), stack("DELETE_COMPLETE")
    )

    assert uninstall(session, "")
    assert [sent["StackName"] for sent in removable.sent("DeleteStack")] == ["id"]


def test_a_running_operation_is_awaited_first(session, aws):
    events = [
        event(number, status)
        for number, status in enumerate(("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", "DELETE_COMPLETE"))
    ]
    aws.answer(
        "DescribeStacks",
        *(stack(status) for status in ("UPDATE_IN_PROGRESS", *(["UPDATE_COMPLETE"] * 2), "DELETE_COMPLETE")),
    )
    aws.answer("DescribeStackEvents", *({"StackEvents": events[:count][::-1]} for count in (1, 2, 2, 3)))
    aws.answer("DeleteStack", {})
    aws.answer(f"HEAD /{BUCKET}", Raw(b"", 404))

    assert uninstall(session, "")
    assert [step.text for step in session.reporter.steps] == [
        "HitCounterMacro is UPDATE_IN_PROGRESS; waiting until that operation ends"
    ]
    assert session.reporter.statuses() == ["UPDATE_COMPLETE", "DELETE_COMPLETE"]


def test_another_stack_with_the_installations_name_is_kept(session, removable):
    removable.answer("DescribeStacks", stack("CREATE_COMPLETE", ("Suffix", "theirs")))

    with pytest.raises(CloudError) as caught:
        uninstall(session, "")

    assert str(caught.value) == (
        "the stack HitCounterMacro exists, but is no installation of HitCounterMacro; choose another name with --suffix"
    )
    assert removable.sent("DeleteStack") == []
