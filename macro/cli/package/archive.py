"""Write zips whose bytes are the same on every machine and day. Dates, modes and order are fixed.

Members of a wheel keep their packed bytes. Other files are stored without compression, because builds of zlib
compress differently.
"""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

FILE, PROGRAM, LINK = stat.S_IFREG | 0o644, stat.S_IFREG | 0o755, stat.S_IFLNK | 0o777
STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
# APPNOTE 4.4: made by Unix, version 2.0; needs version 2.0. The date is the earliest that a zip can have, so that the
# bytes don't depend on a clock.
_MADE_BY, _NEEDED, _TIME, _DATE = 3 << 8 | 20, 20, 0, 1 << 5 | 1
_UTF8 = 0x800
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_LOCAL_SIGNATURE, _CENTRAL_SIGNATURE, _END_SIGNATURE = b"PK\3\4", b"PK\1\2", b"PK\5\6"


class Packed(NamedTuple):
    """A member of a zip: its packed bytes, and the values of its central directory entry."""

    content: bytes
    crc: int
    size: int
    method: int = STORED
    mode: int = FILE

    def unpack(self) -> bytes:
        """The unpacked content."""
        return self.content if self.method == STORED else zlib.decompress(self.content, -zlib.MAX_WBITS)


def store(content: bytes, mode: int = FILE) -> Packed:
    """A member that holds the content without compression."""
    return Packed(content, zlib.crc32(content), len(content), STORED, mode)


def write_zip(members: Mapping[str, Packed]) -> bytes:
    """A zip with these members in this order. ``FILE``, ``PROGRAM`` and ``LINK`` members are readable by all users."""
    body, directory = bytearray(), bytearray()
    for name, member in members.items():
        raw = name.encode()
        facts = (member.method, _TIME, _DATE, member.crc, len(member.content), member.size, len(raw), 0)
        flags = 0 if name.isascii() else _UTF8
        place = (0, 0, 0, member.mode << 16, len(body))
        directory += _CENTRAL.pack(_CENTRAL_SIGNATURE, _MADE_BY, _NEEDED, flags, *facts, *place) + raw
        body += _LOCAL.pack(_LOCAL_SIGNATURE, _NEEDED, flags, *facts) + raw + member.content
    count = len(members)
    end = _END.pack(_END_SIGNATURE, 0, 0, count, count, len(directory), len(body), 0)
    return bytes(body + directory + end)


def read_packed(path: Path) -> Iterator[tuple[str, Packed]]:
    """The files of a zip, each as its name and its packed member.

    Raises:
        zipfile.BadZipFile: the file is not a zip, is damaged, or uses a method other than stored and deflate.
        OSError: the file can't be read.
    """
    content = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        _check(archive)
    for info in infos:
        name_length, extra_length = struct.unpack_from("<2H", content, info.header_offset + 26)
        start = info.header_offset + _LOCAL.size + name_length + extra_length
        packed = content[start : start + info.compress_size]
        mode = PROGRAM if info.external_attr >> 16 & stat.S_IXUSR else FILE
        yield info.filename, Packed(packed, info.CRC, info.file_size, info.compress_type, mode)


def _check(archive: zipfile.ZipFile) -> None:
    for info in archive.infolist():
        if info.compress_type not in (STORED, DEFLATED):
            raise zipfile.BadZipFile(f"{info.filename} is packed by method {info.compress_type}, not by deflate")
    try:
        damaged = archive.testzip()
    except (zlib.error, EOFError, RuntimeError) as error:
        raise zipfile.BadZipFile(str(error)) from None
    if damaged:
        raise zipfile.BadZipFile(f"{damaged} is damaged")
