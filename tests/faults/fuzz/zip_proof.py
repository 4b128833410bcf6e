"""Rewrite an archive, and verify the result by code that shares nothing with the product; or get a refusal."""

import struct
import zipfile
import zlib
from functools import lru_cache
from io import BytesIO
from typing import NamedTuple

from tests.faults.fuzz.zip_parts import LOCAL, OFFSET, PACKED, locate, wide_value
from tests.support.code_store import MemoryCodeStore
from transform_lambda.contract import ResourceError
from transform_lambda.env.file import EnvError, merge_env_file
from transform_lambda.ports import Place
from transform_lambda.staging.archive import open_archive
from transform_lambda.staging.prepare import Staging
from transform_lambda.staging.source import RemoteSource
from transform_lambda.zip.directory import read_directory
from transform_lambda.zip.member import read_member
from transform_lambda.zip.members import source_sha256
from transform_lambda.zip.refused import CODES, ZipError
from transform_lambda.zip.source import BytesSource
from transform_lambda.zip.write import rewrite_bytes

PLACE = Place("code", "app.zip")
VALUES = {"TABLE": "visits", "NEW": "1"}
USUAL_SLACK = 34
"""The number of bytes between two members that aren't compared: too few for a local header and a name."""
LARGE = 1 << 16
"""The size in bytes from which a member is compared only in its compressed form."""
UNREADABLE = (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, zlib.error, EOFError, RuntimeError)
UNREADABLE += (OverflowError, OSError)


class Verdict(NamedTuple):
    """The rewritten archive and its env file, or the refusal."""

    after: bytes | None
    env: bytes | None
    refusal: str | None


def deploy(data, source=None):
    """Rewrite an archive in memory like the companion: read the env file, merge it, rewrite."""
    source = source or BytesSource(data)
    try:
        directory = read_directory(source)
        before = read_member(source, directory, ".env")
        env = _merged(before or b"")
        return Verdict(rewrite_bytes(data, {".env": env}), env, None)
    except ZipError as error:
        assert error.code in CODES
        return _refusal(error)
    except EnvError as error:
        return _refusal(error)


@lru_cache(maxsize=1000)
def _merged(env):
    return merge_env_file(env, VALUES)


def _refusal(error):
    told = str(error)
    assert told.replace("\n", "").isprintable(), told
    assert len(told) < 400, told
    return Verdict(None, None, told)


def deploy_remotely(data):
    """Rewrite an archive in S3: read by ranges, staged as the parts of an upload."""
    store = MemoryCodeStore({(PLACE.bucket, PLACE.key): data})
    try:
        archive = open_archive(store, PLACE)
        env = _merged(archive.env or b"")
        code = Staging(store, str).prepare(archive, env, "kept/")
        return Verdict(store.objects[code.archive.bucket, code.archive.key], env, None)
    except (ResourceError, EnvError) as error:
        return _refusal(str(error).removeprefix(f"{PLACE}: "))


def agree(data, verdict):
    """Assert that a rewrite in S3 gives the same result, except for Lambda's limits."""
    store = MemoryCodeStore({(PLACE.bucket, PLACE.key): data})
    pinned, tail = store.read_tail(PLACE, 100)
    remote = deploy_remotely(data)
    assert deploy(data, RemoteSource(store, pinned, tail)) == verdict
    assert remote == verdict or "the unpacked code must have at most" in remote.refusal


def prove(before, verdict):
    """Assert that a rewrite is correct, and for one archive in eight also that Python unpacks the same members.

    If Python's reader refuses an archive because of another member (a broken extra field, a name in a wrong encoding),
    it refuses the rewritten archive too.
    """
    after = verdict.after
    _prove_bytes(before, after, verdict.env)
    found = _read(after, ".env")
    assert found == verdict.env or found is _read(before, None) is None
    if zlib.crc32(before) % 8 == 0 and found is not None and _read(before, None) is not None:
        assert _contents(after) == _contents(before)
    assert deploy(after) == verdict
    assert _digest(after) == _digest(before)


def _prove_bytes(before, after, env):
    old, new = take_chunks(before), take_chunks(after)
    assert new.prefix == old.prefix
    assert (new.comment, new.is_wide) == (old.comment, old.is_wide)
    kept, left = ([chunk for chunk in each.chunks if chunk.name != b".env"] for each in (old, new))
    assert [chunk.record for chunk in left] == [chunk.record for chunk in kept]
    for chunk, source in zip(left, kept, strict=True):
        assert source.data.startswith(chunk.data), chunk.name
        assert chunk.at_least <= len(chunk.data) <= chunk.at_most + USUAL_SLACK, chunk.name
    written = [chunk for chunk in new.chunks if chunk.name == b".env"]
    assert [chunk.data[LOCAL.size :] for chunk in written] == [b".env" + env]


class Chunk(NamedTuple):
    """A member's bytes up to the next member, its record without the offset, and its lengths by record and header."""

    name: bytes
    record: bytes
    data: bytes
    at_least: int
    at_most: int


class Chunks(NamedTuple):
    prefix: bytes
    chunks: list
    comment: bytes
    is_wide: bool


def take_chunks(data):
    layout = locate(data)
    chunks = [_chunk(data, layout, each) for each in layout.records]
    return Chunks(layout.prefix, chunks, layout.comment, bool(layout.wide))


def _chunk(data, layout, record):
    start, end = layout.spans[record.member]
    packed, _ = wide_value(record, PACKED)
    name, extra = struct.unpack_from("<HH", data, start + 26)
    at_least, said = LOCAL.size + len(record.name) + packed, LOCAL.size + name + extra + packed
    return Chunk(record.name, _without_offset(record), data[start:end], at_least, max(at_least, said))


def _without_offset(record):
    _, at = wide_value(record, OFFSET)
    extra = record.extra if at is None else record.extra[:at] + record.extra[at + 8 :]
    return (*record.fields[:OFFSET], record.name, extra, record.comment)


def _read(data, name):
    """The content of the member in Python's reader; empty if missing, ``None`` if the reader refuses the archive."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return archive.read(name) if name else b""
    except UNREADABLE:
        return None


def _contents(data):
    """The name and content of each other member in Python's reader."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        infos = [info for info in archive.infolist() if info.orig_filename != ".env"]
        return [(info.orig_filename, _content(archive, info)) for info in infos]


def _content(archive, info):
    if info.file_size > LARGE:
        return info.file_size
    try:
        return archive.read(info)
    except UNREADABLE:
        return None


def _digest(data):
    return source_sha256(read_directory(BytesSource(data)), ".env")


def judge(data):
    """The verified verdict on an archive; for one in eight, also verified in S3."""
    verdict = deploy(data)
    if verdict.refusal is None:
        prove(data, verdict)
    if zlib.crc32(data) % 8 == 1:
        agree(data, verdict)
    return verdict
