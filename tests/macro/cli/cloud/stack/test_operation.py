"""Operations on a stack are awaited, executed, and explained by their cause if they fail."""

import pytest

from macro.cli.cloud.stack.change_set import ChangeSet
from macro.cli.cloud.stack.errors import CloudError
from macro.cli.cloud.stack.operation import carry_out, make_ready, remove
from macro.cli.cloud.stack.stack import read_stack
from tests.support.fake_aws import Refusal

ID = "arn:aws:cloudformation:eu-central-1:123456789012:stack/hits/1"
PLANNED = ChangeSet("arn:change-set", ID, "hits", [], False)
STACK, FUNCTION = "AWS::CloudFormation::Stack", "Custom::LambdaFunction"
OPTIONS = "--stack-name hits --region eu-central-1"


def stack(status, **more):
    return {"Stacks": [{"StackName": "hits", "StackId": ID, "StackStatus": status, **more}]}


def event(number, logical_id, kind, status, reason="", **more):
    physical_id = ID if kind == STACK else "physical"
    return {
        "EventId": str(number),
        "StackId": ID,
        "StackName": "hits",
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": physical_id,
        "ResourceType": kind,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
        **more,
    }


def ends(aws, status, *events):
    """The stack ends in that status after these events. AWS lists events newest first."""
    before = event(0, "hits", STACK, "CREATE_COMPLETE")
    aws.answer("ExecuteChangeSet", {})
    aws.answer("DescribeStacks", stack(status))
    aws.answer("DescribeStackEvents", {"StackEvents": [before]}, {"StackEvents": [*reversed(events), before]})


def refuse(call, *arguments):
    with pytest.raises(CloudError) as caught:
        call(*arguments)
    return str(caught.value)


@pytest.mark.parametrize(
    ("status", "state", "command"),
    [
        ("ROLLBACK_COMPLETE", "was never created, and can only be deleted", "delete-stack"),
        ("ROLLBACK_FAILED", "was never created, and can only be deleted", "delete-stack"),
        ("CREATE_FAILED", "was never created, and can only be deleted", "delete-stack"),
        (
            "DELETE_FAILED",
            "could not be deleted; fix the causes that its events name, then delete it again",
            "delete-stack",
        ),
        (
            "UPDATE_ROLLBACK_FAILED",
            "could not be rolled back; fix the causes that its events name, then continue the rollback",
            "continue-update-rollback",
        ),
    ],
)
def test_a_stack_that_cannot_be_updated_is_reported_with_a_command_that_helps(session, aws, status, state, command):
    aws.answer("DescribeStacks", stack(status))

    text = refuse(make_ready, session, "hits")

    assert text == f"the stack hits is {status}: it {state}; run: aws cloudformation {command} {OPTIONS}"


@pytest.mark.parametrize(
    "status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "REVIEW_IN_PROGRESS"]
)
def test_any_other_stack_is_ready(session, aws, status):
    aws.answer("DescribeStacks", stack(status))

    ready = make_ready(session, "hits")

    assert (ready.status, session.reporter.steps) == (status, [])


def test_another_commands_operation_is_awaited_before_the_state_is_checked(session, aws):
    aws.answer("DescribeStacks", stack("CREATE_IN_PROGRESS"), stack("CREATE_IN_PROGRESS"), stack("ROLLBACK_COMPLETE"))
    begun, ended = event(0, "hits", STACK, "CREATE_IN_PROGRESS"), event(1, "hits", STACK, "ROLLBACK_COMPLETE")
    aws.answer(
        "DescribeStackEvents", {"StackEvents": [begun]}, {"StackEvents": [begun]}, {"StackEvents": [ended, begun]}
    )

    text = refuse(make_ready, session, "hits")

    assert session.reporter.texts("waiting") == ["hits is CREATE_IN_PROGRESS; waiting until that operation ends"]
    assert session.reporter.statuses() == ["ROLLBACK_COMPLETE"]
    assert text.startswith("the stack hits is ROLLBACK_COMPLETE: it was never created")


