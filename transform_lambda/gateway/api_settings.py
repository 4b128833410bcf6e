"""Computes the patches that give a shared API the settings of one of its resources."""

import json
from collections.abc import Iterator, Mapping

from transform_lambda.contract import Json
from transform_lambda.gateway.patches import Patch, patches, scalar_patch

REGIONAL: Mapping[str, Json] = {"types": ["REGIONAL"]}
"""The default endpoint: an account may have five times as many regional APIs as edge-optimized ones."""

_USUAL: Mapping[str, Json] = {
    "description": "",
    "minimumCompressionSize": "",
    "apiKeySource": "HEADER",
    "disableExecuteApiEndpoint": False,
    "binaryMediaTypes": [],
}
_IDS = "/endpointConfiguration/vpcEndpointIds"

Settings = Mapping[str, Json]


def setting_patches(now: Settings, given: Settings, had: Settings) -> list[Patch]:
    """The patches from the API's settings `now` to the `given` ones.

    A setting that is in `had` (the old properties, as text) but not in `given` returns to its default. A setting that
    is in neither stays unchanged.
    """
    usual = {name: value for name, value in _USUAL.items() if name in given or name in had}
    endpoint = given.get("endpointConfiguration", REGIONAL if "endpointConfiguration" in had else None)
    return [
        *patches(now, given, usual),
        *_of_policy(now, given.get("policy", "" if "policy" in had else None)),
        *(_of_endpoint(now.get("endpointConfiguration") or {}, endpoint) if endpoint else ()),
    ]


def _of_policy(now: Settings, policy: str | None) -> Iterator[Patch]:
    if policy is not None and _read_policy(policy) != _read_policy(now.get("policy") or ""):
        yield scalar_patch("policy", policy)


def _of_endpoint(was: Settings, shall: Settings) -> Iterator[Patch]:
    for old, new in zip(was.get("types", []), shall.get("types", []), strict=False):
        if old != new:
            yield {"op": "replace", "path": f"/endpointConfiguration/types/{old}", "value": new}
    old_ids, new_ids = was.get("vpcEndpointIds", []), shall.get("vpcEndpointIds", [])
    yield from ({"op": "add", "path": _IDS, "value": each} for each in new_ids if each not in old_ids)
    yield from ({"op": "remove", "path": _IDS, "value": each} for each in old_ids if each not in new_ids)
    address = shall.get("ipAddressType")
    if address not in (None, was.get("ipAddressType")):
        yield {"op": "replace", "path": "/endpointConfiguration/ipAddressType", "value": address}


def _read_policy(text: str) -> Json:
    """The parsed policy. API Gateway returns a policy as a JSON string without the surrounding quotes."""
    for form in (text, text.replace('\\"', '"')):
        try:
            return json.loads(form)
        except ValueError:
            continue
    return text
