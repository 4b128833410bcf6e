"""The REST API of a resource: identified by its ID, or shared under one name by the resources of a stack."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from transform_lambda.contract import Json
from transform_lambda.gateway.api_settings import REGIONAL, setting_patches
from transform_lambda.gateway.calls import Calls
from transform_lambda.gateway.lock import Lock
from transform_lambda.gateway.names import API, renamed
from transform_lambda.gateway.place import Place
from transform_lambda.gateway.properties import Wanted
from transform_lambda.tags import STACK, tag_changes, tag_value

API_NAME = "hitcounter:api-name"
"""The tag with the name of an API that a stack's resources share. The API also has the stack's ownership tag."""

_SNAPSHOT = ("binaryMediaTypes", "minimumCompressionSize", "apiKeySource", "policy", "disableExecuteApiEndpoint")
"""The API settings that a stage gets from its deployment."""


class Api(NamedTuple):
    """An existing API."""

    id: str
    is_ours: bool
    """Whether the companion created the API for the resources of a stack."""
    settings: Mapping[str, Json] = {}  # noqa: RUF100 - never changed

    @property
    def snapshot(self) -> dict[str, Json]:
        """The settings that a deployment holds, without empty ones. Only for an API that the companion created."""
        return {name: self.settings[name] for name in _SNAPSHOT if self.settings.get(name)}


def find_api(calls: Calls, lock: Lock, place: Place) -> Api | None:
    """The API of the place, None if there is none.

    For a name, this is the API with the stack's ownership tags. Other APIs of the same name are ignored.
    """
    if place.api_id:
        return Api(place.api_id, is_ours=False)
    known = calls.read("GetRestApi", restApiId=lock.api_id) if lock.api_id else None
    if known and _is_shared(calls, place, known):
        return Api(str(known["id"]), is_ours=True, settings=known)
    first = next(iter(shared_apis(calls, place).values()), None)
    return Api(str(first["id"]), is_ours=True, settings=first) if first else None


def shared_apis(calls: Calls, place: Place) -> dict[str, Mapping[str, Json]]:
    """All APIs that have the ownership tags for the stack and the name, by ID, the oldest first."""
    found = [each for each in calls.items("GetRestApis", limit=500) if _is_shared(calls, place, each)]
    oldest_first = sorted(found, key=lambda each: (str(each.get("createdDate")), str(each["id"])))
    return {str(each["id"]): each for each in oldest_first}


def apply_api(calls: Calls, lock: Lock, wanted: Wanted) -> Api:
    """The API of the place, created or updated as the template asks. An API given by its ID stays unchanged."""
    api = find_api(calls, lock, wanted.place)
    if api is None:
        tags = {**wanted.api.get("tags", {}), **_own_tags(calls, wanted.place)}
        # API Gateway refuses an empty description.
        given = {name: value for name, value in wanted.api.items() if value != ""}
        call = {"endpointConfiguration": REGIONAL, **given, "name": wanted.place.api_name, "tags": tags}
        made = calls.change("CreateRestApi", call, {"Api": dict(wanted.api), "ApiName": wanted.place.api_name})
        api = Api(str(made["id"]), is_ours=True, settings=made)
    elif api.is_ours:
        api = _update(calls, api, wanted)
    if wanted.place.api_name:
        lock.remember_api(api.id)
    return api


def api_arn(calls: Calls, api_id: str) -> str:
    """The API's ARN, as the tagging operations take it."""
    _, partition, _, region, *_ = calls.request.stack_id.split(":")
    return f"arn:{partition}:apigateway:{region}::/restapis/{api_id}"


def apply_tags(calls: Calls, arn: str, changed: Mapping[str, str], gone: Sequence[str]) -> None:
    """Set the tags in `changed`, and remove the tags named in `gone`."""
    if changed:
        calls.change("TagResource", {"resourceArn": arn, "tags": dict(changed)})
    if gone:
        calls.change("UntagResource", {"resourceArn": arn, "tagKeys": list(gone)})


def _own_tags(calls: Calls, place: Place) -> dict[str, str]:
    return {STACK: tag_value(calls.request.stack_id), API_NAME: tag_value(place.api_name)}


def _is_shared(calls: Calls, place: Place, api: Mapping[str, Json]) -> bool:
    tags = api.get("tags") or {}
    own = _own_tags(calls, place)
    return api.get("name") == place.api_name and {name: tags.get(name) for name in own} == own


def _update(calls: Calls, api: Api, wanted: Wanted) -> Api:
    """The API with this resource's settings. A setting that this resource never had may be another's, and stays."""
    old = calls.request.old_properties.get("Api")
    had = old if isinstance(old, Mapping) else {}
    changes = setting_patches(api.settings, wanted.api, renamed(had, API))
    if changes:
        call = {"restApiId": api.id, "patchOperations": changes}
        api = api._replace(settings=calls.change("UpdateRestApi", call, {"Api": dict(wanted.api)}))
    now = api.settings.get("tags") or {}
    apply_tags(calls, api_arn(calls, api.id), *tag_changes(now, wanted.api.get("tags", {}), had))
    return api
