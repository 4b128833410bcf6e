"""Makes one call at a time, each for the function as it is now, until no step is left."""

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
    """One call that changes the function, of a kind that is due once at most; `why` is for the log."""

    kind: str
    why: str
    take: Callable[[Found], None]
    about: Mapping[str, Json] = {}  # noqa: RUF100 - never changed
    """The properties that it carries, by name: those that a refusal may be about."""


class StepByStep:
    """The steps of one request on one function; `done` has the kinds of those that were taken."""

    def __init__(self, functions: Functions, request: Request, name: str, clock: Clock) -> None:
        self._functions, self._request, self._name = functions, request, name
        self._retry = Retry(request, clock)
        self.done: set[str] = set()

    def walk(self, next_step: Callable[[Found | None], Step | None]) -> Found | None:
        """The function once `next_step` names nothing more; what passes by itself is tried again.

        Raises:
            ResourceError: what a step raised, with the properties that it is about; or time is up.
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
        # Last of all before a change: what was read may be decided on by the newest request alone.
        self._request.guard.check()
        try:
            step.take(found)
        except ResourceError as error:
            raise with_offending_properties(error, step.about) from error
        self.done.add(step.kind)
        self._retry.restart()
        log_phase(self._request, step.kind, started, step.why)
