"""The fence: which request is the newest, and what its coming says about what CloudFormation knows."""

from dataclasses import replace

from transform_lambda.contract import CREATE, DELETE, UPDATE, Overtaken, Request
from transform_lambda.identity import is_invented, is_marker
from transform_lambda.record import Holders, Record

_REMEMBERED_REQUESTS = 100
_ANSWERED = " answered"
_RANKS = {CREATE: 0, UPDATE: 1, DELETE: 2}


class Repeated(Exception):  # noqa: N818 - a statement about the request, not a fault
    """The request was answered before: nothing is left to do."""


def rank_of(request: Request, issued: int | None) -> int | None:
    """A request's place among others; within a second, a Delete follows an Update, and that a Create."""
    return None if issued is None else issued * len(_RANKS) + _RANKS[request.type]


def admit(record: Record, request: Request, rank: int | None) -> Record:
    """The record with this request as the newest; a request without a rank follows those that arrived before it.

    Raises:
        Repeated: it was answered.
        Overtaken: a newer one came first.
    """
    if record.request_id == request.request_id:
        if record.is_answered:
            raise Repeated
        return record
    if request.request_id + _ANSWERED in record.seen:
        raise Repeated
    if request.request_id in record.seen or (rank is not None and rank < record.rank):
        raise _overtaken(request)
    current, names = _reconciled(record, request)
    return replace(
        record,
        version=record.version + 1,
        rank=max(record.rank, rank or 0),
        request_id=request.request_id,
        seen=(*record.seen, *_last_seen(record))[-_REMEMBERED_REQUESTS:],
        is_answered=False,
        current=current,
        names=names,
    )


def check(record: Record, request: Request) -> Record:
    """The record, unless a newer request has come: then raises Overtaken."""
    if record.request_id != request.request_id:
        raise _overtaken(request)
    return record


def answered(record: Record, request: Request) -> Record:
    """The record once the answer was delivered."""
    if record.request_id != request.request_id or record.is_answered:
        return record
    return replace(record, version=record.version + 1, is_answered=True)


def names_nothing(request: Request) -> bool:
    """Whether its physical id is a marker, or one that CloudFormation made up."""
    known = request.physical_id
    return is_marker(known) or is_invented(known, request.stack_id, request.logical_id)


def _overtaken(request: Request) -> Overtaken:
    return Overtaken(f"a newer request for {request.logical_id} has begun; this {request.type} changes nothing more")


def _last_seen(record: Record) -> list[str]:
    if not record.request_id:
        return []
    return [record.request_id + _ANSWERED if record.is_answered else record.request_id]


def _reconciled(record: Record, request: Request) -> tuple[str, dict[str, Holders]]:
    """What CloudFormation now shows that it knows: the request's physical id; a last answer that is not it never came.

    A Delete of another id than the last answered is the clean-up after a replacement, unless that id is no real one.
    """
    names = dict(record.names)
    unknown = record.current != request.physical_id and record.current != ""
    if request.type == CREATE:
        return "", names
    if request.type == UPDATE:
        names.pop(request.physical_id, None)
        return request.physical_id, {**names, record.current: {}} if unknown else names
    if unknown and names_nothing(request):
        return "", {**names, record.current: {}}
    return record.current if unknown else "", names
