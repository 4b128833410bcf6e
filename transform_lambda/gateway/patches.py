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
"""The members that UpdateMethod can change, each with its default."""
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
"""The same for UpdateIntegration. The default of `cacheNamespace` is the ID of the API resource."""
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
    """The patches from the members `now` to the `wanted` ones.

    A member that is not wanted returns to its default in `usual`. A member that is not in `usual` stays unchanged.
    A text that becomes empty is removed, because API Gateway refuses an empty description.
    """
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
            found.append(scalar_patch(name, shall))
    return found


def scalar_patch(name: str, shall: Json) -> Patch:
    """The patch that sets a member, or removes a member whose text becomes empty."""
    return _patch("replace", f"/{name}", shall) if text_of(shall) else {"op": "remove", "path": f"/{name}"}


def resets_by_value(found: list[Patch]) -> list[Patch]:
    """The same patches, with empty text instead of the removal of a member.

    AWS documents `replace` alone for some of the members that `remove` is known to reset ("Patch operations").
    """
    return [{"op": "replace", "path": each["path"], "value": ""} if _is_reset(each) else each for each in found]


def widening(found: list[Patch]) -> list[Patch]:
    """The patches that remove nothing. Send them before any change to the things that refer to the patched members."""
    return [each for each in found if each["op"] != "remove" or _is_reset(each)]


def narrowing(found: list[Patch]) -> list[Patch]:
    """The patches that remove something. Send them after nothing refers to the removed members any more."""
    return [each for each in found if each["op"] == "remove" and not _is_reset(each)]


def _is_reset(patch: Patch) -> bool:
    return patch["op"] == "remove" and patch["path"].count("/") == 1 and "value" not in patch


def escaped(name: str) -> str:
    """A name, escaped as one step of a patch's path (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def text_of(value: Json) -> str:
    """A value as the text in a patch. API Gateway and the local engine may return the value as another type.

    API Gateway returns an empty template as null.
    """
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


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
