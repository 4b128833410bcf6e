"""Find the settings of a function that differ from the template."""

from collections.abc import Mapping
from typing import Any

from transform_lambda.contract import Json
from transform_lambda.typed import Shape

_NOT_SETTINGS = ("FunctionName", "RevisionId")
_DEFAULTS: dict[str, Json] = {
    "Timeout": 3,
    "MemorySize": 128,
    "TracingConfig": {"Mode": "PassThrough"},
    "EphemeralStorage": {"Size": 512},
    "SnapStart": {"ApplyOn": "None"},
    "Environment": {"Variables": {}},
    "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
    "DeadLetterConfig": {"TargetArn": ""},
}
"""Lambda's defaults (AWS: "CreateFunction"). A setting that is not listed defaults to the empty value of its type."""
_EMPTY: dict[str, Json] = {"structure": {}, "map": {}, "list": [], "string": ""}
_OF_CODE = {"CodeSha256": "", "Architectures": ["x86_64"]}
_KEPT_WHERE_NOT_GIVEN = ("Handler", "Runtime", "Role", "CapacityProviderConfig", "DurableConfig")
"""Settings that stay if the template omits them.

The last two have no value that means "none". Adding or removing one needs another function (`function.properties`).
"""


def setting_changes(shape: Shape, wanted: Mapping[str, Json], current: Mapping[str, Json]) -> dict[str, Json]:
    """The changes for UpdateFunctionConfiguration (its input `shape`). An omitted property returns to its default."""
    changes = {}
    for name, member in shape.members.items():
        if name in _NOT_SETTINGS:
            continue
        value, now = _wanted(name, member, wanted, str(current.get("FunctionName"))), _current(name, current)
        value = _emptied(member, value, now)
        if value is not None and not _has(_sorted(now), _sorted(value)):
            changes[name] = value
    return changes


def settings_in(shape: Shape, current: Mapping[str, Json]) -> dict[str, Json]:
    """The function's current settings, as members of UpdateFunctionConfiguration (its input `shape`)."""
    names = [name for name in shape.members if name not in _NOT_SETTINGS]
    found = {name: _current(name, current) for name in names}
    return {name: _sendable(shape.members[name], value) for name, value in found.items() if value is not None}


def is_readable(name: str, current: Mapping[str, Json]) -> bool:
    """False if Lambda returns an error instead of the value, as for variables whose key the companion may not use."""
    value = current.get("ImageConfigResponse" if name == "ImageConfig" else name)
    return not (isinstance(value, Mapping) and "Error" in value)


def is_same(shape: Shape, one: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    """Whether two configurations, of a function or its versions, have the same code and the same settings."""
    names = [name for name in shape.members if name not in _NOT_SETTINGS]
    return all(one.get(name, usual) == other.get(name, usual) for name, usual in _OF_CODE.items()) and all(
        _comparable(name, one) == _comparable(name, other) for name in names
    )


def _sendable(shape: Shape, value: Any) -> Json:
    """The value without the members that Lambda adds in its responses."""
    if shape.type_name == "structure":
        return {name: _sendable(part, value[name]) for name, part in shape.members.items() if name in value}
    if shape.type_name == "list":
        return [_sendable(shape.member, part) for part in value]
    return value


def _comparable(name: str, current: Mapping[str, Json]) -> Json:
    value = _current(name, current)
    if name == "SnapStart":
        return value.get("ApplyOn")
    if name == "Environment":
        return value.get("Variables") or {}
    if name == "VpcConfig":
        return _sorted({part: each for part, each in value.items() if not _is_empty(each)})
    return None if _is_empty(value) else _sorted(value)


def _with_default_logging(given: Mapping[str, Json], function: Json) -> dict[str, Json]:
    levels = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"} if given.get("LogFormat") == "JSON" else {}
    return {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function}", **levels, **given}


def _wanted(name: str, shape: Shape, wanted: Mapping[str, Json], function: str) -> Json:
    """The wanted value. None if every value is right."""
    if name == "LoggingConfig":
        return _with_default_logging(wanted.get(name, {}), function)
    if name == "VpcConfig" and name in wanted:
        return {"Ipv6AllowedForDualStack": False, **wanted[name]}
    if name in wanted:
        return wanted[name]
    if name in _KEPT_WHERE_NOT_GIVEN:
        return None
    return _DEFAULTS.get(name, _EMPTY.get(shape.type_name))


def _emptied(shape: Shape, value: Json, now: Json) -> Json:
    """The value, with members that are no longer wanted set to empty. Lambda would keep an omitted member."""
    if shape.type_name != "structure" or not value or not isinstance(now, Mapping):
        return value
    empty = {}
    for name, member in shape.members.items():
        if name not in value and not _is_empty(now.get(name)) and not getattr(member, "enum", None):
            empty[name] = _EMPTY.get(member.type_name)
    return {**{name: part for name, part in empty.items() if part is not None}, **value}


def _current(name: str, current: Mapping[str, Json]) -> Json:
    if name == "Layers":
        return [layer["Arn"] for layer in current.get(name, [])]
    if name == "ImageConfig":
        return current.get("ImageConfigResponse", {}).get(name)
    if name == "LoggingConfig":
        return _with_default_logging(current.get(name, {}), current.get("FunctionName"))
    return current.get(name, _DEFAULTS.get(name))


def _has(now: Any, value: Any) -> bool:
    """Whether `now` contains all of `value`. Lambda adds members, and omits empty members."""
    if isinstance(value, Mapping):
        if "Variables" in value:
            return bool(((now or {}).get("Variables") or {}) == value["Variables"])
        if not value:
            return _is_empty(now)
        return all(_has((now or {}).get(name), part) for name, part in value.items())
    if isinstance(value, list):
        return len(now or []) == len(value) and all(map(_has, now or [], value))
    return bool(now == value) or (_is_empty(now) and _is_empty(value))


def _is_empty(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_empty, value.values()))
    return value in (None, "", [], False)


def _sorted(value: Json) -> Json:
    """The value with its subnets and security groups sorted, because their order has no meaning."""
    if not isinstance(value, Mapping) or "SubnetIds" not in value:
        return value
    return {name: sorted(part) if isinstance(part, list) else part for name, part in value.items()}
