"""Create, read, execute and delete change sets. All stack creations and updates use a change set."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import uuid4

from macro.cli.cloud.stack.account import Client
from macro.cli.cloud.stack.causes import find_refusals
from macro.cli.cloud.stack.changes import Change, read_changes
from macro.cli.cloud.stack.errors import CloudError, code_of
from macro.cli.cloud.stack.stack import REVIEW, Stack, pause, read_stack

# CloudFormation requires an acknowledgment of the roles that a macro adds. The user sees the change set first.
_CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
_EMPTY = ("didn't contain changes", "No updates are to be performed")
# Error codes for a change set that an earlier operation on its stack has made invalid.
_OVERTAKEN = ("ChangeSetNotFound", "ChangeSetNotFoundException", "InvalidChangeSetStatus")
_FAILED_BY_MACRO = ("failed with: ", ". Rollback requested by user.")


class ChangeSetRequest(NamedTuple):
    """A change set to create: the stack's name, template, parameters and tags.

    ``template`` is ``TemplateBody`` or ``TemplateURL``. A parameter that is ``None`` keeps the value that the stack
    has. ``imports`` has the shape of ``ResourcesToImport``: if there are any, the template holds no other resources.
    ``takes_in`` imports existing resources that the template names literally (``ImportExistingResources``).
    ``reverts`` reverts drift: resources that differ from the stack's definition are restored.
    """

    stack_name: str
    template: Mapping[str, str]
    parameters: Mapping[str, str | None]
    tags: Mapping[str, str]
    imports: Sequence[Mapping[str, Any]] = ()
    takes_in: bool = False
    reverts: bool = False


class ChangeSet(NamedTuple):
    """A change set that can be executed. With ``is_import``, it creates nothing and imports existing resources."""

    id: str
    stack_id: str
    stack_name: str
    changes: Sequence[Change]
    is_import: bool = False


def create_change_set(client: Client, request: ChangeSetRequest, stack: Stack | None) -> ChangeSet | None:
    """A new change set for the stack, or ``None`` if nothing would change. The change set is deleted then.

    Raises:
        CloudError: CloudFormation can't create the change set. The text has CloudFormation's reason or the macro's
            problems. The failed change set is deleted.
    """
    is_new = stack is None or stack.status == REVIEW
    kind = "IMPORT" if request.imports else "CREATE" if is_new else "UPDATE"
    made = client.create_change_set(ChangeSetType=kind, **_as_call(client, request))
    answer = _await(client, made["Id"], made["StackId"])
    changes = read_changes(_all_changes(client, made["Id"], answer))
    change_set = ChangeSet(made["Id"], made["StackId"], request.stack_name, changes, bool(request.imports))
    if answer["Status"] == "CREATE_COMPLETE":
        if is_new or stack is None or changes or not _is_same(client, change_set, request, stack):
            return change_set
        discard(client, change_set)
        return None
    reason = answer.get("StatusReason", "")
    try:
        refusals = find_refusals(client, reason, {"ChangeSetName": change_set.id})
    finally:
        discard(client, change_set)
    if any(words in reason for words in _EMPTY):
        return None
    raise CloudError("\n".join([*refusals, _explain(request.stack_name, reason)]))


def _is_same(client: Client, change_set: ChangeSet, request: ChangeSetRequest, stack: Stack) -> bool:
    """Whether executing the change set would change nothing at all: no output, no parameter and no tag.

    CloudFormation also completes a change set that changes no resource, for example one of outputs only.
    """
    from botocore.exceptions import ClientError

    given = {name: value for name, value in request.parameters.items() if value is not None}
    if request.tags or any(stack.parameters.get(name) != value for name, value in given.items()):
        return False
    stage = {"TemplateStage": "Processed"}
    try:
        planned = client.get_template(StackName=stack.id, ChangeSetName=change_set.id, **stage)["TemplateBody"]
        return bool(planned == client.get_template(StackName=stack.id, **stage)["TemplateBody"])
    except ClientError:
        return False


def execute(client: Client, change_set: ChangeSet) -> None:
    """Start to execute the change set. If it fails, new resources are deleted, even with the policy ``Retain``.

    Raises:
        CloudError: another operation has changed the stack since the change set was created.
    """
    from botocore.exceptions import ClientError

    # An import creates no resources that a rollback could delete.
    more = {} if change_set.is_import else {"RetainExceptOnCreate": True}
    try:
        client.execute_change_set(
            ChangeSetName=change_set.id, StackName=change_set.stack_id, ClientRequestToken=uuid4().hex, **more
        )
    except ClientError as error:
        if code_of(error) not in _OVERTAKEN:
            raise
        raise CloudError(
            f"another operation has changed the stack {change_set.stack_name} since the change set was created, so "
            "nothing was executed; run the command again to see what is left to do"
        ) from None


def discard(client: Client, change_set: ChangeSet) -> None:
    """Delete the change set, and the empty stack that CloudFormation created for it."""
    client.delete_change_set(ChangeSetName=change_set.id, StackName=change_set.stack_id)
    stack = read_stack(client, change_set.stack_id)
    if stack and stack.status == REVIEW and not client.list_change_sets(StackName=stack.id)["Summaries"]:
        client.delete_stack(StackName=stack.id)


def _as_call(client: Client, request: ChangeSetRequest) -> dict[str, Any]:
    token = uuid4().hex
    optional = {
        "Tags": [{"Key": key, "Value": value} for key, value in request.tags.items()],
        "ResourcesToImport": list(request.imports),
        "ImportExistingResources": request.takes_in,
        "DeploymentMode": "REVERT_DRIFT" if request.reverts and _can_revert(client) else "",
    }
    return {
        "StackName": request.stack_name,
        "ChangeSetName": f"hitcounter-{token[:16]}",
        "ClientToken": token,
        "Capabilities": list(_CAPABILITIES),
        "Parameters": [_parameter(name, value) for name, value in request.parameters.items()],
        **{name: value for name, value in optional.items() if value},
        **request.template,
    }


def _can_revert(client: Client) -> bool:
    """Whether the SDK supports drift-aware change sets."""
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
    return f"CloudFormation can't create a change set for the stack {stack_name}: {reason}"
