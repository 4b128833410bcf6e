"""The ledger: physical IDs that may exist without CloudFormation's knowledge, and who may act on them until when.

In this module a name is a physical ID. Times are in seconds since 1970.
"""

from dataclasses import replace
from typing import NamedTuple

from transform_lambda.contract import Request
from transform_lambda.idempotency.fence import check, names_nothing
from transform_lambda.idempotency.record import Holders, Record
from transform_lambda.identity import is_marker, physical_id_for


class Holder(NamedTuple):
    """One delivery of a request, which may act on the names that it holds."""

    request: Request
    key: str
    until: float
    """When its invocation is over at the latest, in seconds since 1970."""


def hold(record: Record, holder: Holder, name: str) -> Record:
    """The record with the holder added to the name's holders; raises Overtaken if a newer request has arrived."""
    check(record, holder.request)
    return _with_holders(record, name, {**record.names.get(name, {}), holder.key: holder.until})


def take(record: Record, holder: Holder, name: str) -> Record:
    """The record in which only this request's deliveries hold the name; raises Overtaken if a newer one has arrived."""
    check(record, holder.request)
    return _with_holders(record, name, {**_own_holders(record, holder.request, name), holder.key: holder.until})


def adopt(record: Record, holder: Holder, name: str) -> Record:
    """The record with the holder added to a name that a delivery of this request noted, even if it is overtaken.

    If no delivery of this request holds the name, the record is unchanged.
    """
    if not _own_holders(record, holder.request, name):
        return record
    return _with_holders(record, name, {**record.names[name], holder.key: holder.until})


def is_taken(record: Record, request: Request, name: str, now: float) -> bool:
    """Whether a delivery of another request may still act on the name."""
    own = _own_holders(record, request, name)
    return any(until > now for holder, until in record.names.get(name, {}).items() if holder not in own)


def release(record: Record, holder: Holder, name: str) -> Record:
    """The record without the holder's hold. The name stays."""
    if holder.key not in record.names.get(name, {}):
        return record
    return _with_holders(record, name, _other_holders(record, holder, name))


def remove(record: Record, holder: Holder, name: str, now: float) -> Record:
    """The record after the holder removed what the name names. Unchanged if the holder does not hold the name."""
    return forget(record, holder, name, now) if holder.key in record.names.get(name, {}) else record


def forget(record: Record, holder: Holder, name: str, now: float) -> Record:
    """The record without the name. While other holders may act on the name, only the hold goes."""
    if name not in record.names:
        return record
    others = _other_holders(record, holder, name)
    if any(until > now for until in others.values()):
        return _with_holders(record, name, others)
    return _without(record, name)


def settle(record: Record, holder: Holder, physical_id: str, now: float) -> Record:
    """The record before a result is answered, after which CloudFormation knows the physical ID.

    Removes the physical ID from the ledger, and the name that the companion notes for a Create. Both stay while another
    delivery of this request may create them again. A lost answer does not undo this step, because another delivery's
    answer may have arrived. The next request shows which physical ID CloudFormation knows.

    Raises:
        Overtaken: a newer request has arrived.
    """
    check(record, holder.request)
    settled = replace(record, current=physical_id)
    for name in {physical_id, holder.request.physical_id}:
        settled = forget(settled, holder, name, now)
    return replace(settled, version=record.version + 1)


def holder_key(request: Request, delivery: str) -> str:
    """The holder's key for a delivery of the request."""
    return f"{request.request_id}#{delivery}"


def names_held(record: Record, request: Request) -> list[str]:
    """The names that deliveries of this request may have created, and have not released."""
    return [name for name in record.names if _own_holders(record, request, name)]


def is_known(record: Record, name: str) -> bool:
    """Whether CloudFormation knows the name. Only CloudFormation's own Delete then removes it."""
    return name == record.current or name in record.known


def names_to_delete(record: Record, request: Request) -> list[str]:
    """The names that a Delete removes: the request's physical ID, and all names that CloudFormation does not know.

    If the record of the resource is empty and the physical ID is a marker or invented, the Delete also removes the
    name that a Create would use.
    """
    named = [] if is_marker(request.physical_id) else [request.physical_id]
    if not record.seen and not record.names and names_nothing(request):
        named.append(physical_id_for(request.stack_id, request.logical_id))
    return list(dict.fromkeys([*named, *(name for name in record.names if not is_known(record, name))]))


def leftovers(record: Record, request: Request, physical_id: str) -> list[str]:
    """The names that an Update removes after it succeeds: neither its result nor known to CloudFormation."""
    known = (physical_id, request.physical_id)
    return [name for name in record.names if name not in known and not is_known(record, name)]


def _own_holders(record: Record, request: Request, name: str) -> dict[str, float]:
    own = holder_key(request, "")
    return {holder: until for holder, until in record.names.get(name, {}).items() if holder.startswith(own)}


def _with_holders(record: Record, name: str, holders: Holders) -> Record:
    return replace(record, version=record.version + 1, names={**record.names, name: holders})


def _other_holders(record: Record, holder: Holder, name: str) -> Holders:
    return {other: until for other, until in record.names[name].items() if other != holder.key}


def _without(record: Record, gone: str) -> Record:
    kept = {name: holders for name, holders in record.names.items() if name != gone}
    return replace(record, version=record.version + 1, names=kept)