def test_a_stack_that_was_deleted_meanwhile_can_be_created_again(session, aws):
    aws.answer("DescribeStacks", stack("DELETE_IN_PROGRESS"), stack("DELETE_COMPLETE"))
    ended = event(1, "hits", STACK, "DELETE_COMPLETE")
    aws.answer("DescribeStackEvents", {"StackEvents": []}, {"StackEvents": [ended]})

    assert make_ready(session, "hits") is None


def test_the_companions_reason_comes_first_without_the_prefix_of_aws(session, aws):
    said = "Received response status [FAILED] from custom resource. Message returned: "
    ends(
        aws,
        "UPDATE_ROLLBACK_COMPLETE",
        event(1, "VisitsFunction", FUNCTION, "UPDATE_FAILED", f"{said}Properties.Code: there is no such object"),
        event(2, "VisitsRole", "AWS::IAM::Role", "UPDATE_FAILED", "Resource update cancelled"),
        event(3, "Topic", "AWS::SNS::Topic", "UPDATE_FAILED", "no such key"),
        event(4, "hits", STACK, "UPDATE_ROLLBACK_COMPLETE"),
    )

    text = refuse(carry_out, session, PLANNED)

    assert text.splitlines() == [
        "VisitsFunction (Custom::LambdaFunction): Properties.Code: there is no such object",
        "also Topic (AWS::SNS::Topic): no such key",
        "the stack hits is UPDATE_ROLLBACK_COMPLETE: everything is as it was before",
    ]


REASON = "Validation failed with 2 error(s). Call DescribeEvents to see them."


def test_early_validation_errors_are_reported_by_resource(session, aws):
    ends(
        aws,
        "ROLLBACK_COMPLETE",
        event(1, "hits", STACK, "CREATE_FAILED", REASON, OperationId="this"),
        event(2, "hits", STACK, "ROLLBACK_COMPLETE", OperationId="this"),
    )
    found = [
        {
            "EventType": "VALIDATION_ERROR",
            "LogicalResourceId": name,
            "ResourceType": "AWS::S3::Bucket",
            "ValidationStatusReason": f"{name.lower()} exists",
        }
        for name in ("Store", "Logs")
    ]
    aws.answer("DescribeEvents", {"OperationEvents": found})

    text = refuse(carry_out, session, PLANNED)

    run = f"aws cloudformation delete-stack {OPTIONS}"
    assert text.splitlines() == [
        "Store (AWS::S3::Bucket): store exists",
        "also Logs (AWS::S3::Bucket): logs exists",
        f"the stack hits is ROLLBACK_COMPLETE; before you try again, run: {run}",
    ]
    assert [sent["OperationId"] for sent in aws.sent("DescribeEvents")] == ["this"]


def test_refusals_by_hooks_are_reported_by_resource(session, aws):
    ends(
        aws,
        "UPDATE_ROLLBACK_COMPLETE",
        event(
            1, "hits", STACK, "UPDATE_ROLLBACK_IN_PROGRESS", "A hook failed. Call DescribeEvents.", OperationId="this"
        ),
        event(2, "hits", STACK, "UPDATE_ROLLBACK_COMPLETE", OperationId="this"),
    )
    hook = {"EventType": "HOOK_INVOCATION_ERROR", "HookType": "Corp::Tags::Hook", "HookStatusReason": "no owner tag"}
    aws.answer("DescribeEvents", {"OperationEvents": [{**hook, "LogicalResourceId": "Store"}]})

    text = refuse(carry_out, session, PLANNED)

    assert text.splitlines() == [
        "Store (Corp::Tags::Hook): no owner tag",
        "the stack hits is UPDATE_ROLLBACK_COMPLETE: everything is as it was before",
    ]


