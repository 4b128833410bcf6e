"""The failures that are causes, and refusals by validations and hooks."""

from macro.cli.cloud.stack.causes import find_causes, find_refusals
from macro.cli.cloud.stack.events import StackEvent
from tests.support.fake_aws import Refusal

REASON = "Validation failed. Call DescribeEvents for details."
OPERATION = {"OperationId": "operation"}


def event(logical_id, status="CREATE_FAILED", reason="", is_stack=False):
    return StackEvent("1", logical_id, "AWS::IAM::Role", status, reason, is_stack)


def test_causes_are_in_order_without_cancelled_resources():
    events = [
        event("hits", "CREATE_IN_PROGRESS", "User Initiated", is_stack=True),
        event("Table", "CREATE_COMPLETE"),
        event("Role", reason="no such policy"),
        event("Log", reason="Resource creation cancelled"),
        event("Visits", reason="the archive is damaged"),
        event("Topic", "UPDATE_FAILED", "Resource update cancelled"),
        event("Queue", "DELETE_FAILED", "Resource deletion cancelled"),
        event("hits", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed", is_stack=True),
        event("hits", "ROLLBACK_FAILED", "it can't go back", is_stack=True),
    ]

    assert [cause.logical_id for cause in find_causes(events)] == ["Role", "Visits"]


def test_the_stacks_own_reason_is_the_cause_if_no_resource_failed():
    events = [
        event("hits", "CREATE_IN_PROGRESS", "User Initiated", is_stack=True),
        event("Table", "CREATE_COMPLETE", "fine"),
        event("hits", "ROLLBACK_IN_PROGRESS", "the role may not do that", is_stack=True),
        event("hits", "ROLLBACK_COMPLETE", is_stack=True),
    ]

    assert [cause.reason for cause in find_causes(events)] == ["the role may not do that"]


def test_the_stacks_own_reason_is_the_cause_if_all_resources_were_cancelled():
    events = [
        event("Table", reason="Resource creation cancelled"),
        event("hits", "CREATE_FAILED", "a limit was exceeded", is_stack=True),
    ]

    assert [cause.reason for cause in find_causes(events)] == ["a limit was exceeded"]


def test_without_events_there_is_no_cause():
    assert find_causes([]) == []


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


def test_a_refusal_without_a_type_names_its_resource(account, aws):
    aws.answer("DescribeEvents", {"OperationEvents": [{"LogicalResourceId": "Store", "HookStatusReason": "no"}]})

    assert find_refusals(account.client("cloudformation"), REASON, OPERATION) == ["Store: no"]


def test_refusals_are_empty_if_reading_them_is_denied(account, aws):
    aws.answer("DescribeEvents", Refusal("AccessDenied", "not authorized to perform: DescribeEvents", 403))

    assert find_refusals(account.client("cloudformation"), REASON, OPERATION) == []


def test_refusals_are_read_only_if_the_reason_refers_to_them(account, aws):
    assert find_refusals(account.client("cloudformation"), "Resource limit exceeded", OPERATION) == []
    assert aws.sent("DescribeEvents") == []
