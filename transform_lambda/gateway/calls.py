"""The calls of one request to API Gateway and Lambda. Each change renews the locks and then passes the fence."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from transform_lambda.contract import Json, Request, ResourceError
from transform_lambda.gateway.lock import Lock
from transform_lambda.gateway.patches import resets_by_value
from transform_lambda.idempotency.record import Records
from transform_lambda.limits import Clock
from transform_lambda.log import log_phase
from transform_lambda.offending_properties import with_offending_properties
from transform_lambda.ports import DeniedError, Gateways, TryAgain
from transform_lambda.retry import Retry
from transform_lambda.typed import Shape

T = TypeVar("T")


class Calls:
    """The calls of one request. `done` lists the operations that changed something, in order."""

    def __init__(self, gateways: Gateways, records: Records, request: Request, clock: Clock) -> None:
        self._gateways, self._records, self._clock = gateways, records, clock
        self._retry = Retry(request, clock)
        self._locks: list[Lock] = []
        self.request = request
        self._turns: dict[str, int] = {}
        self.done: list[str] = []
        self.made: set[str] = set()
        """The operations that this request did since another request or delivery last held the lock."""

    def until_done(self, action: Callable[[], T]) -> T:
        """The result of `action`, which starts from the beginning, after a pause, each time it raises `TryAgain`."""
        while True:
            try:
                return action()
            except TryAgain as error:
                self._retry.pause(error)

    @contextmanager
    def locked(self, key: str) -> Iterator[Lock]:
        """The lock with this key. Every change in the block renews the lock."""
        lock = Lock(self._records, key, self.request, self._clock)
        try:
            with lock:
                if self._turns.get(key, lock.found) != lock.found:
                    self.made.clear()
                self._locks.append(lock)
                yield lock
        finally:
            self._locks = [each for each in self._locks if each is not lock]
            self._turns[key] = lock.left

    def on_behalf_of(self, request: Request) -> "Calls":
        """The calls of another request, under the same locks."""
        calls = Calls(self._gateways, self._records, request, self._clock)
        calls._locks = self._locks
        return calls

    def takes(self, operation: str) -> Shape:
        """The input shape of an operation, from the service's model."""
        return self._gateways.takes(operation)

    def read(self, operation: str, **call: Json) -> Mapping[str, Json] | None:
        """The operation's answer. None if the thing does not exist."""
        return self._gateways.read(operation, call)

    def items(self, operation: str, key: str = "items", **call: Json) -> list[Mapping[str, Json]]:
        """The listed items, none if their parent does not exist. Only GetStages has them under the key `item`."""
        return list((self.read(operation, **call) or {}).get(key, []))

    def change(
        self, operation: str, call: Mapping[str, Json], about: Mapping[str, Json] | None = None
    ) -> Mapping[str, Json]:
        """The operation's answer. After a refusal, the error names the offending properties among those in `about`.

        Raises:
            TryAgain: the refusal may be temporary, or another request holds the lock by now.
            ResourceError: AWS refused the call.
            Overtaken: a newer request has begun.
        """
        started = time.monotonic()
        for lock in self._locks:
            lock.renew()
        self.request.guard.check()
        try:
            answer = self._change(operation, call)
        except ResourceError as error:
            raise with_offending_properties(error, about or {}) from error
        self.done.append(operation)
        self.made.add(operation)
        self._retry.restart()
        log_phase(self.request, operation, started)
        return answer

    def _change(self, operation: str, call: Mapping[str, Json]) -> Mapping[str, Json]:
        """The operation's answer. A reset that API Gateway refuses in one form is sent in the other form."""
        try:
            return self._gateways.change(operation, call)
        except (TryAgain, DeniedError):
            raise
        except ResourceError as error:
            again = resets_by_value(call.get("patchOperations", []))
            if again == call.get("patchOperations", []):
                raise
            try:
                return self._gateways.change(operation, {**call, "patchOperations": again})
            except ResourceError:
                raise error from None
