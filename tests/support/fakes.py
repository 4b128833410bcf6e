"""In-memory fakes for the companion's ports, its clock, and Lambda's end of an invocation."""

import threading

from transform_lambda.contract import Result
from transform_lambda.idempotency.record import Record
from transform_lambda.limits import Clock


class Killed(BaseException):
    """The end of an invocation in the middle of its work. The companion can't catch it, just as it can't stop Lambda."""


class FakeTime:
    """Time that passes only in sleeps. ``slept`` lists the seconds of each sleep."""

    def __init__(self):
        self.slept = []
        self.passed = 0.0

    def clock(self):
        real = Clock()
        return Clock(lambda: real.now() + self.passed, lambda: real.monotonic() + self.passed, self.sleep)

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.passed += seconds


class Outbox:
    """Takes the answers in place of the answer URL. The first calls raise ``failures``, one each."""

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
    """The records in memory, with the table's conditional writes."""

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
    """A resource that stores physical IDs in ``things``, and lists its calls."""

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
