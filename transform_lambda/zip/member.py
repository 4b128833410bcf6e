"""Read one small file from an archive, and build the bytes of a new member."""

import stat
import struct
import zlib
from typing import NamedTuple

from transform_lambda.zip.directory import Directory
from transform_lambda.zip.names import Found, check_path, find_file
from transform_lambda.zip.records import (
    DEFLATED,
    DESCRIBED,
    ENCRYPTED,
    LOCAL,
    LOCAL_SIGNATURE,
    RECORD,
    RECORD_SIGNATURE,
    STORED,
    WIDE,
    ZIP64_EXTRA,
    Local,
    Record,
    Values,
    local_sizes,
    name_at,
    shown,
    values_at,
)
from transform_lambda.zip.refused import REPACK, ZipError
from transform_lambda.zip.source import Source

FILE_LIMIT = 1 << 20
"""The largest file, in bytes, that can be read from an archive or added to one."""

_MADE_BY_UNIX, _VERSION, _VERSION_ZIP64 = 3 << 8, 20, 45
_REGULAR_0644, _READABLE = 0o100644 << 16, 0o444 << 16
_1980_01_01 = 1 << 5 | 1
_DEFLATE_OVERHEAD = 1024
"""More bytes than deflate adds to data that it cannot compress: 5 bytes for each 16 KiB and for the end."""


class NewMember(NamedTuple):
    """A stored file: its local header and data, and its directory record without an offset."""

    name: bytes
    packed: bytes
    record: Record
    comment: bytes

    def at(self, offset: int) -> bytes:
        """The bytes of this member's directory record, with `offset` as the member's offset."""
        extra = b"" if offset < WIDE else struct.pack("<HHQ", ZIP64_EXTRA, 8, offset)
        record = self.record._replace(offset=min(offset, WIDE), extra_length=len(extra))
        if extra:
            record = record._replace(version=_VERSION_ZIP64)
        return RECORD.pack(*record) + self.name + extra + self.comment


def read_member(source: Source, directory: Directory, path: str) -> bytes | None:
    """The content of the file at `path`, at most `FILE_LIMIT` bytes. None if the archive has no such file.

    If several members have this name, the content is that of the last one, as for all readers.

    Raises:
        ZipError: the local header differs from the directory, the data does not unpack to the directory's size and
            CRC-32, or the file is too large, is packed by another method, or is no regular file.
    """
    found = find_file(directory, path)
    if not found:
        return None
    member = found[-1]
    name = check_path(path)
    if member.record.method not in (STORED, DEFLATED):
        raise ZipError("method", f"{shown(name)} is packed by method {member.record.method}; {REPACK}")
    values = values_at(directory.records, member.at, member.record)
    packed = _read_packed(source, directory, member, values)
    data = packed if member.record.method == STORED else _inflate(packed, name)
    if len(data) != values.unpacked or zlib.crc32(data) != member.record.crc:
        raise ZipError("data", f"{shown(name)} does not unpack to the size and CRC-32 recorded for it; {REPACK}")
    return data


def new_member(path: str, data: bytes, records: bytes = b"", old: Found | None = None) -> NewMember:
    """The file as a new member, stored without compression, so its bytes do not depend on the zlib version.

    Mode, date and comment are those of `old`, a member of the directory `records`. Without `old`, the mode is 0644 and
    the date 1980-01-01. All users get read permission, because Lambda runs the code as another user than the owner.

    Raises:
        ZipError: the path is not allowed, or the data exceeds `FILE_LIMIT`.
    """
    name = check_path(path)
    if len(data) > FILE_LIMIT:
        raise ZipError("too-large", f"{shown(name)} must have at most {FILE_LIMIT} bytes, got {len(data)}")
    crc, size = zlib.crc32(data), len(data)
    before = old.record if old else Record(*[0] * len(Record._fields))._replace(date=_1980_01_01)
    comment = records[old.end - old.record.comment_length : old.end] if old else b""
    if not stat.S_IFMT(before.external >> 16):
        before = before._replace(made_by=_MADE_BY_UNIX, external=_REGULAR_0644)
    before = before._replace(external=before.external | _READABLE)
    made_by, time, date = before.made_by & 0xFF00 | _VERSION, before.time, before.date
    local = LOCAL.pack(LOCAL_SIGNATURE, _VERSION, 0, STORED, time, date, crc, size, size, len(name), 0)
    record = Record(
        *(RECORD_SIGNATURE, made_by, _VERSION, 0, STORED, time, date, crc, size, size),
        *(len(name), 0, len(comment), 0, 0, before.external, 0),
    )
    return NewMember(name, local + name + data, record, comment)


def _read_packed(source: Source, directory: Directory, member: Found, values: Values) -> bytes:
    """The packed data; `ZipError` if the local header differs from the directory (APPNOTE 4.3.7)."""
    record, members = member.record, directory.members
    name = name_at(directory.records, member.at, record)
    if values.unpacked > FILE_LIMIT or values.packed > FILE_LIMIT + _DEFLATE_OVERHEAD:
        raise ZipError("too-large", f"{shown(name)} must have at most {FILE_LIMIT} bytes, got {values.unpacked}")
    start = members.starts[member.number]
    room = members.start_of(members.order.index(member.number) + 1) - start
    local = Local(*LOCAL.unpack(source.read(start, LOCAL.size)))
    body = LOCAL.size + local.name_length + local.extra_length
    if local.signature != LOCAL_SIGNATURE or body + values.packed > room:
        raise _mismatch(name, "place")
    rest = source.read(start + LOCAL.size, body - LOCAL.size + values.packed)
    if rest[: local.name_length] != name:
        raise _mismatch(name, "name")
    if local.method != record.method or (local.flags ^ record.flags) & (ENCRYPTED | DESCRIBED):
        raise _mismatch(name, "method or flags")
    said = (local.crc, *local_sizes(local, rest[local.name_length : body - LOCAL.size]))
    known = (record.crc, values.packed, values.unpacked)
    allowed_zero = record.flags & DESCRIBED
    if any(one != other and not (allowed_zero and one == 0) for one, other in zip(said, known, strict=True)):
        raise _mismatch(name, "sizes or CRC-32")
    return rest[body - LOCAL.size :]


def _inflate(packed: bytes, name: bytes) -> bytes:
    # Do not trust the header's size: a few bytes can inflate to gigabytes.
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = engine.decompress(packed, FILE_LIMIT + 1)
    except zlib.error:
        raise ZipError("data", f"{shown(name)} cannot be inflated; {REPACK}") from None
    if len(data) > FILE_LIMIT:
        raise ZipError("too-large", f"{shown(name)} must have at most {FILE_LIMIT} bytes, but inflates to more")
    if not engine.eof or engine.unused_data:
        raise ZipError("data", f"{shown(name)} does not end where its packed data ends; {REPACK}")
    return data


def _mismatch(name: bytes, what: str) -> ZipError:
    return ZipError("header", f"{shown(name)} has a local header that differs from the directory in {what}; {REPACK}")
