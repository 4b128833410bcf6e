"""Follow a stack's events until its operation ends."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from macro.cli.cloud.stack.account import Client
from macro.cli.cloud.stack.errors import CloudError
from macro.cli.cloud.stack.stack import REVIEW, Stack, find_stack, is_running, pause

_STACK = "AWS::CloudFormation::Stack"
# AWS puts this text before the reason that a custom resource gives.
_OF_COMPANION = "Received response status [FAILED] from custom resource. Message returned: "
# An operation counts as ended after this many reads that report its end, even without an event that confirms it.
_QUIET_LOOKS = 15


class Happening(NamedTuple):
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


Watch = Callable[[Happening], None]


def last_event(client: Client, name: str) -> str:
    """The ID of the stack's newest event, empty if there is none. The next operation's events come after this event."""
    events = client.describe_stack_events(StackName=name)["StackEvents"]
    return str(events[0]["EventId"]) if events else ""


def follow(client: Client, stack_id: str, after: str, watch: Watch) -> tuple[Stack, list[Happening]]:
    """Wait until the stack's operation ends, and return the stack and all events.

    ``watch`` gets each event as soon as it is read. ``stack_id`` is the ID, not the name: a deleted stack is found
    only by its ID. ``after`` is the ID of the last event before the operation.

    DescribeStacks may still report the state before the operation, or no stack. So the operation counts as ended when
    an event of the stack itself has the same status, or when several reads in a row find no running operation.

    Raises:
        CloudError: several reads in a row find no stack.
    """
    seen: list[Happening] = []
    quiet = 0
    while True:
        # The status is read first. If it says that the operation has ended, the events read afterwards are complete.
        stack = find_stack(client, stack_id)
        for event in list(_events_after(client, stack_id, after) if stack else ())[::-1]:
            after = event.id
            seen.append(event)
            watch(event)
        quiet = 0 if stack and is_running(stack.status) else quiet + 1
        if stack and quiet and (_last_status(seen) == stack.status or quiet > _QUIET_LOOKS):
            return stack, seen
        if quiet > _QUIET_LOOKS:
            raise CloudError(f"CloudFormation doesn't know the stack {stack_id}; was it deleted meanwhile?")
        pause(client)


def _last_status(events: Sequence[Happening]) -> str | None:
    """The last status of the stack itself. REVIEW_IN_PROGRESS is left out, because it doesn't end an operation."""
    return next((event.status for event in reversed(events) if event.is_stack and event.status != REVIEW), None)


def _events_after(client: Client, stack_id: str, after: str) -> Iterator[Happening]:
    """The events after ``after``, newest first, read page by page."""
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
