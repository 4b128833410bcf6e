"""Members: what the directory says of each one, and the digest that stays when only given files change."""

import hashlib
import struct
from collections.abc import Iterator
from typing import NamedTuple

from transform_lambda.zip.directory import Directory
from transform_lambda.zip.names import check_path
from transform_lambda.zip.records import name_at, read_record, values_at

_DIGESTED = struct.Struct("<HHIQQI")


class Member(NamedTuple):
    """One member: its name's bytes, method, CRC-32, sizes packed and unpacked in bytes, external attributes."""

    name: bytes
    method: int
    crc: int
    packed: int
    unpacked: int
    attributes: int


def list_members(directory: Directory) -> Iterator[Member]:
    """All members, in directory order."""
    for at in directory.members.positions:
        record = read_record(directory.records, at)
        packed, unpacked, _, _ = values_at(directory.records, at, record)
        name = name_at(directory.records, at, record)
        yield Member(name, record.method, record.crc, packed, unpacked, record.external)


def source_sha256(directory: Directory, path: str) -> str:
    """SHA-256, in hex, over the directory's word on all members but the file at `path`, in directory order.

    Two archives made from one by replacing that file have the same. It covers name, method, CRC-32, both sizes and
    attributes: what the members are, not where they lie or when they were made.
    """
    digest, without = hashlib.sha256(), check_path(path)
    for name, method, crc, packed, unpacked, attributes in list_members(directory):
        if name != without:
            digest.update(_DIGESTED.pack(len(name), method, crc, packed, unpacked, attributes) + name)
    return digest.hexdigest()
