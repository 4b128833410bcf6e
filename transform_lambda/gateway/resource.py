"""``Custom::APIGatewayResource``: one method of a REST API with its infrastructure, or the stages of several."""

import time
from dataclasses import replace
from functools import partial

from transform_lambda.contract import UPDATE, Overtaken, Request, ResourceError, Result, Unguarded
from transform_lambda.gateway.api import Api
from transform_lambda.gateway.apply import apply, apply_changes
from transform_lambda.gateway.calls import Calls
from transform_lambda.gateway.lock import Lock
from transform_lambda.gateway.place import read_place
from transform_lambda.gateway.properties import Wanted, read_wanted
from transform_lambda.gateway.remove import Removal, remove, remove_on
from transform_lambda.idempotency.record import Records
from transform_lambda.limits import Clock
from transform_lambda.log import log_phase
from transform_lambda.ports import Gateways

_MAKES_A_PLACE = {"CreateRestApi", "CreateResource", "PutMethod"}
_MAKES_STAGES = {"CreateRestApi", "CreateDeployment", "CreateStage", "TagResource"}


class ApiGatewayResource:
    """The resource's create, update and delete. They use API Gateway and the installation's records."""

    def __init__(self, gateways: Gateways, records: Records, clock: Clock | None = None) -> None:
        self._gateways, self._records, self._clock = gateways, records, clock or Clock()

    def create(self, request: Request) -> Result:
        """Create everything that is missing. Continues with an existing method that has this resource's mark."""
        return self._apply(request)

    def update(self, request: Request) -> Result:
        """Change what differs. A different API, path or method means a replacement."""
        return self._apply(request)

    def delete(self, request: Request) -> None:
        """Delete the method if it has this resource's mark, and everything created with it that nothing else uses."""
        # An overtaken request cleans up through this method, so the request need not be the newest one.
        request = replace(request, guard=Unguarded())
        started, place, calls = time.monotonic(), read_place(request.physical_id), self._calls(request)
        if place is not None:
            calls.until_done(lambda: remove(calls, Removal(place)))
            log_phase(request, "delete", started, f"{place.physical_id}: {', '.join(calls.done) or 'nothing to do'}")

    def _apply(self, request: Request) -> Result:
        wanted, calls = read_wanted(self._gateways, request), self._calls(request)
        name = wanted.place.physical_id
        if name != request.physical_id:
            request.guard.note(name)
        try:
            data = self._apply_until_done(calls, wanted)
        except Overtaken:
            if calls.done and name == request.physical_id:
                self._remove_leftovers(calls, wanted)
            raise
        return Result(name, data)

    def _apply_until_done(self, calls: Calls, wanted: Wanted) -> dict[str, str]:
        try:
            return calls.until_done(lambda: apply(calls, wanted, partial(self._undo, calls, wanted)))
        except ResourceError:
            # A change by a newer request may be the cause of the refusal.
            calls.request.guard.check()
            raise

    def _undo(self, calls: Calls, wanted: Wanted, lock: Lock, api: Api) -> None:
        """Delete what the request created, and restore what it changed to the old properties.

        If the time runs out, the next request does the rest: lock and ledger record what exists.
        """
        request, started = calls.request, time.monotonic()
        again = replace(request, properties=request.old_properties, old_properties=request.properties)
        try:
            if wanted.place.physical_id != request.physical_id:
                if calls.made & (_MAKES_A_PLACE if wanted.place.has_method else _MAKES_STAGES):
                    remove_on(calls, lock, api, Removal(wanted.place))
            elif calls.made and request.type == UPDATE:
                apply_changes(calls.on_behalf_of(again), lock, api, read_wanted(self._gateways, again))
        except ResourceError as error:
            log_phase(request, "undo", started, f"{error}; the next request tries again")

    def _remove_leftovers(self, calls: Calls, wanted: Wanted) -> None:
        """Delete what was created too late for the newer request to see. The newer request owns method and stages."""
        started, again = time.monotonic(), self._calls(replace(calls.request, guard=Unguarded()))
        try:
            again.until_done(lambda: remove(again, Removal(wanted.place, keeps_own=True)))
        except ResourceError as error:
            log_phase(calls.request, "remove leftovers", started, f"{error}; the next request tries again")

    def _calls(self, request: Request) -> Calls:
        return Calls(self._gateways, self._records, request, self._clock)
