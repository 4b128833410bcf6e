"""Create an installation's change sets: one for its bucket, then one for the whole stack."""

import json
from collections.abc import Mapping
from typing import NamedTuple

from macro.cli.cloud.installation.bucket import Bucket
from macro.cli.cloud.installation.names import name_stack
from macro.cli.cloud.installation.template import BUCKET, keep_only, leave_out, name_answer_hosts
from macro.cli.cloud.stack.account import Account
from macro.cli.cloud.stack.change_set import ChangeSet, ChangeSetRequest, create_change_set
from macro.cli.cloud.stack.errors import DENIED, CloudError, code_of, message_of
from macro.cli.cloud.stack.operation import carry_out
from macro.cli.cloud.stack.session import Session
from macro.cli.cloud.stack.stack import REVIEW, Stack
from macro.cli.cloud.stack.values import values_before
from macro.plugin import Template

_MACRO_TYPE = "AWS::CloudFormation::Macro"


class InstallOptions(NamedTuple):
    """The user's choices: suffix, parameters of ``install.yaml``, dry run, and whether plug-ins may be dropped."""

    suffix: str = ""
    parameters: Mapping[str, str] = {}
    is_dry_run: bool = False
    drops_plugins: bool = False


class Plan:
    """Creates change sets for the installation's stack, with its parameters."""

    def __init__(self, session: Session, options: InstallOptions, bucket: Bucket) -> None:
        self._session, self._options, self._bucket = session, options, bucket
        self._account, self._client = session.account, session.account.client("cloudformation")

    def ensure_bucket(self, template: Template, stack: Stack | None) -> Stack:
        """The stack with at least its bucket.

        The bucket must hold the functions' code before CloudFormation creates the functions. An existing bucket is
        imported into the stack.

        Raises:
            CloudError: CloudFormation sees no change, or the change set fails.
        """
        if stack and not _is_empty(self._account, stack):
            return stack
        imports = []
        if self._bucket.exists():
            kind, key = template["Resources"][BUCKET]["Type"], {"BucketName": self._bucket.name}
            imports = [{"ResourceType": kind, "LogicalResourceId": BUCKET, "ResourceIdentifier": key}]
            text = f"the bucket {self._bucket.name} exists already, and is imported into the stack"
            self._session.reporter.show_step("bucket", text)
        request = self._request(keep_only(template, BUCKET), stack)._replace(imports=imports)
        change_set = create_change_set(self._client, request, stack)
        if change_set is None:
            raise CloudError(
                f"CloudFormation reports no change, but the bucket {self._bucket.name} is missing; try again"
            )
        return carry_out(self._session, change_set)

    def make(self, template: Template, stack: Stack | None) -> ChangeSet | None:
        """The change set for the whole installation, or ``None`` if nothing would change.

        On an engine that supports no macros, the change set leaves out the macro.
        """
        from botocore.exceptions import ClientError

        # A dry run plans a whole new stack at once, so its change set must import an existing bucket.
        takes_in = self._options.is_dry_run and (stack is None or _is_empty(self._account, stack))
        # An imported bucket keeps its own settings until a change set reverts them to the template's.
        reverts = stack is not None and stack.status == "IMPORT_COMPLETE"
        request = self._request(template, stack)._replace(takes_in=takes_in, reverts=reverts)
        try:
            return create_change_set(self._client, request, stack)
        except ClientError as error:
            if _MACRO_TYPE not in message_of(error):
                raise
            text = "this engine runs no macros: 'hitcounter deploy' and 'local' call the macro's function themselves"
            self._session.reporter.show_step("no-macros", text)
            rest = _as_body(leave_out(template, _MACRO_TYPE))
            return create_change_set(self._client, request._replace(template=rest), stack)

    def _request(self, template: Template, stack: Stack | None) -> ChangeSetRequest:
        name, parameters = name_stack(self._options.suffix), self._parameters(template, stack)
        return ChangeSetRequest(name, _as_body(template), parameters, {})

    def _parameters(self, template: Template, stack: Stack | None) -> dict[str, str | None]:
        before = values_before(stack)
        suffix = self._options.suffix
        given = {"Suffix": suffix, "LowerSuffix": suffix.lower(), **self._options.parameters}
        if self._account.endpoint:
            given["AnswerHosts"] = name_answer_hosts(self._account.endpoint)
        if before.get("ApiGatewayLogRole") != "true" and not _has_log_role(self._account):
            given = {"ApiGatewayLogRole": "true", **given}
        known = template.get("Parameters", {})
        return {**{name: None for name in known if name in before}, **given}


def _as_body(template: Template) -> dict[str, str]:
    return {"TemplateBody": json.dumps(template, separators=(",", ":"), ensure_ascii=False)}


def _has_log_role(account: Account) -> bool:
    """Whether API Gateway already has a role for logs in this account and region.

    The installation must not replace an existing role. If the account denies the call, the result is true.
    """
    from botocore.exceptions import ClientError

    try:
        return bool(account.client("apigateway").get_account().get("cloudwatchRoleArn"))
    except ClientError as error:
        if code_of(error) in DENIED:
            return True
        raise


def _is_empty(account: Account, stack: Stack) -> bool:
    """Whether the stack has no resources: it was only planned, or all its resources were deleted."""
    if stack.status == REVIEW:
        return True
    found = account.client("cloudformation").list_stack_resources(StackName=stack.id)["StackResourceSummaries"]
    return all(each["ResourceStatus"] == "DELETE_COMPLETE" for each in found)
