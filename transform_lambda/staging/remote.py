"""Read a code archive in S3 by ranges, and stage it with another env file, mostly without downloading it."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, NamedTuple

from transform_lambda.contract import ResourceError
from transform_lambda.ports import CodeStore, CopyError, Pinned, Place
from transform_lambda.staging.parts import Copy, long_runs_first, plan_parts
from transform_lambda.staging.source import RemoteSource
from transform_lambda.zip.directory import Directory, read_directory
from transform_lambda.zip.member import read_member
from transform_lambda.zip.members import source_sha256, unpacked_size
from transform_lambda.zip.plan import Keep, Step, Write, plan_rewrite
from transform_lambda.zip.refused import ZipError
from transform_lambda.zip.source import Source
from transform_lambda.zip.write import rewrite_bytes

STAGED = "staged/"
"""The prefix of staged objects' keys. The installation's bucket expires objects with this prefix."""

TAIL = 1 << 20
"""Bytes of the first read, at the archive's end: the end record, and the directory of some 10,000 members."""
SMALL = 10 << 20
"""Below this size in bytes, an archive is read whole and sent to Lambda in the call, which takes up to 50 MiB."""
UNPACKED_LIMIT = 250 << 20
"""The largest unpacked size of a function's code, in bytes (AWS: "Lambda quotas", deployment package size)."""
COPY_LIMIT = 5 << 30
"""The largest size of one copied part, in bytes (AWS: "Amazon S3 multipart upload limits")."""

_WAYS = {
    "memory": "rewritten in memory",
    "copied": "copied inside S3",
    "streamed": "streamed through, as S3 can't copy it from there",
    "reused": "staged before",
}

_UNCHANGED_WAYS = {**_WAYS, "memory": "sent from memory"}

Log = Callable[[str], None]


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


class Code(NamedTuple):
    """Code that is ready for Lambda: an archive in memory or a staged object, and the way it was made."""

    archive: bytes | Place
    way: Literal["memory", "copied", "streamed", "reused"]
    size: int
    """In bytes."""


def open_archive(store: CodeStore, place: Place, path: str = ".env") -> Archive:
    """The archive at `place`, pinned to its current state, with its env file. Takes two or three ranged reads.

    Raises:
        ResourceError: the archive cannot be read, cannot be rewritten safely, or is beyond the limits of `zip`.
    """
    pinned, tail = store.read_tail(place, TAIL)
    with _speaking_of(place):
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


def prepare_code(store: CodeStore, archive: Archive, env: bytes, log: Log, keep_under: str = "") -> Code:
    """The archive with `env` as its env file, made in the cheapest way. `log` gets a sentence that names the way.

    Below `SMALL` bytes the code is in memory. Otherwise the code is a staged object named by `code_identity`: an
    existing object, a copy inside S3, or an upload in parts of a few MiB if S3 can't copy (another region). With
    `keep_under` the code is always an object whose key starts with `keep_under`. The caller must remove this object.

    Raises:
        ResourceError: as for `open_archive` and `check_limits`, or S3 refuses a request.
    """
    place, size = archive.pinned.place, archive.pinned.size
    with _speaking_of(place):
        check_limits(archive, env)
        if size < SMALL and not keep_under:
            data = rewrite_bytes(_read_whole(archive), {archive.path: env})
            code = Code(data, "memory", len(data))
        else:
            code = _stage(store, archive, env, log, keep_under or STAGED)
    log(f"{place}: code of {size} bytes became {code.size} bytes, {_WAYS[code.way]}")
    return code


