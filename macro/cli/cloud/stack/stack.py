"""A stack as CloudFormation tells of it."""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from macro.cli.cloud.stack.account import Client
from macro.cli.cloud.stack.errors import message_of

REVIEW = "REVIEW_IN_PROGRESS"
_SECONDS = 2.0
_SECONDS_ON_ENGINE = 0.1


class Stack(NamedTuple):
    """What DescribeStacks says of it, outputs and parameters by name."""

    name: str
    id: str
    status: str
    reason: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    is_protected: bool


def read_stack(client: Client, name: str) -> Stack | None:
    """The stack of that name or id; ``None`` where there is none, or it was deleted."""
    stack = find_stack(client, name)
    return None if stack and stack.status == "DELETE_COMPLETE" else stack


def find_stack(client: Client, name: str) -> Stack | None:
    """The stack of that name, or of that id, which finds a deleted one, too; ``None`` where none is told of."""
    from botocore.exceptions import ClientError

    try:
        (found,) = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in message_of(error):
            return None
        raise
    return _stack(found)


def is_running(status: str) -> bool:
    """Whether an operation is under way."""
    return status.endswith("_IN_PROGRESS") and status != REVIEW


def has_succeeded(status: str) -> bool:
    """Whether the last operation did what it should."""
    return status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")


def pause(client: Client) -> None:
    """Wait before asking again: a little on an engine of this machine, longer where many ask."""
    host = urlsplit(client.meta.endpoint_url).hostname
    time.sleep(_SECONDS_ON_ENGINE if host in ("127.0.0.1", "localhost", "::1") else _SECONDS)


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
