"""``hitcounter install``: the bucket, what goes into it, then the rest of one stack; a second run changes nothing."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from macro.builtin.digest import SHA256
from macro.local.bundle import Bundles
from macro.local.cloud.account import Account
from macro.local.cloud.bucket import Bucket, digest_of
from macro.local.cloud.change_set import ChangeSet, Wanted, discard, make_change_set
from macro.local.cloud.changes import count_changes, print_changes
from macro.local.cloud.errors import DENIED, CloudError, code_of, message_of
from macro.local.cloud.installation import (
    check_ours,
    is_older,
    name_stack,
    open_bucket,
    own_version,
    read_template,
)
from macro.local.cloud.operation import await_end, carry_out, make_ready, remove
from macro.local.cloud.progress import Line, Tell
from macro.local.cloud.stack import REVIEW, Stack
from macro.local.cloud.values import values_before
from macro.plugin import Json, Template
from macro.references import find_references

BUCKET, MACRO_FUNCTION, COMPANION_FUNCTION = "Bucket", "MacroFunction", "CompanionFunction"
_LOOPBACK = ("127.0.0.1", "localhost")
_MACRO_TYPE = "AWS::CloudFormation::Macro"
_NEVER_THERE = ("ROLLBACK_COMPLETE", "CREATE_FAILED")


class Choice(NamedTuple):
    """What the user chose: the suffix, and parameters of ``install.yaml`` by name."""

    suffix: str = ""
    parameters: Mapping[str, str] = {}
    is_trial: bool = False


class Installed(NamedTuple):
    """The installation's stack, and whether anything was changed; no stack where it was a trial."""

    stack: Stack | None
    has_changed: bool


def install(account: Account, choice: Choice, bundles: Bundles, tell: Tell) -> Installed:
    """Install, or bring up to date; as a trial only what would be done is told.

    Raises :class:`CloudError` with the cause and what would help; a next run goes on where this one ended.
    """
    bucket = open_bucket(account, choice.suffix)
    keys = {MACRO_FUNCTION: f"macro/{digest_of(bundles.macro)}.zip"}
    keys[COMPANION_FUNCTION] = f"companion/{digest_of(bundles.companion)}.zip"
    template = fill_in(read_template(), keys, bucket.name)
    stack = _find_stack(account, choice, tell)
    wanted = _Plan(account, choice, bucket, tell)
    if not choice.is_trial:
        stack = wanted.ensure_bucket(template, stack)
        contents = {keys[MACRO_FUNCTION]: bundles.macro, keys[COMPANION_FUNCTION]: bundles.companion}
        _upload(bucket, {**contents, f"handlers/hit-counter-{SHA256}.zip": bundles.handler}, tell)
    change_set = wanted.make(template, stack)
    if change_set:
        tell(Line("changes", print_changes(change_set.changes), {"count": count_changes(change_set.changes)}))
    if choice.is_trial:
        return _end_trial(account, change_set, tell)
    if change_set is None:
        return Installed(_protect(account, stack), False)
    return Installed(_protect(account, carry_out(account, change_set, tell)), True)


def fill_in(template: Template, keys: Mapping[str, str], bucket: str) -> Template:
    """The template with the functions' code in the bucket, as ``aws cloudformation package`` would put it there."""
    resources = dict(template["Resources"])
    for logical_id, key in keys.items():
        function = resources[logical_id]
        code = {"S3Bucket": bucket, "S3Key": key}
        resources[logical_id] = {**function, "Properties": {**function["Properties"], "Code": code}}
    # Told literally, as the name by which a bucket that is there already is imported.
    store = resources[BUCKET]
    resources[BUCKET] = {**store, "Properties": {**store["Properties"], "BucketName": bucket}}
    return {**template, "Resources": resources}


def keep_only(template: Template, logical_id: str) -> Template:
    """The template with that resource alone, and no outputs."""
    rest = {name: value for name, value in template.items() if name != "Outputs"}
    return {**rest, "Resources": {logical_id: template["Resources"][logical_id]}}


def leave_out(template: Template, resource_type: str) -> Template:
    """The template without resources of that type, and the outputs that refer to them."""
    gone = [name for name, resource in template["Resources"].items() if resource["Type"] == resource_type]
    outputs = {
        name: output
        for name, output in template.get("Outputs", {}).items()
        if not any(True for _ in find_references(output, gone))
    }
    resources = {name: resource for name, resource in template["Resources"].items() if name not in gone}
    return {**template, "Resources": resources, "Outputs": outputs}


def name_answer_hosts(endpoint: str) -> str:
    """The hosts that an engine takes answers at: its own, by each name of this machine where it runs there.

    As they stand in a URL: without a port where that has none.
    """
    parts = urlsplit(endpoint)
    hosts = _LOOPBACK if parts.hostname in _LOOPBACK else (str(parts.hostname),)
    return ",".join(f"{host}:{parts.port}" if parts.port else host for host in hosts)


