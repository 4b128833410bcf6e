"""Prepare a function's code for a call of Lambda, in the call itself or as an object in S3."""

import base64
import hashlib
import time
from collections.abc import Mapping
from typing import NamedTuple

from transform_lambda.contract import Json, ResourceError
from transform_lambda.function.code import INLINE, PASSED_ON, Target, is_by_reference
from transform_lambda.log import log_phase
from transform_lambda.ports import CodeStore, Pinned, Place
from transform_lambda.staging.prepare import Staging

DIRECT_LIMIT = 50 << 20
"""The largest archive to send in a call, in bytes (AWS: "Lambda quotas", deployment package size)."""


class Payload(NamedTuple):
    """Code as Lambda's API takes it, and the key of the object that was staged for the call, empty if none was."""

    code: Mapping[str, Json]
    staged: str = ""
    code_sha256: str = ""
    """The CodeSha256 that Lambda will return, in base64. Empty if the bytes are not in memory."""


def make_payload(store: CodeStore, target: Target) -> Payload:
    """The target's code, ready to send. An object that must stay gets a key that starts with `target.kept`."""
    source = target.source
    passed = {name: source.code[name] for name in PASSED_ON if name in source.code}
    archive, env = source.archive, source.env
    if archive is None:
        return Payload(source.code)
    if env is None and archive.pinned.place is INLINE:
        return _sent(archive.source.read(0, archive.pinned.size), passed)
    if env is None and not source.is_kept and (is_by_reference(source.code) or _can_take(store, archive.pinned)):
        return Payload({**_place(archive.pinned.place), **passed})
    staging = Staging(store, lambda note: log_phase(target.request, "prepare code", time.monotonic(), note))
    if env is None:
        code = staging.prepare_unchanged(archive, source.kept_key(target.kept) if source.is_kept else "")
    else:
        code = staging.prepare(archive, env, target.kept if source.is_kept else "")
    if isinstance(code.archive, bytes):
        return _sent(code.archive, passed)
    return Payload({**_place(code.archive), **passed}, "" if code.way == "reused" else code.archive.key)


def _can_take(store: CodeStore, pinned: Pinned) -> bool:
    """Whether Lambda can read exactly the pinned state: an object version, in a bucket of Lambda's own region."""
    return pinned.place.version is not None and store.can_copy(pinned)


def _sent(data: bytes, passed: Mapping[str, Json]) -> Payload:
    if len(data) > DIRECT_LIMIT:
        raise ResourceError(
            f"Properties.Code: the archive must have at most {DIRECT_LIMIT} bytes (50 MiB) to be sent in a call, got "
            f"{len(data)}; put the code in S3"
        )
    passed = {name: value for name, value in passed.items() if name != "S3ObjectStorageMode"}
    code_sha256 = base64.b64encode(hashlib.sha256(data).digest()).decode("ascii")
    return Payload({"ZipFile": data, **passed}, code_sha256=code_sha256)


def _place(place: Place) -> dict[str, str]:
    version = {"S3ObjectVersion": place.version} if place.version else {}
    return {"S3Bucket": place.bucket, "S3Key": place.key, **version}
