"""Remote source: an object in S3 as a zip source, with few requests for many small reads."""

from transform_lambda.ports import CodeStore, Pinned

READ_AHEAD = 64 << 10
"""Bytes that are fetched at least, as what follows a header is read next."""


class RemoteSource:
    """One pinned object; its tail stays in memory, and of the rest the last piece that was fetched."""

    def __init__(self, store: CodeStore, pinned: Pinned, tail: bytes) -> None:
        self._store, self._pinned, self._tail = store, pinned, tail
        self._piece, self._piece_start = b"", 0

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._pinned.size

    def read(self, start: int, length: int) -> bytes:
        """Exactly these bytes; one request for what lies before the tail, none for the tail itself."""
        tail_start = self.size - len(self._tail)
        front_end = min(start + length, tail_start)
        front = self._fetch(start, front_end - start, tail_start) if front_end > start else b""
        return front + self._tail[max(start - tail_start, 0) : max(start + length - tail_start, 0)]

    def _fetch(self, start: int, length: int, tail_start: int) -> bytes:
        at = start - self._piece_start
        if at < 0 or at + length > len(self._piece):
            wanted = min(max(length, READ_AHEAD), tail_start - start)
            piece = self._store.read_range(self._pinned, start, wanted)
            if length > READ_AHEAD:
                return piece
            self._piece, self._piece_start, at = piece, start, 0
        return self._piece[at : at + length]