class _Plan:
    """Change sets for the installation's stack, with its parameters."""

    def __init__(self, account: Account, choice: Choice, bucket: Bucket, tell: Tell) -> None:
        self._account, self._choice, self._bucket, self._tell = account, choice, bucket, tell
        self._client = account.client("cloudformation")

    def ensure_bucket(self, template: Template, stack: Stack | None) -> Stack:
        """The stack with its bucket: the functions' code must be there before they are made."""
        if stack and not _is_empty(self._account, stack):
            return stack
        imports = []
        if self._bucket.exists():
            kind, key = template["Resources"][BUCKET]["Type"], {"BucketName": self._bucket.name}
            imports = [{"ResourceType": kind, "LogicalResourceId": BUCKET, "ResourceIdentifier": key}]
            self._tell(Line("bucket", f"the bucket {self._bucket.name} is there already, and is taken into the stack"))
        wanted = self._want(keep_only(template, BUCKET), stack)._replace(imports=imports)
        change_set = make_change_set(self._client, wanted, stack)
        if change_set is None:
            raise CloudError(f"CloudFormation sees no change in making the bucket {self._bucket.name}; try again")
        return carry_out(self._account, change_set, self._tell)

    def make(self, template: Template, stack: Stack | None) -> ChangeSet | None:
        """The change set to the whole installation; without the macro itself on an engine that knows no macros."""
        from botocore.exceptions import ClientError

        # A trial makes the whole of a new stack at once, also around a bucket that is there.
        takes_in = self._choice.is_trial and (stack is None or _is_empty(self._account, stack))
        # What was imported keeps its own settings until a change set brings them back.
        reverts = stack is not None and stack.status == "IMPORT_COMPLETE"
        wanted = self._want(template, stack)._replace(takes_in=takes_in, reverts=reverts)
        try:
            return make_change_set(self._client, wanted, stack)
        except ClientError as error:
            if _MACRO_TYPE not in message_of(error):
                raise
            text = "this engine runs no macros: 'hitcounter deploy' and 'local' call the macro's function themselves"
            self._tell(Line("no-macros", text))
            rest = _as_body(leave_out(template, _MACRO_TYPE))
            return make_change_set(self._client, wanted._replace(template=rest), stack)

    def _want(self, template: Template, stack: Stack | None) -> Wanted:
        return Wanted(name_stack(self._choice.suffix), _as_body(template), self._parameters(template, stack), {})

    def _parameters(self, template: Template, stack: Stack | None) -> dict[str, str | None]:
        before = values_before(stack)
        given = {"Suffix": self._choice.suffix, "LowerSuffix": self._choice.suffix.lower(), **self._choice.parameters}
        if self._account.endpoint:
            given["AnswerHosts"] = name_answer_hosts(self._account.endpoint)
        if before.get("ApiGatewayLogRole") != "true" and not _has_log_role(self._account):
            given = {"ApiGatewayLogRole": "true", **given}
        known = template.get("Parameters", {})
        return {**{name: None for name in known if name in before}, **given}


def _as_body(template: Template) -> dict[str, str]:
    return {"TemplateBody": json.dumps(template, separators=(",", ":"), ensure_ascii=False)}


def _has_log_role(account: Account) -> bool:
    """Whether API Gateway may write logs in this account and region already; not ours to change then, nor if hidden."""
    from botocore.exceptions import ClientError

    try:
        return bool(account.client("apigateway").get_account().get("cloudwatchRoleArn"))
    except ClientError as error:
        if code_of(error) in DENIED:
            return True
        raise


def _find_stack(account: Account, choice: Choice, tell: Tell) -> Stack | None:
    """The installation's stack, made ready; one that was never created holds nothing, and goes."""
    wait = await_end if account.is_shared else make_ready
    stack = wait(account, name_stack(choice.suffix), tell)
    if stack is None:
        return None
    check_ours(stack)
    if stack.status in _NEVER_THERE and not choice.is_trial:
        remove(account, stack, tell)
        return None
    version = stack.outputs.get("Version", own_version())
    if is_older(own_version(), version):
        raise CloudError(
            f"the installation is of release {version}, this command of {own_version()}, which is older; "
            f"bring the command up to release {version}"
        )
    return make_ready(account, stack.name, tell)


def _is_empty(account: Account, stack: Stack) -> bool:
    """Whether the stack holds nothing: it was only planned, or all of it was taken back."""
    if stack.status == REVIEW:
        return True
    found = account.client("cloudformation").list_stack_resources(StackName=stack.id)["StackResourceSummaries"]
    return all(each["ResourceStatus"] == "DELETE_COMPLETE" for each in found)


def _upload(bucket: Bucket, contents: Mapping[str, bytes], tell: Tell) -> None:
    for key, content in contents.items():
        is_new = bucket.put(key, content)
        size = f"{len(content):,} bytes"
        facts: dict[str, Json] = {"key": key, "bytes": len(content), "is_new": is_new}
        tell(Line("upload", f"{'uploaded' if is_new else 'there already'}: {key} ({size})", facts))


def _end_trial(account: Account, change_set: ChangeSet | None, tell: Tell) -> Installed:
    if change_set:
        discard(account.client("cloudformation"), change_set)
    state = "nothing was changed: this was a dry run" if change_set else "it is up to date; nothing would be changed"
    tell(Line("dry-run", state, {"would_change": change_set is not None}))
    return Installed(None, False)


def _protect(account: Account, stack: Stack | None) -> Any:
    if stack and not stack.is_protected:
        client = account.client("cloudformation")
        client.update_termination_protection(StackName=stack.name, EnableTerminationProtection=True)
    return stack
