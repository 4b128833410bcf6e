"""Read a stack's events."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from macro.cli.cloud.stack.account import Client

_STACK = "AWS::CloudFormation::Stack"
# AWS puts this text before the reason that a custom resource gives.
_OF_COMPANION = "Received response status [FAILED] from custom resource. Message returned: "
# Reasons of resources that fail only because another resource failed before.
_FOLLOWED = ("resource creation cancelled", "resource update cancelled", "resource deletion cancelled")


class StackEvent(NamedTuple):
    """One stack event: a resource entered a status. ``operation`` is the operation's ID, empty if not reported."""

    id: str
    logical_id: str
    type: str
    status: str
    reason: str
    is_stack: bool
    operation: str = ""

    def has_failed(self) -> bool:
        """Whether the event's status is a failure."""
        return self.status.endswith("_FAILED")

    def is_running(self) -> bool:
        """Whether more events of the resource follow."""
        return self.status.endswith("_IN_PROGRESS")

    def is_cancelled(self) -> bool:
        """Whether the resource failed only because another resource failed before."""
        return self.has_failed() and self.reason.lower().startswith(_FOLLOWED)


def last_event(client: Client, name: str) -> str:
    """The ID of the stack's newest event, empty if there is none. The next operation's events come after this event."""
    events = client.describe_stack_events(StackName=name)["StackEvents"]
    return str(events[0]["EventId"]) if events else ""


def read_events(client: Client, stack_id: str, after: str) -> Iterator[StackEvent]:
    """The events after the event with the ID ``after``, newest first, read page by page."""
    for page in client.get_paginator("describe_stack_events").paginate(StackName=stack_id):
        for event in page["StackEvents"]:
            if event["EventId"] == after:
                return
            yield _read_event(event, stack_id)


def _read_event(event: Mapping[str, Any], stack_id: str) -> StackEvent:
    return StackEvent(
        event["EventId"],
        event["LogicalResourceId"],
        event["ResourceType"],
        event.get("ResourceStatus", ""),
        event.get("ResourceStatusReason", "").removeprefix(_OF_COMPANION),
        event["ResourceType"] == _STACK and event.get("PhysicalResourceId") == stack_id,
        event.get("OperationId", ""),
    )
