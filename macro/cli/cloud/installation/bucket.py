"""Store content in the installation's bucket. Content is uploaded once, under a key with its digest."""

import hashlib
from collections.abc import Mapping, Sequence

from macro.cli.cloud.stack.account import Account
from macro.cli.cloud.stack.errors import CloudError, code_of

_MISSING = ("404", "NoSuchBucket", "NoSuchKey", "NotFound")
_FOREIGN = ("403", "AccessDenied", "301", "PermanentRedirect", "400")


class Bucket:
    """The bucket with that name, which must belong to the account.

    The name can be guessed, so every call passes the account as ``ExpectedBucketOwner``.
    """

    def __init__(self, account: Account, name: str) -> None:
        self._client = account.client("s3")
        self._owner = account.id
        self.name = name

    def exists(self) -> bool:
        """Whether the bucket exists.

        Raises:
            CloudError: the bucket exists, but belongs to another account or can't be accessed.
        """
        from botocore.exceptions import ClientError

        try:
            self._client.head_bucket(Bucket=self.name, ExpectedBucketOwner=self._owner)
        except ClientError as error:
            if code_of(error) in _MISSING:
                return False
            if code_of(error) in _FOREIGN:
                raise CloudError(
                    f"the bucket {self.name} exists, but account {self._owner} doesn't own it or you may not read it; "
                    "if someone else owns it, choose another name with --suffix"
                ) from None
            raise
        return True

    def put(self, key: str, content: bytes) -> bool:
        """Upload the content unless the key exists. The result is whether the content was uploaded.

        The key contains the content's digest, so an existing object of the same size has the same content.
        """
        if self._has(key, len(content)):
            return False
        self._client.put_object(
            Bucket=self.name,
            Key=key,
            Body=content,
            ExpectedBucketOwner=self._owner,
            ChecksumAlgorithm="SHA256",
        )
        return True

    def remove_all(self) -> int:
        """Empty the bucket. The result is the number of removed versions and delete markers.

        Raises:
            CloudError: S3 doesn't remove all of them.
        """
        removed = 0
        pages = self._client.get_paginator("list_object_versions").paginate(
            Bucket=self.name, ExpectedBucketOwner=self._owner
        )
        for page in pages:
            found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            if found:
                listed = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
                answer = self._client.delete_objects(
                    Bucket=self.name, Delete={"Objects": listed, "Quiet": True}, ExpectedBucketOwner=self._owner
                )
                self._check_removed(answer.get("Errors", []))
                removed += len(found)
        return removed

    def holds(self, prefix: str) -> bool:
        """Whether the key of any object begins with ``prefix``."""
        found = self._client.list_objects_v2(
            Bucket=self.name, Prefix=prefix, MaxKeys=1, ExpectedBucketOwner=self._owner
        )
        return bool(found.get("KeyCount"))

    def delete(self) -> None:
        """Remove the empty bucket."""
        self._client.delete_bucket(Bucket=self.name, ExpectedBucketOwner=self._owner)

    def url_of(self, key: str) -> str:
        """The object's URL in the form that CloudFormation's ``TemplateURL`` accepts."""
        endpoint = str(self._client.meta.endpoint_url)
        if "amazonaws." in endpoint:
            scheme, _, host = endpoint.partition("://")
            return f"{scheme}://{self.name}.{host}/{key}"
        return f"{endpoint}/{self.name}/{key}"

    def _check_removed(self, errors: Sequence[Mapping[str, str]]) -> None:
        if errors:
            key, said = errors[0].get("Key"), errors[0].get("Message") or errors[0].get("Code")
            count = f"{len(errors)} object{'s' if len(errors) > 1 else ''}"
            raise CloudError(f"the bucket {self.name} can't be emptied: {count} left; {key}: {said}")

    def _has(self, key: str, size: int) -> bool:
        from botocore.exceptions import ClientError

        try:
            found = self._client.head_object(Bucket=self.name, Key=key, ExpectedBucketOwner=self._owner)
        except ClientError as error:
            if code_of(error) in _MISSING:
                return False
            raise
        return bool(found["ContentLength"] == size)


def digest_of(content: bytes) -> str:
    """SHA-256 of the content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
