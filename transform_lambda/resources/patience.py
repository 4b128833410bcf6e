"""Patience: pauses between two tries, which grow, and end in time for the answer."""

import random
from itertools import count

from transform_lambda.contract import ResourceError
from transform_lambda.limits import Clock

_FIRST_SECONDS, _LONGEST_SECONDS = 0.25, 15.0
_MARGIN_SECONDS = 1.0
"""Kept for the answer: a reason of our own says more than the watchdog's."""


class TimeOver(ResourceError):
    """What had to pass did not within the request's time."""


class Patience:
    """The pauses of one request; `deadline` is a time of the clock's `monotonic`."""

    def __init__(self, deadline: float, clock: Clock) -> None:
        self._deadline, self._clock = deadline, clock
        self._pauses = count()

    def pause(self, problem: Exception) -> None:
        """Sleep a while, longer each time; raise TimeOver with the problem where no time is left to."""
        longest = min(_FIRST_SECONDS * 2.0 ** next(self._pauses), _LONGEST_SECONDS)
        seconds = random.uniform(longest / 2, longest)
        if self._clock.monotonic() + seconds + _MARGIN_SECONDS > self._deadline:
            raise TimeOver(f"{problem}; gave up, as the time for this request is over") from problem
        self._clock.sleep(seconds)

    def restart(self) -> None:
        """Begin with short pauses again."""
        self._pauses = count()
