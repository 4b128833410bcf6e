"""Read the fixed parts of a zip file (APPNOTE 4.3) and the extra fields that this package needs."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from transform_lambda.zip.refused import REPACK, ZipError

Bytes = bytes | bytearray
"""A directory as read, or the copy that a plan changes."""

LOCAL_SIGNATURE = 0x04034B50
RECORD_SIGNATURE = 0x02014B50

LOCAL = struct.Struct("<I5H3I2H")
"""A local header (APPNOTE 4.3.7), with the fields of `Local`."""
RECORD = struct.Struct("<I6H3I5H2I")
"""A directory record (APPNOTE 4.3.12), with the fields of `Record`."""
OFFSET_AT = 42
"""Position of the member's offset in a directory record, in bytes."""

ENCRYPTED = 0x0001 | 0x0040 | 0x2000
"""Flags of APPNOTE 4.4.4: encrypted, strongly encrypted, local header masked."""
DESCRIBED = 0x0008
"""Flag of APPNOTE 4.4.4: CRC-32 and sizes follow the data in a descriptor (4.3.9)."""
STORED, DEFLATED = 0, 8

WIDE = 0xFFFFFFFF
"""In a 32-bit field: the zip64 extra field has the value (APPNOTE 4.5.3)."""
WIDE_COUNT = 0xFFFF
"""The same in a 16-bit field."""
PATH_LIMIT = 255
"""Bytes of the longest path for a file to read or replace."""
ZIP64_EXTRA, UNICODE_PATH_EXTRA = 0x0001, 0x7075


class Local(NamedTuple):
    """One local header, unchanged."""

    signature: int
    version: int
    flags: int
    method: int
    time: int
    date: int
    crc: int
    packed: int
    unpacked: int
    name_length: int
    extra_length: int


class Record(NamedTuple):
    """One directory record, unchanged. Values that are too wide for the record are in its zip64 extra field."""

    signature: int
    made_by: int
    version: int
    flags: int
    method: int
    time: int
    date: int
    crc: int
    packed: int
    unpacked: int
    name_length: int
    extra_length: int
    comment_length: int
    disk: int
    internal: int
    external: int
    offset: int


class Values(NamedTuple):
    """A record's full sizes and offset, and the position of a wide offset in the directory (0: not wide)."""

    packed: int
    unpacked: int
    offset: int
    wide_offset_at: int


def read_record(records: Bytes, at: int) -> Record:
    """The record at `at`. The caller ensures that the record lies inside the directory."""
    return Record._make(RECORD.unpack_from(records, at))


def name_at(records: Bytes, at: int, record: Record) -> bytes:
    """The name's bytes, in any encoding."""
    return bytes(records[at + RECORD.size : at + RECORD.size + record.name_length])


def extra_at(records: Bytes, at: int, record: Record) -> Iterator[tuple[int, int, bytes]]:
    """Each extra field of the record at `at`: its ID, the position of its data, and its data (APPNOTE 4.5.1)."""
    start = at + RECORD.size + record.name_length
    return _fields(records, start, start + record.extra_length)


def values_at(records: Bytes, at: int, record: Record) -> Values:
    """Full sizes and offset; `ZipError` (directory) if the zip64 extra field of a wide value is missing or short."""
    wanted = [field for field in ("unpacked", "packed", "offset") if getattr(record, field) == WIDE]
    values = {"packed": record.packed, "unpacked": record.unpacked, "offset": record.offset}
    if not wanted:
        return Values(**values, wide_offset_at=0)
    place, data = next(
        ((place, data) for kind, place, data in extra_at(records, at, record) if kind == ZIP64_EXTRA), (0, b"")
    )
    if len(data) < 8 * len(wanted):
        raise ZipError("directory", f"{shown(name_at(records, at, record))} has no zip64 sizes; {REPACK}")
    values |= zip(wanted, struct.unpack_from(f"<{len(wanted)}Q", data), strict=True)
    return Values(**values, wide_offset_at=place + 8 * (len(wanted) - 1) if record.offset == WIDE else 0)


def local_sizes(local: Local, extra: bytes) -> tuple[int, int]:
    """Packed and unpacked size of a local header. Wide sizes come from its zip64 field, with both (APPNOTE 4.5.3)."""
    if WIDE in (local.packed, local.unpacked):
        for kind, _, data in _fields(extra, 0, len(extra)):
            if kind == ZIP64_EXTRA and len(data) >= 16:
                unpacked, packed = struct.unpack_from("<QQ", data)
                return packed, unpacked
    return local.packed, local.unpacked


def shown(name: bytes) -> str:
    """A member's name for a message: quoted, with control characters escaped, at most 100 characters."""
    text = repr(name.decode("utf-8", "backslashreplace"))
    return text if len(text) <= 100 else f"{text[:96]}...'"


def _fields(data: Bytes, at: int, end: int) -> Iterator[tuple[int, int, bytes]]:
    while at + 4 <= end:
        kind, length = struct.unpack_from("<HH", data, at)
        at += 4
        if at + length <= end:
            yield kind, at, bytes(data[at : at + length])
        at += length
