"""Find the members that are a given file, and refuse members that only some readers take for the file."""

import stat
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from transform_lambda.zip.directory import Directory
from transform_lambda.zip.records import (
    PATH_LIMIT,
    RECORD,
    UNICODE_PATH_EXTRA,
    Record,
    extra_at,
    name_at,
    read_record,
    shown,
)
from transform_lambda.zip.refused import REPACK, ZipError

_DOS_DIRECTORY = 0x10


class Found(NamedTuple):
    """A member: its number in the directory, the position of its record in the directory, and the record."""

    number: int
    at: int
    record: Record

    @property
    def end(self) -> int:
        """Where the next record starts."""
        return self.at + RECORD.size + sum(self.record[10:13])


def check_path(path: str) -> bytes:
    """The path as a member's name; `ZipError` (path) unless the path is relative, printable ASCII and resolved."""
    name = path.encode("utf-8", "surrogatepass")
    if not (path.isascii() and path.isprintable() and 0 < len(name) <= PATH_LIMIT and _resolved(name) == name):
        raise ZipError("path", f"{shown(name)} cannot be a file in the archive: give a path like '.env' or 'app/.env'")
    return name


def find_file(directory: Directory, path: str) -> list[Found]:
    """The members that are the file at `path`, in directory order. Readers get the last one.

    Raises:
        ZipError: one of the members is no regular file, another member would unpack onto the file, or the prefix has a
            member of this name.
    """
    wanted = check_path(path)
    if any(_resolved(name) == wanted for name in directory.hidden):
        raise ZipError("hidden", f"another {shown(wanted)} precedes the first member; {REPACK}")
    found = []
    for candidate in _candidates(directory, wanted):
        name = name_at(directory.records, candidate.at, candidate.record)
        for each in (name, *_unicode_names(directory, candidate)):
            _check_name(each, name, wanted)
        _check_kind(candidate.record, name, wanted)
        if name == wanted:
            found.append(candidate)
    return found


def _candidates(directory: Directory, wanted: bytes) -> Iterator[Found]:
    # Each name that resolves to the path, or to one of its folders, contains a part of the path unchanged.
    indexes, records = set(), directory.records
    for part in wanted.split(b"/"):
        place = records.find(part)
        while place >= 0:
            indexes.add(bisect_right(directory.members.positions, place) - 1)
            place = records.find(part, place + 1)
    for index in sorted(indexes):
        at = directory.members.positions[index]
        yield Found(index, at, read_record(records, at))


def _unicode_names(directory: Directory, member: Found) -> Iterator[bytes]:
    # APPNOTE 4.6.9: version, CRC-32 of the plain name, then a name that some readers use instead of the plain name.
    for kind, _, data in extra_at(directory.records, member.at, member.record):
        if kind == UNICODE_PATH_EXTRA:
            yield data[5:]


def _check_name(name: bytes, plain: bytes, wanted: bytes) -> None:
    for each in {name, name.split(b"\0")[0]}:
        resolved = _resolved(each)
        if resolved == wanted and (each.endswith((b"/", b"\\")) or name != wanted or plain != wanted):
            if each == wanted + b"/" == plain:
                raise ZipError("not-a-file", f"{shown(plain)} is a directory; {REPACK}, with a file of that name")
            raise ZipError("alias", f"{shown(plain)} unpacks onto {shown(wanted)} with some readers; {REPACK}")
        if resolved.startswith(wanted + b"/"):
            raise ZipError("not-a-file", f"{shown(plain)} makes {shown(wanted)} a directory; {REPACK}, without it")
    if plain == wanted != _resolved(name):
        raise ZipError("alias", f"{shown(plain)} has the name {shown(name)} in its extra field; {REPACK}")


def _check_kind(record: Record, name: bytes, wanted: bytes) -> None:
    kind = stat.S_IFMT(record.external >> 16)
    resolved = _resolved(name)
    if resolved == wanted and (kind not in (0, stat.S_IFREG) or record.external & _DOS_DIRECTORY):
        kinds = {stat.S_IFLNK: "a symlink", stat.S_IFDIR: "a directory", stat.S_IFREG: "a directory", 0: "a directory"}
        what = kinds.get(kind, "a device or pipe")
        raise ZipError("not-a-file", f"{shown(name)} is {what}; {REPACK}, with a regular file of that name")
    if wanted.startswith(resolved + b"/") and (kind == stat.S_IFLNK or not name.endswith(b"/")):
        raise ZipError("not-a-file", f"{shown(wanted)} is inside {shown(name)}, which is not a directory; {REPACK}")


def _resolved(name: bytes) -> bytes:
    """The resolved name, for a reader that treats backslashes as slashes and never leaves its folder."""
    parts: list[bytes] = []
    for part in name.replace(b"\\", b"/").split(b"/"):
        if part == b"..":
            del parts[-1:]
        elif part not in (b"", b"."):
            parts.append(part)
    return b"/".join(parts)
