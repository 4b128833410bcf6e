"""Read and check the central directory in one pass, without reading the members."""

import struct
from array import array
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from transform_lambda.zip.end_record import EndRecord, find_end
from transform_lambda.zip.extents import Members, find_gaps, usual_slack
from transform_lambda.zip.records import (
    DESCRIBED,
    ENCRYPTED,
    LOCAL,
    PATH_LIMIT,
    RECORD,
    RECORD_SIGNATURE,
    STORED,
    WIDE,
    name_at,
    read_record,
    shown,
    values_at,
)
from transform_lambda.zip.refused import REPACK, ZipError
from transform_lambda.zip.source import Source

_SCAN = struct.Struct("<12s8xIIHHI6xI")
"""Fields of a directory record: head, packed, unpacked, lengths of name and extra, comment length with disk, offset."""
_HEAD = struct.Struct("<I2xHHH")
"""Fields of a directory record's head: signature, version needed, flags, method."""
_NEWEST = 63
"""The newest version of the format, times ten (APPNOTE 4.4.3). Many readers refuse archives with a later version."""
_LOCAL_SIGNATURE, _CHUNK, _MOST_IN_FRONT = b"PK\3\4", 1 << 20, 1000
_NARROW, _FIRST_DISK, _HEADER, _FIXED = 0x7FFFFFFF, 0xFFFF, LOCAL.size, RECORD.size


class Directory(NamedTuple):
    """An archive's directory after all checks. A rewrite is planned from these values."""

    size: int
    """Length of the archive in bytes."""
    end: EndRecord
    records: bytes
    members: Members
    gaps: Sequence[tuple[int, int]]
    """Start and end, in bytes, of each range that belongs to no member. A rewrite omits these ranges."""
    hidden: frozenset[bytes]
    """Names of members in the prefix. No directory lists them, but readers that start at the front find them."""

    @property
    def prefix(self) -> int:
        """Number of bytes before the first member, for example of a self-extracting stub."""
        return self.members.start_of(0)


def read_directory(source: Source) -> Directory:
    """The directory of an archive.

    Reads the last 64 KiB, the directory and the prefix. Also reads the local header of each member that unusual bytes
    follow, in archive order.

    Raises:
        ZipError: readers could understand the archive differently.
    """
    end = find_end(source)
    records = source.read(end.start, end.size)
    if end.total * _SCAN.size > end.size:
        raise _miscounted(end)
    try:
        members, odd = _scan(records, end)
    except struct.error:
        raise _miscounted(end) from None
    if members.start_of(0) >= 4 and source.read(0, 4) == _LOCAL_SIGNATURE:
        raise ZipError("hidden", f"the archive starts with a member that its directory does not name; {REPACK}")
    hidden = list(islice(_names_in_front(source, members.start_of(0)), _MOST_IN_FRONT + 1))
    if len(hidden) > _MOST_IN_FRONT:
        raise ZipError("hidden", f"more than {_MOST_IN_FRONT} unlisted members precede the first one; {REPACK}")
    return Directory(source.size, end, records, members, find_gaps(source, members, odd), frozenset(hidden))


def _scan(records: bytes, end: EndRecord) -> tuple[Members, Sequence[int]]:
    """All members, and the places of the members that unusual bytes follow.

    This loop runs once for each of thousands of members, so its body must be fast.
    """
    starts, positions, odd, wide = array("Q"), array("Q"), array("Q"), array("Q")
    at = floor = described = extended = 0
    unpack, last, is_refused, is_described, is_stored = _SCAN.unpack_from, b"", False, 0, False
    for place in range(end.total):
        head, packed, size, name, extra, rest, offset = unpack(records, at)
        if head != last:
            # Most members have the same head as the member before.
            last, (is_refused, is_described, is_stored) = head, _read_head(head)
        if packed | size | offset > _NARROW or rest > _FIRST_DISK or is_refused or (is_stored and packed != size):
            wide += array("Q", [at] if offset == WIDE else [])
            packed, offset = _look_closer(records, at, end)
        if offset != floor and place and offset - floor not in usual_slack(described, extended):
            odd.append(place - 1)
        starts.append(offset)
        positions.append(at)
        described, extended = is_described, extra
        floor = offset + packed + name + _HEADER
        at += name + extra + rest + _FIXED
    if at != end.size:
        raise _miscounted(end)
    if end.total:
        odd.append(end.total - 1)
    return _in_archive_order(
        Members(records, positions, starts, range(end.total), frozenset(wide), end.start), odd, end
    )


