"""An S3 in memory, behind the companion's port, with S3's rules for upload parts and changed objects."""

from collections.abc import Callable
from dataclasses import dataclass, field

from transform_lambda.contract import ResourceError
from transform_lambda.ports import Part, Pinned, Place, Stored, Upload

SMALLEST, LARGEST = 5 << 20, 5 << 30


@dataclass
class MemoryCodeStore:
    """``objects`` by bucket and key; ``calls`` in order; ``faults``: the error that a call raises, by the call's name."""

    objects: dict[tuple[str, str], bytes] = field(default_factory=dict)
    metadata: dict[str, dict[str, str]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    faults: dict[str, Callable[[], Exception]] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    before: Callable[[str], object] | None = None
    """Runs before each call."""
    is_near: bool = True
    received: int = 0
    sent: int = 0
    largest: int = 0
    """The bytes of the largest transfer."""

    bucket = "staging"

    def read_tail(self, place, length):
        self._called("read_tail")
        data = self.objects[place.bucket, place.key]
        return self._pin(place), self._pass("received", data[-length:])

    def read_range(self, source, start, length):
        self._called(f"read_range {start}+{length}")
        data = self._pinned(source)[start : start + length]
        assert len(data) == length > 0
        return self._pass("received", data)

    def can_copy(self, source):
        self._called("can_copy")
        return self.is_near

    def find_staged(self, key):
        self._called("find_staged")
        data = self.objects.get((self.bucket, key))
        return None if data is None else Stored(Place(self.bucket, key, "v0"), len(data), self.metadata[key])

    def start_upload(self, key, metadata):
        self._called("start_upload")
        number = f"upload-{len(self.calls)}"
        self.uploads[number] = {}
        self.metadata[key] = dict(metadata)
        return Upload(key, number)

    def copy_part(self, upload, number, source, span):
        start, length = span.start, len(span)
        self._called(f"copy_part {start}+{length}")
        assert SMALLEST <= length <= LARGEST
        assert len(self._pinned(source)) > SMALLEST
        return self._part(upload, number, self._pinned(source)[start : start + length])

    def upload_part(self, upload, number, data):
        self._called(f"upload_part {len(data)}")
        return self._part(upload, number, self._pass("sent", data))

    def complete_upload(self, upload, parts, size):
        self._called("complete_upload")
        stored = self.uploads.pop(upload.number)
        assert [part.number for part in parts] == sorted(stored) == list(range(1, len(parts) + 1))
        assert all(len(stored[part.number]) >= SMALLEST for part in parts[:-1])
        data = b"".join(stored[part.number] for part in parts)
        assert len(data) == size
        self.objects[self.bucket, upload.key] = data
        return Place(self.bucket, upload.key, "v1")

    def abort_upload(self, upload):
        self._called("abort_upload")
        del self.uploads[upload.number]

    def list_staged(self, prefix):
        self._called("list_staged")
        return [key for bucket, key in self.objects if bucket == self.bucket and key.startswith(prefix)]

    def remove_staged(self, key):
        self._called("remove_staged")
        self.objects.pop((self.bucket, key), None)

    @property
    def staged(self):
        return self.list_staged("")

    def _called(self, call):
        if self.before:
            self.before(call)
        self.calls.append(call)
        fault = self.faults.get(call.split()[0])
        if fault:
            raise fault()

    def _pin(self, place):
        data = self.objects[place.bucket, place.key]
        return Pinned(place, f'"{hash(data)}"', len(data))

    def _pinned(self, source):
        if self._pin(source.place) != source:
            raise ResourceError(f"cannot read {source.place}: the object changed while it was read; try again")
        return self.objects[source.place.bucket, source.place.key]

    def _part(self, upload, number, data):
        self.uploads[upload.number][number] = data
        return Part(number, f'"{number}"', None)

    def _pass(self, way, data):
        setattr(self, way, getattr(self, way) + len(data))
        self.largest = max(self.largest, len(data))
        return data
