"""Turns the steps of a rewrite into parts of an S3 multipart upload, copied inside S3 where S3 allows that."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from transform_lambda.zip.plan import Keep, Step, Write

SMALLEST = 5 << 20
"""Bytes of every part but the last (AWS: "Amazon S3 multipart upload limits")."""


class Copy(NamedTuple):
    """A part made inside S3, of bytes of the source."""

    start: int
    length: int


class Send(NamedTuple):
    """A part that is sent: bytes of the source, which are read first, and new ones."""

    pieces: Sequence[Step]


def long_runs_first(kept: list[Keep]) -> list[Keep]:
    """The kept runs in the order that lets the most be copied: short ones last, beside the bytes that are sent."""
    return sorted(kept, key=lambda run: run.length < SMALLEST)


def plan_parts(steps: Iterable[Step], *, can_copy: bool = True) -> Iterator[Copy | Send]:
    """The parts, in the steps' order: each but the last of at least `SMALLEST` bytes, a sent one below twice that.

    Only the last one may be longer, by the new bytes. Where something short must be sent before a long run, that run
    gives its first bytes to the sent part. Without `can_copy` all parts are sent.
    """
    pending: list[Step] = []
    for step in steps if can_copy else _cut(steps):
        missing = SMALLEST - _size(pending)
        if missing <= 0:
            yield Send(pending)
            pending = []
        if isinstance(step, Write):
            pending.append(step)
            continue
        head = min(max(missing, 0), step.length) if pending else 0
        rest = Keep(step.start + head, step.length - head)
        pending += [Keep(step.start, head)] if head else []
        if can_copy and rest.length >= SMALLEST:
            yield from [Send(pending)] if pending else []
            pending = []
            yield Copy(rest.start, rest.length)
        elif rest.length:
            pending.append(rest)
    if pending:
        yield Send(pending)


def _cut(steps: Iterable[Step]) -> Iterator[Step]:
    for step in steps:
        if isinstance(step, Write):
            yield step
            continue
        for start in range(step.start, step.start + step.length, SMALLEST):
            yield Keep(start, min(SMALLEST, step.start + step.length - start))


def _size(steps: Iterable[Step]) -> int:
    return sum(step.length if isinstance(step, Keep) else len(step.data) for step in steps)
