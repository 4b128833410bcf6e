"""The stages that a template names, each with its settings and the functions that the stage calls."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from transform_lambda.contract import Json, Request
from transform_lambda.gateway.mark import who_of

Properties = Mapping[str, Json]
"""Properties, possibly unchecked: a rollback has the properties of the failed request as its old ones."""

_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")
_LAMBDA = ("Lambda", "LambdaProxy")


class WantedStage(NamedTuple):
    """A stage as the template wants it."""

    name: str
    settings: Mapping[str, Json]
    """Settings by the template's names. Their variables include the one that names the stage's function."""


def stages_in(properties: Properties, request: Request) -> tuple[WantedStage, ...]:
    """The stages that the properties name, sorted by name, because the order of a map may get lost on the way."""
    several = _map(properties.get("Stages"))
    if several:
        variable = variable_in(properties, request)
        return tuple(WantedStage(name, _settings(_map(several[name]), variable)) for name in sorted(several))
    name = str(properties.get("StageName") or "")
    return (WantedStage(name, _map(properties.get("Stage"))),) if name else ()


def deploys(properties: Properties) -> bool:
    """Whether the resource deploys its own method. Otherwise another resource deploys it."""
    return str(properties.get("Deploy", True)).lower() != "false"


def deployed_names(properties: Properties, request: Request) -> tuple[str, ...]:
    """The names of the stages to which the resource deploys."""
    return tuple(each.name for each in stages_in(properties, request)) if deploys(properties) else ()


def variable_in(properties: Properties, request: Request) -> str:
    """The stage variable that names each stage's function. Empty if no stage has its own function.

    The template may name the variable. Otherwise its name is unique to the resource, because several resources may
    share a stage.
    """
    if not any(_map(each).get("FunctionArn") for each in _map(properties.get("Stages")).values()):
        return ""
    named = _VARIABLE.findall(str(_map(properties.get("IntegrationRequest")).get("FunctionArn", "")))
    return named[0] if named else who_of(request)


def function_pattern(properties: Properties, request: Request) -> str:
    """The functions' common ARN, with the stage variable instead of the name. Empty if there is no variable."""
    variable = variable_in(properties, request)
    if not variable:
        return ""
    entries = [_map(each).get("FunctionArn") for each in _map(properties["Stages"]).values()]
    prefix = next(str(each) for each in entries if each).partition(":function:")[0]
    return f"{prefix}:function:${{stageVariables.{variable}}}"


def functions_in(properties: Properties) -> dict[str, tuple[str, ...]]:
    """The functions in the properties, each with the stages that call the function. "" means any stage."""
    several = _map(properties.get("Stages"))
    stages = sorted(several) or [str(properties.get("StageName") or "")]
    found: dict[str, tuple[str, ...]] = {}
    for stage in stages:
        own = _map(several.get(stage)).get("FunctionArn")
        for function in [*_common(properties), *([str(own)] if own else [])]:
            found[function] = (*found.get(function, ()), stage)
    return found


def resolve(function: str, variables: Mapping[str, str]) -> str:
    """The function's ARN with the values of the stage's variables. Empty if the stage lacks one of them."""
    named = _VARIABLE.findall(function)
    return _VARIABLE.sub(lambda each: variables[each[1]], function) if variables.keys() >= set(named) else ""


def variables_named(text: str) -> set[str]:
    """The names of the stage variables in a text, for example a URI."""
    return set(_VARIABLE.findall(text))


def _settings(given: Mapping[str, Json], variable: str) -> dict[str, Json]:
    settings = {name: value for name, value in given.items() if name != "FunctionArn"}
    function = given.get("FunctionArn")
    if not function or not variable:
        return settings
    return {**settings, "Variables": {**_map(settings.get("Variables")), variable: _name_of(str(function))}}


def _name_of(arn: str) -> str:
    """The function's name, with the version or alias if the ARN has one."""
    return arn.rpartition(":function:")[2]


def _common(properties: Properties) -> Iterator[str]:
    """The functions that all stages call."""
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
