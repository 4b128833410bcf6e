"""A lock on an API, stored in a record of the installation. Requests of all stacks take turns with an API."""

import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import TracebackType

from transform_lambda.contract import Request
from transform_lambda.idempotency.record import Record, Records
from transform_lambda.limits import LONGEST_RUN_SECONDS, Clock
from transform_lambda.log import log_phase
from transform_lambda.ports import TryAgain
from transform_lambda.retry import TimeOver

_LEASE_SECONDS = 180.0
"""The longest time that a dead request holds the lock. A live one renews it after half; no call lasts that long."""
_POLL_SECONDS, _MARGIN_SECONDS = 1.0, 1.0
_HELD, _PATHS = "held", "paths"
"""Keys in a record's `names`: the lock's holder and the remembered paths.

The values are times: the end of the holder's lease, and the earliest time to forget a path that does not exist.
"""


def key_of_api(api_id: str) -> str:
    """The key of an API's lock, the same for all stacks."""
    return f"API {api_id}"


def key_of_name(request: Request, name: str) -> str:
    """The key of the lock under which a stack's resources find, create or delete the API that they share by name."""
    return f"{request.stack_id}|API {name}"


class Lock:
    """Locks one API for one request during a `with` block. Also stores data about the API between requests."""

    def __init__(self, records: Records, key: str, request: Request, clock: Clock) -> None:
        self._records, self._key, self._request, self._clock = records, key, request, clock
        self._holder = f"{request.request_id}#{secrets.token_hex(4)}"
        self._record = Record()
        self.found = 0
        """The record's version before this turn. Without a turn in between, it equals the earlier `left`."""
        self.left = 0

    def __enter__(self) -> "Lock":
        while not self._take():
            if self._clock.monotonic() + _POLL_SECONDS + _MARGIN_SECONDS > self._request.deadline:
                raise TimeOver(f"{self._key}: other requests hold the lock; gave up, because the time is over")
            self._clock.sleep(_POLL_SECONDS)
            self._request.guard.check()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        started, released = time.monotonic(), _with(self._record, _HELD, {})
        try:
            if self._holder in self._record.names.get(_HELD, {}) and self._records.write(self._key, released):
                self.left = released.version
        except Exception as problem:
            # The changes are complete, and the lease expires without a release.
            log_phase(self._request, "release lock", started, f"{self._key}: {type(problem).__name__}")

    @property
    def paths(self) -> frozenset[str]:
        """Paths of parts that the companion created, or was about to create, and that no method's mark names yet."""
        return frozenset(self._record.names.get(_PATHS, {}))

    @property
    def api_id(self) -> str:
        """The ID of the API with this name. Empty if unknown."""
        return self._record.current

    def renew(self) -> None:
        """Keep the lock. Call this before each change.

        Raises:
            TryAgain: this request took too long, and another request has the lock.
        """
        if self._record.names.get(_HELD, {}).get(self._holder, 0.0) - self._clock.now() < _LEASE_SECONDS / 2:
            self._write(self._record)

    def remember_paths(self, paths: Iterable[str], *, are_to_come: bool = True) -> None:
        """Record that the companion owns these parts, before it creates them or deletes the mark that names them.

        With `are_to_come`, a path stays recorded while a call that is under way may still create the part. That call
        ends with its invocation at the latest.
        """
        new = frozenset(paths) - self.paths
        if new:
            until = self._clock.now() + LONGEST_RUN_SECONDS if are_to_come else 0.0
            times = {**self._record.names.get(_PATHS, {}), **dict.fromkeys(new, until)}
            self._write(replace(self._record, names={**self._record.names, _PATHS: times}))

    def forget_paths(self, paths: Iterable[str]) -> None:
        """Forget parts that are deleted or named by a mark. The next write, or the release, saves the change."""
        gone = frozenset(paths)
        left = {path: until for path, until in self._record.names.get(_PATHS, {}).items() if path not in gone}
        self._record = replace(self._record, names={**self._record.names, _PATHS: left})

    def forget_missing(self, paths: Iterable[str]) -> None:
        """Forget parts that do not exist, except those that a call under way may still create."""
        times = self._record.names.get(_PATHS, {})
        self.forget_paths(path for path in paths if times.get(path, 0.0) < self._clock.now())

    def remember_api(self, api_id: str) -> None:
        """Record the ID of the API with this name."""
        if api_id != self.api_id:
            self._write(replace(self._record, current=api_id))

    def _take(self) -> bool:
        record = self._records.read(self._key)
        if any(until > self._clock.now() for until in record.names.get(_HELD, {}).values()):
            return False
        try:
            self._write(record)
        except TryAgain:
            return False
        self.found = record.version
        return True

    def _write(self, record: Record) -> None:
        held = _with(record, _HELD, {self._holder: self._clock.now() + _LEASE_SECONDS})
        if not self._records.write(self._key, held):
            self._record = Record()
            raise TryAgain(f"{self._key}: another request took the lock in the meantime")
        self._record = held


def _with(record: Record, kind: str, times: Mapping[str, float]) -> Record:
    return replace(record, version=record.version + 1, names={**record.names, kind: dict(times)})
