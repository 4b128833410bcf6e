"""Sources of an archive's bytes, which give any range at any time."""

import os
from typing import NamedTuple, Protocol

from transform_lambda.zip.refused import ZipError


class Source(Protocol):
    """An archive with random access. The implementation must ensure that its bytes do not change."""

    @property
    def size(self) -> int:
        """Length in bytes."""

    def read(self, start: int, length: int) -> bytes:
        """Exactly `length` bytes from `start`."""


class BytesSource(NamedTuple):
    """An archive in memory."""

    data: bytes

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self.data)

    def read(self, start: int, length: int) -> bytes:
        """Exactly `length` bytes from `start`; `ZipError` (changed) if the data ends earlier."""
        return _whole(self.data[start : start + length], start, length)


class FileSource(NamedTuple):
    """An archive in an open file, by its descriptor. `size` is the size when the source was opened."""

    descriptor: int
    size: int

    def read(self, start: int, length: int) -> bytes:
        """Exactly `length` bytes from `start`; `ZipError` (changed) if the file ends earlier."""
        return _whole(os.pread(self.descriptor, length, start), start, length)


def open_source(descriptor: int) -> FileSource:
    """The archive behind an open descriptor, with its current size."""
    return FileSource(descriptor, os.fstat(descriptor).st_size)


def _whole(data: bytes, start: int, length: int) -> bytes:
    if len(data) != length:
        raise ZipError(
            "changed", f"the archive ends at byte {start + len(data)}, where {start + length} were expected; try again"
        )
    return data
