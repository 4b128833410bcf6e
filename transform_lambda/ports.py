"""The interfaces through which the companion uses AWS. Both the boto3 adapters and the tests' fakes implement them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from transform_lambda.contract import Json, ResourceError
from transform_lambda.typed import Shape


class Place(NamedTuple):
    """An object in S3. Without a version, this is the newest version."""

    bucket: str
    key: str
    version: str | None = None

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}" + (f" (version {self.version})" if self.version else "")


class Pinned(NamedTuple):
    """One state of an object, identified by its ETag and, in a versioned bucket, by its version.

    No other state of the object is read or copied.
    """

    place: Place
    etag: str
    size: int
    """In bytes."""
    md5: str = ""
    """MD5 of the object's bytes, in hex. Empty if unknown."""


class Stored(NamedTuple):
    """A staged object that exists already."""

    place: Place
    size: int
    """In bytes."""
    metadata: Mapping[str, str]


class Upload(NamedTuple):
    """A multipart upload that has started. The caller must complete or abort it."""

    key: str
    number: str


class Part(NamedTuple):
    """One uploaded part, as `complete_upload` passes it to S3.

    `checksum` is the part's CRC-32 in base64, None if S3 returned none.
    """

    number: int
    etag: str
    checksum: str | None


class CopyError(ResourceError):
    """S3 refused to copy an object that it lets us read. The caller can still download and upload the bytes."""


class CodeStore(Protocol):
    """Code archives in S3: reads any object, writes to one staging bucket. All methods raise `ResourceError`."""

    def read_tail(self, place: Place, length: int) -> tuple[Pinned, bytes]:
        """The object's current state, and its last `length` bytes, or all bytes if the object is shorter."""

    def read_range(self, source: Pinned, start: int, length: int) -> bytes:
        """Exactly these bytes of the object; an error if the object has changed since `source` was read."""

    def can_copy(self, source: Pinned) -> bool:
        """False if the source is in another region than the staging bucket."""

    def find_staged(self, key: str) -> Stored | None:
        """The staged object with this key, None if there is none."""

    def start_upload(self, key: str, metadata: Mapping[str, str]) -> Upload:
        """Start a multipart upload into the staging bucket."""

    def copy_part(self, upload: Upload, number: int, source: Pinned, span: range) -> Part:
        """Copy these bytes of the source (5 MiB to 5 GiB) inside S3 as a part. `CopyError` if S3 refuses the copy."""

    def upload_part(self, upload: Upload, number: int, data: bytes) -> Part:
        """Upload these bytes as a part. Every part except the last needs at least 5 MiB."""

    def complete_upload(self, upload: Upload, parts: Sequence[Part], size: int) -> Place:
        """Create the staged object from its parts. S3 creates no object if its size would not be `size` bytes."""

    def abort_upload(self, upload: Upload) -> None:
        """Drop all parts of an upload that failed."""

    def list_staged(self, prefix: str) -> list[str]:
        """The keys of all staged objects that start with `prefix`."""

    def remove_staged(self, key: str) -> None:
        """Remove all versions of a staged object. Does nothing if there is no object."""


class TryAgain(ResourceError):
    """AWS refused a call for a temporary reason. Read the resource again, and repeat the changes it still needs."""


class Replicated(TryAgain):
    """The function has Lambda@Edge replicas. They go some hours after the last distribution drops them."""


class DeniedError(ResourceError):
    """The companion has no permission to make this call."""


class Found(NamedTuple):
    """A function's current configuration, with the members of Lambda's API, and its tags."""

    configuration: Mapping[str, Json]
    tags: Mapping[str, str]


class Functions(Protocol):
    """Lambda functions. All methods raise `ResourceError`, or `TryAgain` if a retry can succeed.

    Arguments have the members of Lambda's API. An update names the revision that the caller has read. It raises
    `TryAgain` if the function has a newer revision.
    """

    def takes(self, operation: str) -> Shape:
        """What the service's model says an operation takes."""

    def read(self, name: str, version: str = "") -> Found | None:
        """The function, or a numbered version of the function (without tags). None if it does not exist."""

    def create(self, call: Mapping[str, Json]) -> None:
        """Create a function. `TryAgain` if a function of this name exists."""

    def update_configuration(self, name: str, changes: Mapping[str, Json], revision: str) -> None:
        """Set other values for these properties."""

    def update_code(self, name: str, code: Mapping[str, Json], revision: str) -> None:
        """Replace the code."""

    def sign(self, name: str, arn: str) -> None:
        """Set the code signing configuration, or remove it if the ARN is empty."""

    def tag(self, arn: str, tags: Mapping[str, str], gone: Sequence[str]) -> None:
        """Set `tags`, and remove the tags named in `gone`."""

    def publish(self, name: str, options: Mapping[str, Json], revision: str) -> Mapping[str, Json]:
        """Publish the function as a numbered version, and return the version's configuration.

        If nothing has changed since the last version, this is the configuration of the last version.
        """

    def versions(self, name: str) -> list[Mapping[str, Json]]:
        """The configurations of all numbered versions, ascending."""

    def delete(self, name: str, version: str = "") -> None:
        """Delete the function with all versions, or only `version`. Does nothing if it does not exist."""


class Gateways(Protocol):
    """API Gateway's REST APIs, and the policies of the functions that they call.

    Operations and members are those of the services' APIs. All methods raise `ResourceError`, or `TryAgain` if a retry
    can succeed: after a conflict, after throttling, or if the thing to change no longer exists.
    """

    def takes(self, operation: str) -> Shape:
        """What the service's model says an operation takes."""

    def read(self, operation: str, call: Mapping[str, Json]) -> Mapping[str, Json] | None:
        """The operation's response, with the `items` of all pages. None if the thing does not exist."""

    def change(self, operation: str, call: Mapping[str, Json]) -> Mapping[str, Json]:
        """The operation's response. Deleting a missing thing succeeds."""
