"""The port ``CodeStore``, with S3."""

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from transform_lambda.aws.client import Client, code_of
from transform_lambda.aws.s3.download import download, md5_of, size_of
from transform_lambda.aws.s3.errors import FORBIDDEN, MISSING, UNCOPIABLE, explain, explained
from transform_lambda.contract import ResourceError
from transform_lambda.ports import CopyError, Part, Pinned, Place, Stored, Upload

_CHECKSUM = "CRC32"


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
            answer, data = download(self._client, {**self._object(place), "Range": f"bytes=-{length}"})
        place = place._replace(version=place.version or _version(answer))
        return Pinned(place, answer["ETag"], size_of(answer, data), md5_of(answer)), data

    def read_range(self, source: Pinned, start: int, length: int) -> bytes:
        """One GET of a range, on condition that the ETag is unchanged."""
        with explained(f"read {source.place}"):
            request = {**self._object(source.place), "IfMatch": source.etag, "Range": _range(start, length)}
            answer, data = download(self._client, request)
        if "ContentRange" not in answer and len(data) == source.size:
            # A server may return the whole object (RFC 9110, 14.2). An emulator does so for older versions.
            data = data[start : start + length]
        if len(data) != length:
            raise ResourceError(f"cannot read {source.place}: must receive {length} bytes, got {len(data)}")
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

    def copy_part(self, upload: Upload, number: int, source: Pinned, span: range) -> Part:
        """UploadPartCopy of the pinned version, on condition that the ETag is unchanged."""
        version = {"VersionId": source.place.version} if source.place.version else {}
        owner = {"ExpectedSourceBucketOwner": self._owner} if source.place.bucket == self._bucket else {}
        try:
            answer = self._client.upload_part_copy(
                **self._part(upload, number),
                **owner,
                CopySource={"Bucket": source.place.bucket, "Key": source.place.key, **version},
                CopySourceIfMatch=source.etag,
                CopySourceRange=_range(span.start, len(span)),
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
        request = {"UploadId": upload.number, "MultipartUpload": {"Parts": list(map(_listed, parts))}}
        try:
            answer = self._client.complete_multipart_upload(**self._staged(upload.key), **request, MpuObjectSize=size)
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

    def _object(self, place: Place) -> dict[str, str]:
        request = {"Bucket": place.bucket, "Key": place.key}
        if place.version:
            request["VersionId"] = place.version
        if place.bucket == self._bucket:
            request["ExpectedBucketOwner"] = self._owner
        return request

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


def _range(start: int, length: int) -> str:
    return f"bytes={start}-{start + length - 1}"


def _part(number: int, answer: Mapping[str, Any]) -> Part:
    return Part(number, answer["ETag"], answer.get(f"Checksum{_CHECKSUM}"))


def _listed(part: Part) -> dict[str, Any]:
    checksum = {f"Checksum{_CHECKSUM}": part.checksum} if part.checksum else {}
    return {"PartNumber": part.number, "ETag": part.etag, **checksum}


def _version(answer: Mapping[str, Any]) -> str | None:
    # Without versioning, or with suspended versioning, the version is "null". A later write may overwrite it.
    version = answer.get("VersionId")
    return None if version == "null" else version
