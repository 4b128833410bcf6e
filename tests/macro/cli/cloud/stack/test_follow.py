"""An operation on a stack is followed by its events until it ends."""

import pytest
from botocore.exceptions import ClientError

from macro.cli.cloud.stack.errors import CloudError
from macro.cli.cloud.stack.events import last_event
from macro.cli.cloud.stack.follow import follow
from tests.support.fake_aws import Refusal

ID = "arn:aws:cloudformation:eu-central-1:123456789012:stack/hits/1"
STACK = "AWS::CloudFormation::Stack"
MISSING = Refusal("ValidationError", f"Stack with id {ID} does not exist")


def event(number, logical_id, status, kind="AWS::IAM::Role", physical_id="role", reason=None):
    told = {"ResourceStatusReason": reason} if reason else {}
    return {
        "EventId": str(number),
        "StackId": ID,
        "StackName": "hits",
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": physical_id,
        "ResourceType": kind,
        "ResourceStatus": status,
        **told,
    }


def own(number, status, reason=None):
    return event(number, "hits", status, STACK, ID, reason)


def stack(status, **more):
    return {"StackName": "hits", "StackId": ID, "StackStatus": status, **more}


def test_each_event_of_an_operation_is_reported_once_in_order(session, aws):
    begun, done = own(2, "CREATE_IN_PROGRESS", "User Initiated"), own(5, "CREATE_COMPLETE")
    inner = event(3, "Inner", "CREATE_FAILED", STACK, "arn:inner", "broken")
    old = own(1, "REVIEW_IN_PROGRESS")
    aws.answer(
        "DescribeStacks",
        {"Stacks": [stack("CREATE_IN_PROGRESS")]},
        {"Stacks": [stack("CREATE_COMPLETE")]},
    )
    aws.answer(
        "DescribeStackEvents",
        {"StackEvents": [inner, begun], "NextToken": "more"},
        {"StackEvents": [old, event(0, "older", "CREATE_COMPLETE")]},
        {"StackEvents": [done, event(4, "Role", "CREATE_COMPLETE"), inner]},
    )

    ended, events = follow(session, ID, "1")

    assert ended.status == "CREATE_COMPLETE"
    assert session.reporter.events == events
    assert [(each.id, each.logical_id, each.is_stack) for each in events] == [
        ("2", "hits", True),
        ("3", "Inner", False),
        ("4", "Role", False),
        ("5", "hits", True),
    ]


@pytest.mark.parametrize(("before", "running", "after"), [
    ("REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"),
    ("UPDATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"),
    ("CREATE_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"),
])  # fmt: skip
def test_the_state_before_the_operation_is_not_its_end(session, aws, before, running, after):
    old, begun, ended = own(1, before), own(2, running), own(3, after)
    aws.answer(
        "DescribeStacks",
        *({"Stacks": [stack(status)]} for status in (before, before, running, after)),
    )
    aws.answer(
        "DescribeStackEvents",
        *({"StackEvents": events} for events in ([old], [begun, old], [begun, old], [ended, begun, old])),
    )

    found, events = follow(session, ID, "1")

    assert (found.status, [each.status for each in events]) == (after, [running, after])
    assert len(aws.sent("DescribeStacks")) == 4


def test_the_review_of_a_new_stack_is_not_the_end_of_its_creation(session, aws):
    planned = own(1, "REVIEW_IN_PROGRESS", "User Initiated")
    aws.answer("DescribeStacks", {"Stacks": [stack("REVIEW_IN_PROGRESS")]}, {"Stacks": [stack("CREATE_COMPLETE")]})
    aws.answer("DescribeStackEvents", {"StackEvents": [planned]}, {"StackEvents": [own(2, "CREATE_COMPLETE"), planned]})

    found, _ = follow(session, ID, "")

    assert found.status == "CREATE_COMPLETE"


def test_a_stack_may_be_missing_for_a_moment(session, aws):
    aws.answer("DescribeStacks", MISSING, MISSING, {"Stacks": [stack("CREATE_COMPLETE")]})
    aws.answer("DescribeStackEvents", {"StackEvents": [own(1, "CREATE_COMPLETE")]})

    found, events = follow(session, ID, "")

    assert (found.status, len(events), len(aws.sent("DescribeStacks"))) == ("CREATE_COMPLETE", 1, 3)


def test_a_stack_that_is_missing_for_long_is_an_error(session, aws):
    aws.answer("DescribeStacks", MISSING)

    with pytest.raises(CloudError) as caught:
        follow(session, ID, "")

    assert str(caught.value) == f"CloudFormation reports no stack {ID}; was it deleted in the meantime?"
    assert len(aws.sent("DescribeStacks")) == 16


def test_any_other_error_while_following_is_raised_at_once(session, aws):
    aws.answer("DescribeStacks", Refusal("AccessDenied", "You may not.", 403))

    with pytest.raises(ClientError, match="You may not"):
        follow(session, ID, "")

    assert len(aws.sent("DescribeStacks")) == 1


@pytest.mark.thorough
def test_an_end_without_an_event_counts_after_fifteen_reads(session, aws):
    aws.answer("DescribeStacks", {"Stacks": [stack("UPDATE_IN_PROGRESS")]}, {"Stacks": [stack("UPDATE_COMPLETE")]})
    aws.answer("DescribeStackEvents", {"StackEvents": [own(1, "UPDATE_IN_PROGRESS")]})

    found, events = follow(session, ID, "1")

    assert (found.status, events, len(aws.sent("DescribeStacks"))) == ("UPDATE_COMPLETE", [], 17)


def test_the_last_event_is_the_newest(session, aws):
    client = session.account.client("cloudformation")

    aws.answer("DescribeStackEvents", {"StackEvents": [event(2, "A", "X"), event(1, "A", "X")]})
    assert last_event(client, ID) == "2"

    aws.answer("DescribeStackEvents", {"StackEvents": []})
    assert last_event(client, ID) == ""
