"""An object in S3 as the source of a zip, with few requests for many small reads."""

from transform_lambda.ports import CodeStore, Pinned

FIRST_READ, LONGEST_READ = 64 << 10, 4 << 20
"""Bytes that are fetched at least, as what follows a header is read next; twice as many each time, up to a limit."""


class RemoteSource:
    """One pinned object; its tail stays in memory, and of the rest the last piece that was fetched."""

    def __init__(self, store: CodeStore, pinned: Pinned, tail: bytes) -> None:
        self._store, self._pinned, self._tail = store, pinned, tail
        self._piece, self._piece_start, self._ahead = b"", 0, FIRST_READ

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._pinned.size

    def read(self, start: int, length: int) -> bytes:
        """Exactly these bytes; at most one request for what lies before the tail, none for the tail itself."""
        tail_start = self.size - len(self._tail)
        end = start + length
        front = self._front(start, min(end, tail_start), tail_start) if start < tail_start else b""
        return front + self._tail[max(start - tail_start, 0) : max(end - tail_start, 0)]

    def _front(self, start: int, end: int, tail_start: int) -> bytes:
        if end - start > self._ahead:
            return self._store.read_range(self._pinned, start, end - start)
        if start < self._piece_start or end > self._piece_start + len(self._piece):
            length = min(self._ahead, tail_start - start)
            self._piece, self._piece_start = self._store.read_range(self._pinned, start, length), start
            self._ahead = min(2 * self._ahead, LONGEST_READ)
        return self._piece[start - self._piece_start : end - self._piece_start]
