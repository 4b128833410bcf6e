"""The state of a stack, read from CloudFormation."""

from macro.cli.cloud.stack.stack import has_succeeded, is_running, read_stack
from tests.support.fake_aws import Refusal

ID = "arn:aws:cloudformation:eu-central-1:123456789012:stack/hits/1"


def stack(status, **more):
    return {"StackName": "hits", "StackId": ID, "StackStatus": status, **more}


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


def test_a_missing_or_deleted_stack_is_none(account, aws):
    client = account.client("cloudformation")

    aws.answer("DescribeStacks", Refusal("ValidationError", "Stack with id hits does not exist"))
    assert read_stack(client, "hits") is None

    aws.answer("DescribeStacks", {"Stacks": [stack("DELETE_COMPLETE")]})
    assert read_stack(client, ID) is None


def test_the_status_says_whether_an_operation_runs_or_succeeded():
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
