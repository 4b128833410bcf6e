"""``hitcounter install``: the bucket, what goes into it, then the rest of one stack; a second run changes nothing."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from macro.builtin.digest import SHA256
from macro.local.bundle import Bundles
from macro.local.cloud.account import Account
from macro.local.cloud.bucket import Bucket, digest_of
from macro.local.cloud.change_set import ChangeSet, Wanted, discard, make_change_set
from macro.local.cloud.changes import count_changes, print_changes
from macro.local.cloud.errors import CloudError, message_of
from macro.local.cloud.installation import name_stack, open_bucket, read_template
from macro.local.cloud.operation import carry_out, make_ready
from macro.local.cloud.progress import Line, Tell
from macro.local.cloud.stack import REVIEW, Stack
from macro.plugin import Json, Template
from macro.references import find_references

BUCKET, MACRO_FUNCTION, COMPANION_FUNCTION = "Bucket", "MacroFunction", "CompanionFunction"
_LOOPBACK = ("127.0.0.1", "localhost")
_MACRO_TYPE = "AWS::CloudFormation::Macro"


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
    stack = make_ready(account, name_stack(choice.suffix), tell)
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
    """The hosts that an engine takes answers at: its own, by each name of this machine where it runs there."""
    parts = urlsplit(endpoint)
    hosts = _LOOPBACK if parts.hostname in _LOOPBACK else (str(parts.hostname),)
    return ",".join(f"{host}:{parts.port or 80}" for host in hosts)


class _Plan:
    """Change sets for the installation's stack, with its parameters."""

    def __init__(self, account: Account, choice: Choice, bucket: Bucket, tell: Tell) -> None:
        self._account, self._choice, self._bucket, self._tell = account, choice, bucket, tell

    def ensure_bucket(self, template: Template, stack: Stack | None) -> Stack:
        """The stack with its bucket: the functions' code must be there before they are made."""
        if stack and stack.status != REVIEW:
            return stack
        imports: list[dict[str, Any]] = []
        if self._bucket.exists():
            self._tell(Line("bucket", f"the bucket {self._bucket.name} is there already, and is taken into the stack"))
            kind, key = template["Resources"][BUCKET]["Type"], {"BucketName": self._bucket.name}
            imports = [{"ResourceType": kind, "LogicalResourceId": BUCKET, "ResourceIdentifier": key}]
        change_set = self._change_set(keep_only(template, BUCKET), stack, imports)
        if change_set is None:
            raise CloudError(f"CloudFormation sees no change in making the bucket {self._bucket.name}; try again")
        return carry_out(self._account, change_set, self._tell)

    def make(self, template: Template, stack: Stack | None) -> ChangeSet | None:
        """The change set to the whole installation; without the macro itself on an engine that knows no macros."""
        from botocore.exceptions import ClientError

        try:
            return self._change_set(template, stack)
        except ClientError as error:
            if _MACRO_TYPE not in message_of(error):
                raise
            text = "this engine runs no macros: 'hitcounter deploy' and 'local' call the macro's function themselves"
            self._tell(Line("no-macros", text))
            return self._change_set(leave_out(template, _MACRO_TYPE), stack)

    def _change_set(
        self, template: Template, stack: Stack | None, imports: Sequence[Mapping[str, Any]] = ()
    ) -> ChangeSet | None:
        body = json.dumps(template, separators=(",", ":"), ensure_ascii=False)
        parameters = self._parameters(template, stack)
        wanted = Wanted(name_stack(self._choice.suffix), {"TemplateBody": body}, parameters, {}, imports)
        return make_change_set(self._account.client("cloudformation"), wanted, stack)

    def _parameters(self, template: Template, stack: Stack | None) -> dict[str, str | None]:
        before = stack.parameters if stack else {}
        given = {"Suffix": self._choice.suffix, "LowerSuffix": self._choice.suffix.lower(), **self._choice.parameters}
        if self._account.endpoint:
            given["AnswerHosts"] = name_answer_hosts(self._account.endpoint)
        if before.get("ApiGatewayLogRole") != "true" and not _has_log_role(self._account):
            given = {"ApiGatewayLogRole": "true", **given}
        known = template.get("Parameters", {})
        return {**{name: None for name in known if name in before}, **given}


def _has_log_role(account: Account) -> bool:
    """Whether API Gateway may write logs in this account and region already; not ours to change then."""
    return bool(account.client("apigateway").get_account().get("cloudwatchRoleArn"))


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
