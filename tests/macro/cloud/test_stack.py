"""A stack's events: what is followed, and which failures are the causes."""

import pytest
from botocore.exceptions import ClientError

from macro.local.cloud.stack import (
    Happening,
    find_causes,
    find_refusals,
    follow,
    has_succeeded,
    is_running,
    last_event,
    read_stack,
)
from tests.fake_aws import Refusal

ID = "arn:aws:cloudformation:eu-central-1:123456789012:stack/hits/1"
STACK = "AWS::CloudFormation::Stack"
MISSING = Refusal("ValidationError", f"Stack with id {ID} does not exist")
REASON = "Validation failed. Call DescribeEvents for details."
OPERATION = {"OperationId": "operation"}


def happening(logical_id, status="CREATE_FAILED", reason="", is_stack=False):
    return Happening("1", logical_id, "AWS::IAM::Role", status, reason, is_stack)


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


def test_the_first_failure_is_on_top_and_what_was_cancelled_is_left_out():
    events = [
        happening("hits", "CREATE_IN_PROGRESS", "User Initiated", is_stack=True),
        happening("Table", "CREATE_COMPLETE"),
        happening("Role", reason="no such policy"),
        happening("Log", reason="Resource creation cancelled"),
        happening("Visits", reason="the archive is damaged"),
        happening("Topic", "UPDATE_FAILED", "Resource update cancelled"),
        happening("Queue", "DELETE_FAILED", "Resource deletion cancelled"),
        happening("hits", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed", is_stack=True),
        happening("hits", "ROLLBACK_FAILED", "it can't go back", is_stack=True),
    ]

    assert [cause.logical_id for cause in find_causes(events)] == ["Role", "Visits"]


def test_the_stacks_own_reason_is_told_where_no_resource_failed():
    events = [
        happening("hits", "CREATE_IN_PROGRESS", "User Initiated", is_stack=True),
        happening("Table", "CREATE_COMPLETE", "fine"),
        happening("hits", "ROLLBACK_IN_PROGRESS", "the role may not do that", is_stack=True),
        happening("hits", "ROLLBACK_COMPLETE", is_stack=True),
    ]

    assert [cause.reason for cause in find_causes(events)] == ["the role may not do that"]


def test_the_stacks_own_reason_is_told_where_everything_else_was_cancelled():
    events = [
        happening("Table", reason="Resource creation cancelled"),
        happening("hits", "CREATE_FAILED", "a limit was exceeded", is_stack=True),
    ]

    assert [cause.reason for cause in find_causes(events)] == ["a limit was exceeded"]


def test_no_event_is_no_cause():
    assert find_causes([]) == []


def test_a_stack_is_read_with_outputs_and_parameters_by_name(account, aws):
    told = stack(
        "CREATE_COMPLETE",
        Outputs=[{"OutputKey": "Url", "OutputValue": "https://x"}],
        Parameters=[{"ParameterKey": "Stage", "ParameterValue": "prod"}],
        EnableTerminationProtection=True,
    )
    aws.answer("DescribeStacks", {"Stacks": [told]})

    read = read_stack(account.client("cloudformation"), "hits")

    assert read == ("hits", ID, "CREATE_COMPLETE", "", {"Url": "https://x"}, {"Stage": "prod"}, True)


def test_a_stack_that_is_not_there_is_none(account, aws):
    client = account.client("cloudformation")

    aws.answer("DescribeStacks", Refusal("ValidationError", "Stack with id hits does not exist"))
    assert read_stack(client, "hits") is None

    aws.answer("DescribeStacks", {"Stacks": [stack("DELETE_COMPLETE")]})
    assert read_stack(client, ID) is None


def test_an_operation_is_followed_to_its_end_and_each_event_told_once_in_order(account, aws):
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
    seen = []

    ended, events = follow(account.client("cloudformation"), ID, "1", seen.append)

    assert ended.status == "CREATE_COMPLETE"
    assert seen == events
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
def test_what_was_before_the_operation_is_not_taken_for_its_end(account, aws, before, running, after):
    old, begun, ended = own(1, before), own(2, running), own(3, after)
    aws.answer(
        "DescribeStacks",
        *({"Stacks": [stack(status)]} for status in (before, before, running, after)),
    )
    aws.answer(
        "DescribeStackEvents",
        *({"StackEvents": events} for events in ([old], [begun, old], [begun, old], [ended, begun, old])),
    )

    found, events = follow(account.client("cloudformation"), ID, "1", lambda event: None)

    assert (found.status, [each.status for each in events]) == (after, [running, after])
    assert len(aws.sent("DescribeStacks")) == 4


def test_that_a_stack_was_planned_is_not_taken_for_its_end(account, aws):
    planned = own(1, "REVIEW_IN_PROGRESS", "User Initiated")
    aws.answer("DescribeStacks", {"Stacks": [stack("REVIEW_IN_PROGRESS")]}, {"Stacks": [stack("CREATE_COMPLETE")]})
    aws.answer("DescribeStackEvents", {"StackEvents": [planned]}, {"StackEvents": [own(2, "CREATE_COMPLETE"), planned]})

    found, _ = follow(account.client("cloudformation"), ID, "", lambda event: None)

    assert found.status == "CREATE_COMPLETE"


def test_a_stack_that_does_not_exist_for_a_moment_is_waited_for(account, aws):
    aws.answer("DescribeStacks", MISSING, MISSING, {"Stacks": [stack("CREATE_COMPLETE")]})
    aws.answer("DescribeStackEvents", {"StackEvents": [own(1, "CREATE_COMPLETE")]})

    found, events = follow(account.client("cloudformation"), ID, "", lambda event: None)

    assert (found.status, len(events), len(aws.sent("DescribeStacks"))) == ("CREATE_COMPLETE", 1, 3)


def test_a_stack_that_does_not_exist_for_long_is_told_in_the_words_of_cloudformation(account, aws):
    aws.answer("DescribeStacks", MISSING)

    with pytest.raises(ClientError) as caught:
        follow(account.client("cloudformation"), ID, "", lambda event: None)

    assert caught.value.response["Error"]["Message"] == f"Stack with id {ID} does not exist"
    assert len(aws.sent("DescribeStacks")) == 16


def test_any_other_refusal_while_a_stack_is_followed_is_told_at_once(account, aws):
    aws.answer("DescribeStacks", Refusal("AccessDenied", "You may not.", 403))

    with pytest.raises(ClientError, match="You may not"):
        follow(account.client("cloudformation"), ID, "", lambda event: None)

    assert len(aws.sent("DescribeStacks")) == 1


def test_an_end_without_an_event_is_one_after_fifteen_quiet_looks(account, aws):
    aws.answer("DescribeStacks", {"Stacks": [stack("UPDATE_IN_PROGRESS")]}, {"Stacks": [stack("UPDATE_COMPLETE")]})
    aws.answer("DescribeStackEvents", {"StackEvents": [own(1, "UPDATE_IN_PROGRESS")]})

    found, events = follow(account.client("cloudformation"), ID, "1", lambda event: None)

    assert (found.status, events, len(aws.sent("DescribeStacks"))) == ("UPDATE_COMPLETE", [], 17)


def test_refusals_of_validations_and_hooks_are_read_page_by_page(account, aws):
    bucket = {
        "EventType": "VALIDATION_ERROR",
        "LogicalResourceId": "Store",
        "ResourceType": "AWS::S3::Bucket",
        "ValidationStatusReason": "it exists",
    }
    hook = {"EventType": "HOOK_INVOCATION_ERROR", "HookType": "Corp::Tags::Hook", "HookStatusReason": "no owner tag"}
    aws.answer(
        "DescribeEvents",
        {"OperationEvents": [bucket, {"EventType": "STACK_EVENT", "LogicalResourceId": "hits"}], "NextToken": "2"},
        {"OperationEvents": [hook]},
    )

    told = find_refusals(account.client("cloudformation"), REASON, OPERATION)

    assert told == ["Store (AWS::S3::Bucket): it exists", "the template (Corp::Tags::Hook): no owner tag"]
    first, second = aws.sent("DescribeEvents")
    assert (first["OperationId"], first["Filters.FailedEvents"]) == ("operation", "true")
    assert second["NextToken"] == "2"


def test_a_refusal_without_a_type_is_told_by_its_resource(account, aws):
    aws.answer("DescribeEvents", {"OperationEvents": [{"LogicalResourceId": "Store", "HookStatusReason": "no"}]})

    assert find_refusals(account.client("cloudformation"), REASON, OPERATION) == ["Store: no"]


def test_who_may_not_read_refusals_is_told_none(account, aws):
    aws.answer("DescribeEvents", Refusal("AccessDenied", "not authorized to perform: DescribeEvents", 403))

    assert find_refusals(account.client("cloudformation"), REASON, OPERATION) == []


def test_refusals_are_asked_for_only_where_the_reason_leads_to_them(account, aws):
    assert find_refusals(account.client("cloudformation"), "Resource limit exceeded", OPERATION) == []
    assert aws.sent("DescribeEvents") == []


def test_the_last_event_is_where_an_operation_begins(account, aws):
    client = account.client("cloudformation")

    aws.answer("DescribeStackEvents", {"StackEvents": [event(2, "A", "X"), event(1, "A", "X")]})
    assert last_event(client, ID) == "2"

    aws.answer("DescribeStackEvents", {"StackEvents": []})
    assert last_event(client, ID) == ""


def test_what_runs_and_what_succeeded_is_told_by_the_status():
    statuses = [
        "CREATE_IN_PROGRESS",
        "REVIEW_IN_PROGRESS",
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_COMPLETE",
        "IMPORT_COMPLETE",
        "DELETE_COMPLETE",
        "ROLLBACK_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "UPDATE_FAILED",
    ]

    assert [status for status in statuses if is_running(status)] == [statuses[0], statuses[3]]
    assert [status for status in statuses if has_succeeded(status)] == [statuses[2], *statuses[4:6]]
