"""Computes the patches that give a stage the settings of one of its resources."""

from collections.abc import Mapping
from typing import Any

from transform_lambda.contract import Json
from transform_lambda.gateway.names import ACCESS_LOG, METHOD_SETTINGS
from transform_lambda.gateway.patches import Patch, escaped, scalar_patch, text_of

_ALL_METHODS = "*/*"
_MEMBERS = {
    "ThrottlingRateLimit": "throttlingRateLimit",
    "ThrottlingBurstLimit": "throttlingBurstLimit",
    "LoggingLevel": "loggingLevel",
    "MetricsEnabled": "metricsEnabled",
    "DataTraceEnabled": "dataTraceEnabled",
}
_USUAL: Mapping[str, Json] = {
    "ThrottlingRateLimit": -1,
    "ThrottlingBurstLimit": -1,
    "LoggingLevel": "OFF",
    "MetricsEnabled": False,
    "DataTraceEnabled": False,
}
"""The settings' defaults. -1 means the account's own limit."""

Stage = Mapping[str, Any]


def stage_patches(now: Stage, given: Stage, had: Stage) -> list[Patch]:
    """The patches from the stage's settings `now` to the `given` ones.

    A setting that is in `had` (the old properties, as text) but not in `given` returns to its default. A setting that
    is in neither stays unchanged.
    """
    return [
        *_scalar(
            "description", now.get("description", ""), given.get("Description", "" if "Description" in had else None)
        ),
        *_scalar(
            "tracingEnabled",
            now.get("tracingEnabled", False),
            given.get("TracingEnabled", False if "TracingEnabled" in had else None),
        ),
        *_variables(now.get("variables") or {}, given.get("Variables", {}), had.get("Variables")),
        *_access_log(now.get("accessLogSettings") or {}, given, had),
        *_method_settings((now.get("methodSettings") or {}).get(_ALL_METHODS, {}), given, had),
    ]


def _scalar(name: str, was: Json, shall: Json) -> list[Patch]:
    if shall is None or text_of(was) == text_of(shall):
        return []
    return [scalar_patch(name, shall)]


def _variables(was: Stage, given: Stage, had: Json) -> list[Patch]:
    gone = [name for name in (had if isinstance(had, Mapping) else {}) if name in was and name not in given]
    changed = [name for name in given if was.get(name) != given[name]]
    return [
        *({"op": "replace", "path": f"/variables/{escaped(name)}", "value": given[name]} for name in changed),
        *({"op": "remove", "path": f"/variables/{escaped(name)}"} for name in gone),
    ]


def _access_log(was: Stage, given: Stage, had: Stage) -> list[Patch]:
    if "AccessLog" not in given:
        return [{"op": "remove", "path": "/accessLogSettings"}] if "AccessLog" in had and was else []
    wanted = {member: given["AccessLog"][name] for name, member in ACCESS_LOG.items()}
    # CloudFormation's ARN of a log group ends in ":*", which IAM needs for log streams and API Gateway refuses.
    wanted["destinationArn"] = wanted["destinationArn"].removesuffix(":*")
    differing = [member for member in wanted if was.get(member) != wanted[member]]
    return [{"op": "replace", "path": f"/accessLogSettings/{member}", "value": wanted[member]} for member in differing]


def _method_settings(was: Stage, given: Stage, had: Stage) -> list[Patch]:
    said = [name for name in METHOD_SETTINGS if name in had]
    gone = [name for name in said if name not in given]
    if gone and not any(name in given for name in METHOD_SETTINGS):
        return [{"op": "remove", "path": f"/{_ALL_METHODS}"}] if was else []
    shall = {**{name: _USUAL[name] for name in gone}, **given}
    return [
        {"op": "replace", "path": f"/{_ALL_METHODS}/{path}", "value": _setting(shall[name])}
        for name, path in METHOD_SETTINGS.items()
        if name in shall and _setting(was.get(_MEMBERS[name])) != _setting(shall[name])
    ]


def _setting(value: Json) -> str:
    return text_of(int(value) if isinstance(value, float) and value.is_integer() else value)
