"""A stack's events: what is followed, and which failures are the causes."""

from macro.local.cloud.stack import Happening, find_causes, follow, has_succeeded, is_running, last_event, read_stack
from tests.fake_aws import Refusal

ID = "arn:aws:cloudformation:eu-central-1:123456789012:stack/hits/1"


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
    kind = "AWS::CloudFormation::Stack"
    own = [
        event(2, "hits", "CREATE_IN_PROGRESS", kind, ID, "User Initiated"),
        event(5, "hits", "CREATE_COMPLETE", kind, ID),
    ]
    inner = event(3, "Inner", "CREATE_FAILED", kind, "arn:inner", "broken")
    old = event(1, "hits", "REVIEW_IN_PROGRESS", kind, ID)
    aws.answer(
        "DescribeStacks",
        {"Stacks": [stack("CREATE_IN_PROGRESS")]},
        {"Stacks": [stack("CREATE_COMPLETE")]},
    )
    aws.answer(
        "DescribeStackEvents",
        {"StackEvents": [inner, own[0]], "NextToken": "more"},
        {"StackEvents": [old, event(0, "older", "CREATE_COMPLETE")]},
        {"StackEvents": [own[1], event(4, "Role", "CREATE_COMPLETE"), inner]},
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
    assert [status for status in statuses if has_succeeded(status)] == [statuses[2], *statuses[4:7]]
