"""Carry out a plan from bytes to bytes, or from file to file without passing the bytes through Python."""

import errno
import mmap
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from transform_lambda.zip.directory import read_directory
from transform_lambda.zip.plan import Keep, Step, plan_rewrite
from transform_lambda.zip.refused import ZipError
from transform_lambda.zip.source import BytesSource, open_source

Copier = Callable[[int, int, int, int], int]
"""Copies bytes between descriptors: source, target, start in the source, most bytes to copy; returns the copied number.

The copy goes to the target's current position.
"""

BUFFER = 1 << 20
"""Bytes in memory at a time if the system cannot copy by itself."""

_AT_ONCE = 1 << 30
_MAPPED = 4 << 20
_NOT_HERE = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.ENOTSOCK}
_NOT_HERE |= {errno.ENODEV, errno.EFAULT}


def rewrite_bytes(data: bytes, files: Mapping[str, bytes]) -> bytes:
    """The archive `data` with `files` (path to content) replaced or added; `ZipError` if the rewrite is not safe."""
    view = memoryview(data)
    steps = plan_rewrite(read_directory(BytesSource(data)), files)
    return b"".join(view[s.start : s.start + s.length] if isinstance(s, Keep) else s.data for s in steps)


def rewrite_file(source: Path | str, target: Path | str, files: Mapping[str, bytes]) -> None:
    """Write the archive `source` to `target` with `files` (path to content) replaced or added.

    `source` and `target` may be the same path. The new `target` is written completely or not at all. It keeps the mode
    of an existing `target`, else its mode is 0644 less the umask. Memory holds the directory and at most `BUFFER`
    bytes of the archive.

    Raises:
        ZipError: the rewrite is not safe.
        OSError: a file cannot be read or written.
    """
    target = Path(target)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    with open(source, "rb", buffering=0) as reader:
        steps = plan_rewrite(read_directory(open_source(reader.fileno())), files)
        # Open the part outside the try, because an existing part belongs to another process and must stay.
        writer = open(part, "xb", buffering=0, opener=_open_for_all_to_read)  # noqa: SIM115
        try:
            with writer:
                if target.exists():
                    os.fchmod(writer.fileno(), stat.S_IMODE(target.stat().st_mode))
                write_steps(reader.fileno(), writer.fileno(), steps)
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def write_steps(source: int, target: int, steps: Sequence[Step], copiers: Sequence[Copier] | None = None) -> None:
    """Carry out the steps between two descriptors, with the first of `copiers` that works between them."""
    for step in steps:
        if isinstance(step, Keep):
            _copy(source, target, step, copiers or COPIERS)
        else:
            _write_all(target, step.data)


def copy_in_kernel(source: int, target: int, start: int, length: int) -> int:
    """Copy with copy_file_range(2), the file system's own copy. Some pairs of file systems refuse it."""
    return os.copy_file_range(source, target, length, start)


def copy_by_mapping(source: int, target: int, start: int, length: int) -> int:
    """Write from the page cache, with 4 MiB mapped at a time.

    This costs a fifth less than a copy in the kernel, because the kernel moves the bytes page by page.
    """
    first = start - start % mmap.PAGESIZE
    end = min(start + length, first + _MAPPED, os.fstat(source).st_size)
    if end <= start:
        return 0
    flags = mmap.MAP_SHARED | mmap.MAP_POPULATE
    with (
        mmap.mmap(source, end - first, flags, mmap.PROT_READ, offset=first) as mapped,
        memoryview(mapped) as whole,
        whole[start - first :] as part,
    ):
        return os.write(target, part)


def copy_by_sendfile(source: int, target: int, start: int, length: int) -> int:
    """Copy with sendfile(2), through the page cache and without passing the bytes through Python."""
    return os.sendfile(target, source, start, length)


def copy_by_hand(source: int, target: int, start: int, length: int) -> int:
    """Read and write one buffer at a time. This works on every system."""
    data = os.pread(source, min(length, BUFFER), start)
    _write_all(target, data)
    return len(data)


COPIERS: tuple[Copier, ...] = (
    *([copy_by_mapping] if hasattr(mmap, "MAP_POPULATE") else []),
    *([copy_in_kernel] if hasattr(os, "copy_file_range") else []),
    *([copy_by_sendfile] if hasattr(os, "sendfile") else []),
    copy_by_hand,
)
"""The copiers that this system has, fastest first."""


def _open_for_all_to_read(path: str, flags: int) -> int:
    return os.open(path, flags, 0o644)


def _copy(source: int, target: int, run: Keep, copiers: Sequence[Copier]) -> None:
    start, end = run.start, run.start + run.length
    for copier in copiers:
        try:
            while start < end:
                copied = copier(source, target, start, min(end - start, _AT_ONCE))
                if not copied:
                    raise ZipError("changed", f"the archive ended at byte {start} while it was copied; try again")
                start += copied
            return
        except OSError as error:
            if error.errno not in _NOT_HERE or copier is copiers[-1]:
                raise


def _write_all(target: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]
