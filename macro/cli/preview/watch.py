"""Find the files that a template consists of, and detect changes to these files."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from macro.cli.package.local_code import list_local_code
from macro.cli.text.files import Source, find_folder, read_source

Stamps = Mapping[Path, tuple[int, int]]


class Snapshot(NamedTuple):
    """A template, and the state that its files had when it was read.

    The files are the template itself, ``further`` files and the local code.
    """

    source: Source
    further: tuple[Path, ...]
    stamps: Stamps


def watch(name: str, further: Iterable[Path] = ()) -> Snapshot:
    """The template in a file. Changes to the file are detected even if they happen while it is read.

    The template and the ``further`` files get their stamps before the template is read.

    Raises:
        macro.cli.text.files.FileError: the file can't be read as a template.
    """
    files = tuple(further)
    before = _stamp([Path(name), *files])
    source = read_source(name)
    return Snapshot(source, files, {**_stamp(list_local_code(source.template, find_folder(source))), **before})


def look(snapshot: Snapshot) -> Stamps:
    """The current modification time (nanoseconds) and size (bytes) of each file that exists."""
    source = snapshot.source
    code = list_local_code(source.template, find_folder(source))
    return _stamp([*code, Path(source.name), *snapshot.further])


def _stamp(files: Iterable[Path]) -> Stamps:
    stamps = {}
    for file in files:
        # A file can disappear between the search and this call.
        with suppress(OSError):
            found = file.stat()
            stamps[file] = (found.st_mtime_ns, found.st_size)
    return stamps
