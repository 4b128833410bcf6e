"""Call a resource's functions for a request, protected by the guard, and remove leftovers."""

from dataclasses import replace

from transform_lambda.contract import CREATE, DELETE, Handler, Request, Result
from transform_lambda.idempotency.guard import RequestGuard


def carry_out(request: Request, handler: Handler, guard: RequestGuard) -> Result:
    """Carry out the request and return its result.

    Raises:
        Overtaken: a newer request has begun.
        Exception: anything that the resource raises.
    """
    if request.type == DELETE:
        for name in guard.names_to_delete():
            remove(request, handler, guard, name)
        return Result(request.physical_id)
    if request.type == CREATE:
        guard.note(request.physical_id)
    result = handler.create(request) if request.type == CREATE else handler.update(request)
    if not isinstance(result, Result):
        raise TypeError(
            f"{request.resource_type}: must return a Result for a {request.type}, got {type(result).__name__}"
        )
    return result


def remove(request: Request, handler: Handler, guard: RequestGuard, name: str) -> None:
    """Delete the resource with this physical ID; raises Overtaken if a newer request has begun."""
    guard.hold(name)
    is_gone = False
    try:
        _delete(request, handler, name)
        is_gone = True
    finally:
        guard.release(name, is_gone=is_gone)


def remove_unsettled(request: Request, handler: Handler, guard: RequestGuard) -> None:
    """Release the names that the request noted but did not settle.

    An overtaken request first removes what they name, because no other request may know these names.
    """
    for name, must_go in guard.unsettled_names():
        if not must_go:
            guard.release(name, is_gone=False)
        elif guard.adopt(name):
            # If this fails, the hold stays until it expires, and the next delivery of the request tries again.
            _delete(request, handler, name)
            guard.release(name, is_gone=True)


def _delete(request: Request, handler: Handler, name: str) -> None:
    handler.delete(replace(request, type=DELETE, physical_id=name))
