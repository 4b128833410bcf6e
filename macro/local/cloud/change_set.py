"""Change sets: made, read, carried out or thrown away; nothing is ever changed in another way."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import uuid4

from macro.local.cloud.account import Client
from macro.local.cloud.changes import Change, read_changes
from macro.local.cloud.errors import CloudError
from macro.local.cloud.stack import REVIEW, Stack, find_refusals, pause, read_stack

# A macro adds roles, which CloudFormation wants acknowledged; the change set is shown before anything is done.
_CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
_EMPTY = ("didn't contain changes", "No updates are to be performed")
_FAILED_BY_MACRO = ("failed with: ", ". Rollback requested by user.")


class Wanted(NamedTuple):
    """A deployment: the stack's name, its template, and parameters by name (``None``: the value the stack has).

    ``imports``, as ``ResourcesToImport`` has them, are all that the template holds, if any; such a stack is a new one.
    """

    stack_name: str
    template: Mapping[str, str]
    parameters: Mapping[str, str | None]
    tags: Mapping[str, str]
    imports: Sequence[Mapping[str, Any]] = ()


class ChangeSet(NamedTuple):
    """One that can be carried out; ``is_new`` says that it creates its stack."""

    id: str
    stack_id: str
    stack_name: str
    changes: Sequence[Change]
    is_new: bool


def make_change_set(client: Client, wanted: Wanted, stack: Stack | None) -> ChangeSet | None:
    """A change set on the stack; ``None`` where nothing would change.

    Raises :class:`CloudError` with CloudFormation's reason, or the macro's problems, where there can be none; nothing
    is left of it then.
    """
    is_new = (stack is None or stack.status == REVIEW) and not wanted.imports
    made = client.create_change_set(
        StackName=wanted.stack_name,
        ChangeSetName=f"hitcounter-{uuid4().hex[:16]}",
        ChangeSetType="IMPORT" if wanted.imports else "CREATE" if is_new else "UPDATE",
        Capabilities=list(_CAPABILITIES),
        Parameters=[_parameter(name, value) for name, value in wanted.parameters.items()],
        **({"Tags": [{"Key": key, "Value": value} for key, value in wanted.tags.items()]} if wanted.tags else {}),
        **({"ResourcesToImport": list(wanted.imports)} if wanted.imports else {}),
        **wanted.template,
    )
    answer = _await(client, made["Id"], made["StackId"])
    change_set = ChangeSet(
        made["Id"], made["StackId"], wanted.stack_name, read_changes(_all_changes(client, made["Id"], answer)), is_new
    )
    if answer["Status"] == "CREATE_COMPLETE":
        return change_set
    reason = answer.get("StatusReason", "")
    refusals = find_refusals(client, reason, ChangeSetName=change_set.id)
    discard(client, change_set)
    if any(words in reason for words in _EMPTY):
        return None
    raise CloudError("\n".join([*refusals, _explain(wanted.stack_name, reason)]))


def execute(client: Client, change_set: ChangeSet) -> None:
    """Begin to carry it out; what a failed create made anew goes again, also where its policy is ``Retain``."""
    more = {"RetainExceptOnCreate": True} if change_set.is_new else {}
    client.execute_change_set(ChangeSetName=change_set.id, StackName=change_set.stack_id, **more)


def discard(client: Client, change_set: ChangeSet) -> None:
    """Throw it away, and the empty stack with it that CloudFormation made for it."""
    client.delete_change_set(ChangeSetName=change_set.id, StackName=change_set.stack_id)
    stack = read_stack(client, change_set.stack_id)
    if stack and stack.status == REVIEW and not client.list_change_sets(StackName=stack.id)["Summaries"]:
        client.delete_stack(StackName=stack.id)


def _parameter(name: str, value: str | None) -> dict[str, Any]:
    if value is None:
        return {"ParameterKey": name, "UsePreviousValue": True}
    return {"ParameterKey": name, "ParameterValue": value}


def _await(client: Client, change_set_id: str, stack_id: str) -> Mapping[str, Any]:
    while True:
        answer: Mapping[str, Any] = client.describe_change_set(ChangeSetName=change_set_id, StackName=stack_id)
        if answer["Status"] in ("CREATE_COMPLETE", "FAILED"):
            return answer
        pause(client)


def _all_changes(client: Client, change_set_id: str, answer: Mapping[str, Any]) -> list[Any]:
    changes = list(answer.get("Changes", []))
    while answer.get("NextToken"):
        answer = client.describe_change_set(ChangeSetName=change_set_id, NextToken=answer["NextToken"])
        changes += answer.get("Changes", [])
    return changes


def _explain(stack_name: str, reason: str) -> str:
    head, found, said = reason.partition(_FAILED_BY_MACRO[0])
    if found and head.startswith("Transform "):
        return f"{head.strip()} refuses the template:\n{said.removesuffix(_FAILED_BY_MACRO[1])}"
    return f"CloudFormation can't plan the stack {stack_name}: {reason}"