def _in_archive_order(members: Members, odd: Sequence[int], end: EndRecord) -> tuple[Members, Sequence[int]]:
    """The members with their order in the archive, and the places of the odd ones in this order."""
    starts = members.starts
    # If a member starts before its predecessor ends, the predecessor is odd. Odd members alone show the order.
    if any(starts[place] > starts[place + 1] for place in odd[:-1]):
        order = sorted(members.order, key=starts.__getitem__)
        members, odd = members._replace(order=order), array("Q", order)
    if end.shift:
        members = members._replace(starts=array("Q", (start + end.shift for start in starts)))
    return members, odd


@lru_cache(maxsize=64)
def _read_head(head: bytes) -> tuple[bool, int, bool]:
    """Whether the record must be refused, its descriptor flag, and whether its member is stored."""
    signature, version, flags, method = _HEAD.unpack(head)
    is_refused = signature != RECORD_SIGNATURE or version > _NEWEST or bool(flags & ENCRYPTED)
    return is_refused, flags & DESCRIBED, method == STORED


def _names_in_front(source: Source, prefix: int) -> Iterator[bytes]:
    """The possible member name after each local header signature in the prefix, if its length fits a path."""
    for start in range(0, prefix, _CHUNK):
        # Each chunk overlaps the next one by the length of a header and its name.
        data = source.read(start, min(_CHUNK + LOCAL.size + PATH_LIMIT, prefix - start))
        at = data.find(_LOCAL_SIGNATURE)
        while 0 <= at < _CHUNK:
            length = int.from_bytes(data[at + 26 : at + 28], "little")
            if 0 < length <= PATH_LIMIT:
                yield data[at + LOCAL.size : at + LOCAL.size + length]
            at = data.find(_LOCAL_SIGNATURE, at + 4)


def _look_closer(records: bytes, at: int, end: EndRecord) -> tuple[int, int]:
    """Packed size and offset of an unusual member; `ZipError` if the member is not allowed."""
    record = read_record(records, at)
    if record.signature != RECORD_SIGNATURE:
        raise _miscounted(end)
    name = shown(name_at(records, at, record))
    if record.version > _NEWEST:
        needs, known = (f"{version / 10:.1f}" for version in (record.version, _NEWEST))
        raise ZipError("version", f"{name} needs version {needs} of the zip format, which ends at {known}; {REPACK}")
    if record.flags & ENCRYPTED:
        raise ZipError("encrypted", f"{name} is encrypted; {REPACK}, without a password")
    if record.disk:
        raise ZipError("split", f"{name} is on part {record.disk + 1} of a split archive; {REPACK}")
    values = values_at(records, at, record)
    if not record.method and values.packed != values.unpacked:
        sizes = f"{values.packed} bytes packed but {values.unpacked} unpacked"
        raise ZipError("sizes", f"{name} is stored, with {sizes}; {REPACK}")
    if values.offset + end.shift >= end.start:
        place = f"byte {values.offset} according to the directory"
        raise ZipError("overlap", f"{name} starts at {place}, after all members; {REPACK}")
    return values.packed, values.offset


def _miscounted(end: EndRecord) -> ZipError:
    says = f"{end.total} members in {end.size} bytes"
    return ZipError("directory", f"the directory does not match the end record ({says}); {REPACK}")
