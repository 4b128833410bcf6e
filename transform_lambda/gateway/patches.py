"""Computes patch operations (AWS: "Patch operations") from the current and the wanted settings."""

from collections.abc import Mapping
from typing import Any

from transform_lambda.contract import Json

Patch = dict[str, str]

METHOD: Mapping[str, Json] = {
    "authorizationType": "NONE",
    "authorizerId": "",
    "authorizationScopes": [],
    "apiKeyRequired": False,
    "operationName": "",
    "requestValidatorId": "",
    "requestParameters": {},
    "requestModels": {},
}
"""What UpdateMethod can change, with what each is where it is not given."""
INTEGRATION: Mapping[str, Json] = {
    "uri": "",
    "httpMethod": "",
    "credentials": "",
    "connectionType": "INTERNET",
    "connectionId": "",
    "requestParameters": {},
    "requestTemplates": {},
    "passthroughBehavior": "WHEN_NO_MATCH",
    "contentHandling": "",
    "timeoutInMillis": 29000,
    "cacheKeyParameters": [],
    "tlsConfig": {},
    "responseTransferMode": "BUFFERED",
    "integrationTarget": "",
}
"""The same for UpdateIntegration; `cacheNamespace` is the part's id where it is not given."""
METHOD_RESPONSE: Mapping[str, Json] = {"responseParameters": {}, "responseModels": {}}
INTEGRATION_RESPONSE: Mapping[str, Json] = {
    "selectionPattern": "",
    "contentHandling": "",
    "responseParameters": {},
    "responseTemplates": {},
}
_BY_VALUE = ("authorizationScopes",)
_STRUCTURES = ("tlsConfig",)


def patches(now: Mapping[str, Json], wanted: Mapping[str, Json], usual: Mapping[str, Json]) -> list[Patch]:
    """What to send; a member that is not wanted goes back to its usual value, one that is not in `usual` stays."""
    found: list[Patch] = []
    for name, default in usual.items():
        was, shall = _value(now, name, default), _value(wanted, name, default)
        if name in _STRUCTURES:
            found += _of_structure(name, was, shall)
        elif isinstance(default, Mapping):
            found += _of_map(name, was, shall)
        elif isinstance(default, list):
            found += _of_list(name, was, shall)
        elif text_of(was) != text_of(shall):
            found.append(_patch("replace", f"/{name}", shall))
    return found


def widening(found: list[Patch]) -> list[Patch]:
    """Those that take nothing away: due before what refers to it is changed."""
    return [each for each in found if each["op"] != "remove"]


def narrowing(found: list[Patch]) -> list[Patch]:
    """Those that take away: due once nothing refers to it any more."""
    return [each for each in found if each["op"] == "remove"]


def escaped(name: str) -> str:
    """A name as a step of a path (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def text_of(value: Json) -> str:
    """A value as patches carry it; API Gateway, and an engine, may tell it by another type."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(source: Mapping[str, Json], name: str, default: Json) -> Any:
    return default if source.get(name) is None else source[name]


def _of_map(name: str, was: Mapping[str, Json], shall: Mapping[str, Json]) -> list[Patch]:
    changed = [key for key in shall if key not in was or text_of(was[key]) != text_of(shall[key])]
    ops = [_patch("replace" if key in was else "add", f"/{name}/{escaped(key)}", shall[key]) for key in changed]
    return ops + [{"op": "remove", "path": f"/{name}/{escaped(key)}"} for key in was if key not in shall]


def _of_structure(name: str, was: Mapping[str, Json], shall: Mapping[str, Json]) -> list[Patch]:
    keys = sorted({*was, *shall})
    differing = [key for key in keys if text_of(was.get(key, False)) != text_of(shall.get(key, False))]
    return [_patch("replace", f"/{name}/{key}", shall.get(key, False)) for key in differing]


def _of_list(name: str, was: list[Any], shall: list[Any]) -> list[Patch]:
    pairs = [("add", each) for each in shall if each not in was] + [
        ("remove", each) for each in was if each not in shall
    ]
    if name in _BY_VALUE:
        return [_patch(op, f"/{name}", each) for op, each in pairs]
    return [{"op": op, "path": f"/{name}/{escaped(each)}"} for op, each in pairs]


def _patch(op: str, path: str, value: Json) -> Patch:
    return {"op": op, "path": path, "value": text_of(value)}
