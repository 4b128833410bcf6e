"""Uninstall for ``hitcounter uninstall``: delete the installation's stack and bucket unless counters need them."""

import json
from collections.abc import Iterator
from typing import Any

from macro.cli.cloud.installation.names import check_ours, name_companion, name_stack, open_bucket
from macro.cli.cloud.stack.account import Account, Client
from macro.cli.cloud.stack.errors import code_of
from macro.cli.cloud.stack.operation import await_end, remove
from macro.cli.cloud.stack.session import Session
from macro.cli.cloud.stack.stack import read_stack

# The companion's ownership tag, the prefix of kept objects, and the records table: see transform_lambda/README.md.
_TAG = "hitcounter:stack-id"
_KEPT = "kept/"
_RECORDS = "RecordsTable"


def find_users(account: Account, suffix: str) -> list[str]:
    """The names of the stacks whose resources the installation's companion serves.

    The tags of functions and the companion's records name possible stacks. Each stack's template confirms the result.
    """
    client = account.client("cloudformation")
    found = {*_tagged(account), *_recorded(account, suffix)}
    stacks = [stack for stack in (read_stack(client, stack_id) for stack_id in sorted(found)) if stack]
    return sorted(stack.name for stack in stacks if _names(client, stack.id, f":function:{name_companion(suffix)}"))


def uninstall(session: Session, suffix: str) -> bool:
    """Delete the stack, then the bucket. The result is whether there was anything to delete.

    The bucket stays if functions still run from its objects. The report names the bucket in both cases.
    """
    stack = await_end(session, name_stack(suffix))
    if stack:
        check_ours(stack)
        remove(session, stack)
    bucket = open_bucket(session.account, suffix)
    if not bucket.exists():
        return stack is not None
    if bucket.holds(_KEPT):
        text = f"the bucket {bucket.name} is kept: functions run from its objects under {_KEPT}"
        session.reporter.show_step("bucket", text, name=bucket.name, is_kept=True)
        return True
    removed = bucket.remove_all()
    bucket.delete()
    text = f"removed the bucket {bucket.name} and {removed} objects in it"
    session.reporter.show_step("bucket", text, name=bucket.name)
    return True


def _tagged(account: Account) -> Iterator[str]:
    pages = account.client("resourcegroupstaggingapi").get_paginator("get_resources")
    for page in pages.paginate(TagFilters=[{"Key": _TAG}], ResourceTypeFilters=["lambda:function"]):
        for resource in page["ResourceTagMappingList"]:
            yield from (tag["Value"] for tag in resource["Tags"] if tag["Key"] == _TAG)


def _recorded(account: Account, suffix: str) -> Iterator[str]:
    """IDs of stacks with a resource that the companion's records list as not deleted."""
    from botocore.exceptions import ClientError

    try:
        table = account.client("cloudformation").describe_stack_resource(
            StackName=name_stack(suffix), LogicalResourceId=_RECORDS
        )["StackResourceDetail"]["PhysicalResourceId"]
        for page in account.client("dynamodb").get_paginator("scan").paginate(TableName=table):
            for item in page["Items"]:
                if json.loads(item["record"]["S"]).get("current"):
                    yield item["id"]["S"].partition("|")[0]
    except ClientError as error:
        # The stack or the resource doesn't exist, or the table is deleted.
        if code_of(error) not in ("ValidationError", "ResourceNotFoundException"):
            raise


def _names(client: Client, stack_id: str, text: str) -> bool:
    body: Any = client.get_template(StackName=stack_id, TemplateStage="Processed")["TemplateBody"]
    return text in (body if isinstance(body, str) else json.dumps(body))
