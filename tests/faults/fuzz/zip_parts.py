"""Split a zip archive into parts, and build an archive from changed parts, with correct offsets."""

import struct
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

LOCAL, RECORD = struct.Struct("<I5H3I2H"), struct.Struct("<I6H3I5H2I")
END, END64, LOCATOR = struct.Struct("<I4H2IH"), struct.Struct("<IQ2H2I4Q"), struct.Struct("<IIQI")
PACKED, UNPACKED, NAME_LENGTH, OFFSET = 8, 9, 10, 16
"""Fields of a directory record, by their index in ``RECORD``."""
WIDE = 0xFFFFFFFF
WIDTHS = {
    LOCAL: (4, 2, 2, 2, 2, 2, 4, 4, 4, 2, 2),
    RECORD: (4, 2, 2, 2, 2, 2, 2, 4, 4, 4, 2, 2, 2, 2, 2, 4, 4),
    END: (4, 2, 2, 2, 2, 4, 4, 2),
    END64: (4, 8, 2, 2, 4, 4, 8, 8, 8, 8),
    LOCATOR: (4, 4, 8, 4),
}
"""The number of bytes of each field."""


@dataclass
class Member:
    """A local header, and all bytes up to the next one: compressed data, data descriptor, unused bytes."""

    fields: list
    name: bytes
    extra: bytes
    body: bytes

    def copy(self):
        return Member(list(self.fields), self.name, self.extra, self.body)

    def build(self):
        return LOCAL.pack(*self.fields[:9], len(self.name), len(self.extra)) + self.name + self.extra + self.body


@dataclass
class Record:
    """A directory record, and the index of its member in the order of the archive."""

    fields: list
    name: bytes
    extra: bytes
    comment: bytes
    member: int

    def copy(self):
        return Record(list(self.fields), self.name, self.extra, self.comment, self.member)

    def build(self, offset):
        lengths = (len(self.name), len(self.extra), len(self.comment))
        extra = self.extra
        if self.fields[OFFSET] == WIDE and extra[:2] == b"\1\0":
            wide = 4 + 8 * (self.fields[PACKED : UNPACKED + 1].count(WIDE))
            extra = extra[:wide] + offset.to_bytes(8, "little") + extra[wide + 8 :]
            offset = WIDE
        return RECORD.pack(*self.fields[:10], *lengths, *self.fields[13:16], offset) + self.name + extra + self.comment


@dataclass
class Parts:
    """The parts. ``lies`` replace computed values, by ("end" | "end64" | "locator" | "local" | "record", number), by field."""

    prefix: bytes
    members: list
    records: list
    end: tuple
    comment: bytes
    shift: int = 0
    wide: tuple | None = None
    lies: dict = field(default_factory=dict)

    def build(self):
        """The archive. All counts, sizes and offsets are correct, except for ``lies``."""
        body, starts = bytearray(self.prefix), []
        for number, member in enumerate(self.members):
            starts.append(len(body) - self.shift)
            body += self._build("local", number, member.build(), LOCAL)
        starts.append(len(body) - self.shift)
        directory = b"".join(
            self._build("record", number, record.build(max(0, starts[min(record.member, len(starts) - 1)])), RECORD)
            for number, record in enumerate(self.records)
        )
        return bytes(body) + directory + self._end(len(directory), max(0, starts[-1]))

    def _end(self, size, start):
        count, wide = len(self.records), b""
        values = [0, 0, min(count, 0xFFFF), min(count, 0xFFFF), size, min(start, WIDE)]
        if self.wide:
            made = END64.pack(0x06064B50, 44, *self.wide, 0, 0, count, count, size, start)
            wide = self._build("end64", 0, made, END64)
            wide += self._build("locator", 0, LOCATOR.pack(0x07064B50, 0, start + size, 1), LOCATOR)
            values[2:6] = self.end[3:7]
        end = END.pack(0x06054B50, *values, min(len(self.comment), 0xFFFF))
        return wide + self._build("end", 0, end, END) + self.comment

    def _build(self, what, number, data, form):
        lies = self.lies.get((what, number))
        if not lies:
            return data
        fields = list(form.unpack_from(data))
        for place, value in lies.items():
            fields[place] = value & (1 << 8 * WIDTHS[form][place]) - 1
        return form.pack(*fields) + data[form.size :]


class Layout(NamedTuple):
    """The positions in an archive with a valid end record, count and offsets."""

    prefix: bytes
    records: list
    spans: list
    """The start and end of each member, with the bytes behind it, in the order of the archive."""
    end: tuple
    comment: bytes
    shift: int
    wide: tuple | None


def take(data):
    """The parts of an archive; ``None`` if its end record, count, offsets or local headers are invalid."""
    try:
        layout = locate(data)
        members = [_member(data, *span) for span in layout.spans]
    except (struct.error, ValueError, OverflowError):
        return None
    return Parts(layout.prefix, members, *layout[1:2], *layout[3:])


def locate(data):
    """The layout, read only from the directory.

    Raises:
        ValueError, struct.error: the directory is invalid.
    """
    at = data.rindex(b"PK\5\6")
    end = END.unpack_from(data, at)
    count, size, start = end[4:7]
    stop, wide = at, None
    if at >= 76 and data[at - 20 : at - 16] == b"PK\6\7" and data[at - 76 : at - 72] == b"PK\6\6":
        fields = END64.unpack_from(data, at - 76)
        wide, stop, (count, size, start) = fields[2:4], at - 76, fields[7:10]
    shift = stop - size - start
    if shift < 0 or size > len(data) or count > 1000:
        raise ValueError("no directory where the end record says")
    records = _records(data, stop - size, count)
    starts = [record.member for record in records]
    order = sorted(set(starts))
    for record in records:
        record.member = order.index(record.member)
    begins = [each + shift for each in order]
    spans = [*pairwise(begins), *((each, stop - size) for each in begins[-1:])]
    prefix = data[: min([*begins, stop - size])]
    return Layout(prefix, records, spans, end, data[at + END.size :], shift, wide)


def wide_value(record, place):
    """The full value of a field, and its position in the record's extra field (``None``: it is in the record itself)."""
    if record.fields[place] != WIDE:
        return record.fields[place], None
    at = 0
    while struct.unpack_from("<H", record.extra, at)[0] != 1:
        at += 4 + struct.unpack_from("<H", record.extra, at + 2)[0]
    before = [each for each in (UNPACKED, PACKED, OFFSET) if record.fields[each] == WIDE].index(place)
    return struct.unpack_from("<Q", record.extra, at + 4 + 8 * before)[0], at + 4 + 8 * before


def _records(data, at, count):
    """The records, with the recorded offset in place of a member's index."""
    records = []
    for _ in range(count):
        fields = list(RECORD.unpack_from(data, at))
        name, extra, comment = fields[10:13]
        at += RECORD.size
        pieces = data[at : at + name], data[at + name : at + name + extra], data[at + name + extra :][:comment]
        records.append(Record(fields, *pieces, 0))
        records[-1].member = wide_value(records[-1], OFFSET)[0]
        at += name + extra + comment
    return records


def _member(data, start, end):
    fields = list(LOCAL.unpack_from(data, start))
    name = start + LOCAL.size + fields[9]
    extra = name + fields[10]
    if extra > end:
        raise ValueError("a local header that runs over")
    return Member(fields, data[start + LOCAL.size : name], data[name:extra], data[extra:end])
