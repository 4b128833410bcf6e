"""Write zip archives in which any field can be wrong, and read all bytes of any archive."""

import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import NamedTuple

NOW = (0x7A51, 0x5B76)


@dataclass(frozen=True)
class Entry:
    """A member. ``local`` and ``record`` replace fields of its local header and directory record, by index in ``struct``."""

    name: bytes
    data: bytes = b"x"
    deflated: bool = False
    flags: int = 0
    mode: int = 0o100644
    made_by: int = 0x0314
    extra: bytes = b""
    local_extra: bytes = b""
    comment: bytes = b""
    descriptor: str = ""
    """The data descriptor: the struct code of its sizes, after an "s" if it has a signature: "I", "sI", "Q", "sQ"."""
    gap: bytes = b""
    local: Mapping[int, int] = field(default_factory=dict)
    record: Mapping[int, int] = field(default_factory=dict)

    def packed(self) -> bytes:
        if not self.deflated:
            return self.data
        engine = zlib.compressobj(9, zlib.DEFLATED, -15)
        return engine.compress(self.data) + engine.flush()


def make_archive(
    *entries: Entry,
    prefix: bytes = b"",
    is_adjusted: bool = True,
    comment: bytes = b"",
    zip64: bool = False,
    end: Mapping[int, int] | None = None,
    order: Sequence[int] | None = None,
) -> bytes:
    """An archive. ``order`` is the order of the central directory; ``end`` replaces fields of the end record."""
    body, records = bytearray(prefix), []
    for entry in entries:
        offset = len(body) - (0 if is_adjusted else len(prefix))
        local, record = _parts(entry, offset, zip64)
        body += local
        records.append(record)
    directory = b"".join(records[i] for i in (order or range(len(records))))
    start = len(body) - (0 if is_adjusted else len(prefix))
    count = len(entries)
    fields = [0, 0, count, count, len(directory), start, len(comment)]
    wide = b""
    if zip64:
        wide = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(directory), start)
        wide += struct.pack("<4sIQI", b"PK\6\7", 0, start + len(directory), 1)
        fields[2:6] = [0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF]
    for index, value in (end or {}).items():
        fields[index] = value
    return bytes(body) + directory + wide + struct.pack("<4s4H2IH", b"PK\5\6", *fields) + comment


def _parts(entry: Entry, offset: int, zip64: bool) -> tuple[bytes, bytes]:
    packed, crc = entry.packed(), zlib.crc32(entry.data)
    method, flags = 8 if entry.deflated else 0, entry.flags | (8 if entry.descriptor else 0)
    sizes = (crc, len(packed), len(entry.data))
    extra, local_extra = entry.extra, entry.local_extra
    recorded = sizes
    if zip64:
        extra = struct.pack("<HHQQQ", 1, 24, len(entry.data), len(packed), offset) + extra
        recorded, offset = (crc, 0xFFFFFFFF, 0xFFFFFFFF), 0xFFFFFFFF
    known = (0, 0, 0) if entry.descriptor else sizes
    local = [0x04034B50, 20, flags, method, *NOW, *known, len(entry.name), len(local_extra)]
    record = [0x02014B50, entry.made_by, 20, flags, method, *NOW, *recorded]
    record += [len(entry.name), len(extra), len(entry.comment), 0, 0, entry.mode << 16, offset]
    for index, value in entry.local.items():
        local[index] = value
    for index, value in entry.record.items():
        record[index] = value
    tail = b""
    if entry.descriptor:
        width = entry.descriptor[-1]
        tail = b"PK\7\x08" if entry.descriptor[0] == "s" else b""
        tail += struct.pack(f"<I{width}{width}", *sizes)
    head = struct.pack("<I5H3I2H", *local) + entry.name + local_extra
    listed = struct.pack("<I6H3I5H2I", *record) + entry.name + extra + entry.comment
    return head + packed + tail + entry.gap, listed


class Part(NamedTuple):
    """A member: all its bytes, and its directory record without the offset."""

    name: bytes
    body: bytes
    record: bytes


class Parts(NamedTuple):
    """The parts of an archive, read by code that shares nothing with the product."""

    prefix: bytes
    parts: list[Part]
    """In the order of the central directory."""
    dead: int
    """The number of bytes that belong to no part."""
    comment: bytes


def take_apart(data: bytes) -> Parts:
    """The parts of an archive. Lengths come from the local headers and the data descriptors."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        infos, at, comment = archive.infolist(), archive.start_dir, archive.comment
    parts, extents, start_dir = [], [], at
    for info in infos:
        name, extra, remark = struct.unpack_from("<HHH", data, at + 28)
        record = data[at : at + 46 + name + extra + remark]
        at += len(record)
        end = _end_of_body(data, info)
        extents.append((info.header_offset, end))
        parts.append(Part(record[46 : 46 + name], data[info.header_offset : end], _without_offset(record, name)))
    extents.sort()
    covered = sum(end - start for start, end in extents)
    first = extents[0][0] if extents else start_dir
    return Parts(data[:first], parts, start_dir - first - covered, comment)


def _end_of_body(data: bytes, info: zipfile.ZipInfo) -> int:
    name, extra = struct.unpack_from("<HH", data, info.header_offset + 26)
    end = info.header_offset + 30 + name + extra + info.compress_size
    if not info.flag_bits & 8:
        return end
    signed = 4 if data[end : end + 4] == b"PK\7\x08" else 0
    wide = struct.unpack_from("<QQ", data, end + signed + 4) == (info.compress_size, info.file_size)
    return end + signed + (20 if wide else 12)


def _without_offset(record: bytes, name: int) -> bytes:
    if record[42:46] != b"\xff\xff\xff\xff":
        return record[:42] + record[46:]
    at = 46 + name
    while struct.unpack_from("<H", record, at)[0] != 1:
        at += 4 + struct.unpack_from("<H", record, at + 2)[0]
    wide = sum(record[place : place + 4] == b"\xff\xff\xff\xff" for place in (20, 24))
    return record[: at + 4 + 8 * wide] + record[at + 12 + 8 * wide :]


def check_rewrite(before: bytes, after: bytes, path: str, content: bytes, most_dead: int = 0) -> None:
    """Assert that a rewrite changed only the file at ``path``, and left at most ``most_dead`` unused bytes."""
    name, old, new = path.encode(), take_apart(before), take_apart(after)
    assert [part for part in new.parts if part.name != name] == [part for part in old.parts if part.name != name]
    assert [part.name for part in new.parts].count(name) == 1
    assert (new.prefix, new.comment) == (old.prefix, old.comment)
    assert 0 <= new.dead <= most_dead
    with zipfile.ZipFile(BytesIO(after)) as archive:
        assert archive.read(path) == content
