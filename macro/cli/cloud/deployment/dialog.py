"""Show a planned deployment, ask whether to execute it, and show the stack's outputs."""

import sys
from collections.abc import Mapping

from macro.cli.cloud.stack.change_set import ChangeSet, discard
from macro.cli.cloud.stack.changes import print_changes
from macro.cli.cloud.stack.errors import CloudError
from macro.cli.cloud.stack.question import ask, read_answer
from macro.cli.cloud.stack.session import Session
from macro.cli.cloud.stack.stack import Stack
from macro.cli.engine.url import to_engine_url
from macro.cli.text.report import has_colour


def show_changes(session: Session, change_set: ChangeSet) -> None:
    """Show what the change set would change."""
    name, changes = change_set.stack_name, change_set.changes
    text = f"{name}:\n{print_changes(changes, has_colour(sys.stderr))}"
    session.reporter.show_step("changes", text, stack=name, changes=[change._asdict() for change in changes])


def leave(session: Session, change_set: ChangeSet) -> None:
    """Show the command that executes the change set later."""
    call = "aws cloudformation execute-change-set --retain-except-on-create"
    run = f"{call} --change-set-name {change_set.id}{session.account.options()}"
    session.reporter.show_step("change-set", f"to execute it, run: {run}", id=change_set.id)


def is_agreed(session: Session, change_set: ChangeSet, is_unattended: bool, allows_data_loss: bool) -> bool:
    """Whether the user agrees to the changes. Otherwise the change set is deleted, also if an error is raised.

    ``is_unattended`` agrees to all changes that keep the counts. Both flags together agree to all changes.

    Raises:
        CloudError: nobody can be asked, or the changes may cost counts and only ``is_unattended`` is set.
    """
    is_decided = False
    try:
        is_decided = _ask(change_set, is_unattended, allows_data_loss)
    finally:
        if not is_decided:
            discard(session.account.client("cloudformation"), change_set)
    if not is_decided:
        session.reporter.show_step("declined", "nothing was changed")
    return is_decided


def show_outputs(session: Session, stack: Stack | None) -> None:
    """Show the stack's outputs. URLs of APIs on an engine are replaced by the engine's URLs."""
    outputs = dict(stack.outputs) if stack else {}
    endpoint = session.account.endpoint
    if endpoint:
        outputs = {name: to_engine_url(endpoint, value) for name, value in outputs.items()}
    session.reporter.show_result("outputs", _print_outputs(outputs), outputs=outputs)


def _ask(change_set: ChangeSet, is_unattended: bool, allows_data_loss: bool) -> bool:
    names = ", ".join(change.logical_id for change in change_set.changes if change.costs_data())
    if not names or (is_unattended and allows_data_loss):
        return is_unattended or ask(f"Deploy {change_set.stack_name}?", "--yes")
    if is_unattended:
        raise CloudError(
            f"tables that hold counts would be replaced or removed ({names}); to agree, add --allow-data-loss to --yes"
        )
    return read_answer(f"To replace or remove {names}, type {names}: ", "--yes --allow-data-loss") == names


def _print_outputs(outputs: Mapping[str, str]) -> str:
    width = max((len(name) for name in outputs), default=0) + 1
    return "".join(f"{name + ':':<{width}} {value}\n" for name, value in outputs.items())
