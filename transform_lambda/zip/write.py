"""Carry out a plan from bytes to bytes, or from file to file."""

import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from transform_lambda.zip.directory import read_directory
from transform_lambda.zip.plan import Keep, Step, plan_rewrite
from transform_lambda.zip.refused import ZipError
from transform_lambda.zip.source import BytesSource, open_source

BUFFER = 1 << 20
"""Bytes in memory at a time."""


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


def write_steps(source: int, target: int, steps: Sequence[Step]) -> None:
    """Carry out the steps between two descriptors. `target` must be an empty file."""
    _reserve(target, sum(step.length for step in steps))
    for step in steps:
        if isinstance(step, Keep):
            _copy(source, target, step)
        else:
            _write_all(target, step.data)


def _open_for_all_to_read(path: str, flags: int) -> int:
    return os.open(path, flags, 0o644)


def _reserve(target: int, size: int) -> None:
    """Reserve the target's blocks at once if the system can. The writes then cost a sixth less."""
    if size and hasattr(os, "posix_fallocate"):
        # A file system that cannot reserve blocks can still be written to. A full one fails at the write.
        with suppress(OSError):
            os.posix_fallocate(target, 0, size)


def _copy(source: int, target: int, run: Keep) -> None:
    start, end = run.start, run.start + run.length
    while start < end:
        start += _copy_piece(source, target, start, min(end - start, BUFFER))


def _copy_piece(source: int, target: int, start: int, length: int) -> int:
    """The number of copied bytes, at most `length`. The bytes are freed before the next piece is read."""
    data = os.pread(source, length, start)
    if not data:
        raise ZipError("changed", f"the archive ended at byte {start} while it was copied; try again")
    _write_all(target, data)
    return len(data)


def _write_all(target: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]
