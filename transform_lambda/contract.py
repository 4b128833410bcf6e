"""The contract between the companion and a custom resource's three functions: requests, results and errors."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Json = Any
Event = Mapping[str, Json]

CREATE, UPDATE, DELETE = "Create", "Update", "Delete"


class ResourceError(Exception):
    """A problem that the template's author can fix. The stack events show the error's text unchanged."""


class Overtaken(Exception):
    """A newer request for the same resource has begun, or this request was answered: it must change nothing more."""


class Guard(Protocol):
    """Protects a resource from late and cancelled requests. A resource calls its guard before each change."""

    def check(self) -> None:
        """Return if this request is still the newest one for the resource.

        To update in place, read the revision, call `check`, then update that revision.

        Raises:
            Overtaken: a newer request has begun, or this request was answered.
        """

    def note(self, physical_id: str) -> None:
        """Record what the resource is about to create, for clean-up if the request fails.

        Waits while an earlier request may still be removing the same physical ID. The companion notes
        `request.physical_id` of a Create. A resource notes every other physical ID before it creates the thing.

        Raises:
            Overtaken: as for `check`.
            ResourceError: the earlier request does not finish before this request's deadline.
        """

    def forget(self, physical_id: str) -> None:
        """Undo a note. Something of this physical ID existed before this request, so no clean-up touches it."""

    def follows_unanswered(self) -> bool:
        """Whether the previous request has no answer, so one of its calls may still arrive.

        An update that needs no change then changes only the revision. AWS therefore refuses the late call, which
        names the old revision.
        """


class Unguarded:
    """The guard of a request outside the companion. Such a request is always the newest."""

    def check(self) -> None:
        """Allow everything."""

    def note(self, physical_id: str) -> None:
        """Allow everything."""

    def forget(self, physical_id: str) -> None:
        """Allow everything."""

    def follows_unanswered(self) -> bool:
        """Always False."""
        return False


@dataclass(frozen=True)
class Request:
    """One request from CloudFormation (crpg-ref-requesttypes). Property values are text, as CloudFormation sends them.

    `physical_id` is the ID that CloudFormation has for the resource. For a Create it is a name made of stack and
    logical ID. This name is the same for every delivery and is a valid function name. `deadline` is the
    `time.monotonic()` after which no result counts.
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
    """The resource after a request: its physical ID and the `data` for Fn::GetAtt.

    CloudFormation masks the data if `no_echo` is set. A `physical_id` that differs from the request's means a
    replacement: CloudFormation then deletes the old resource.
    """

    physical_id: str
    data: Mapping[str, Json] = field(default_factory=dict, repr=False)
    no_echo: bool = False


class Handler(Protocol):
    """A custom resource: three functions, each of which may run twice for one request and raises if it fails.

    Raise ResourceError for problems that the template's author can fix. Deleting a missing resource is no failure.
    """

    def create(self, request: Request) -> Result:
        """Create the resource, or adopt what an earlier delivery of this request created."""

    def update(self, request: Request) -> Result:
        """Change the resource to `request.properties`, in place or by a replacement."""

    def delete(self, request: Request) -> Result | None:
        """Remove the resource `request.physical_id` if it exists and is ours. Clean-up after a failure calls it too."""


class Handlers(Protocol):
    """Resources by type, for example a dict."""

    def __iter__(self) -> Iterator[str]:
        """The known types."""

    def get(self, resource_type: str, /) -> Handler | None:
        """The resource for a type, None for an unknown type."""
