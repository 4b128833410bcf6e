"""In-memory stand-ins for what the companion reaches through its ports."""

import threading

from transform_lambda.contract import Result
from transform_lambda.idempotency.record import Record


class Outbox:
    """Takes answers as the answer URL does, or fails as often as it is told to."""

    def __init__(self, failures=()):
        self.answers = []
        self.urls = []
        self._failures = list(failures)

    def __call__(self, url, answer):
        if self._failures:
            raise self._failures.pop(0)
        self.urls.append(url)
        self.answers.append(dict(answer))


class MemoryRecords:
    """Records in a dict, compared and set as the table does."""

    def __init__(self):
        self.stored = {}
        self._lock = threading.Lock()

    def read(self, key):
        return self.stored.get(key, Record())

    def write(self, key, record):
        with self._lock:
            if self.read(key).version != record.version - 1:
                return False
            self.stored[key] = record
            return True


class Things:
    """A resource of three functions that makes things by physical id, and logs what it was asked."""

    def __init__(self, data=None, no_echo=False, failure=None):
        self.things = set()
        self.calls = []
        self._result = {"data": data or {}, "no_echo": no_echo}
        self.failure = failure

    def create(self, request):
        return self._make("create", request, request.physical_id)

    def update(self, request):
        name = request.properties.get("Name", request.physical_id)
        if name != request.physical_id:
            request.guard.note(name)
        return self._make("update", request, name)

    def delete(self, request):
        self.calls.append(("delete", request.physical_id))
        self.things.discard(request.physical_id)

    def _make(self, call, request, name):
        self.calls.append((call, name))
        self.things.add(name)
        if self.failure:
            raise self.failure
        return Result(name, **self._result)
