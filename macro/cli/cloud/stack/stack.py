"""Read a stack's state from CloudFormation."""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from macro.cli.cloud.stack.account import Client, is_loopback
from macro.cli.cloud.stack.errors import message_of

REVIEW = "REVIEW_IN_PROGRESS"
_SECONDS = 2.0
_SECONDS_ON_ENGINE = 0.1


class Stack(NamedTuple):
    """A stack as DescribeStacks reports it, with outputs and parameters by name."""

    name: str
    id: str
    status: str
    reason: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    is_protected: bool


def read_stack(client: Client, name: str) -> Stack | None:
    """The stack with that name or ID, or ``None`` if there is none or it is deleted."""
    stack = find_stack(client, name)
    return None if stack and stack.status == "DELETE_COMPLETE" else stack


def find_stack(client: Client, name: str) -> Stack | None:
    """The stack with that name or ID, or ``None`` if CloudFormation reports none. An ID also finds a deleted stack."""
    from botocore.exceptions import ClientError

    try:
        (found,) = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in message_of(error):
            return None
        raise
    return _stack(found)


def is_running(status: str) -> bool:
    """Whether an operation is running."""
    return status.endswith("_IN_PROGRESS") and status != REVIEW


def has_succeeded(status: str) -> bool:
    """Whether the last operation succeeded without a rollback."""
    return status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")


def pause(client: Client) -> None:
    """Wait before the next call: 0.1 s for an engine on this machine, 2 s for services that many clients share."""
    time.sleep(_SECONDS_ON_ENGINE if is_loopback(client.meta.endpoint_url) else _SECONDS)


def _stack(found: Mapping[str, Any]) -> Stack:
    return Stack(
        found["StackName"],
        found["StackId"],
        found["StackStatus"],
        found.get("StackStatusReason", ""),
        {each["OutputKey"]: each.get("OutputValue", "") for each in found.get("Outputs", [])},
        {each["ParameterKey"]: each.get("ParameterValue", "") for each in found.get("Parameters", [])},
        found.get("EnableTerminationProtection", False),
    )
