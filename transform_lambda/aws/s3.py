"""Create boto3 clients, and implement the port ``CodeStore`` with S3."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from botocore import session
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    FlexibleChecksumError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from transform_lambda.aws.errors import FORBIDDEN, MISSING, UNCOPIABLE, code_of, explain, explained
from transform_lambda.contract import ResourceError
from transform_lambda.ports import CopyError, Part, Pinned, Place, Stored, Upload

Client = Any
"""A boto3 client. boto3 creates its classes at run time, so there is no type to name."""

_NOT_WHOLE = (IncompleteReadError, ReadTimeoutError, ResponseStreamingError, FlexibleChecksumError)
_ATTEMPTS = 3
_CHECKSUM = "CRC32"
_SPAN = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_MD5 = re.compile(r'"([0-9a-f]{32})"')


class S3CodeStore:
    """`CodeStore` with an S3 client of the staging bucket's region.

    `bucket` is the installation's staging bucket. Every call to this bucket names `owner`, the account that must own
    it, because bucket names can be guessed (AWS: "Verifying bucket ownership with bucket owner condition").
    """

    def __init__(self, client: Client, bucket: str, owner: str) -> None:
        self._client, self._bucket, self._owner = client, bucket, owner

    def read_tail(self, place: Place, length: int) -> tuple[Pinned, bytes]:
        """One GET of a suffix range. The response pins the object."""
        with explained(f"read {place}"):
            answer, data = self._get(place, Range=f"bytes=-{length}")
        size = int(answer.get("ContentRange", f"/{len(data)}").rpartition("/")[2])
        place = place._replace(version=place.version or _version(answer))
        return Pinned(place, answer["ETag"], size, _md5(answer)), data

    def read_range(self, source: Pinned, start: int, length: int) -> bytes:
        """One GET of a range, on condition that the ETag is unchanged."""
        with explained(f"read {source.place}"):
            answer, data = self._get(source.place, IfMatch=source.etag, Range=_range(start, length))
        if "ContentRange" not in answer and len(data) == source.size:
            # A server may return the whole object (RFC 9110, 14.2). An emulator does so for older versions.
            data = data[start : start + length]
        if len(data) != length:
            raise ResourceError(f"cannot read {source.place}: {len(data)} bytes came where {length} were asked for")
        return data

    def can_copy(self, source: Pinned) -> bool:
        """Whether HeadBucket names the client's region. S3 names the region in a refusal too. Unknown counts as yes."""
        try:
            answer = self._client.head_bucket(Bucket=source.place.bucket)
        except ClientError as error:
            answer = error.response
        except BotoCoreError:
            return True
        region = answer["ResponseMetadata"].get("HTTPHeaders", {}).get("x-amz-bucket-region")
        return region in (None, self._client.meta.region_name)

    def find_staged(self, key: str) -> Stored | None:
        """One HEAD. A refusal counts as a missing object: S3 refuses so if the caller may not list the bucket."""
        try:
            answer = self._client.head_object(**self._staged(key))
        except ClientError as error:
            if code_of(error) in MISSING | FORBIDDEN:
                return None
            raise explain(error, f"look for {Place(self._bucket, key)}") from error
        place = Place(self._bucket, key, _version(answer))
        return Stored(place, answer["ContentLength"], answer["Metadata"])

    def start_upload(self, key: str, metadata: Mapping[str, str]) -> Upload:
        """CreateMultipartUpload, with a CRC-32 for each part."""
        with explained(f"stage {Place(self._bucket, key)}"):
            answer = self._client.create_multipart_upload(
                **self._staged(key), Metadata=dict(metadata), ContentType="application/zip", ChecksumAlgorithm=_CHECKSUM
            )
        return Upload(key, answer["UploadId"])

    def copy_part(self, upload: Upload, number: int, source: Pinned, start: int, length: int) -> Part:
        """UploadPartCopy of the pinned version, on condition that the ETag is unchanged."""
        version = {"VersionId": source.place.version} if source.place.version else {}
        owner = {"ExpectedSourceBucketOwner": self._owner} if source.place.bucket == self._bucket else {}
        try:
            answer = self._client.upload_part_copy(
                **self._part(upload, number),
                **owner,
                CopySource={"Bucket": source.place.bucket, "Key": source.place.key, **version},
                CopySourceIfMatch=source.etag,
                CopySourceRange=_range(start, length),
            )
        except ClientError as error:
            what = f"copy {source.place} to {Place(self._bucket, upload.key)}"
            raise explain(error, what, CopyError if code_of(error) in UNCOPIABLE else ResourceError) from error
        return _part(number, answer["CopyPartResult"])

    def upload_part(self, upload: Upload, number: int, data: bytes) -> Part:
        """UploadPart, with a CRC-32 that S3 checks."""
        with explained(f"stage {Place(self._bucket, upload.key)}"):
            answer = self._client.upload_part(**self._part(upload, number), Body=data, ChecksumAlgorithm=_CHECKSUM)
        return _part(number, answer)

    def complete_upload(self, upload: Upload, parts: Sequence[Part], size: int) -> Place:
        """CompleteMultipartUpload, with the size that the object must have."""
        listed = [
            {
                "PartNumber": part.number,
                "ETag": part.etag,
                **({"ChecksumCRC32": part.checksum} if part.checksum else {}),
            }
            for part in parts
        ]
        try:
            answer = self._client.complete_multipart_upload(
                **self._staged(upload.key),
                UploadId=upload.number,
                MultipartUpload={"Parts": listed},
                MpuObjectSize=size,
            )
        except (ClientError, BotoCoreError) as error:
            if completed := self._completed_before(upload, size, error):
                return completed
            raise explain(error, f"stage {Place(self._bucket, upload.key)}") from error
        return Place(self._bucket, upload.key, _version(answer))

    def abort_upload(self, upload: Upload) -> None:
        """AbortMultipartUpload."""
        with explained(f"abort staging {Place(self._bucket, upload.key)}"):
            self._client.abort_multipart_upload(**self._staged(upload.key), UploadId=upload.number)

    def list_staged(self, prefix: str) -> list[str]:
        """ListObjectVersions, which also finds keys with a delete marker."""
        return list(dict.fromkeys(key for key, _ in self._versions(prefix)))

    def remove_staged(self, key: str) -> None:
        """DeleteObject for every version and delete marker of the key."""
        with explained(f"remove {Place(self._bucket, key)}"):
            for found, version in self._versions(key):
                if found == key:
                    self._client.delete_object(**self._staged(key), VersionId=version)

    def _versions(self, prefix: str) -> list[tuple[str, str]]:
        with explained(f"list {Place(self._bucket, prefix)}"):
            pages = self._client.get_paginator("list_object_versions").paginate(
                Bucket=self._bucket, Prefix=prefix, ExpectedBucketOwner=self._owner
            )
            return [
                (each["Key"], each["VersionId"])
                for page in pages
                for each in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            ]

    def _staged(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": key, "ExpectedBucketOwner": self._owner}

    def _part(self, upload: Upload, number: int) -> dict[str, Any]:
        return {**self._staged(upload.key), "UploadId": upload.number, "PartNumber": number}

    def _completed_before(self, upload: Upload, size: int, error: Exception) -> Place | None:
        # boto3 repeats a call whose answer was lost. S3 may then say that the completed upload does not exist.
        if not isinstance(error, ClientError) or code_of(error) != "NoSuchUpload":
            return None
        stored = self.find_staged(upload.key)
        return stored.place if stored and stored.size == size else None

    def _get(self, place: Place, **request: str) -> tuple[Mapping[str, Any], bytes]:
        # boto3 repeats a failed request, but not a request whose response broke off or was damaged.
        if place.version:
            request["VersionId"] = place.version
        if place.bucket == self._bucket:
            request["ExpectedBucketOwner"] = self._owner
        attempt = 0
        while True:
            attempt += 1
            answer = self._client.get_object(Bucket=place.bucket, Key=place.key, **request)
            try:
                return answer, _whole(answer, answer["Body"].read())
            except _NOT_WHOLE:
                if attempt == _ATTEMPTS:
                    raise


def _range(start: int, length: int) -> str:
    return f"bytes={start}-{start + length - 1}"


def _whole(answer: Mapping[str, Any], data: bytes) -> bytes:
    """The data, after a check of its length and, if the data is the whole object, of its MD5.

    Raises:
        IncompleteReadError: the data is not as long as the response says.
        FlexibleChecksumError: the MD5 differs.
    """
    span = _SPAN.match(answer.get("ContentRange", ""))
    if span is None:
        return data
    start, end, size = map(int, span.groups())
    if len(data) != end - start + 1:
        raise IncompleteReadError(actual_bytes=len(data), expected_bytes=end - start + 1)
    if len(data) == size and _md5(answer) not in ("", hashlib.md5(data, usedforsecurity=False).hexdigest()):
        raise FlexibleChecksumError(error_msg="the bytes that came are not those of the object's MD5")
    return data


def _md5(answer: Mapping[str, Any]) -> str:
    """The object's MD5 in hex, empty if unknown.

    The ETag is no MD5 if the object was uploaded in parts or encrypted with a KMS key (AWS: API_Object, ETag).
    """
    found = _MD5.fullmatch(answer["ETag"])
    return found[1] if found and answer.get("ServerSideEncryption", "AES256") == "AES256" else ""


def _part(number: int, answer: Mapping[str, Any]) -> Part:
    return Part(number, answer["ETag"], answer.get(f"Checksum{_CHECKSUM}"))


def _version(answer: Mapping[str, Any]) -> str | None:
    # Without versioning, or with suspended versioning, the version is "null". A later write may overwrite it.
    version = answer.get("VersionId")
    return None if version == "null" else version


def connect(service: str, answer_seconds: float = 60.0) -> Client:
    """A client of the service in the companion's own region. The environment may name another endpoint.

    `answer_seconds` is how long each of a call's three attempts waits for an answer.
    """
    import boto3
    from botocore.config import Config

    # By default boto3 may try five times, and ten for DynamoDB, depending on its version and the environment. No lock
    # lasts that long.
    retries: Any = {"mode": "standard", "total_max_attempts": _ATTEMPTS}
    return boto3.client(service, config=Config(connect_timeout=5, read_timeout=answer_seconds, retries=retries))


@cache
def input_shape(service: str, operation: str) -> Any:
    """The input shape of an API call in botocore's model."""
    return session.get_session().get_service_model(service).operation_model(operation).input_shape
