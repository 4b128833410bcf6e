"""Finds the files that a template consists of, and notices when one changes."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from macro.cli.package.local_code import list_local_code
from macro.cli.text.files import Source, find_folder, read_source

Stamps = Mapping[Path, tuple[int, int]]


class Snapshot(NamedTuple):
    """A template as it was read, and how its files were then: ``further`` ones, and its local code, with it."""

    source: Source
    further: tuple[Path, ...]
    stamps: Stamps


def watch(name: str, further: Iterable[Path] = ()) -> Snapshot:
    """The template in that file; a change made while it is read, or later, is one that is noticed.

    Raises :class:`macro.cli.text.files.FileError`.
    """
    files = tuple(further)
    before = _stamp([Path(name), *files])
    source = read_source(name)
    return Snapshot(source, files, {**_stamp(list_local_code(source.template, find_folder(source))), **before})


def look(snapshot: Snapshot) -> Stamps:
    """When the files of a template were changed last, and how long they are; those that are there."""
    source = snapshot.source
    code = list_local_code(source.template, find_folder(source))
    return _stamp([*code, Path(source.name), *snapshot.further])


def _stamp(files: Iterable[Path]) -> Stamps:
    stamps = {}
    for file in files:
        # A file may be gone the moment it was found.
        with suppress(OSError):
            found = file.stat()
            stamps[file] = (found.st_mtime_ns, found.st_size)
    return stamps
