"""A stack as CloudFormation tells of it, and what happened to it."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from macro.local.cloud.account import Client
from macro.local.cloud.errors import message_of

REVIEW = "REVIEW_IN_PROGRESS"
_STACK = "AWS::CloudFormation::Stack"
# What fails only because something else did before it.
_FOLLOWED = ("resource creation cancelled", "resource update cancelled", "resource deletion cancelled")
# What AWS puts before the reason that a custom resource gave.
_OF_COMPANION = "Received response status [FAILED] from custom resource. Message returned: "
_SECONDS = 2.0
_SECONDS_ON_ENGINE = 0.1
# An operation that is over for so many looks, without an event that says so, is taken to be.
_QUIET_LOOKS = 15


class Stack(NamedTuple):
    """What DescribeStacks says of it, outputs and parameters by name."""

    name: str
    id: str
    status: str
    reason: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    is_protected: bool


class Happening(NamedTuple):
    """One stack event: a resource entered a status; ``operation`` is the id of what it is a part of, if told."""

    id: str
    logical_id: str
    type: str
    status: str
    reason: str
    is_stack: bool
    operation: str = ""

    def has_failed(self) -> bool:
        """Whether the status is a failure."""
        return self.status.endswith("_FAILED")


Watch = Callable[[Happening], None]


def read_stack(client: Client, name: str) -> Stack | None:
    """The stack of that name or id; ``None`` where there is none, or it was deleted."""
    from botocore.exceptions import ClientError

    try:
        (found,) = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in message_of(error):
            return None
        raise
    if found["StackStatus"] == "DELETE_COMPLETE":
        return None
    return _stack(found)


def is_running(status: str) -> bool:
    """Whether an operation is under way."""
    return status.endswith("_IN_PROGRESS") and status != REVIEW


def has_succeeded(status: str) -> bool:
    """Whether the last operation did what it should."""
    return status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")


def last_event(client: Client, name: str) -> str:
    """The id of the newest event, after which those of an operation that begins now will stand."""
    events = client.describe_stack_events(StackName=name)["StackEvents"]
    return str(events[0]["EventId"]) if events else ""


def follow(client: Client, stack_id: str, after: str, watch: Watch) -> tuple[Stack, list[Happening]]:
    """The stack once its operation is over, and all that happened, each told to ``watch`` as it was seen.

    ``stack_id`` is the id, not the name, since a deleted stack is found by that alone. DescribeStacks may still tell
    of the time before the operation began, or of no stack; so it is over when an event of the stack's own says the
    same, or when nothing else was told for long.
    """
    seen: list[Happening] = []
    quiet = 0
    while True:
        # The status first: so the events read after it are all, once it says that the operation is over.
        stack = _look(client, stack_id, quiet < _QUIET_LOOKS)
        for event in list(_events_after(client, stack_id, after) if stack else ())[::-1]:
            after = event.id
            seen.append(event)
            watch(event)
        quiet = 0 if stack and is_running(stack.status) else quiet + 1
        if stack and quiet and (_last_status(seen) == stack.status or quiet > _QUIET_LOOKS):
            return stack, seen
        pause(client)


def find_causes(events: Sequence[Happening]) -> list[Happening]:
    """The failures that no other failure explains, the first on top; the stack's own where there is no other."""
    failed = [event for event in events if event.has_failed()]
    own = [event for event in failed if not event.is_stack and not event.reason.lower().startswith(_FOLLOWED)]
    return own or [event for event in events if event.is_stack and event.reason][-1:]


def find_refusals(client: Client, reason: str, place: Mapping[str, str]) -> list[str]:
    """What validations and hooks refused before anything was made, where the reason leads to DescribeEvents for it.

    ``place`` is an ``OperationId``, ``ChangeSetName`` or ``StackName``. Nothing where the SDK is older than that call, or
    it is not allowed: the reason itself is told in any case.
    """
    from botocore.exceptions import ClientError

    if "DescribeEvents" not in reason or not hasattr(client, "describe_events"):
        return []
    try:
        pages = client.get_paginator("describe_events").paginate(Filters={"FailedEvents": True}, **place)
        events = [event for page in pages for event in page.get("OperationEvents", [])]
    except ClientError:
        return []
    told = [(event, event.get("ValidationStatusReason") or event.get("HookStatusReason")) for event in events]
    return [f"{event.get('LogicalResourceId', 'the template')}{_kind(event)}: {said}" for event, said in told if said]


def pause(client: Client) -> None:
    """Wait before asking again: a little on an engine of this machine, longer where many ask."""
    host = urlsplit(client.meta.endpoint_url).hostname
    time.sleep(_SECONDS_ON_ENGINE if host in ("127.0.0.1", "localhost", "::1") else _SECONDS)


def _kind(event: Mapping[str, Any]) -> str:
    kind = event.get("ResourceType") or event.get("HookType")
    return f" ({kind})" if kind else ""


def _look(client: Client, stack_id: str, is_patient: bool) -> Stack | None:
    """The stack, deleted or not; ``None`` where it isn't told of yet, and that is borne."""
    from botocore.exceptions import ClientError

    try:
        return _stack(client.describe_stacks(StackName=stack_id)["Stacks"][0])
    except ClientError as error:
        if is_patient and "does not exist" in message_of(error):
            return None
        raise


def _last_status(events: Sequence[Happening]) -> str | None:
    """Of the stack itself, but that it was planned: that is no end."""
    return next((event.status for event in reversed(events) if event.is_stack and event.status != REVIEW), None)


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


def _events_after(client: Client, stack_id: str, after: str) -> Iterator[Happening]:
    """Newest first, as the pages come."""
    for page in client.get_paginator("describe_stack_events").paginate(StackName=stack_id):
        for event in page["StackEvents"]:
            if event["EventId"] == after:
                return
            yield Happening(
                event["EventId"],
                event["LogicalResourceId"],
                event["ResourceType"],
                event.get("ResourceStatus", ""),
                event.get("ResourceStatusReason", "").removeprefix(_OF_COMPANION),
                event["ResourceType"] == _STACK and event.get("PhysicalResourceId") == stack_id,
                event.get("OperationId", ""),
            )
