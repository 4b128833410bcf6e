"""Lock: the requests of all stacks work on one API one after the other, by a record of the installation's."""

import secrets
from collections.abc import Iterable
from dataclasses import replace
from types import TracebackType

from transform_lambda.contract import Request
from transform_lambda.limits import Clock
from transform_lambda.ports import Records, TryAgain
from transform_lambda.record import Record
from transform_lambda.resources.patience import TimeOver

_LEASE_SECONDS = 60.0
"""A request that died holds the API for so long; one that lives renews it after half of that."""
_POLL_SECONDS, _MARGIN_SECONDS = 1.0, 1.0


def key_of_api(api_id: str) -> str:
    """What an API is locked by, whoever names it."""
    return f"API {api_id}"


def key_of_name(request: Request, name: str) -> str:
    """What is locked while a stack's resources look for, make or remove the API that they share by its name."""
    return f"{request.stack_id}|API {name}"


class Lock:
    """One API for one request, for the block; and what is remembered of the API beyond that."""

    def __init__(self, records: Records, key: str, request: Request, clock: Clock) -> None:
        self._records, self._key, self._request, self._clock = records, key, request, clock
        self._holder = f"{request.request_id}#{secrets.token_hex(4)}"
        self._record = Record()

    def __enter__(self) -> "Lock":
        while not self._take():
            if self._clock.monotonic() + _POLL_SECONDS + _MARGIN_SECONDS > self._request.deadline:
                raise TimeOver(f"{self._key}: other requests are at work on it; gave up, as the time is over")
            self._clock.sleep(_POLL_SECONDS)
            self._request.guard.check()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # Where this fails, the lease ends by itself.
        if self._record.names.get(self._holder):
            self._records.write(self._key, replace(self._record, version=self._record.version + 1, names={}))

    @property
    def paths(self) -> frozenset[str]:
        """Parts that the companion made, or is about to, and that no method's mark names yet."""
        return frozenset(self._record.known)

    @property
    def api_id(self) -> str:
        """The API that goes by this name; empty where none is known."""
        return self._record.current

    def renew(self) -> None:
        """Keep the lock; called before each change.

        Raises:
            TryAgain: it went to another request, as this one took too long.
        """
        if self._until(self._record) - self._clock.now() < _LEASE_SECONDS / 2:
            self._write(self._record)

    def remember_paths(self, paths: Iterable[str]) -> None:
        """Write down what is about to be made, or to lose its mark, so that whoever comes next knows whose it is."""
        if frozenset(paths) != self.paths:
            self._write(replace(self._record, known=tuple(sorted(paths))))

    def forget_paths(self, paths: Iterable[str]) -> None:
        """Take them out again, with the next write or at the end: they are gone, or named by a mark."""
        left = self.paths - frozenset(paths)
        self._record = replace(self._record, known=tuple(sorted(left)))

    def remember_api(self, api_id: str) -> None:
        """Write down which API goes by this name."""
        if api_id != self.api_id:
            self._write(replace(self._record, current=api_id))

    def _take(self) -> bool:
        record = self._records.read(self._key)
        is_held = any(until > self._clock.now() for each in record.names.values() for until in each.values())
        if is_held and self._holder not in record.names:
            return False
        try:
            self._write(record)
        except TryAgain:
            return False
        return True

    def _until(self, record: Record) -> float:
        return max(record.names.get(self._holder, {}).values(), default=0.0)

    def _write(self, record: Record) -> None:
        names = {self._holder: {"": self._clock.now() + _LEASE_SECONDS}}
        held = replace(record, version=record.version + 1, names=names)
        if not self._records.write(self._key, held):
            self._record = replace(self._record, names={})
            raise TryAgain(f"{self._key}: another request went on with it meanwhile")
        self._record = held
