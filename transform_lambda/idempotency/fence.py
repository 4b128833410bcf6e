"""The fence: find the newest request, and learn from each request which physical IDs CloudFormation knows."""

from dataclasses import replace

from transform_lambda.contract import CREATE, DELETE, UPDATE, Overtaken, Request
from transform_lambda.idempotency.record import Record
from transform_lambda.identity import is_invented, is_marker

_REMEMBERED_REQUESTS = 100
_ANSWERED = " answered"
_RANKS = {CREATE: 0, UPDATE: 1, DELETE: 2}


class Repeated(Exception):
    """The request was answered before, so nothing is left to do."""


def rank_of(request: Request, issued: int | None) -> int | None:
    """The request's position in the order of requests. Within one second, the order is Create, Update, Delete.

    None if the issue time is unknown.
    """
    return None if issued is None else issued * len(_RANKS) + _RANKS[request.type]


def admit(record: Record, request: Request, rank: int | None) -> Record:
    """The record with this request as the newest. A request without a rank follows all requests that arrived earlier.

    Raises:
        Repeated: the request was answered.
        Overtaken: a newer request arrived first.
    """
    if record.request_id == request.request_id:
        if record.is_answered:
            raise Repeated
        return record
    if request.request_id + _ANSWERED in record.seen:
        raise Repeated
    if request.request_id in record.seen or (rank is not None and rank < record.rank):
        raise _overtaken(request)
    return replace(
        _reconciled(record, request),
        version=record.version + 1,
        rank=max(record.rank, rank or 0),
        request_id=request.request_id,
        seen=(*record.seen, *_last_seen(record))[-_REMEMBERED_REQUESTS:],
        is_answered=False,
    )


def check(record: Record, request: Request) -> Record:
    """The unchanged record; raises Overtaken if a newer request has arrived."""
    if record.request_id != request.request_id:
        raise _overtaken(request)
    return record


def answered(record: Record, request: Request) -> Record:
    """The record after the request's answer was delivered."""
    if record.request_id != request.request_id or record.is_answered:
        return record
    return replace(record, version=record.version + 1, is_answered=True)


def follows_unanswered(record: Record) -> bool:
    """Whether the request before the newest has no answer."""
    return bool(record.seen) and not record.seen[-1].endswith(_ANSWERED)


def names_nothing(request: Request) -> bool:
    """Whether the request's physical ID is a marker, or an ID that CloudFormation invented."""
    known = request.physical_id
    return is_marker(known) or is_invented(known, request.stack_id, request.logical_id)


def _overtaken(request: Request) -> Overtaken:
    return Overtaken(f"a newer request for {request.logical_id} has begun; this {request.type} changes nothing more")


def _last_seen(record: Record) -> list[str]:
    if not record.request_id:
        return []
    return [record.request_id + _ANSWERED if record.is_answered else record.request_id]


def _reconciled(record: Record, request: Request) -> Record:
    """The record with the physical IDs that CloudFormation knows according to this request.

    If CloudFormation does not know the last answered ID, that answer never arrived and the ID is a leftover. A Create
    leaves the last answered ID as a retained resource, because CloudFormation has no further request for it. A Delete
    of another ID than the last answered one is the clean-up after a replacement, unless the ID is a marker or invented.
    """
    last = record.current
    if request.type == CREATE:
        return replace(record, current="", known=_with(record.known, last))
    if request.type == UPDATE:
        known = _with(record.known, request.physical_id)
        return replace(_unanswered(record, request), current=request.physical_id, known=known)
    deleted = replace(record, known=tuple(name for name in record.known if name != request.physical_id))
    if last == request.physical_id:
        return replace(deleted, current="")
    return replace(_unanswered(deleted, request), current="") if names_nothing(request) else deleted


def _unanswered(record: Record, request: Request) -> Record:
    if record.current in ("", request.physical_id):
        return record
    return replace(record, names={**record.names, record.current: record.names.get(record.current, {})})


def _with(known: tuple[str, ...], name: str) -> tuple[str, ...]:
    return known if name in ("", *known) else (*known, name)
