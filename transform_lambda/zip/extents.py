"""Find where each member starts and ends, and the dead bytes between members."""

import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from transform_lambda.zip.records import (
    DESCRIBED,
    LOCAL,
    LOCAL_SIGNATURE,
    Record,
    Values,
    name_at,
    read_record,
    shown,
    values_at,
)
from transform_lambda.zip.refused import REPACK, ZipError
from transform_lambda.zip.source import Source

_DESCRIPTOR_SIGNATURE = b"PK\7\x08"
_HIDES_NOTHING = LOCAL.size + len(".env")
_ZIP64_SIZES = 20
"""Bytes of a local header's zip64 extra field with two wide sizes (APPNOTE 4.5.3)."""


class Members(NamedTuple):
    """The members' positions in the directory and in the archive. A member's index is its index in the directory."""

    records: bytes
    positions: Sequence[int]
    """Where each member's record starts in the directory, by index."""
    starts: Sequence[int]
    """Where each member's local header starts in the archive, by index."""
    order: Sequence[int]
    """The indexes in archive order."""
    wide: frozenset[int]
    """The positions of records whose offset is in their zip64 extra field."""
    end: int
    """The limit for the last member's end: the directory's first byte."""

    def start_of(self, place: int) -> int:
        """Where the `place`-th member in archive order starts. After the last member, where the directory starts."""
        return self.starts[self.order[place]] if place < len(self.order) else self.end


@lru_cache(maxsize=64)
def usual_slack(described: int, extra: int) -> frozenset[int]:
    """Usual numbers of bytes that a member has beyond its header, name and packed data, given its directory record.

    These bytes are the local extra field and the descriptor. The extra field is missing, as long as the directory's,
    4 or 8 bytes longer (times of access and creation, which the directory omits), or 20 bytes longer (zip64 sizes,
    written before data of unknown length). A descriptor has 12 to 24 bytes (APPNOTE 4.3.9). Longer sums are left out,
    because they could hide a local header with a name and content. The caller must then read the local header.
    """
    extras = (0, extra, extra + 4, extra + 8) if extra else (0,)
    narrow = {each + descriptor for each in extras for descriptor in ((12, 16, 20, 24) if described else (0,))}
    return frozenset(each for each in narrow | {0 if described else extra + _ZIP64_SIZES} if each <= _HIDES_NOTHING)


def find_gaps(source: Source, members: Members, suspects: Sequence[int]) -> list[tuple[int, int]]:
    """Start and end of each range, after one of the members `suspects` (by place), that belongs to no member.

    Lengths come from the directory. If `usual_slack` does not explain the bytes after a member's packed data, the
    function reads the member's local header. It reads in archive order.

    Raises:
        ZipError: members overlap, or a local header differs from the directory.
    """
    gaps: list[tuple[int, int]] = []
    if members.order and members.start_of(len(members.order) - 1) > members.end:
        raise _overlap(members, len(members.order) - 1)
    for place in suspects:
        start, following = members.start_of(place), members.start_of(place + 1)
        record, values = _record_at(members, place)
        slack = following - (start + LOCAL.size + record.name_length + values.packed)
        if slack < 0:
            raise _overlap(members, place)
        if slack in usual_slack(record.flags & DESCRIBED, record.extra_length):
            continue
        end = _exact_end(source, members, place)
        if end > following:
            raise _overlap(members, place)
        if end < following:
            gaps.append((end, following))
    return gaps


def _record_at(members: Members, place: int) -> tuple[Record, Values]:
    at = members.positions[members.order[place]]
    record = read_record(members.records, at)
    return record, values_at(members.records, at, record)


def _exact_end(source: Source, members: Members, place: int) -> int:
    """Where the member ends, according to its local header and its descriptor."""
    record, values = _record_at(members, place)
    start, following = members.start_of(place), members.start_of(place + 1)
    local = LOCAL.unpack(source.read(start, LOCAL.size)) if following - start >= LOCAL.size else (0,)
    name = shown(name_at(members.records, members.positions[members.order[place]], record))
    if local[0] != LOCAL_SIGNATURE:
        raise ZipError("header", f"{name} has no local header at byte {start}, where the directory says; {REPACK}")
    if local[9] != record.name_length:
        raise ZipError("header", f"{name} has a local header that differs from the directory in name; {REPACK}")
    end: int = start + LOCAL.size + local[9] + local[10] + values.packed
    if not record.flags & DESCRIBED or end >= following:
        return end
    return end + _descriptor_length(source.read(end, min(24, following - end)), record, values)


def _descriptor_length(data: bytes, record: Record, values: Values) -> int:
    """Length of the descriptor at the start of `data`. 0 if none there has the directory's values."""
    for signature in (_DESCRIPTOR_SIGNATURE, b""):
        for sizes in ("QQ", "II"):
            length = len(signature) + 4 + struct.calcsize(f"<{sizes}")
            if len(data) < length or not data.startswith(signature):
                continue
            if struct.unpack_from(f"<I{sizes}", data, len(signature)) == (record.crc, values.packed, values.unpacked):
                return length
    return 0


def _overlap(members: Members, place: int) -> ZipError:
    names = []
    for index in members.order[place : place + 2]:
        at = members.positions[index]
        names.append(shown(name_at(members.records, at, read_record(members.records, at))))
    return ZipError(
        "overlap", f"{' shares bytes with '.join(names)}{'' if names[1:] else ' reaches into the directory'}; {REPACK}"
    )
