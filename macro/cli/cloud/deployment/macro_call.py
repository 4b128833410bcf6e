"""Call the installed macro function as CloudFormation does, for engines that run no macros."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from macro.cli.cloud.stack.account import Account
from macro.cli.cloud.stack.errors import CloudError, code_of
from macro.plugin import Json, Template
from macro.template.transform import drop_inner, find_inner, split_transform


def expand_by_function(account: Account, template: Template, parameters: Mapping[str, Json]) -> Template:
    """The template after expansion by the installed macro. Other transforms are left in the template for the engine.

    The event has the shape that AWS's page "Create a CloudFormation macro" describes.

    Raises:
        CloudError: the macro refuses the template, and the text has the macro's own message. Also raised if the
            function doesn't exist, fails, or returns no answer of a macro.
    """
    rest, name = split_transform(template)
    if name is not None:
        fragment = {key: value for key, value in rest.items() if key != "Transform"}
        expanded = _call(account, name, fragment, parameters)
        return {**({"Transform": rest["Transform"]} if "Transform" in rest else {}), **expanded}
    name = find_inner(template)
    if name is None:
        return template
    return {**template, "Resources": _call(account, name, drop_inner(template["Resources"]), parameters)}


def _call(account: Account, name: str, fragment: Json, parameters: Mapping[str, Json]) -> Any:
    event = {
        "region": account.region,
        "accountId": account.id,
        "fragment": fragment,
        "transformId": f"{account.id}::{name}",
        "params": {},
        "requestId": str(uuid4()),
        "templateParameterValues": dict(parameters),
    }
    answer = _invoke(account, name, event)
    if answer.get("requestId") != event["requestId"] or str(answer.get("status")).lower() not in ("success", "failure"):
        raise CloudError(
            f"the function {name} returned no answer of a macro; install it again with: hitcounter install"
        )
    if answer["status"].lower() != "success":
        raise CloudError(f"{name} refuses the template:\n{answer.get('errorMessage', '')}")
    return answer["fragment"]


def _invoke(account: Account, name: str, event: Json) -> dict[str, Json]:
    from botocore.exceptions import ClientError

    try:
        answer = account.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            raise CloudError(
                f"there is no macro function {name} in {account.name()}; run: hitcounter install"
            ) from None
        raise
    payload = answer["Payload"].read()
    try:
        content = json.loads(payload)
    except ValueError:
        content = None
    if "FunctionError" in answer or not isinstance(content, dict):
        said = content.get("errorMessage") if isinstance(content, dict) else None
        raise CloudError(f"the macro function {name} failed: {said or 'it returned no JSON'}; see its log")
    return content
