"""Open a code archive in S3 by ranged reads, identify its future code, and check Lambda's limits."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from transform_lambda.contract import ResourceError
from transform_lambda.ports import CodeStore, Pinned, Place
from transform_lambda.staging.source import RemoteSource
from transform_lambda.zip.directory import Directory, read_directory
from transform_lambda.zip.member import read_member
from transform_lambda.zip.members import source_sha256, unpacked_size
from transform_lambda.zip.refused import ZipError
from transform_lambda.zip.source import Source

TAIL = 1 << 20
"""Bytes of the first read, at the archive's end: the end record, and the directory of some 10,000 members."""
UNPACKED_LIMIT = 250 << 20
"""The largest unpacked size of a function's code, in bytes (AWS: "Lambda quotas", deployment package size)."""
COPY_LIMIT = 5 << 30
"""The largest size of one copied part, in bytes (AWS: "Amazon S3 multipart upload limits")."""


class Archive(NamedTuple):
    """An open code archive in S3: the data that is known without reading the whole archive."""

    pinned: Pinned
    source: Source
    directory: Directory
    path: str
    """Path of the env file in the archive."""
    env: bytes | None
    """The env file's content. None if the archive has no env file."""
    source_sha256: str
    """SHA-256 in hex over the directory records of all members except the env file."""


def open_archive(store: CodeStore, place: Place, path: str = ".env") -> Archive:
    """The archive at `place`, pinned to its current state, with its env file. Takes two or three ranged reads.

    Raises:
        ResourceError: the archive cannot be read, cannot be rewritten safely, or is beyond the limits of `zip`.
    """
    pinned, tail = store.read_tail(place, TAIL)
    with naming(place):
        source = RemoteSource(store, pinned, tail)
        directory = read_directory(source)
        env = read_member(source, directory, path)
        return Archive(pinned, source, directory, path, env, source_sha256(directory, path))


def code_identity(archive: Archive, env: bytes) -> str:
    """The identity of the future code: a SHA-256 in hex, known before anything is written, equal for equal code."""
    parts = (archive.source_sha256, archive.path, hashlib.sha256(env).hexdigest())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def key_under(prefix: str, archive: Archive, env: bytes) -> str:
    """The key of a staged object: the prefix and the code's identity, so equal code has an equal key."""
    return f"{prefix}{code_identity(archive, env)}.zip"


def check_limits(archive: Archive, env: bytes) -> None:
    """Return if Lambda accepts the archive with this env file, and S3 can copy it; `ResourceError` otherwise."""
    place, size = archive.pinned.place, archive.pinned.size
    unpacked = unpacked_size(archive.directory) + len(env) - len(archive.env or b"")
    if unpacked > UNPACKED_LIMIT:
        raise ResourceError(
            f"{place}: the unpacked code must have at most {UNPACKED_LIMIT} bytes (250 MiB), got {unpacked}"
        )
    if size > COPY_LIMIT:
        raise ResourceError(f"{place}: the archive must have at most {COPY_LIMIT} bytes (5 GiB), got {size}")


def read_whole(archive: Archive) -> bytes:
    """All bytes of the archive; `ResourceError` if they are not those of the object's MD5."""
    place, _, size, md5 = archive.pinned
    data = archive.source.read(0, size)
    if md5 not in ("", hashlib.md5(data, usedforsecurity=False).hexdigest()):
        raise ResourceError(
            f"cannot read {place}: the MD5 of the received bytes differs from the object's MD5; try again"
        )
    return data


@contextmanager
def naming(place: Place) -> Iterator[None]:
    """Turn a block's `ZipError` into a `ResourceError` that names the archive."""
    try:
        yield
    except ZipError as error:
        raise ResourceError(f"{place}: {error}") from error
