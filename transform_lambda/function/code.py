"""Open and check a function's code first, and prepare the code for Lambda only when a call needs it."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from transform_lambda.contract import Json, ResourceError
from transform_lambda.env.file import EnvError, encode_values, merge_env_file
from transform_lambda.function.inline_code import zip_inline
from transform_lambda.function.properties import Wanted
from transform_lambda.ports import CodeStore, Pinned, Place
from transform_lambda.staging.remote import (
    Archive,
    Log,
    check_limits,
    code_identity,
    key_under,
    open_archive,
    prepare_code,
    prepare_unchanged,
)
from transform_lambda.zip.directory import read_directory
from transform_lambda.zip.members import source_sha256
from transform_lambda.zip.source import BytesSource

KEPT = "kept/"
"""The key prefix of objects that Lambda runs from. They do not expire; the function's Delete removes them."""

DIRECT_LIMIT = 50 << 20
"""The largest archive to send in a call, in bytes (AWS: "Lambda quotas", deployment package size)."""

_INLINE = Place("inline", "code")
_PASSED_ON = ("S3ObjectStorageMode", "SourceKMSKeyArn")
_BY_REFERENCE = "REFERENCE"


class Source(NamedTuple):
    """Code as the template describes it. Nothing has been written yet."""

    identity: str
    """A SHA-256 in hex. Equal for code that need not be sent again."""
    label: str
    """The code's origin: a place in S3, Code.ZipFile, or an image URI."""
    archive: Archive | None
    """None for a container image."""
    env: bytes | None
    """The env file's future content. None if the archive stays unchanged."""
    code: Mapping[str, Json]

    @property
    def source_sha256(self) -> str | None:
        """The SHA-256 in hex of all members except the env file. None for a container image."""
        return self.archive.source_sha256 if self.archive else None

    @property
    def is_kept(self) -> bool:
        """Whether Lambda runs the code from an object in the staging bucket, which must then stay.

        Only an object version can be run by reference, so changed code and code without a version need such an object.
        """
        if not is_by_reference(self.code) or self.archive is None:
            return False
        return self.env is not None or self.archive.pinned.place.version is None

    def kept_key(self, prefix: str) -> str:
        """The key of the object that Lambda runs the code from: equal for equal code."""
        if self.archive is None or self.env is None:
            return f"{prefix}{self.identity}.zip"
        return key_under(prefix, self.archive, self.env)


class Payload(NamedTuple):
    """Code as Lambda's API takes it, and the key of the object that was staged for the call, empty if none was."""

    code: Mapping[str, Json]
    staged: str = ""
    code_sha256: str = ""
    """The CodeSha256 that Lambda will return, in base64. Empty if the bytes are not in memory."""


def is_by_reference(code: Json) -> bool:
    """Whether Lambda runs the code from the object in S3, without its own copy."""
    return isinstance(code, Mapping) and code.get("S3ObjectStorageMode") == _BY_REFERENCE


def open_code(store: CodeStore, wanted: Wanted) -> Source:
    """The code, read only as far as needed to identify and check the future code.

    Raises:
        ResourceError: the code cannot be read, rewritten or run by Lambda, or some reader of the env file would not get
            a value of `Env`.
    """
    if "ImageUri" in wanted.code:
        uri = wanted.code["ImageUri"]
        return Source(_digest(uri), uri, None, None, wanted.code)
    archive = _open(store, wanted)
    env = _merge(archive, wanted)
    with _naming_code():
        check_limits(archive, archive.env or b"" if env is None else env)
    place = archive.pinned.place
    label = f"{place._replace(version=None)}" + (f"@{place.version}" if place.version else "")
    label = "Code.ZipFile" if place is _INLINE else label
    source = Source("", label, archive, env, wanted.code)
    return source._replace(identity=_identity(source, archive))


def make_payload(store: CodeStore, source: Source, log: Log, kept: str) -> Payload:
    """The code, ready to send. An object that must stay gets a key that starts with `kept`."""
    passed = {name: source.code[name] for name in _PASSED_ON if name in source.code}
    archive, env = source.archive, source.env
    if archive is None:
        return Payload(source.code)
    if env is None and archive.pinned.place is _INLINE:
        return _sent(archive.source.read(0, archive.pinned.size), passed)
    if env is None and not source.is_kept and (is_by_reference(source.code) or _can_take(store, archive.pinned)):
        return Payload({**_place(archive.pinned.place), **passed})
    if env is None:
        code = prepare_unchanged(store, archive, log, source.kept_key(kept) if source.is_kept else "")
    else:
        code = prepare_code(store, archive, env, log, kept if source.is_kept else "")
    if isinstance(code.archive, bytes):
        return _sent(code.archive, passed)
    return Payload({**_place(code.archive), **passed}, "" if code.way == "reused" else code.archive.key)


def _open(store: CodeStore, wanted: Wanted) -> Archive:
    code, path = wanted.code, wanted.env_file
    if "ZipFile" not in code:
        with _naming_code():
            return open_archive(store, Place(code["S3Bucket"], code["S3Key"], code.get("S3ObjectVersion")), path)
    source = BytesSource(zip_inline(code["ZipFile"], wanted.call["Runtime"]))
    directory = read_directory(source)
    return Archive(Pinned(_INLINE, "", source.size), source, directory, path, None, source_sha256(directory, path))


def _can_take(store: CodeStore, pinned: Pinned) -> bool:
    """Whether Lambda can read exactly the pinned state: an object version, in a bucket of Lambda's own region."""
    return pinned.place.version is not None and store.can_copy(pinned)


def _merge(archive: Archive, wanted: Wanted) -> bytes | None:
    try:
        values = encode_values(wanted.env, wanted.encoding)
        return merge_env_file(archive.env or b"", values) if values else None
    except EnvError as error:
        lines = str(error).splitlines()
        raise ResourceError("\n".join(_named(line, archive.pinned.place) for line in lines)) from None


@contextmanager
def _naming_code() -> Iterator[None]:
    try:
        yield
    except ResourceError as error:
        raise ResourceError(f"Properties.Code: {error}") from error


def _named(line: str, place: Place) -> str:
    return f"Properties.{line}" if line.startswith("Env") else f"Properties.Code: {place}: {line}"


def _identity(source: Source, archive: Archive) -> str:
    content = archive.source_sha256 if archive.env is None else code_identity(archive, archive.env)
    content = content if source.env is None else code_identity(archive, source.env)
    # By reference, Lambda must learn about another object. Another KMS key means another encryption.
    own_object = source.label if is_by_reference(source.code) and not source.is_kept else ""
    passed = [str(source.code.get(name, "")) for name in _PASSED_ON]
    return _digest(content, own_object, *passed) if any((own_object, *passed)) else content


def _sent(data: bytes, passed: Mapping[str, Json]) -> Payload:
    if len(data) > DIRECT_LIMIT:
        raise ResourceError(
            f"Properties.Code: the archive has {len(data)} bytes; {DIRECT_LIMIT} can be sent (50 MiB); put it in S3"
        )
    passed = {name: value for name, value in passed.items() if name != "S3ObjectStorageMode"}
    code_sha256 = base64.b64encode(hashlib.sha256(data).digest()).decode("ascii")
    return Payload({"ZipFile": data, **passed}, code_sha256=code_sha256)


def _place(place: Place) -> dict[str, str]:
    version = {"S3ObjectVersion": place.version} if place.version else {}
    return {"S3Bucket": place.bucket, "S3Key": place.key, **version}


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
