"""Make one call at a time, each based on the function's current state, until no step is left."""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from transform_lambda.contract import Json, Request, ResourceError
from transform_lambda.limits import Clock
from transform_lambda.log import log_phase
from transform_lambda.offending_properties import with_offending_properties
from transform_lambda.ports import Found, Functions, TryAgain
from transform_lambda.retry import Retry

_NOTHING = Found({}, {})


class Step(NamedTuple):
    """One call that changes the function. A request needs each `kind` at most once. `why` is a reason for the log."""

    kind: str
    why: str
    take: Callable[[Found], None]
    about: Mapping[str, Json] = {}  # noqa: RUF100 - never changed
    """The properties that the call sends, by name. A refusal can be about these properties."""


class StepByStep:
    """The steps of one request on one function. `done` has the kinds of the steps that were taken."""

    def __init__(self, functions: Functions, request: Request, name: str, clock: Clock) -> None:
        self._functions, self._request, self._name = functions, request, name
        self._retry = Retry(request, clock)
        self.done: set[str] = set()

    def walk(self, next_step: Callable[[Found | None], Step | None]) -> Found | None:
        """Take the steps that `next_step` returns, with retries, and return the function once `next_step` returns None.

        Raises:
            ResourceError: a step failed (the text names the offending properties), or time is up.
            Overtaken: a newer request has begun.
        """
        while True:
            try:
                found = self._functions.read(self._name)
                step = next_step(found)
                if step is None:
                    return found
                self._take(step, found or _NOTHING)
            except TryAgain as error:
                self._retry.pause(error)

    def _take(self, step: Step, found: Found) -> None:
        started = time.monotonic()
        # Checked immediately before the change, because only the newest request may act on what was read.
        self._request.guard.check()
        try:
            step.take(found)
        except ResourceError as error:
            raise with_offending_properties(error, step.about) from error
        self.done.add(step.kind)
        self._retry.restart()
        log_phase(self._request, step.kind, started, step.why)
