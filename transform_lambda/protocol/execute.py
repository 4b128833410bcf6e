"""Calls a resource's create, update or delete behind the guard, and removes what was left over."""

from dataclasses import replace

from transform_lambda.contract import CREATE, DELETE, Handler, Request, Result
from transform_lambda.idempotency.guard import RequestGuard


def carry_out(request: Request, handler: Handler, guard: RequestGuard) -> Result:
    """The result; raises whatever the resource raises, and Overtaken as soon as a newer request has come."""
    if request.type == DELETE:
        for name in guard.names_to_delete():
            remove(request, handler, guard, name)
        return Result(request.physical_id)
    if request.type == CREATE:
        guard.note(request.physical_id)
    result = handler.create(request) if request.type == CREATE else handler.update(request)
    if not isinstance(result, Result):
        raise TypeError(f"{request.resource_type} gave {type(result).__name__} for a {request.type}, not a Result")
    return result


def remove(request: Request, handler: Handler, guard: RequestGuard, name: str) -> None:
    """Have the resource deleted by this physical id, unless a newer request has come."""
    guard.hold(name)
    is_gone = False
    try:
        _delete(request, handler, name)
        is_gone = True
    finally:
        guard.release(name, is_gone=is_gone)


def give_back(request: Request, handler: Handler, guard: RequestGuard) -> None:
    """Release what the request noted and did not settle; an overtaken one removes it, since no one else may know it."""
    for name, is_to_go in guard.names_to_give_back():
        if not is_to_go:
            guard.release(name, is_gone=False)
        elif guard.adopt(name):
            # Where this fails, the hold stays and ends by itself: the next delivery of the request tries again.
            _delete(request, handler, name)
            guard.release(name, is_gone=True)


def _delete(request: Request, handler: Handler, name: str) -> None:
    handler.delete(replace(request, type=DELETE, physical_id=name))
