"""Read a request from the event that CloudFormation sends (crpg-ref-requests)."""

from collections.abc import Mapping
from typing import TypeGuard

from transform_lambda.contract import CREATE, DELETE, UPDATE, Event, Json, Request, ResourceError
from transform_lambda.identity import physical_id_for
from transform_lambda.protocol.answer import size_of_text

_OWN_PROPERTIES = ("ServiceToken", "ServiceTimeout")
_IDS = ("RequestId", "StackId", "LogicalResourceId")
_TEXTS = ("RequestType", *_IDS, "ResourceType")


def parse_request(event: Event) -> Request:
    """The request in an event.

    Raises:
        ResourceError: fields are missing or have the wrong type. The text names all of them.
    """
    problems = [f"{name}: must be text" for name in _TEXTS if not _is_text(event.get(name))]
    if event.get("RequestType") not in (CREATE, UPDATE, DELETE) and not problems:
        problems.append(f"RequestType: must be Create, Update or Delete, got {event['RequestType']!r}")
    for name in ("ResourceProperties", "OldResourceProperties"):
        if not isinstance(event.get(name, {}), Mapping):
            problems.append(f"{name}: must be a map")
    if problems:
        raise ResourceError("the event is no request from CloudFormation: " + "; ".join(problems))
    return Request(
        type=event["RequestType"],
        request_id=event["RequestId"],
        stack_id=event["StackId"],
        logical_id=event["LogicalResourceId"],
        resource_type=event["ResourceType"],
        physical_id=_physical_id(event),
        properties=_own(event.get("ResourceProperties", {})),
        old_properties=_own(event.get("OldResourceProperties", {})),
        answer_url=text_of(event, "ResponseURL"),
    )


def incomplete_request(event: Event) -> Request:
    """The part of a request that an answer needs.

    Raises:
        ResourceError: IDs are missing. The text names all of them.
    """
    missing = [name for name in _IDS if not _is_text(event.get(name))]
    if missing:
        raise ResourceError(f"the event is no request from CloudFormation: must have {', '.join(missing)}")
    known = event.get("PhysicalResourceId")
    return Request(
        type=text_of(event, "RequestType"),
        request_id=event["RequestId"],
        stack_id=event["StackId"],
        logical_id=event["LogicalResourceId"],
        resource_type=text_of(event, "ResourceType"),
        physical_id=known if _is_text(known) else physical_id_for(event["StackId"], event["LogicalResourceId"]),
    )


def text_of(event: Event, name: str) -> str:
    """The field if it is text, else empty text. Other values can be nested too deeply to print."""
    value = event.get(name)
    return value if isinstance(value, str) else ""


def _is_text(value: Json) -> TypeGuard[str]:
    return size_of_text(value) > 0


def _physical_id(event: Event) -> str:
    known = event.get("PhysicalResourceId")
    if event["RequestType"] != CREATE and _is_text(known):
        return known
    return physical_id_for(event["StackId"], event["LogicalResourceId"])


def _own(properties: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in properties.items() if name not in _OWN_PROPERTIES}
