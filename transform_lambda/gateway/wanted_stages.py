"""The stages that a template names, with the settings of each and the functions that it calls."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from transform_lambda.contract import Json, Request
from transform_lambda.gateway.mark import who_of

Properties = Mapping[str, Json]
"""Checked or not: those of a request that failed come as the old ones of its rollback."""

_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")
_LAMBDA = ("Lambda", "LambdaProxy")


class WantedStage(NamedTuple):
    """A stage as the template wants it."""

    name: str
    settings: Mapping[str, Json]
    """By the template's names; among its variables the one that names the stage's function."""


def stages_in(properties: Properties, request: Request) -> tuple[WantedStage, ...]:
    """The stages that the properties name, by name: no one keeps the order of a map for us."""
    several = _map(properties.get("Stages"))
    if several:
        variable = variable_in(properties, request)
        return tuple(WantedStage(name, _settings(_map(several[name]), variable)) for name in sorted(several))
    name = str(properties.get("StageName") or "")
    return (WantedStage(name, _map(properties.get("Stage"))),) if name else ()


def deploys(properties: Properties) -> bool:
    """Whether the resource deploys what it makes, and does not leave that to another."""
    return str(properties.get("Deploy", True)).lower() != "false"


def deployed_names(properties: Properties, request: Request) -> tuple[str, ...]:
    """The names of the stages that the resource deploys to."""
    return tuple(each.name for each in stages_in(properties, request)) if deploys(properties) else ()


def variable_in(properties: Properties, request: Request) -> str:
    """The stage variable that names each stage's function; empty where no stage has one of its own.

    Unless the template gives it a name, it has one that no other resource's has, for several may have the same stages.
    """
    if not any(_map(each).get("FunctionArn") for each in _map(properties.get("Stages")).values()):
        return ""
    named = _VARIABLE.findall(str(_map(properties.get("IntegrationRequest")).get("FunctionArn", "")))
    return named[0] if named else who_of(request)


def function_pattern(properties: Properties, request: Request) -> str:
    """The ARN in which that variable stands for the functions' names; empty where there is none."""
    variable = variable_in(properties, request)
    if not variable:
        return ""
    entries = [_map(each).get("FunctionArn") for each in _map(properties["Stages"]).values()]
    prefix = next(str(each) for each in entries if each).partition(":function:")[0]
    return f"{prefix}:function:${{stageVariables.{variable}}}"


def functions_in(properties: Properties) -> dict[str, tuple[str, ...]]:
    """The functions that the properties name to be called, each with the stages it is called from; "" is any."""
    several = _map(properties.get("Stages"))
    stages = sorted(several) or [str(properties.get("StageName") or "")]
    found: dict[str, tuple[str, ...]] = {}
    for stage in stages:
        own = _map(several.get(stage)).get("FunctionArn")
        for function in [*_common(properties), *([str(own)] if own else [])]:
            found[function] = (*found.get(function, ()), stage)
    return found


def resolve(function: str, variables: Mapping[str, str]) -> str:
    """The function's ARN with the stage's variables in it; empty where it names one that the stage has not."""
    named = _VARIABLE.findall(function)
    return _VARIABLE.sub(lambda each: variables[each[1]], function) if variables.keys() >= set(named) else ""


def variables_named(text: str) -> set[str]:
    """The stage variables that a URI names."""
    return set(_VARIABLE.findall(text))


def _settings(given: Mapping[str, Json], variable: str) -> dict[str, Json]:
    settings = {name: value for name, value in given.items() if name != "FunctionArn"}
    function = given.get("FunctionArn")
    if not function or not variable:
        return settings
    return {**settings, "Variables": {**_map(settings.get("Variables")), variable: _name_of(str(function))}}


def _name_of(arn: str) -> str:
    """A function's name, with the version or alias where the ARN has one."""
    return arn.rpartition(":function:")[2]


def _common(properties: Properties) -> Iterator[str]:
    """The functions that are called from all stages."""
    given = properties.get("PermissionFor")
    if isinstance(given, (list, tuple)):
        yield from dict.fromkeys(str(each) for each in given)
        return
    integration = _map(properties.get("IntegrationRequest"))
    function = str(integration.get("FunctionArn", ""))
    if integration.get("Type") in _LAMBDA and function and "${" not in function:
        yield function


def _map(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}
