"""The calls that create or update a method, its integration and its responses as the template asks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from transform_lambda.contract import Json
from transform_lambda.gateway.patches import (
    INTEGRATION,
    INTEGRATION_RESPONSE,
    METHOD,
    METHOD_RESPONSE,
    Patch,
    narrowing,
    patches,
    widening,
)
from transform_lambda.gateway.properties import Wanted

Answer = Mapping[str, Any]

_METHOD = ("Authorization", "RequestParameters", "RequestModels")
_INTEGRATION, _RESPONSES = ("IntegrationRequest",), ("Responses",)


class Step(NamedTuple):
    """One call, and the names of the properties that may cause a refusal."""

    operation: str
    call: Mapping[str, Json]
    about: Sequence[str]


class Target(NamedTuple):
    """The method to change, with the values that are known only after the API exists."""

    api_id: str
    resource_id: str
    verb: str
    mark: str
    validator_id: str

    @property
    def keys(self) -> dict[str, str]:
        """The parameters that identify the method in every call."""
        return {"restApiId": self.api_id, "resourceId": self.resource_id, "httpMethod": self.verb}


def method_steps(now: Mapping[str, Json] | None, wanted: Wanted, target: Target) -> list[Step]:
    """All necessary calls, ordered so that no call refers to something that does not exist.

    `now` is the current method, None if the method does not exist.
    """
    if now is None:
        return [*_new_method(wanted, target), *_method_responses({}, wanted, target), *_integration({}, wanted, target)]
    changes = patches(now, _method_members(wanted, target), METHOD)
    integration = now.get("methodIntegration") or {}
    return [
        *_update("UpdateMethod", target.keys, widening(changes), _METHOD),
        *_method_responses(now.get("methodResponses") or {}, wanted, target),
        *_integration(integration, wanted, target),
        *_narrow_responses(now.get("methodResponses") or {}, wanted, target),
        *_update("UpdateMethod", target.keys, narrowing(changes), _METHOD),
    ]


def _method_members(wanted: Wanted, target: Target) -> dict[str, Json]:
    return {**wanted.method, "operationName": target.mark, "requestValidatorId": target.validator_id}


def _new_method(wanted: Wanted, target: Target) -> Iterator[Step]:
    members = {name: value for name, value in _method_members(wanted, target).items() if value != ""}
    yield Step("PutMethod", {**target.keys, **members}, _METHOD)


def _method_responses(now: Answer, wanted: Wanted, target: Target) -> Iterator[Step]:
    for status, response in wanted.method_responses.items():
        keys, about = {**target.keys, "statusCode": status}, _RESPONSES
        if status not in now:
            yield Step("PutMethodResponse", {**keys, **response}, about)
        else:
            changes = patches(now[status], response, METHOD_RESPONSE)
            yield from _update("UpdateMethodResponse", keys, widening(changes), about)


def _narrow_responses(now: Answer, wanted: Wanted, target: Target) -> Iterator[Step]:
    for status in now:
        keys = {**target.keys, "statusCode": status}
        if status not in wanted.method_responses:
            yield Step("DeleteMethodResponse", keys, _RESPONSES)
        else:
            changes = patches(now[status], wanted.method_responses[status], METHOD_RESPONSE)
            yield from _update("UpdateMethodResponse", keys, narrowing(changes), _RESPONSES)


def _integration(now: Answer, wanted: Wanted, target: Target) -> Iterator[Step]:
    is_new = now.get("type") != wanted.integration["type"]
    if is_new:
        yield Step("PutIntegration", {**target.keys, **wanted.integration}, _INTEGRATION)
    else:
        members = {**wanted.integration, "httpMethod": wanted.integration.get("integrationHttpMethod")}
        usual = {**INTEGRATION, "cacheNamespace": target.resource_id}
        yield from _update("UpdateIntegration", target.keys, patches(now, members, usual), _INTEGRATION)
    # A new integration may keep responses of the old one: put the wanted ones again, and delete the others.
    responses = now.get("integrationResponses") or {}
    for status, response in wanted.integration_responses.items():
        keys = {**target.keys, "statusCode": status}
        if is_new or status not in responses:
            yield Step("PutIntegrationResponse", {**keys, **response}, _RESPONSES)
        else:
            changes = patches(responses[status], response, INTEGRATION_RESPONSE)
            yield from _update("UpdateIntegrationResponse", keys, changes, _RESPONSES)
    for status in responses:
        if status not in wanted.integration_responses:
            yield Step("DeleteIntegrationResponse", {**target.keys, "statusCode": status}, _RESPONSES)


def _update(operation: str, keys: Mapping[str, Json], changes: list[Patch], about: Sequence[str]) -> Iterator[Step]:
    if changes:
        yield Step(operation, {**keys, "patchOperations": changes}, about)
