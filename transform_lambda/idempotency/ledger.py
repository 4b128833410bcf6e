"""The ledger: names of what may exist without CloudFormation knowing, who may act on them, and until when."""

from dataclasses import replace

from transform_lambda.contract import Request
from transform_lambda.idempotency.fence import check, names_nothing
from transform_lambda.idempotency.record import Holders, Record
from transform_lambda.identity import is_marker, physical_id_for


def hold(record: Record, request: Request, holder: str, name: str, until: float) -> Record:
    """The record with the holder among those that may act on the name; raises Overtaken."""
    check(record, request)
    return _with_holders(record, name, {**record.names.get(name, {}), holder: until})


def take(record: Record, request: Request, holder: str, name: str, until: float) -> Record:
    """The record with the name for this request's deliveries alone; raises Overtaken."""
    check(record, request)
    return _with_holders(record, name, {**_own_holders(record, request, name), holder: until})


def adopt(record: Record, request: Request, holder: str, name: str, until: float) -> Record:
    """The record with the holder on a name that a delivery of this request noted, newest or not; else the record."""
    if not _own_holders(record, request, name):
        return record
    return _with_holders(record, name, {**record.names[name], holder: until})


def is_taken(record: Record, request: Request, name: str, now: float) -> bool:
    """Whether a delivery of another request may still act on the name."""
    own = _own_holders(record, request, name)
    return any(until > now for holder, until in record.names.get(name, {}).items() if holder not in own)


def release(record: Record, holder: str, name: str, now: float, *, is_gone: bool) -> Record:
    """The record without the hold, and without the name if it is gone and no one may bring it back."""
    if holder not in record.names.get(name, {}):
        return record
    return _without_holder(record, holder, name, now, is_needed=not is_gone)


def forget(record: Record, holder: str, name: str, now: float) -> Record:
    """The record without the name, which was there before; it stays while others may act on it."""
    return _without_holder(record, holder, name, now, is_needed=False) if name in record.names else record


def settle(record: Record, request: Request, holder: str, physical_id: str, now: float) -> Record:
    """The record once a result is about to be answered: CloudFormation will know the physical id; raises Overtaken.

    With it goes the name noted for every Create. Both stay while another delivery of this request may make them again.
    Nothing takes this back should the answer get lost, for another delivery's may have arrived: the next request tells.
    """
    settled = replace(check(record, request), version=record.version + 1, current=physical_id)
    for name in {physical_id, request.physical_id} & settled.names.keys():
        settled = _without_holder(settled, holder, name, now, is_needed=False)
    return replace(settled, version=record.version + 1)


def holder_of(request: Request, delivery: str) -> str:
    """How a delivery of the request is called among the holders of a name."""
    return f"{request.request_id}#{delivery}"


def names_held(record: Record, request: Request) -> list[str]:
    """The names that deliveries of this request may have made, and have not given back."""
    return [name for name in record.names if _own_holders(record, request, name)]


def is_known(record: Record, name: str) -> bool:
    """Whether CloudFormation knows it, so that only its own Delete removes it."""
    return name == record.current or name in record.known


def names_to_delete(record: Record, request: Request) -> list[str]:
    """What a Delete removes: what CloudFormation names, and all that it does not know of.

    Of a resource that nothing is remembered about, a marker or an invented id stand for the name a Create would take.
    """
    named = [] if is_marker(request.physical_id) else [request.physical_id]
    if not record.seen and not record.names and names_nothing(request):
        named.append(physical_id_for(request.stack_id, request.logical_id))
    return list(dict.fromkeys([*named, *(name for name in record.names if not is_known(record, name))]))


def leftovers(record: Record, request: Request, physical_id: str) -> list[str]:
    """What an Update sweeps once it is done: names that neither CloudFormation knows nor the result is."""
    known = (physical_id, request.physical_id)
    return [name for name in record.names if name not in known and not is_known(record, name)]


def _own_holders(record: Record, request: Request, name: str) -> dict[str, float]:
    own = holder_of(request, "")
    return {holder: until for holder, until in record.names.get(name, {}).items() if holder.startswith(own)}


def _with_holders(record: Record, name: str, holders: Holders) -> Record:
    return replace(record, version=record.version + 1, names={**record.names, name: holders})


def _without_holder(record: Record, holder: str, name: str, now: float, *, is_needed: bool) -> Record:
    holders = {other: until for other, until in record.names[name].items() if other != holder}
    if not is_needed and not any(until > now for until in holders.values()):
        return _without(record, name)
    return _with_holders(record, name, holders)


def _without(record: Record, gone: str) -> Record:
    kept = {name: holders for name, holders in record.names.items() if name != gone}
    return replace(record, version=record.version + 1, names=kept)
