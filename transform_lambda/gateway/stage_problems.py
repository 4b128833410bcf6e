"""Finds problems in a template's stages, and in the functions that each stage calls."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from transform_lambda.contract import Json
from transform_lambda.gateway.names import METHOD_SETTINGS, part_of
from transform_lambda.tags import PREFIX

_LEVELS = ("OFF", "ERROR", "INFO")
_STAGE = re.compile(r"[A-Za-z0-9_-]{1,128}")
_FUNCTION = re.compile(r"arn:[^:]+:lambda:[^:]*:[^:]*:function:[^:]+(:[^:]+)?")
_BY_VARIABLE = re.compile(r"arn:[^:]+:lambda:[^:]*:[^:]*:function:\$\{stageVariables\.\w+\}")

Typed = Mapping[str, Any]


def find_stage_problems(typed: Typed) -> Iterator[str]:
    """All problems. Each one says where it is, what is wrong and what would be right."""
    deploys = typed.get("Deploy", True)
    if "Stage" in typed and not typed.get("StageName"):
        yield "Properties.Stage: needs StageName"
    if "StageName" in typed and not _STAGE.fullmatch(typed["StageName"]):
        yield "Properties.StageName: must be 1 to 128 letters, digits, - and _"
    yield from _problems_of_the_settings("Properties.Stage", typed.get("Stage", {}))
    if not deploys and not typed.get("StageName") and "Stages" not in typed:
        yield "Properties.Deploy: needs StageName or Stages, to which another resource deploys"
    if not deploys and "Stage" in typed:
        yield "Properties.Stage: must be omitted with 'Deploy: false'; set it in the resource that deploys"
    if "Stages" in typed:
        yield from _problems_of_stages(typed, typed["Stages"])


def names_functions(typed: Typed) -> bool:
    """Whether stages have functions of their own."""
    return any("FunctionArn" in each for each in typed.get("Stages", {}).values())


def is_function(arn: str) -> bool:
    """Whether this is the ARN of a function, a version or an alias, without stage variables."""
    return bool(_FUNCTION.fullmatch(arn)) and "${" not in arn


def problems_of_tags(where: str, tags: Typed) -> Iterator[str]:
    """A problem for each tag with the prefix of the ownership tags."""
    for name in tags:
        if name.startswith(PREFIX):
            yield f"{where}.{name}: must not start with {PREFIX!r}, the prefix of the ownership tags"


def one_of(where: str, value: Json, allowed: tuple[str, ...]) -> Iterator[str]:
    """A problem if the value is not one of the allowed values."""
    if value not in allowed:
        got = "nothing" if value is None else repr(value)
        yield f"{where}: must be {', '.join(allowed[:-1])} or {allowed[-1]}, got {got}"


def _problems_of_stages(typed: Typed, stages: Mapping[str, Typed]) -> Iterator[str]:
    if "StageName" in typed:
        yield "Properties.Stages: must not be given with StageName; list all stages in Stages"
    if not stages:
        yield "Properties.Stages: must name a stage"
    parts: dict[str, str] = {}
    for name, stage in stages.items():
        where = f"Properties.Stages.{name}"
        if not _STAGE.fullmatch(name):
            yield f"{where}: the name must be 1 to 128 letters, digits, - and _"
        elif parts.setdefault(part_of(name), name) != name:
            yield f"{where}: must not share the attribute {part_of(name)}Url with {parts[part_of(name)]}; rename one"
        yield from _problems_of_the_settings(where, stage)
        for setting in stage if not typed.get("Deploy", True) else ():
            if setting != "FunctionArn":
                yield f"{where}.{setting}: must be omitted with 'Deploy: false'; set it in the resource that deploys"
    if names_functions(typed):
        yield from _problems_of_the_functions(typed, stages)


def _problems_of_the_functions(typed: Typed, stages: Mapping[str, Typed]) -> Iterator[str]:
    integration = typed.get("IntegrationRequest", {})
    places = set()
    for name, stage in stages.items():
        function = stage.get("FunctionArn", "")
        if not is_function(function):
            yield f"Properties.Stages.{name}.FunctionArn: must be the ARN of a function, because other stages have one"
        else:
            places.add(function.partition(":function:")[0])
    if len(places) > 1:
        yield "Properties.Stages: all FunctionArn must have the same account and region"
    if integration.get("Type") not in ("Lambda", "LambdaProxy"):
        yield "Properties.Stages: FunctionArn needs an IntegrationRequest of Type Lambda or LambdaProxy"
    elif "FunctionArn" in integration and not _BY_VARIABLE.fullmatch(integration["FunctionArn"]):
        yield (
            "Properties.IntegrationRequest.FunctionArn: must end in :function:${stageVariables.NAME}, or be omitted, "
            "because stages have their own functions"
        )
    elif "FunctionArn" not in integration and not typed.get("Deploy", True):
        yield (
            "Properties.IntegrationRequest.FunctionArn: must end in :function:${stageVariables.NAME} with "
            "'Deploy: false'; set the variable for each stage in the resource that deploys"
        )


def _problems_of_the_settings(where: str, stage: Typed) -> Iterator[str]:
    if "LoggingLevel" in stage:
        yield from one_of(f"{where}.LoggingLevel", stage["LoggingLevel"], _LEVELS)
    for name in ("DestinationArn", "Format"):
        if "AccessLog" in stage and not stage["AccessLog"].get(name):
            yield f"{where}.AccessLog.{name}: must be given"
    for name in METHOD_SETTINGS:
        if name.startswith("Throttling") and stage.get(name, 0) < 0:
            yield f"{where}.{name}: must be a number of at least 0"
    yield from problems_of_tags(f"{where}.Tags", stage.get("Tags", {}))
