"""Prepare for an operation on a stack, run it, and explain a failure by its first cause."""

from collections.abc import Sequence

from macro.cli.cloud.stack.account import Account
from macro.cli.cloud.stack.causes import find_causes, find_refusals
from macro.cli.cloud.stack.change_set import ChangeSet, execute
from macro.cli.cloud.stack.errors import CloudError
from macro.cli.cloud.stack.events import StackEvent, last_event
from macro.cli.cloud.stack.follow import follow
from macro.cli.cloud.stack.session import Session
from macro.cli.cloud.stack.stack import REVIEW, Stack, has_succeeded, is_running, read_stack

_DELETE = "aws cloudformation delete-stack --stack-name {name}{options}"
_CONTINUE = "aws cloudformation continue-update-rollback --stack-name {name}{options}"
_REMEDIES = {
    "ROLLBACK_COMPLETE": ("was never created, and can only be deleted", _DELETE),
    "ROLLBACK_FAILED": ("was never created, and can only be deleted", _DELETE),
    "CREATE_FAILED": ("was never created, and can only be deleted", _DELETE),
    "DELETE_FAILED": ("could not be deleted; fix the causes that its events name, then delete it again", _DELETE),
    "UPDATE_ROLLBACK_FAILED": (
        "could not be rolled back; fix the causes that its events name, then continue the rollback",
        _CONTINUE,
    ),
}
_NEVER_THERE = ("CREATE_IN_PROGRESS", "CREATE_FAILED", "ROLLBACK_", "DELETE_")


def make_ready(session: Session, name: str) -> Stack | None:
    """The stack with no operation running, or ``None`` if there is no such stack.

    If another command's operation is running, this function waits for its end. In a local engine, a stack that was
    never created is deleted.

    Raises:
        CloudError: the stack can't be updated. The text has the remedy.
    """
    if not session.account.is_shared:
        return _recover(session, name)
    stack = await_end(session, name)
    if stack and stack.status in _REMEDIES:
        state, command = _REMEDIES[stack.status]
        run = command.format(name=name, options=session.account.options())
        raise CloudError(f"the stack {name} is {stack.status}: it {state}; run: {run}")
    return stack


def await_end(session: Session, name: str) -> Stack | None:
    """Wait until no operation is running on the stack. The stack may be in any state; ``None`` if there is none."""
    client = session.account.client("cloudformation")
    stack = read_stack(client, name)
    if stack is None or not is_running(stack.status):
        return stack
    text = f"{name} is {stack.status}; waiting until that operation ends"
    session.reporter.show_step("waiting", text, status=stack.status)
    follow(session, stack.id, last_event(client, stack.id))
    return read_stack(client, name)


def carry_out(session: Session, change_set: ChangeSet) -> Stack:
    """Execute the change set, and return the stack after it.

    Raises:
        CloudError: the operation failed and its rollback has ended. The text starts with the first real cause.
    """
    client = session.account.client("cloudformation")
    after = last_event(client, change_set.stack_id)
    execute(client, change_set)
    stack, events = follow(session, change_set.stack_id, after)
    if has_succeeded(stack.status):
        return stack
    raise CloudError(_explain(session.account, stack, events))


def remove(session: Session, stack: Stack) -> None:
    """Delete the stack and wait for the end. Termination protection is turned off first.

    Raises:
        CloudError: the stack wasn't deleted. The text starts with the first cause.
    """
    client = session.account.client("cloudformation")
    if stack.is_protected:
        client.update_termination_protection(StackName=stack.name, EnableTerminationProtection=False)
    after = last_event(client, stack.id)
    client.delete_stack(StackName=stack.id)
    ended, events = follow(session, stack.id, after)
    if ended.status != "DELETE_COMPLETE":
        raise CloudError(_explain(session.account, ended, events))


def _recover(session: Session, name: str) -> Stack | None:
    """The stack in a local engine. An operation that was running when an engine ended is never continued.

    A stack that was never created is deleted, because it holds no counts yet. Any other stack can be updated.
    """
    stack = read_stack(session.account.client("cloudformation"), name)
    if stack is None or not stack.status.startswith(_NEVER_THERE):
        return stack
    remove(session, stack)
    return None


def _explain(account: Account, stack: Stack, events: Sequence[StackEvent]) -> str:
    causes = _find_refusals(account, stack, events)
    causes = causes or [f"{event.logical_id} ({event.type}): {event.reason}" for event in find_causes(events)]
    lines = [*causes[:1], *(f"also {cause}" for cause in causes[1:])]
    lines.append(f"the stack {stack.name} is {stack.status}{_what_now(account, stack)}")
    return "\n".join(lines)


def _find_refusals(account: Account, stack: Stack, events: Sequence[StackEvent]) -> list[str]:
    own = [event for event in events if event.is_stack]
    operations = [event.operation for event in own if event.operation]
    # An engine's events don't name their operation. The engine knows only the last operation.
    place = {"OperationId": operations[-1]} if operations else {"StackName": stack.id}
    return find_refusals(account.client("cloudformation"), " ".join(event.reason for event in own), place)


def _what_now(account: Account, stack: Stack) -> str:
    if stack.status == "UPDATE_ROLLBACK_COMPLETE":
        return ": everything is as it was before"
    # A local engine needs no remedy: the next run starts again or recovers.
    if stack.status in _REMEDIES and account.is_shared:
        run = _REMEDIES[stack.status][1].format(name=stack.name, options=account.options())
        return f"; before you try again, run: {run}"
    return f": {stack.reason}" if stack.reason and stack.status != REVIEW else ""
