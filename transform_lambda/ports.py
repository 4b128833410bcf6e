"""Ports: what the companion needs of AWS, in its own words, so that a fake fits where boto3 fits."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from transform_lambda.contract import ResourceError
from transform_lambda.record import Record


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


class Records(Protocol):
    """What is remembered of each resource, by a key; the installation's small table."""

    def read(self, key: str) -> Record:
        """The record as it is now, an empty one of version 0 where there is none."""

    def write(self, key: str, record: Record) -> bool:
        """Store it if the one it replaces is of the version before; False, and nothing stored, if it is not."""
