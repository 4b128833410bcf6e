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
"""Kept for the answer: a reason of our own says more than the watchdog's."""


class TimeOver(ResourceError):
    """What had to pass did not within the request's time."""


class NotReady(TryAgain):
    """A change is still under way, as after every change."""


class Retry:
    """The pauses of one request, until its deadline (of the clock's `monotonic`)."""

    def __init__(self, request: Request, clock: Clock) -> None:
        self._request, self._clock = request, clock
        self._pauses = count()
        self._is_told = False

    def pause(self, problem: TryAgain) -> None:
        """Sleep a while, longer each time; raise TimeOver with the problem where no time is left to."""
        self._log_once(problem)
        longest = min(_FIRST_SECONDS * 2.0 ** next(self._pauses), _LONGEST_SECONDS)
        seconds = random.uniform(longest / 2, longest)
        if self._clock.monotonic() + seconds + _MARGIN_SECONDS > self._request.deadline:
            raise TimeOver(f"{problem}; gave up, as the time for this request is over") from problem
        self._clock.sleep(seconds)

    def restart(self) -> None:
        """Begin with short pauses again."""
        self._pauses = count()

    def _log_once(self, problem: TryAgain) -> None:
        """Log why it is tried again, the first time: a role that stays wrong shows long before time is up."""
        if not self._is_told and not isinstance(problem, NotReady):
            self._is_told = True
            log_phase(self._request, "try again", time.monotonic(), str(problem))
