"""Random faults in zip archives, in their fields and bytes. Zip readers treat many of these faults differently."""

import struct
import zlib

from tests.faults.fuzz.zip_parts import END, END64, LOCAL, LOCATOR, RECORD, WIDE, WIDTHS, take

NUMBERS = (0, 1, 2, 4, 8, 20, 45, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFE, 0xFFFF, 0x10000, 0x100001, 0x7FFFFFFF, 0x80000000)
NUMBERS += (0xFFFFFFFE, WIDE, 1 << 32, (1 << 63) - 1, (1 << 64) - 1)
NAMES = (
    b".env",
    b"./.env",
    b"/.env",
    b"a/../.env",
    b".\\.env",
    b"..\\.env",
    b".env/",
    b".env\0.txt",
    b".ENV",
    b".env ",
)
NAMES += (b".env/x", b"", b"\0", b"\xff\xfe", "é.py".encode(), b"a" * 300, b"C:.env", b"index.py", b"lib/", b".envrc")
SIGNATURES = (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\6\6", b"PK\6\7", b"PK\7\x08", b".env", b"\0" * 22)
MODES = (0, 0o100644, 0o100600, 0o100755, 0o120777, 0o040755, 0o020644, 0o010644)


def _deflated(size):
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return engine.compress(bytes(size)) + engine.flush()


BOMBS = [(_deflated(size), size) for size in ((1 << 20) + 1, 1 << 22)]
EXTRAS = (
    struct.pack("<HHBI4s", 0x7075, 9, 1, zlib.crc32(b".env"), b".env"),
    struct.pack("<HHBI6s", 0x7075, 11, 1, 0, b"./.env"),
    struct.pack("<HHQQQ", 1, 24, 5, 5, 0),
    struct.pack("<HHQ", 1, 8, WIDE),
    struct.pack("<HH", 1, 0xFFFF),
    struct.pack("<HHBI", 0x5455, 5, 1, 2),
    b"\1",
    b"\xfe\xca\0\0" * 9,
)


def mutate(data, chance):
    """The archive with one to five faults. An archive without readable parts gets faults only in its bytes."""
    parts = take(data) if chance.random() < 0.85 else None
    if parts:
        for _ in range(chance.choice((1, 1, 2, 3))):
            chance.choice(IN_PARTS)(parts, chance)
        data = parts.build()
        if chance.random() < 0.75:
            return data
    data = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        chance.choice(IN_BYTES)(data, chance)
    return bytes(data)


def _set_field(parts, chance):
    """Set one field to another value."""
    what, form, count = chance.choice(
        (
            ("local", LOCAL, len(parts.members)),
            ("record", RECORD, len(parts.records)),
            ("end", END, 1),
            *((("end64", END64, 1), ("locator", LOCATOR, 1)) if parts.wide else ()),
        )
    )
    if count:
        place = chance.randrange(len(WIDTHS[form]))
        parts.lies.setdefault((what, chance.randrange(count)), {})[place] = _number(parts, chance)


def _number(parts, chance):
    kind = chance.randrange(4)
    if kind == 0 and parts.members:
        return len(chance.choice(parts.members).body) + chance.choice((-1, 0, 1))
    if kind == 1:
        return len(parts.prefix) + chance.randrange(1200)
    return chance.choice(NUMBERS) + chance.choice((-1, 0, 0, 0, 1))


def _set_both_fields(parts, chance):
    """Set a field of a local header and of its record to the same wrong value."""
    if parts.records:
        record = chance.choice(parts.records)
        local = chance.randrange(1, 9)
        value = _number(parts, chance) & (1 << 8 * WIDTHS[LOCAL][local]) - 1
        record.fields[local + 1] = value
        if record.member < len(parts.members):
            parts.members[record.member].fields[local] = value


def _rename(parts, chance):
    if parts.records:
        record, name = chance.choice(parts.records), chance.choice(NAMES)
        where = chance.randrange(4)
        if where != 1:
            record.name = name
        if where != 2 and record.member < len(parts.members):
            parts.members[record.member].name = name


def _add_extra(parts, chance):
    if parts.records:
        record, extra = chance.choice(parts.records), chance.choice(EXTRAS)
        where = chance.randrange(3)
        if where != 1:
            record.extra = chance.choice((extra + record.extra, record.extra + extra, b""))
        if where != 2 and record.member < len(parts.members):
            parts.members[record.member].extra += extra


def _change_mode(parts, chance):
    if parts.records:
        chance.choice(parts.records).fields[15] = chance.choice(MODES) << 16 | chance.choice((0, 0x10))


def _change_body(parts, chance):
    if not parts.members:
        return
    member = chance.choice(parts.members)
    at = chance.randrange(len(member.body) + 1)
    kind = chance.randrange(4)
    if kind == 0:
        member.body = member.body[:at]
    elif kind == 1:
        member.body += chance.choice((b"?", b"dead bytes that nobody names", *SIGNATURES)) * chance.choice((1, 3))
    elif kind == 2:
        member.body = member.body[:at] + chance.randbytes(chance.randrange(1, 9)) + member.body[at:]
    else:
        member.body = chance.choice(parts.members).body


def _plant_a_bomb(parts, chance):
    if parts.records:
        record = chance.choice(parts.records)
        packed, size = chance.choice(BOMBS)
        said = chance.choice((size, 5, 0, 1 << 20))
        record.fields[3:5], record.fields[7:10] = [chance.choice((0, 8)), 8], [0, len(packed), said]
        if record.member < len(parts.members):
            member = parts.members[record.member]
            member.fields[2:4], member.fields[6:9], member.body = [0, 8], [0, len(packed), said], packed


def _widen(parts, chance):
    """Move the sizes or the offset of a record to a zip64 field, with right or wrong values."""
    if parts.records:
        record = chance.choice(parts.records)
        packed, size = record.fields[8:10]
        record.fields[8:10], record.fields[16] = [WIDE, WIDE], chance.choice((WIDE, record.fields[16]))
        record.extra = struct.pack("<HHQQQ", 1, 24, size, packed, 0) + record.extra


def _copy_record(parts, chance):
    if parts.records:
        parts.records.insert(chance.randrange(len(parts.records) + 1), chance.choice(parts.records).copy())


def _copy_member(parts, chance):
    if parts.records and parts.members:
        record = chance.choice(parts.records).copy()
        parts.members.append(chance.choice(parts.members).copy())
        record.member = len(parts.members) - 1
        parts.records.insert(chance.randrange(len(parts.records) + 1), record)


def _drop_record(parts, chance):
    if parts.records:
        del parts.records[chance.randrange(len(parts.records))]


def _swap_records(parts, chance):
    chance.shuffle(parts.records)


def _move_record(parts, chance):
    """Point a record to another member."""
    if parts.records:
        chance.choice(parts.records).member = chance.randrange(len(parts.members) + 1)


def _change_prefix(parts, chance):
    part = parts.members[0].build() if parts.members else b"PK"
    parts.prefix = chance.choice((b"#!stub\n", b"", part, parts.prefix + part, b"MZ" + bytes(40) + part))
    parts.shift = chance.choice((0, 0, len(parts.prefix), 1))


def _change_comment(parts, chance):
    added = chance.choice((b"remark", b"", *SIGNATURES, END.pack(0x06054B50, 0, 0, 0, 0, 0, 0, 0)))
    if parts.records and chance.random() < 0.5:
        chance.choice(parts.records).comment = added
    else:
        parts.comment = added


def _toggle_zip64(parts, chance):
    parts.wide = None if parts.wide else (45, 45)
    places = [0, 0, 0, 0xFFFF, 0xFFFF, WIDE, WIDE, 0]
    if chance.random() < 0.5:
        parts.end = places


IN_PARTS = (
    *(
        _set_field,
        _set_field,
        _set_field,
        _set_both_fields,
        _set_both_fields,
        _rename,
        _rename,
        _add_extra,
        _change_mode,
        _change_body,
    ),
    *(_change_body, _plant_a_bomb, _widen, _copy_record, _copy_member, _drop_record, _swap_records, _move_record),
    *(_change_prefix, _change_comment, _toggle_zip64),
)


def _flip(data, chance):
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _overwrite(data, chance):
    width, at = chance.choice((1, 2, 4, 8)), chance.randrange(len(data) + 1)
    data[at : at + width] = ((chance.choice(NUMBERS)) & (1 << 8 * width) - 1).to_bytes(width, "little")


def _cut(data, chance):
    at = chance.randrange(len(data) + 1)
    del data[at : at + chance.randrange(1, 60)]


def _cut_off(data, chance):
    del data[chance.randrange(len(data) + 1) :]


def _copy(data, chance):
    start, at = chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)
    data[at:at] = data[start : start + chance.randrange(1, 120)]


def _insert(data, chance):
    at = chance.choice((chance.randrange(len(data) + 1), len(data)))
    data[at:at] = chance.choice((*SIGNATURES, *EXTRAS, b"\0", b"padding"))


IN_BYTES = (_flip, _flip, _flip, _overwrite, _overwrite, _cut, _cut_off, _copy, _insert)
