"""Retry with exponential backoff, stopping before the request's deadline."""

import random
import time
from itertools import count

from transform_lambda.contract import Request, ResourceError
from transform_lambda.limits import Clock
from transform_lambda.log import log_phase
from transform_lambda.ports import TryAgain

_FIRST_SECONDS, _LONGEST_SECONDS = 0.25, 15.0
_MARGIN_SECONDS = 1.0
"""Time kept for the answer, because this module's reason says more than the watchdog's reason."""


class TimeOver(ResourceError):
    """The problem did not pass before the request's deadline."""


class NotReady(TryAgain):
    """The service is still applying a change, as after every change."""


class Retry:
    """The pauses between one request's attempts, until its deadline (a time of the clock's `monotonic`)."""

    def __init__(self, request: Request, clock: Clock) -> None:
        self._request, self._clock = request, clock
        self._pauses = count()
        self._is_logged = False

    def pause(self, problem: TryAgain) -> None:
        """Sleep before the next attempt. Pauses grow with each attempt, up to 15 seconds.

        Raises:
            TimeOver: no time is left for a pause. The text includes the problem.
        """
        self._log_once(problem)
        longest = min(_FIRST_SECONDS * 2.0 ** next(self._pauses), _LONGEST_SECONDS)
        seconds = random.uniform(longest / 2, longest)
        if self._clock.monotonic() + seconds + _MARGIN_SECONDS > self._request.deadline:
            raise TimeOver(f"{problem}; gave up, because the time for this request is over") from problem
        self._clock.sleep(seconds)

    def restart(self) -> None:
        """Start again with short pauses."""
        self._pauses = count()

    def _log_once(self, problem: TryAgain) -> None:
        """Log the reason for the first retry, so a wrong role is visible long before the deadline."""
        if not self._is_logged and not isinstance(problem, NotReady):
            self._is_logged = True
            log_phase(self._request, "retry", time.monotonic(), str(problem))
