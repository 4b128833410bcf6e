"""Lets a method call its functions: one statement in the policy of each function."""

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
"""For each function that the method names, or may have named before, from where it is to be callable."""


def grant(calls: Calls, place: Place, functions: Sources) -> list[dict[str, str]]:
    """Let API Gateway call the functions from their sources; what this resource once got and needs no more is told."""
    stale = []
    for function, sources in functions.items():
        names = _function_keys(function)
        found = list(_statements(calls, place, names))
        wanted = {_statement_id(calls, place, source): source for source in sources}
        others = [{**names, "StatementId": statement} for statement, source in found if wanted.get(statement) != source]
        # One of a wanted id has another source by someone else's hand alone.
        revoke(calls, [each for each in others if each["StatementId"] in wanted])
        stale += [each for each in others if each["StatementId"] not in wanted]
        for statement, source in wanted.items():
            if (statement, source) not in found:
                _add(calls, function, {**names, "StatementId": statement, "SourceArn": source})
    return stale


def revoke(calls: Calls, stale: Iterable[Mapping[str, str]]) -> None:
    """Take away what `grant` told."""
    for each in stale:
        calls.change("RemovePermission", each)


def source_arn(calls: Calls, api_id: str, place: Place, stage: str) -> str:
    """The requests that the method gets in its stage, or in any where it is deployed to none by the companion."""
    _, partition, _, region, account, *_ = calls.request.stack_id.split(":")
    verb = "*" if place.verb == "ANY" else place.verb
    path = re.sub(r"\{[^}]*\}", "*", place.path)
    return f"arn:{partition}:execute-api:{region}:{account}:{api_id}/{stage or '*'}/{verb}{path}"


def function_of(method: Mapping[str, Json]) -> str:
    """The function that the method calls, a stage variable in its place; empty where it is another integration."""
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