def prepare_unchanged(store: CodeStore, archive: Archive, log: Log, keep_at: str = "") -> Code:
    """The unchanged archive in its pinned state, in memory or staged. Later writes to its object do not affect it.

    With `keep_at` the code is always an object with this key. The caller must remove this object.

    Raises:
        ResourceError: the archive cannot be read in its pinned state, or S3 refuses a request.
    """
    place, size = archive.pinned.place, archive.pinned.size
    with _speaking_of(place):
        if size < SMALL and not keep_at:
            code = Code(_read_whole(archive), "memory", size)
        else:
            # The ETag depends only on the content, so the place distinguishes objects of equal ETags.
            named = hashlib.sha256(f"{place}\n{archive.pinned.etag}\n{archive.source_sha256}".encode()).hexdigest()
            metadata = {"source-sha256": archive.source_sha256, "source-etag": archive.pinned.etag}
            key = keep_at or f"{STAGED}{named}.zip"
            code = _put(_Upload(store, archive, key, metadata, [Keep(0, size)], size), log)
    log(f"{place}: code of {size} bytes as it is, {_UNCHANGED_WAYS[code.way]}")
    return code


def check_limits(archive: Archive, env: bytes) -> None:
    """Return if Lambda accepts the archive with this env file, and S3 can copy it; `ResourceError` otherwise."""
    unpacked = unpacked_size(archive.directory) + len(env) - len(archive.env or b"")
    if unpacked > UNPACKED_LIMIT:
        raise ResourceError(
            f"{archive.pinned.place}: the code has {unpacked} bytes unpacked; Lambda allows {UNPACKED_LIMIT} (250 MiB)"
        )
    if archive.pinned.size > COPY_LIMIT:
        raise ResourceError(
            f"{archive.pinned.place}: the archive has {archive.pinned.size} bytes; {COPY_LIMIT} can be copied (5 GiB)"
        )


def _read_whole(archive: Archive) -> bytes:
    place, _, size, md5 = archive.pinned
    data = archive.source.read(0, size)
    if md5 not in ("", hashlib.md5(data, usedforsecurity=False).hexdigest()):
        raise ResourceError(f"cannot read {place}: the bytes that came are not those of the object's MD5; try again")
    return data


def _stage(store: CodeStore, archive: Archive, env: bytes, log: Log, prefix: str) -> Code:
    key = key_under(prefix, archive, env)
    # A prefix, such as a self-extracting stub, must stay first.
    arrange = list if archive.directory.prefix else long_runs_first
    steps = plan_rewrite(archive.directory, {archive.path: env}, arrange)
    size = sum(step.length for step in steps)
    metadata = {"source-sha256": archive.source_sha256, "env-sha256": hashlib.sha256(env).hexdigest()}
    return _put(_Upload(store, archive, key, metadata, steps, size), log)


class _Upload(NamedTuple):
    store: CodeStore
    archive: Archive
    key: str
    metadata: dict[str, str]
    steps: Sequence[Step]
    size: int


def _put(upload: _Upload, log: Log) -> Code:
    store, size = upload.store, upload.size
    staged = store.find_staged(upload.key)
    if staged and (staged.size, dict(staged.metadata)) == (size, upload.metadata):
        return Code(staged.place, "reused", size)
    if store.can_copy(upload.archive.pinned):
        try:
            return Code(_carry_out(upload, log, can_copy=True), "copied", size)
        except CopyError as error:
            log(f"{error}; streaming instead")
    return Code(_carry_out(upload, log, can_copy=False), "streamed", size)


def _carry_out(job: _Upload, log: Log, *, can_copy: bool) -> Place:
    upload = job.store.start_upload(job.key, job.metadata)
    try:
        parts = []
        for number, part in enumerate(plan_parts(job.steps, can_copy=can_copy), 1):
            if isinstance(part, Copy):
                done = job.store.copy_part(upload, number, job.archive.pinned, part.start, part.length)
            else:
                done = job.store.upload_part(upload, number, _content(job.archive.source, part.pieces))
            parts.append(done)
        return job.store.complete_upload(upload, parts, job.size)
    except BaseException:
        try:
            job.store.abort_upload(upload)
        except ResourceError as error:
            log(f"{error}; the bucket's lifecycle rule will drop its parts")
        raise


def _content(source: Source, pieces: Sequence[Step]) -> bytes:
    return b"".join(piece.data if isinstance(piece, Write) else source.read(*piece) for piece in pieces)


@contextmanager
def _speaking_of(place: Place) -> Iterator[None]:
    try:
        yield
    except ZipError as error:
        raise ResourceError(f"{place}: {error}") from error
