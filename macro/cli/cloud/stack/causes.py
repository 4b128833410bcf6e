"""Find why an operation failed: failures that no other failure explains, and refusals by validations and hooks."""

from collections.abc import Mapping, Sequence
from typing import Any

from macro.cli.cloud.stack.account import Client
from macro.cli.cloud.stack.events import StackEvent


def find_causes(events: Sequence[StackEvent]) -> list[StackEvent]:
    """The failures that no other failure explains, in the order of the events.

    If there are none, the result is the last event of the stack itself that has a reason.
    """
    own = [event for event in events if event.has_failed() and not event.is_stack and not event.is_cancelled()]
    return own or [event for event in events if event.is_stack and event.reason][-1:]


def find_refusals(client: Client, reason: str, place: Mapping[str, str]) -> list[str]:
    """What validations and hooks refused before any resource was created, one line a refusal.

    CloudFormation refers to DescribeEvents in ``reason`` if there are refusals. ``place`` is an ``OperationId``,
    ``ChangeSetName`` or ``StackName``. The result is empty if the SDK has no DescribeEvents, or if the call fails:
    callers report the reason in any case.
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


def _kind(event: Mapping[str, Any]) -> str:
    kind = event.get("ResourceType") or event.get("HookType")
    return f" ({kind})" if kind else ""
