"""Plan the steps that make the new archive, from the directory alone."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from struct import Struct
from typing import NamedTuple

from transform_lambda.zip.directory import Directory
from transform_lambda.zip.end_record import build_end
from transform_lambda.zip.extents import Members
from transform_lambda.zip.member import NewMember, new_member
from transform_lambda.zip.names import Found, find_file
from transform_lambda.zip.records import OFFSET_AT, WIDE, read_record, values_at
from transform_lambda.zip.refused import ZipError

_OFFSET, _WIDE_OFFSET = Struct("<I"), Struct("<Q")


class Keep(NamedTuple):
    """Copy these bytes of the source as they are."""

    start: int
    length: int

    def __str__(self) -> str:
        return f"keep {self.length} bytes from byte {self.start}"


class Write(NamedTuple):
    """Write these bytes: new members, the directory and the end record."""

    data: bytes
    what: str

    @property
    def length(self) -> int:
        """The number of bytes."""
        return len(self.data)

    def __str__(self) -> str:
        return f"write {self.length} bytes: {self.what}"


Step = Keep | Write


class _Edit(NamedTuple):
    """The new member for a file, and the members that it replaces."""

    old: Sequence[Found]
    new: NewMember


def plan_rewrite(
    directory: Directory,
    files: Mapping[str, bytes],
    arrange: Callable[[list[Keep]], list[Keep]] = list,
) -> list[Step]:
    """The steps, in order, that make an archive with `files` (path to content) replaced or added.

    All other members keep their bytes and their place in the directory. A replaced member keeps its place in the
    directory, its mode and its date. `arrange` may change the order of the kept runs, but must keep a prefix first.

    Raises:
        ZipError: the files cannot be replaced or added safely.
    """
    edits = [_edit(directory, path, data) for path, data in files.items()]
    for upper, lower in combinations(sorted(files), 2):
        if lower.startswith(f"{upper}/"):
            raise ZipError(
                "path", f"{lower!r} needs a folder {upper!r}, which is another file to write; rename one of them"
            )
    kept = arrange(_kept_runs(directory, edits))
    place = sum(run.length for run in kept)
    added = []
    for edit in edits:
        added.append(edit.new.at(place - directory.end.shift))
        place += len(edit.new.packed)
    records = _splice(_move(directory, kept), edits, added)
    count = directory.end.total + len(edits) - sum(len(edit.old) for edit in edits)
    end = build_end(directory.end, count, place, sum(map(len, records)))
    what = ", ".join([*files, f"directory of {count} members"])
    return [*kept, Write(b"".join([*(edit.new.packed for edit in edits), *records, end]), what)]


def _edit(directory: Directory, path: str, data: bytes) -> _Edit:
    old = find_file(directory, path)
    return _Edit(old, new_member(path, data, directory.records, old[-1] if old else None))


def _kept_runs(directory: Directory, edits: Sequence[_Edit]) -> list[Keep]:
    """The ranges of the source to keep: everything except replaced members and dead bytes."""
    members = directory.members
    places = [members.order.index(found.number) for edit in edits for found in edit.old]
    cuts = sorted([*directory.gaps, *((members.start_of(place), members.start_of(place + 1)) for place in places)])
    runs, at = [], 0
    for start, end in [*cuts, (directory.end.start, directory.end.start)]:
        if start > at:
            runs.append(Keep(at, start - at))
        at = max(at, end)
    return runs


def _move(directory: Directory, kept: Sequence[Keep]) -> bytearray:
    """The directory's records, with the members' offsets in the new archive, where the kept runs follow each other."""
    records, members, target = bytearray(directory.records), directory.members, 0
    for run in kept:
        delta = target - run.start
        target += run.length
        if delta:
            limits = (run.start, run.start + run.length)
            first, last = (bisect_left(range(len(members.order)), each, key=members.start_of) for each in limits)
            _shift(records, members, slice(first, last), delta - directory.end.shift)
    return records


def _shift(records: bytearray, members: Members, places: slice, delta: int) -> None:
    pack, wide, indexes = _OFFSET.pack_into, members.wide, members.order[places]
    for at, start in zip(_at(members.positions, indexes), _at(members.starts, indexes), strict=True):
        offset = start + delta
        if at in wide:
            _WIDE_OFFSET.pack_into(records, values_at(records, at, read_record(records, at)).wide_offset_at, offset)
        elif offset < WIDE:
            pack(records, at + OFFSET_AT, offset)
        else:
            raise ZipError("too-large", "a member would move beyond 4 GiB, and has no zip64 offset for it")


def _at(values: Sequence[int], indexes: Sequence[int]) -> Iterable[int]:
    """The values in the order of the indexes. Mostly the indexes are a range, and a slice is faster."""
    return values[indexes.start : indexes.stop] if isinstance(indexes, range) else map(values.__getitem__, indexes)


def _splice(records: bytearray, edits: Sequence[_Edit], added: Sequence[bytes]) -> list[bytes | memoryview]:
    """The records, with each new record in the place of the last record that it replaces, or at the end."""
    changes, appended = [], []
    for edit, record in zip(edits, added, strict=True):
        contents = [*[b""] * (len(edit.old) - 1), record]
        changes += [(found.at, found.end, content) for found, content in zip(edit.old, contents, strict=False)]
        appended += [] if edit.old else [record]
    pieces: list[bytes | memoryview] = []
    at, view = 0, memoryview(records)
    for start, end, content in sorted(changes):
        pieces += [view[at:start], content]
        at = end
    return [*pieces, view[at:], *appended]
