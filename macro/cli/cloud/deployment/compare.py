"""Compare for ``hitcounter diff``: a change set shows what a deployment would change, and is deleted afterwards."""

from collections.abc import Mapping, Sequence

from macro.cli.cloud.deployment.deploy import Deployment, check, plan
from macro.cli.cloud.deployment.meanings import Meaning, explain_changes, find_owners
from macro.cli.cloud.stack.account import Account, Client
from macro.cli.cloud.stack.change_set import discard
from macro.cli.cloud.stack.errors import CloudError
from macro.cli.cloud.stack.reporter import Silence
from macro.cli.cloud.stack.session import Session
from macro.cli.cloud.stack.stack import REVIEW, Stack, is_running, read_stack
from macro.cli.preview.preview import preview
from macro.cli.text.files import parse_source
from macro.errors import MacroError
from macro.plugin import Json, Template, Values
from macro.plugins import find_plugin
from macro.template.counters import find_counters

_UNKNOWN_STATE = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED")


def compare(account: Account, deployment: Deployment) -> tuple[Stack | None, Sequence[Meaning]]:
    """The stack, and what a deployment would change. The change set is deleted, and nothing is uploaded.

    The stack is ``None`` if the deployment would create it.

    Raises:
        MacroError: the template has problems.
        CloudError: the stack can't be changed now.
    """
    client = account.client("cloudformation")
    stack = read_stack(client, deployment.stack_name)
    if stack and (is_running(stack.status) or stack.status in _UNKNOWN_STATE):
        text = "so its current state is not known yet; compare again once it is complete"
        raise CloudError(f"the stack {stack.name} is {stack.status}, {text}")
    stack = None if stack and stack.status == REVIEW else stack
    checked = check(account, deployment, stack)
    before = _read_deployed(client, stack)
    change_set = plan(Session(account, Silence()), deployment, checked, stack)
    if change_set is None:
        return stack, []
    discard(client, change_set)
    own = _own(before, stack.parameters if stack else {})
    counters = [counter.logical_id for counter in find_counters(checked.template)]
    # A counter that only the plain template contains is found by its function.
    known = {*own.values(), *(_name(each, counters) for each, resource in _resources(before) if _is_function(resource))}
    owners = find_owners(change_set.changes, {**own, **_own(checked.template, checked.values)}, {*counters, *known})
    return stack, explain_changes(change_set.changes, owners, known, counters)


def _own(template: Template, values: Values) -> Mapping[str, str]:
    """Counters by generated logical IDs. Empty if the preview fails, for example without a plug-in or a value."""
    try:
        return preview(template, values, find_plugin).owners
    except MacroError:
        return {}


def _resources(template: Template) -> list[tuple[str, Json]]:
    resources = template.get("Resources")
    return list(resources.items()) if isinstance(resources, dict) else []


def _is_function(resource: Json) -> bool:
    return isinstance(resource, dict) and resource.get("Type") == "Custom::LambdaFunction"


def _name(logical_id: str, counters: Sequence[str]) -> str:
    name = logical_id.removesuffix("Function")
    return max((counter for counter in counters if name.startswith(counter)), key=len, default=name)


def _read_deployed(client: Client, stack: Stack | None) -> Template:
    """The template that the stack was deployed from. The template is compact if CloudFormation ran the macro."""
    if stack is None:
        return {}
    body = client.get_template(StackName=stack.id, TemplateStage="Original")["TemplateBody"]
    return parse_source("the deployed template", body).template if isinstance(body, str) else dict(body)
