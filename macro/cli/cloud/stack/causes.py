"""Why an operation failed: the failures that no other one explains, and what was refused beforehand."""

from collections.abc import Mapping, Sequence
from typing import Any

from macro.cli.cloud.stack.account import Client
from macro.cli.cloud.stack.events import Happening

# What fails only because something else did before it.
_FOLLOWED = ("resource creation cancelled", "resource update cancelled", "resource deletion cancelled")


def find_causes(events: Sequence[Happening]) -> list[Happening]:
    """The failures that no other failure explains, the first on top; the stack's own where there is no other."""
    failed = [event for event in events if event.has_failed()]
    own = [event for event in failed if not event.is_stack and not event.reason.lower().startswith(_FOLLOWED)]
    return own or [event for event in events if event.is_stack and event.reason][-1:]


def find_refusals(client: Client, reason: str, place: Mapping[str, str]) -> list[str]:
    """What validations and hooks refused before anything was made, where the reason leads to DescribeEvents for it.

    ``place`` is an ``OperationId``, ``ChangeSetName`` or ``StackName``. Nothing where the SDK is older than that call,
    or it is not allowed: the reason itself is told in any case.
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
