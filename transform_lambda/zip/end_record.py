"""Find the central directory through the end record, and refuse archives in which readers could find another one."""

import struct
from typing import NamedTuple

from transform_lambda.zip.records import WIDE, WIDE_COUNT
from transform_lambda.zip.refused import REPACK, ZipError
from transform_lambda.zip.source import Source

END = struct.Struct("<4s4H2IH")
"""APPNOTE 4.3.16: signature, disk, directory's disk, members here and in total, directory size, offset, comment."""
END64 = struct.Struct("<4sQ2H2I4Q")
"""APPNOTE 4.3.14: signature, size of the rest, made by, version, two disks, two counts, directory size, offset."""
LOCATOR = struct.Struct("<4sIQI")
"""APPNOTE 4.3.15: signature, disk, offset of the zip64 end record, number of disks."""

END_SIGNATURE, END64_SIGNATURE, LOCATOR_SIGNATURE = b"PK\5\6", b"PK\6\6", b"PK\6\7"

REACH = END.size + 0xFFFF
"""Distance from the archive's end at which readers look for the end record: its length plus the longest comment."""

DIRECTORY_LIMIT = 32 << 20
"""The largest directory in bytes, enough for some 300,000 members."""


class EndRecord(NamedTuple):
    """The values that the end records agree on, and the values that a rewrite repeats."""

    total: int
    """Number of members in the directory."""
    start: int
    """Position of the directory, in bytes from the archive's start."""
    size: int
    shift: int
    """Bytes to add to every recorded offset. Not 0 if a prefix was added without correcting the offsets."""
    comment: bytes
    zip64: tuple[int, int] | None
    """Made-by and version of the zip64 end record. None if there is no zip64 end record."""
    left_open: tuple[bool, bool, bool]
    """Whether the plain end record leaves count, size and offset to the zip64 end record."""


def find_end(source: Source) -> EndRecord:
    """The archive's only end record.

    Raises:
        ZipError: there is no end record or a second one, it is damaged, the directory is too large, or the archive is
            part of a split one.
    """
    tail_start = max(0, source.size - REACH - LOCATOR.size - END64.size)
    tail = source.read(tail_start, source.size - tail_start)
    at = _end_position(tail)
    plain = END.unpack_from(tail, at)
    zip64 = _read_zip64(tail, at)
    count, size, offset = _agreed(plain, zip64)
    end = tail_start + at - (LOCATOR.size + END64.size if zip64 else 0)
    start = end - size
    shift = start - offset
    if start < 0 or shift < 0 or (zip64 and end - shift != LOCATOR.unpack_from(tail, at - LOCATOR.size)[2]):
        raise ZipError("directory", f"the end record places the directory where it cannot be; {REPACK}")
    if size > DIRECTORY_LIMIT:
        raise ZipError("too-large", f"the directory has {size} bytes, more than {DIRECTORY_LIMIT}; pack fewer files")
    if shift and source.read(offset, 4) == b"PK\1\2":
        raise ZipError(
            "second-directory",
            f"there is a directory at byte {offset} and one at byte {start}; readers differ; {REPACK}",
        )
    left_open = (plain[4] == WIDE_COUNT, plain[5] == WIDE, plain[6] == WIDE) if zip64 else (False, False, False)
    return EndRecord(
        count, start, size, shift, tail[at + END.size :], (zip64[2], zip64[3]) if zip64 else None, left_open
    )


def build_end(end: EndRecord, count: int, start: int, size: int) -> bytes:
    """The bytes of the end records for a directory of `count` members and `size` bytes at byte `start`.

    Includes a zip64 end record if the archive had one, or if a number needs one (APPNOTE 4.4.1.4).
    """
    values, limits = (count, size, start - end.shift), (WIDE_COUNT, WIDE, WIDE)
    left_open = [was or value >= limit for was, value, limit in zip(end.left_open, values, limits, strict=True)]
    wide = b""
    if end.zip64 or any(left_open):
        made_by, version = end.zip64 or (45, 45)
        wide = END64.pack(END64_SIGNATURE, END64.size - 12, made_by, version, 0, 0, count, *values)
        wide += LOCATOR.pack(LOCATOR_SIGNATURE, 0, start - end.shift + size, 1)
    shown = [limit if is_open else value for is_open, value, limit in zip(left_open, values, limits, strict=True)]
    return wide + END.pack(END_SIGNATURE, 0, 0, shown[0], *shown, len(end.comment)) + end.comment


def _end_position(tail: bytes) -> int:
    places, at = [], tail.find(END_SIGNATURE, max(0, len(tail) - REACH))
    while at >= 0:
        places.append(at)
        at = tail.find(END_SIGNATURE, at + 1)
    ends = {at: at + END.size + int.from_bytes(tail[at + 20 : at + 22], "little") for at in places}
    fitting = [at for at, end in ends.items() if end == len(tail)]
    if not places:
        raise ZipError("not-a-zip", f"this is not a zip archive: it has no end record; {REPACK}")
    if not fitting:
        extra = len(tail) - ends[places[-1]]
        what = f"{extra} bytes follow the end record" if extra > 0 else f"the last {-extra} bytes are missing"
        raise ZipError("not-a-zip", f"{what}; upload the original archive again, or {REPACK}")
    if fitting != places[-1:]:
        raise ZipError("second-end", f"the archive has a second end record in its comment; readers differ; {REPACK}")
    return fitting[0]


def _read_zip64(tail: bytes, end: int) -> tuple[int, ...] | None:
    locator, at = end - LOCATOR.size, end - LOCATOR.size - END64.size
    if locator < 0 or tail[locator : locator + 4] != LOCATOR_SIGNATURE:
        return None
    if at < 0 or tail[at : at + 4] != END64_SIGNATURE or END64.unpack_from(tail, at)[1] != END64.size - 12:
        raise ZipError("directory", f"the zip64 end record is not where its locator is; {REPACK}")
    if LOCATOR.unpack_from(tail, locator)[3] > 1:
        raise _split()
    return END64.unpack_from(tail, at)


def _agreed(plain: tuple[int, ...], zip64: tuple[int, ...] | None) -> tuple[int, int, int]:
    disks, (here, count, size, offset) = plain[1:3], plain[3:7]
    if zip64:
        known = [(*disks, here, count, size, offset), zip64[4:10]]
        opened = (WIDE_COUNT, WIDE_COUNT, WIDE_COUNT, WIDE_COUNT, WIDE, WIDE)
        if any(short not in (long, limit) for short, long, limit in zip(*known, opened, strict=True)):
            raise ZipError("directory", f"the zip64 end record and the plain one disagree; {REPACK}")
        disks, (here, count, size, offset) = zip64[4:6], zip64[6:10]
    if disks != (0, 0) or here != count:
        raise _split()
    return count, size, offset


def _split() -> ZipError:
    return ZipError("split", f"this is one part of a split archive; join the parts with: zip -s 0, or {REPACK}")
