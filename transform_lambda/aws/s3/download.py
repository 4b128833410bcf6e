"""Download ranges of objects, and check the bytes that arrive."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import (
    FlexibleChecksumError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from transform_lambda.aws.client import ATTEMPTS, Client

_NOT_WHOLE = (IncompleteReadError, ReadTimeoutError, ResponseStreamingError, FlexibleChecksumError)
_SPAN = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_MD5 = re.compile(r'"([0-9a-f]{32})"')


def download(client: Client, request: Mapping[str, str]) -> tuple[Mapping[str, Any], bytes]:
    """The response to GetObject, and its bytes. Tries again if the bytes break off or arrive damaged.

    Raises:
        IncompleteReadError: the data is not as long as the response says.
        FlexibleChecksumError: the data is the whole object, and its MD5 differs.
        ClientError: S3 refused the request.
    """
    # boto3 repeats a failed request, but not a request whose response broke off or was damaged.
    for _ in range(ATTEMPTS - 1):
        try:
            return _download_once(client, request)
        except _NOT_WHOLE:
            continue
    return _download_once(client, request)


def size_of(answer: Mapping[str, Any], data: bytes) -> int:
    """The object's size in bytes, from the response and its data."""
    return int(answer.get("ContentRange", f"/{len(data)}").rpartition("/")[2])


def md5_of(answer: Mapping[str, Any]) -> str:
    """The object's MD5 in hex, empty if unknown.

    The ETag is no MD5 if the object was uploaded in parts or encrypted with a KMS key (AWS: API_Object, ETag).
    """
    found = _MD5.fullmatch(answer["ETag"])
    return found[1] if found and answer.get("ServerSideEncryption", "AES256") == "AES256" else ""


def _download_once(client: Client, request: Mapping[str, str]) -> tuple[Mapping[str, Any], bytes]:
    answer = client.get_object(**request)
    data = answer["Body"].read()
    _check(answer, data)
    return answer, data


def _check(answer: Mapping[str, Any], data: bytes) -> None:
    span = _SPAN.match(answer.get("ContentRange", ""))
    if span is None:
        return
    start, end, size = map(int, span.groups())
    if len(data) != end - start + 1:
        raise IncompleteReadError(actual_bytes=len(data), expected_bytes=end - start + 1)
    if len(data) == size and md5_of(answer) not in ("", hashlib.md5(data, usedforsecurity=False).hexdigest()):
        raise FlexibleChecksumError(error_msg="the MD5 of the received bytes differs from the object's MD5")
