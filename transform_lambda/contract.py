"""The contract between the wrapper and a resource's create, update and delete. Resource authors import this module."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from transform_lambda.identity import physical_id_for

Json = Any
Event = Mapping[str, Json]

CREATE, UPDATE, DELETE = "Create", "Update", "Delete"

_OWN_PROPERTIES = ("ServiceToken", "ServiceTimeout")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_TEXTS = ("RequestType", "RequestId", "StackId", "LogicalResourceId", "ResourceType")


class ResourceError(Exception):
    """What the template's author can mend; its text is shown in the stack's events as it is."""


class Overtaken(Exception):
    """A newer request for the same resource has begun, or this one was answered: it must change nothing more."""


class Guard(Protocol):
    """What keeps a late or cancelled request from doing harm; a resource calls it before it changes anything."""

    def check(self) -> None:
        """Return if this is still the newest request for the resource, raise Overtaken otherwise.

        For an update in place: read the revision, check, then update that revision.
        """

    def note(self, physical_id: str) -> None:
        """Remember what is about to be created, so that it is cleaned up should the request not succeed.

        Waits while an earlier request may still be removing the same. The wrapper has noted `request.physical_id` of
        a Create; anything else has to be noted by its physical id before it is made.

        Raises:
            Overtaken: as `check` does.
            ResourceError: the earlier request is not done within this one's time.
        """

    def forget(self, physical_id: str) -> None:
        """Take back a note: what bears the name was there before and is not this request's; no clean-up touches it."""

    def follows_unanswered(self) -> bool:
        """Whether the request before this one has no answer, so that a call it decided on may still be on its way.

        Where nothing has to be changed, an update then changes the revision alone: else such a call, which names the
        revision from before, would be taken.
        """


class Unguarded:
    """The guard of a request outside the wrapper, which is always the newest."""

    def check(self) -> None:
        """Allow everything."""

    def note(self, physical_id: str) -> None:
        """Allow everything."""

    def forget(self, physical_id: str) -> None:
        """Allow everything."""

    def follows_unanswered(self) -> bool:
        """It follows none."""
        return False


@dataclass(frozen=True)
class Request:
    """One request of CloudFormation's (crpg-ref-requesttypes); values of properties are text, as they arrive.

    `physical_id` is what CloudFormation knows the resource by, for a Create a name made of stack and logical id: the
    same for every delivery, fit for a function name. `deadline` is the `time.monotonic()` after which no result counts.
    """

    type: str
    request_id: str
    stack_id: str
    logical_id: str
    resource_type: str
    physical_id: str
    properties: Mapping[str, Json] = field(default_factory=dict, repr=False)
    old_properties: Mapping[str, Json] = field(default_factory=dict, repr=False)
    answer_url: str = field(default="", repr=False)
    deadline: float = float("inf")
    guard: Guard = field(default_factory=Unguarded, repr=False, compare=False)


@dataclass(frozen=True)
class Result:
    """What a resource became: `data` for Fn::GetAtt, masked by CloudFormation where `no_echo` is set.

    Another `physical_id` than the request's means a replacement: CloudFormation then deletes the old one.
    """

    physical_id: str
    data: Mapping[str, Json] = field(default_factory=dict, repr=False)
    no_echo: bool = False


class Handler(Protocol):
    """A custom resource: three functions that may be called twice with one request, and raise where they fail.

    What a template's author can mend is raised as ResourceError. To delete what is not there is no failure.
    """

    def create(self, request: Request) -> Result:
        """Make the resource, or adopt what an earlier delivery of this request made."""

    def update(self, request: Request) -> Result:
        """Bring the resource to `request.properties`, in place or by a replacement."""

    def delete(self, request: Request) -> Result | None:
        """Remove what `request.physical_id` names if it is there and ours; also called to clean up after a failure."""


class Handlers(Protocol):
    """Resources by type; a dict of them is one."""

    def __iter__(self) -> Iterator[str]:
        """The types that are known."""

    def get(self, resource_type: str, /) -> Handler | None:
        """The resource for a type."""


def parse_request(event: Event) -> Request:
    """The request in an event, read once.

    Raises:
        ResourceError: naming all fields that are missing or not of their kind.
    """
    problems = [f"{name}: must be text" for name in _TEXTS if not _is_text(event.get(name))]
    if event.get("RequestType") not in (CREATE, UPDATE, DELETE) and not problems:
        problems.append(f"RequestType: must be Create, Update or Delete, got {event['RequestType']!r}")
    for name in ("ResourceProperties", "OldResourceProperties"):
        if not isinstance(event.get(name, {}), Mapping):
            problems.append(f"{name}: must be a map")
    if problems:
        raise ResourceError("not a request of CloudFormation's: " + "; ".join(problems))
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
    """As much of a request as an answer needs.

    Raises:
        ResourceError: naming what of that is missing.
    """
    missing = [name for name in ("RequestId", "StackId", "LogicalResourceId") if not _is_text(event.get(name))]
    if missing:
        raise ResourceError(f"not a request of CloudFormation's, it has no {', '.join(missing)}")
    known = event.get("PhysicalResourceId")
    return Request(
        type=text_of(event, "RequestType"),
        request_id=event["RequestId"],
        stack_id=event["StackId"],
        logical_id=event["LogicalResourceId"],
        resource_type=text_of(event, "ResourceType"),
        physical_id=str(known) if _is_text(known) else physical_id_for(event["StackId"], event["LogicalResourceId"]),
    )


def text_of(event: Event, name: str) -> str:
    """The field if it is text, else an empty one: what else it may be can be too deep to be written out."""
    value = event.get(name)
    return value if isinstance(value, str) else ""


def _is_text(value: Json) -> bool:
    # Half of a surrogate pair, which JSON can write, is no text: it could not be sent back.
    return isinstance(value, str) and bool(value) and not _SURROGATE.search(value)


def _physical_id(event: Event) -> str:
    known = event.get("PhysicalResourceId")
    if event["RequestType"] != CREATE and _is_text(known):
        return str(known)
    return physical_id_for(event["StackId"], event["LogicalResourceId"])


def _own(properties: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in properties.items() if name not in _OWN_PROPERTIES}
