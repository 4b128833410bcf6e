"""Read an object in S3 as a zip source, with few requests for many small reads."""

from transform_lambda.ports import CodeStore, Pinned

FIRST_READ, LONGEST_READ = 64 << 10, 4 << 20
"""Bytes of the first fetch, and of the longest. Each fetch doubles, because the bytes after a header are read next."""


class RemoteSource:
    """One pinned object. Memory holds its tail, and the last piece that was fetched before the tail."""

    def __init__(self, store: CodeStore, pinned: Pinned, tail: bytes) -> None:
        self._store, self._pinned, self._tail = store, pinned, tail
        self._piece, self._piece_start, self._ahead = b"", 0, FIRST_READ

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._pinned.size

    def read(self, start: int, length: int) -> bytes:
        """Exactly these bytes. Sends at most one request for bytes before the tail, and none for the tail."""
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
