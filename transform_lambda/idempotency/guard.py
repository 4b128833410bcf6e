"""A request's guard: applies the steps of fence and ledger to the stored record."""

import secrets
from collections.abc import Callable

from transform_lambda.contract import Overtaken, Request, ResourceError
from transform_lambda.idempotency import fence, ledger
from transform_lambda.idempotency.record import Record, Records
from transform_lambda.limits import Limits

_ATTEMPTS = 50
_POLL_SECONDS = 1.0
_SLACK_SECONDS = 5.0


class OneInvocation:
    """Records that live as long as the invocation, for installations without a table."""

    def __init__(self) -> None:
        self._stored: dict[str, Record] = {}

    def read(self, key: str) -> Record:
        """The record with this key, an empty record if there is none."""
        return self._stored.get(key, Record())

    def write(self, key: str, record: Record) -> bool:
        """Store the record. Always True."""
        self._stored[key] = record
        return True


class RequestGuard:
    """The guard of one delivery of a request."""

    def __init__(self, records: Records, request: Request, limits: Limits) -> None:
        self._records = records
        self._request = request
        self._limits = limits
        key = ledger.holder_key(request, secrets.token_hex(4))
        # Another machine's clock decides whether a hold has expired, so the hold lasts some seconds longer.
        self._holder = ledger.Holder(request, key, limits.ends + _SLACK_SECONDS)
        self._is_closed = False

    def enter(self, issued: int | None) -> None:
        """Register the request as the newest. `issued` is its issue time in seconds since 1970.

        Raises:
            Overtaken: a newer request arrived first.
            Repeated: the request was answered.
        """
        rank = fence.rank_of(self._request, issued)
        self._change(lambda record: fence.admit(record, self._request, rank))

    def close(self) -> None:
        """Refuse all further changes, because the request was answered in the meantime."""
        self._is_closed = True

    def check(self) -> None:
        """Raise Overtaken if this request is no longer the newest, or if the guard is closed."""
        self._refuse_closed()
        fence.check(self._read(), self._request)

    def note(self, physical_id: str) -> None:
        """Add the name to the ledger before the resource creates it. Waits while another request may still act on it.

        Raises:
            Overtaken: as for `check`.
            ResourceError: another request may still act on the name when this request's time is over.
        """
        self._refuse_closed()
        while self._holder.key not in self._change(lambda record: self._take(record, physical_id)).names[physical_id]:
            if self._limits.clock.monotonic() + _POLL_SECONDS > self._limits.result_by:
                raise ResourceError(f"{physical_id}: an earlier request may still remove it; try again in 15 minutes")
            self._limits.clock.sleep(_POLL_SECONDS)
            self._refuse_closed()

    def forget(self, physical_id: str) -> None:
        """Remove the name from the ledger, unless another delivery or request may still act on it."""
        self._change(lambda record: ledger.forget(record, self._holder, physical_id, self._limits.clock.now()))

    def follows_unanswered(self) -> bool:
        """Whether the request before this one has no answer."""
        return fence.follows_unanswered(self._read())

    def hold(self, name: str) -> None:
        """Hold the name before its deletion; raises Overtaken as `check` does."""
        self._refuse_closed()
        self._change(lambda record: ledger.hold(record, self._holder, name))

    def release(self, name: str, *, is_gone: bool) -> None:
        """Release the hold on the name. With `is_gone`, also remove the name from the ledger."""
        if is_gone:
            self._change(lambda record: ledger.remove(record, self._holder, name, self._limits.clock.now()))
        else:
            self._change(lambda record: ledger.release(record, self._holder, name))

    def settle(self, physical_id: str) -> None:
        """Remove the physical ID from the ledger before it is answered; raises Overtaken as `check` does."""
        self._refuse_closed()
        self._change(lambda record: ledger.settle(record, self._holder, physical_id, self._limits.clock.now()))

    def mark_answered(self) -> None:
        """Record that the request is answered, so later deliveries of it do nothing."""
        self._change(lambda record: fence.answered(record, self._request))

    def names_to_delete(self) -> list[str]:
        """The physical IDs that a Delete removes."""
        return ledger.names_to_delete(self._read(), self._request)

    def leftovers(self, physical_id: str) -> list[str]:
        """The physical IDs that an Update removes after it succeeds with this physical ID."""
        return ledger.leftovers(self._read(), self._request, physical_id)

    def unsettled_names(self) -> list[tuple[str, bool]]:
        """The names that this request noted and did not settle, each with whether this request must remove it.

        An overtaken request must remove the names that CloudFormation does not know, because no other request does.
        """
        record = self._read()
        is_overtaken = record.request_id != self._request.request_id
        names = ledger.names_held(record, self._request)
        return [(name, is_overtaken and not ledger.is_known(record, name)) for name in names]

    def adopt(self, name: str) -> bool:
        """Hold a name that a delivery of this request noted, to remove it. False if the request no longer holds it."""
        record = self._change(lambda record: ledger.adopt(record, self._holder, name))
        return self._holder.key in record.names.get(name, {})

    def _refuse_closed(self) -> None:
        if self._is_closed:
            raise Overtaken(f"this {self._request.type} was already answered, so it changes nothing more")

    def _take(self, record: Record, name: str) -> Record:
        if ledger.is_taken(fence.check(record, self._request), self._request, name, self._limits.clock.now()):
            return record
        return ledger.take(record, self._holder, name)

    def _key(self) -> str:
        return f"{self._request.stack_id}|{self._request.logical_id}"

    def _read(self) -> Record:
        return self._records.read(self._key())

    def _change(self, step: Callable[[Record], Record]) -> Record:
        for _ in range(_ATTEMPTS):
            record = self._read()
            changed = step(record)
            if changed is record or self._records.write(self._key(), changed):
                return changed
        raise ResourceError(f"{self._request.logical_id}: too many requests at once; try again")
