"""Permits a method to call its functions, by a statement for each source in the policy of each function."""

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from transform_lambda.contract import Json
from transform_lambda.gateway.calls import Calls
from transform_lambda.gateway.mark import who_of
from transform_lambda.gateway.place import Place

_URI = re.compile(r"/functions/(.+)/invocations$")


Sources = Mapping[str, Collection[str]]
"""The functions that the method names, or may have named before, each with the source ARNs that may call it."""


def grant(calls: Calls, place: Place, functions: Sources) -> list[dict[str, str]]:
    """Permit API Gateway to call the functions from their sources.

    Returns this resource's statements that are not needed any more, as parameters of RemovePermission.
    """
    stale = []
    for function, sources in functions.items():
        names = _function_keys(function)
        found = list(_statements(calls, place, names))
        wanted = {_statement_id(calls, place, source): source for source in sources}
        others = [{**names, "StatementId": statement} for statement, source in found if wanted.get(statement) != source]
        # A statement with a wanted ID can have another source only after someone else changed the policy.
        revoke(calls, [each for each in others if each["StatementId"] in wanted])
        stale += [each for each in others if each["StatementId"] not in wanted]
        for statement, source in wanted.items():
            if (statement, source) not in found:
                _add(calls, function, {**names, "StatementId": statement, "SourceArn": source})
    return stale


def revoke(calls: Calls, stale: Iterable[Mapping[str, str]]) -> None:
    """Remove the statements that `grant` returned."""
    for each in stale:
        calls.change("RemovePermission", each)


def source_arn(calls: Calls, api_id: str, place: Place, stage: str) -> str:
    """The ARN of the method's requests in one stage. An empty `stage`: any, as the companion deploys to none."""
    _, partition, _, region, account, *_ = calls.request.stack_id.split(":")
    verb = "*" if place.verb == "ANY" else place.verb
    path = re.sub(r"\{[^}]*\}", "*", place.path)
    return f"arn:{partition}:execute-api:{region}:{account}:{api_id}/{stage or '*'}/{verb}{path}"


def function_of(method: Mapping[str, Json]) -> str:
    """The ARN of the function that the method calls, with its stage variables. Empty for any other integration."""
    found = _URI.search(str((method.get("methodIntegration") or {}).get("uri", "")))
    return found[1] if found else ""


def _add(calls: Calls, function: str, statement: Mapping[str, str]) -> None:
    call = {
        **statement,
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
        "SourceAccount": calls.request.stack_id.split(":")[4],
    }
    calls.change("AddPermission", call, {"IntegrationRequest": {"FunctionArn": function}})


def _statements(calls: Calls, place: Place, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The ID and the source ARN of each statement that this resource has for the method at this place."""
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
