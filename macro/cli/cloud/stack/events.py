"""What happens to a stack, told event by event until its operation is over."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from macro.cli.cloud.stack.account import Client
from macro.cli.cloud.stack.errors import CloudError
from macro.cli.cloud.stack.stack import REVIEW, Stack, find_stack, is_running, pause

_STACK = "AWS::CloudFormation::Stack"
# What AWS puts before the reason that a custom resource gave.
_OF_COMPANION = "Received response status [FAILED] from custom resource. Message returned: "
# An operation that is over for so many looks, without an event that says so, is taken to be.
_QUIET_LOOKS = 15


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


def last_event(client: Client, name: str) -> str:
    """The id of the newest event, after which those of an operation that begins now will stand."""
    events = client.describe_stack_events(StackName=name)["StackEvents"]
    return str(events[0]["EventId"]) if events else ""


def follow(client: Client, stack_id: str, after: str, watch: Watch) -> tuple[Stack, list[Happening]]:
    """The stack once its operation is over, and all that happened, each told to ``watch`` as it was seen.

    ``stack_id`` is the id, not the name, since a deleted stack is found by that alone. DescribeStacks may still report
    of the time before the operation began, or of no stack; so it is over when an event of the stack's own says the
    same, or when nothing else was told for long. Raises :class:`CloudError` where no stack was told of for as long.
    """
    seen: list[Happening] = []
    quiet = 0
    while True:
        # The status first: so the events read after it are all, once it says that the operation is over.
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
    """Of the stack itself, but that it was planned: that is no end."""
    return next((event.status for event in reversed(events) if event.is_stack and event.status != REVIEW), None)


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
