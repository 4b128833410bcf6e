"""Permission: which functions the method may call, one statement in each function's own policy."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping

from transform_lambda.contract import Json
from transform_lambda.resources.gateway_calls import Calls
from transform_lambda.resources.gateway_mark import who_of
from transform_lambda.resources.gateway_place import Place

_URI = re.compile(r"/functions/(.+)/invocations$")


def bring_permissions(calls: Calls, place: Place, source: str, functions: Mapping[str, bool]) -> None:
    """Let API Gateway call the functions marked true from this source alone, and take away what it no longer needs.

    `functions` are those that the method names now or may have named before.
    """
    for function, is_wanted in functions.items():
        names = _function_keys(function)
        found = list(_statements(calls, place, names))
        wanted = _statement_id(calls, place, source) if is_wanted else ""
        for statement, its_source in found:
            if (statement, its_source) != (wanted, source):
                calls.change("RemovePermission", {**names, "StatementId": statement})
        if is_wanted and (wanted, source) not in found:
            call = {
                **names,
                "StatementId": wanted,
                "Action": "lambda:InvokeFunction",
                "Principal": "apigateway.amazonaws.com",
                "SourceArn": source,
                "SourceAccount": calls.request.stack_id.split(":")[4],
            }
            calls.change("AddPermission", call, {"IntegrationRequest": {"FunctionArn": function}})


def source_arn(calls: Calls, api_id: str, place: Place, stage: str) -> str:
    """The requests that the method gets in its stage, or in any where it is deployed to none by the companion."""
    _, partition, _, region, account, *_ = calls.request.stack_id.split(":")
    verb = "*" if place.verb == "ANY" else place.verb
    path = re.sub(r"\{[^}]*\}", "*", place.path)
    return f"arn:{partition}:execute-api:{region}:{account}:{api_id}/{stage or '*'}/{verb}{path}"


def function_of(method: Mapping[str, Json]) -> str:
    """The function that the method calls; empty where it is another integration, or a stage variable names it."""
    found = _URI.search(str((method.get("methodIntegration") or {}).get("uri", "")))
    return found[1] if found and "${" not in found[1] else ""


def _statements(calls: Calls, place: Place, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The statements of this resource at this place, each with its source."""
    answer = calls.read("GetPolicy", **names)
    for each in json.loads(answer["Policy"])["Statement"] if answer else []:
        if str(each.get("Sid")).startswith(_prefix(calls, place)):
            condition = {key.lower(): value for key, value in each.get("Condition", {}).get("ArnLike", {}).items()}
            yield each["Sid"], str(condition.get("aws:sourcearn", ""))


def _statement_id(calls: Calls, place: Place, source: str) -> str:
    return f"{_prefix(calls, place)}{_digest(source)}"


def _prefix(calls: Calls, place: Place) -> str:
    return f"{who_of(calls.request)}-{_digest(place.physical_id)}-"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _function_keys(arn: str) -> dict[str, str]:
    parts = arn.split(":")
    qualifier = {"Qualifier": parts[7]} if len(parts) > 7 else {}
    return {"FunctionName": ":".join(parts[:7]), **qualifier}