@pytest.mark.parametrize(("more", "name", "place"), [
    ({}, "StackName", ID),
    ({"OperationId": "this"}, "OperationId", "this"),
])  # fmt: skip
def test_the_stacks_own_reason_is_reported_if_reading_details_is_denied(session, aws, more, name, place):
    ends(
        aws,
        "UPDATE_ROLLBACK_COMPLETE",
        event(1, "hits", STACK, "UPDATE_FAILED", REASON, **more),
        event(2, "hits", STACK, "UPDATE_ROLLBACK_COMPLETE", **more),
    )
    aws.answer("DescribeEvents", Refusal("AccessDenied", "You may not.", 403))

    text = refuse(carry_out, session, PLANNED)

    assert text.splitlines() == [
        f"hits ({STACK}): {REASON}",
        "the stack hits is UPDATE_ROLLBACK_COMPLETE: everything is as it was before",
    ]
    assert [sent[name] for sent in aws.sent("DescribeEvents")] == [place]


@pytest.mark.parametrize(("before", "after"), [
    ("REVIEW_IN_PROGRESS", "CREATE_COMPLETE"),
    ("CREATE_COMPLETE", "UPDATE_COMPLETE"),
    ("UPDATE_COMPLETE", "UPDATE_COMPLETE"),
])  # fmt: skip
def test_a_deployment_does_not_end_before_it_begins(session, aws, before, after):
    old, ended = event(1, "hits", STACK, before), event(2, "hits", STACK, after)
    aws.answer("ExecuteChangeSet", {})
    aws.answer("DescribeStacks", stack(before), stack(before), stack(after))
    aws.answer("DescribeStackEvents", *({"StackEvents": events} for events in ([old], [old], [old], [ended, old])))

    made = carry_out(session, PLANNED)

    assert (made.status, session.reporter.statuses()) == (after, [after])


def test_a_deployment_fails_if_the_stack_is_deleted_meanwhile(session, aws):
    ends(aws, "DELETE_COMPLETE", event(1, "hits", STACK, "DELETE_COMPLETE"))

    assert refuse(carry_out, session, PLANNED) == "the stack hits is DELETE_COMPLETE"


def test_a_deletion_does_not_end_before_it_begins(session, aws):
    old, ended = event(1, "hits", STACK, "CREATE_COMPLETE"), event(2, "hits", STACK, "DELETE_COMPLETE")
    aws.answer("DeleteStack", {})
    aws.answer("DescribeStacks", stack("CREATE_COMPLETE"), stack("CREATE_COMPLETE"), stack("DELETE_COMPLETE"))
    aws.answer("DescribeStackEvents", {"StackEvents": [old]}, {"StackEvents": [old]}, {"StackEvents": [ended, old]})
    there = read_stack(session.account.client("cloudformation"), "hits")

    remove(session, there)

    assert session.reporter.statuses() == ["DELETE_COMPLETE"]


@pytest.mark.parametrize("code", ["ChangeSetNotFound", "ChangeSetNotFoundException", "InvalidChangeSetStatus"])
def test_a_change_set_that_another_operation_invalidated_is_reported(session, aws, code):
    ends(aws, "UPDATE_COMPLETE")
    aws.answer("ExecuteChangeSet", Refusal(code, "ChangeSet [arn:change-set] can't be executed"))

    assert refuse(carry_out, session, PLANNED) == (
        "another operation has changed the stack hits since the change set was created, so nothing was executed; "
        "run the command again to see what is left to do"
    )


def test_a_failed_deletion_is_reported_with_its_cause(session, aws):
    ends(
        aws,
        "DELETE_FAILED",
        event(1, "Boundary", "AWS::IAM::ManagedPolicy", "DELETE_FAILED", "a role has it"),
        event(2, "hits", STACK, "DELETE_FAILED", "The following resource(s) failed to delete: [Boundary]."),
    )
    aws.answer("DeleteStack", {})
    aws.answer("UpdateTerminationProtection", {"StackId": ID})
    aws.answer("DescribeStacks", stack("CREATE_COMPLETE", EnableTerminationProtection=True), stack("DELETE_FAILED"))
    there = read_stack(session.account.client("cloudformation"), "hits")

    text = refuse(remove, session, there)

    run = f"aws cloudformation delete-stack {OPTIONS}"
    assert text.splitlines() == [
        "Boundary (AWS::IAM::ManagedPolicy): a role has it",
        f"the stack hits is DELETE_FAILED; before you try again, run: {run}",
    ]
    assert aws.sent("UpdateTerminationProtection")[0]["EnableTerminationProtection"] == "false"
