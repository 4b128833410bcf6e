"""Change sets: made, read, carried out or thrown away; nothing is ever changed in another way."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import uuid4

from macro.cli.cloud.stack.account import Client
from macro.cli.cloud.stack.causes import find_refusals
from macro.cli.cloud.stack.changes import Change, read_changes
from macro.cli.cloud.stack.errors import CloudError, code_of
from macro.cli.cloud.stack.stack import REVIEW, Stack, pause, read_stack

# A macro adds roles, which CloudFormation wants acknowledged; the change set is shown before anything is done.
_CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
_EMPTY = ("didn't contain changes", "No updates are to be performed")
# What an operation that was begun first does to all other change sets of its stack.
_OVERTAKEN = ("ChangeSetNotFound", "ChangeSetNotFoundException", "InvalidChangeSetStatus")
_FAILED_BY_MACRO = ("failed with: ", ". Rollback requested by user.")


class Wanted(NamedTuple):
    """A deployment: the stack's name, its template, and parameters by name (``None``: the value the stack has).

    ``imports``, as ``ResourcesToImport`` has them, are all that the template holds, if any. ``takes_in`` says to import
    what is there already under a literal name, ``reverts`` to bring back what differs from what the stack should be.
    """

    stack_name: str
    template: Mapping[str, str]
    parameters: Mapping[str, str | None]
    tags: Mapping[str, str]
    imports: Sequence[Mapping[str, Any]] = ()
    takes_in: bool = False
    reverts: bool = False


class ChangeSet(NamedTuple):
    """One that can be carried out; ``is_import`` says that it makes nothing, but takes in what is there."""

    id: str
    stack_id: str
    stack_name: str
    changes: Sequence[Change]
    is_import: bool = False


def make_change_set(client: Client, wanted: Wanted, stack: Stack | None) -> ChangeSet | None:
    """A change set on the stack; ``None`` where nothing would change.

    Raises :class:`CloudError` with CloudFormation's reason, or the macro's problems, where there can be none; nothing
    is left of it then.
    """
    is_new = stack is None or stack.status == REVIEW
    kind = "IMPORT" if wanted.imports else "CREATE" if is_new else "UPDATE"
    made = client.create_change_set(ChangeSetType=kind, **_request(client, wanted))
    answer = _await(client, made["Id"], made["StackId"])
    changes = read_changes(_all_changes(client, made["Id"], answer))
    change_set = ChangeSet(made["Id"], made["StackId"], wanted.stack_name, changes, bool(wanted.imports))
    if answer["Status"] == "CREATE_COMPLETE":
        return change_set
    reason = answer.get("StatusReason", "")
    try:
        refusals = find_refusals(client, reason, {"ChangeSetName": change_set.id})
    finally:
        discard(client, change_set)
    if any(words in reason for words in _EMPTY):
        return None
    raise CloudError("\n".join([*refusals, _explain(wanted.stack_name, reason)]))


def execute(client: Client, change_set: ChangeSet) -> None:
    """Begin to carry it out; where it fails, what it made anew goes again, also what has the policy ``Retain``.

    Raises :class:`CloudError` where another change of the stack came before.
    """
    from botocore.exceptions import ClientError

    # An import makes nothing that could be taken back.
    more = {} if change_set.is_import else {"RetainExceptOnCreate": True}
    try:
        client.execute_change_set(
            ChangeSetName=change_set.id, StackName=change_set.stack_id, ClientRequestToken=uuid4().hex, **more
        )
    except ClientError as error:
        if code_of(error) not in _OVERTAKEN:
            raise
        raise CloudError(
            f"someone else changed the stack {change_set.stack_name} meanwhile, so nothing of this was carried out; "
            "run the command again to see what is left to do"
        ) from None


def discard(client: Client, change_set: ChangeSet) -> None:
    """Throw it away, and the empty stack with it that CloudFormation made for it."""
    client.delete_change_set(ChangeSetName=change_set.id, StackName=change_set.stack_id)
    stack = read_stack(client, change_set.stack_id)
    if stack and stack.status == REVIEW and not client.list_change_sets(StackName=stack.id)["Summaries"]:
        client.delete_stack(StackName=stack.id)


def _request(client: Client, wanted: Wanted) -> dict[str, Any]:
    token = uuid4().hex
    optional = {
        "Tags": [{"Key": key, "Value": value} for key, value in wanted.tags.items()],
        "ResourcesToImport": list(wanted.imports),
        "ImportExistingResources": wanted.takes_in,
        "DeploymentMode": "REVERT_DRIFT" if wanted.reverts and _can_revert(client) else "",
    }
    return {
        "StackName": wanted.stack_name,
        "ChangeSetName": f"hitcounter-{token[:16]}",
        "ClientToken": token,
        "Capabilities": list(_CAPABILITIES),
        "Parameters": [_parameter(name, value) for name, value in wanted.parameters.items()],
        **{name: value for name, value in optional.items() if value},
        **wanted.template,
    }


def _can_revert(client: Client) -> bool:
    """Whether the SDK knows of drift-aware change sets."""
    call = client.meta.service_model.operation_model("CreateChangeSet")
    return "DeploymentMode" in call.input_shape.members


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
