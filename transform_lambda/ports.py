"""Ports: what the companion needs from AWS. Fakes implement them in tests, boto3 in production."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from transform_lambda.contract import Json, ResourceError
from transform_lambda.typed import Shape


class Place(NamedTuple):
    """An object in S3; without a version, its newest."""

    bucket: str
    key: str
    version: str | None = None

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}" + (f" (version {self.version})" if self.version else "")


class Pinned(NamedTuple):
    """One state of an object, by its ETag and, in a versioned bucket, its version; no other is read or copied."""

    place: Place
    etag: str
    size: int
    """In bytes."""
    md5: str = ""
    """Of its bytes, in hex; empty where it is not known."""


class Stored(NamedTuple):
    """A staged object that exists already."""

    place: Place
    size: int
    """In bytes."""
    metadata: Mapping[str, str]


class Upload(NamedTuple):
    """A multipart upload that has been started and is to be completed or aborted."""

    key: str
    number: str


class Part(NamedTuple):
    """One uploaded part, as `complete_upload` names it to S3: its ETag and, where S3 gave one, its CRC-32 in base64."""

    number: int
    etag: str
    checksum: str | None


class CopyError(ResourceError):
    """S3 would not copy inside itself, though it let us read; the bytes can still be sent through."""


class CodeStore(Protocol):
    """Code archives in S3: any object to read, one bucket to stage into; all methods raise `ResourceError`."""

    def read_tail(self, place: Place, length: int) -> tuple[Pinned, bytes]:
        """The object as it is now, and its last `length` bytes, or all of them if it has fewer."""

    def read_range(self, source: Pinned, start: int, length: int) -> bytes:
        """Exactly these bytes of it, or an error if the object has changed since."""

    def can_copy(self, source: Pinned) -> bool:
        """False where the source is in another region than the staging bucket."""

    def find_staged(self, key: str) -> Stored | None:
        """What is staged under the key."""

    def start_upload(self, key: str, metadata: Mapping[str, str]) -> Upload:
        """A new multipart upload into the staging bucket."""

    def copy_part(self, upload: Upload, number: int, source: Pinned, start: int, length: int) -> Part:
        """A part made of these bytes of the source (5 MiB to 5 GiB), inside S3; `CopyError` where S3 refuses that."""

    def upload_part(self, upload: Upload, number: int, data: bytes) -> Part:
        """A part made of these bytes (at least 5 MiB, but for the last part)."""

    def complete_upload(self, upload: Upload, parts: Sequence[Part], size: int) -> Place:
        """The staged object, which has `size` bytes or does not come to be."""

    def abort_upload(self, upload: Upload) -> None:
        """Drops all parts of an upload that failed."""

    def list_staged(self, prefix: str) -> list[str]:
        """The keys of all staged objects that start so."""

    def remove_staged(self, key: str) -> None:
        """Drops a staged object, in all its versions; nothing where there is none."""


class TryAgain(ResourceError):
    """Lambda refused for a reason that passes by itself: look at the function again, and repeat what is still due."""


class Replicated(TryAgain):
    """The function has replicas at CloudFront's edge, which go some hours after the last distribution left them."""


class DeniedError(ResourceError):
    """The companion may not do that with this function."""


class Found(NamedTuple):
    """A function as it is: Lambda's own terms for its configuration, and its tags."""

    configuration: Mapping[str, Json]
    tags: Mapping[str, str]


class Functions(Protocol):
    """Lambda functions; all methods raise `ResourceError`, `TryAgain` where that helps.

    What is sent is in the API's own terms. An update names the revision that it was decided on, and is refused with
    `TryAgain` where the function has another one by now.
    """

    def takes(self, operation: str) -> Shape:
        """What the service's model says an operation takes."""

    def read(self, name: str, version: str = "") -> Found | None:
        """The function, or a numbered version of it (which has no tags), or nothing."""

    def create(self, call: Mapping[str, Json]) -> None:
        """A new function; `TryAgain` where one of this name is there."""

    def update_configuration(self, name: str, changes: Mapping[str, Json], revision: str) -> None:
        """Other values for these properties."""

    def update_code(self, name: str, code: Mapping[str, Json], revision: str) -> None:
        """Other code."""

    def sign(self, name: str, arn: str) -> None:
        """Another code signing configuration, or none where the ARN is empty."""

    def tag(self, arn: str, tags: Mapping[str, str], gone: Sequence[str]) -> None:
        """These tags set, and the tags of these names gone."""

    def publish(self, name: str, options: Mapping[str, Json], revision: str) -> Mapping[str, Json]:
        """The configuration of a numbered version like the function; the last one where nothing has changed since."""

    def versions(self, name: str) -> list[Mapping[str, Json]]:
        """The configurations of all numbered versions, ascending."""

    def delete(self, name: str, version: str = "") -> None:
        """The function with all versions gone, or that version; nothing where it is not there."""


class Gateways(Protocol):
    """API Gateway's REST APIs, and the policies of the functions they call; operations and terms are the API's own.

    All methods raise `ResourceError`, `TryAgain` where that helps: after a conflict, a throttle, or where what is to be
    changed is not there any more.
    """

    def takes(self, operation: str) -> Shape:
        """What the service's model says an operation takes."""

    def read(self, operation: str, call: Mapping[str, Json]) -> Mapping[str, Json] | None:
        """What it answers, the `items` of all pages together; nothing where the thing is not there."""

    def change(self, operation: str, call: Mapping[str, Json]) -> Mapping[str, Json]:
        """What it answers once it is done; to delete what is not there is done at once."""
