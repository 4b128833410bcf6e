"""Turn a rewrite's steps into the parts of an S3 multipart upload, copied inside S3 where S3 allows a copy."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from transform_lambda.zip.plan import Keep, Step, Write

SMALLEST = 5 << 20
"""The smallest size in bytes of every part except the last (AWS: "Amazon S3 multipart upload limits")."""


class Send(NamedTuple):
    """A part that the companion uploads: new bytes, and bytes that it reads from the source first."""

    pieces: Sequence[Step]

    @property
    def length(self) -> int:
        """The number of bytes."""
        return sum(piece.length for piece in self.pieces)


def long_runs_first(kept: list[Keep]) -> list[Keep]:
    """The kept runs in the order that allows the most copies: short runs last, next to the bytes to upload."""
    return sorted(kept, key=lambda run: run.length < SMALLEST)


def plan_parts(steps: Iterable[Step], *, can_copy: bool = True) -> Iterator[Keep | Send]:
    """The parts in the order of the steps: S3 copies a `Keep`. Each part except the last has at least `SMALLEST` bytes.

    An uploaded part has less than twice `SMALLEST` bytes; only the last part may be longer, by the new bytes. If an
    uploaded part before a long run is too short, the first bytes of the run fill it up. Without `can_copy` all parts
    are uploaded.
    """
    pending: list[Step] = []
    for step in steps if can_copy else _cut(steps):
        missing = SMALLEST - sum(each.length for each in pending)
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
            yield rest
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
