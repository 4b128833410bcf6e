"""Open, check and identify a function's code before any change."""

import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import NamedTuple

from transform_lambda.contract import Json, Request, ResourceError
from transform_lambda.env.file import EnvError, encode_values, merge_env_file
from transform_lambda.function.properties import Wanted
from transform_lambda.ports import CodeStore, Pinned, Place
from transform_lambda.staging.archive import Archive, check_limits, code_identity, key_under, open_archive
from transform_lambda.zip.directory import read_directory
from transform_lambda.zip.members import source_sha256
from transform_lambda.zip.source import BytesSource

KEPT = "kept/"
"""The key prefix of objects that Lambda runs from. They do not expire; the function's Delete removes them."""

INLINE = Place("inline", "code")
"""The place of an archive that the companion builds from Code.ZipFile."""
PASSED_ON = ("S3ObjectStorageMode", "SourceKMSKeyArn")
"""Members of Code that Lambda gets unchanged."""

_BY_REFERENCE = "REFERENCE"
_FILES = {"python": "index.py", "nodejs": "index.js"}
"""Runtimes that accept inline code, with the file's name (AWS: "AWS::Lambda::Function Code")."""
_DATE = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644


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


class Target(NamedTuple):
    """The goal: the request, the function that the request wants, and the function's code."""

    request: Request
    wanted: Wanted
    source: Source
    kept: str
    """The key prefix of the objects that Lambda runs this function from."""


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
    label = "Code.ZipFile" if place is INLINE else label
    source = Source("", label, archive, env, wanted.code)
    return source._replace(identity=_identity(source, archive))


def _open(store: CodeStore, wanted: Wanted) -> Archive:
    code, path = wanted.code, wanted.env_file
    if "ZipFile" not in code:
        with _naming_code():
            return open_archive(store, Place(code["S3Bucket"], code["S3Key"], code.get("S3ObjectVersion")), path)
    source = BytesSource(_zip_inline(code["ZipFile"], wanted.call["Runtime"]))
    directory = read_directory(source)
    return Archive(Pinned(INLINE, "", source.size), source, directory, path, None, source_sha256(directory, path))


def _zip_inline(text: str, runtime: str) -> bytes:
    """An archive of one file, `index` with the runtime's file extension. Equal text gives equal bytes.

    Raises:
        ResourceError: the runtime accepts no inline code.
    """
    name = next((file for head, file in _FILES.items() if runtime.startswith(head)), None)
    if name is None:
        raise ResourceError(
            f"Properties.Code.ZipFile: needs a python or nodejs runtime, got {runtime}; put the code in S3 instead"
        )
    member = zipfile.ZipInfo(name, _DATE)
    member.create_system, member.external_attr, member.compress_type = 3, _MODE << 16, zipfile.ZIP_DEFLATED
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(member, text.encode("utf-8"))
    return target.getvalue()


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
    passed = [str(source.code.get(name, "")) for name in PASSED_ON]
    return _digest(content, own_object, *passed) if any((own_object, *passed)) else content


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
