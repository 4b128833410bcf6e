"""Follow a stack's events until its operation ends."""

from collections.abc import Sequence

from macro.cli.cloud.stack.errors import CloudError
from macro.cli.cloud.stack.events import StackEvent, read_events
from macro.cli.cloud.stack.session import Session
from macro.cli.cloud.stack.stack import REVIEW, Stack, find_stack, is_running, pause

# An operation counts as ended after this many reads that report its end, even without an event that confirms it.
_QUIET_READS = 15


def follow(session: Session, stack_id: str, after: str) -> tuple[Stack, list[StackEvent]]:
    """Wait until the stack's operation ends, and return the stack and all events. Each event is also reported at once.

    ``stack_id`` is the ID, not the name: a deleted stack is found only by its ID. ``after`` is the ID of the last event
    before the operation.

    Raises:
        CloudError: several reads in a row find no stack.
        KeyboardInterrupt: the user pressed ctrl-c. The reporter says that CloudFormation goes on.
    """
    try:
        return _follow(session, stack_id, after)
    except KeyboardInterrupt:
        # A local engine ends with the command.
        if session.account.is_shared:
            text = "CloudFormation continues the operation; run the command again to see how it ends"
            session.reporter.show_step("interrupted", text)
        raise


def _follow(session: Session, stack_id: str, after: str) -> tuple[Stack, list[StackEvent]]:
    """The result of :func:`follow`.

    DescribeStacks may still report the state before the operation, or no stack. So the operation counts as ended when
    an event of the stack itself has the same status, or when several reads in a row find no running operation.
    """
    client = session.account.client("cloudformation")
    seen: list[StackEvent] = []
    quiet = 0
    while True:
        # The status is read first. If it says that the operation has ended, the events read afterwards are complete.
        stack = find_stack(client, stack_id)
        for event in list(read_events(client, stack_id, after) if stack else ())[::-1]:
            after = event.id
            seen.append(event)
            session.reporter.show_event(event)
        quiet = 0 if stack and is_running(stack.status) else quiet + 1
        if stack and quiet and (_last_status(seen) == stack.status or quiet > _QUIET_READS):
            return stack, seen
        if quiet > _QUIET_READS:
            raise CloudError(f"CloudFormation reports no stack {stack_id}; was it deleted in the meantime?")
        pause(client)


def _last_status(events: Sequence[StackEvent]) -> str | None:
    """The last status of the stack itself. REVIEW_IN_PROGRESS is left out, because it doesn't end an operation."""
    return next((event.status for event in reversed(events) if event.is_stack and event.status != REVIEW), None)
