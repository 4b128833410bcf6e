"""List the members in the directory, and compute a digest that one file's content does not change."""

import hashlib
import struct
from collections.abc import Iterator
from typing import NamedTuple

from transform_lambda.zip.directory import Directory
from transform_lambda.zip.names import check_path
from transform_lambda.zip.records import RECORD, WIDE, read_record, values_at

_SHORT = struct.Struct("<10xH4x3IH8xI")
"""Fields of a directory record: method, CRC-32, packed, unpacked, length of the name, external attributes."""
_DIGESTED = struct.Struct("<HHIQQI")


class Member(NamedTuple):
    """One member: its name's bytes, method, CRC-32, packed and unpacked size in bytes, external attributes."""

    name: bytes
    method: int
    crc: int
    packed: int
    unpacked: int
    attributes: int


def list_members(directory: Directory) -> Iterator[Member]:
    """All members, in directory order."""
    records = directory.records
    for at in directory.members.positions:
        method, crc, packed, unpacked, length, attributes = _SHORT.unpack_from(records, at)
        if WIDE in (packed, unpacked):
            packed, unpacked, _, _ = values_at(records, at, read_record(records, at))
        start = at + RECORD.size
        yield Member(records[start : start + length], method, crc, packed, unpacked, attributes)


def unpacked_size(directory: Directory) -> int:
    """The unpacked size of all members in bytes, according to the directory."""
    return sum(member.unpacked for member in list_members(directory))


def source_sha256(directory: Directory, path: str) -> str:
    """SHA-256 in hex over the directory's data of all members except the file at `path`, in directory order.

    Replacing that file does not change the digest. The digest covers each member's name, method, CRC-32, both sizes
    and attributes. It does not cover the members' positions and dates.
    """
    digest, without = hashlib.sha256(), check_path(path)
    for name, method, crc, packed, unpacked, attributes in list_members(directory):
        if name != without:
            digest.update(_DIGESTED.pack(len(name), method, crc, packed, unpacked, attributes) + name)
    return digest.hexdigest()
