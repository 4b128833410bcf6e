"""The time limits of a request: until CloudFormation or Lambda stops waiting, less the time for the answer."""

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from transform_lambda.contract import Event

LONGEST_WAIT_SECONDS = 3600.0
"""CloudFormation's limit if the template sets no ServiceTimeout (crpg-ref-requesttypes)."""

LONGEST_RUN_SECONDS = 900.0
"""Lambda's limit for an invocation (configuration-timeout)."""

_ANSWER_SECONDS, _ANSWER_SHARE = 15.0, 0.2
_LAST_SECONDS, _LAST_SHARE = 1.0, 0.05


class Context(Protocol):
    """The part of Lambda's context object that this module needs."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the invocation."""


class Clock(NamedTuple):
    """The time functions that a guard and a retry use."""

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Limits(NamedTuple):
    """The time limits of one invocation, and their clock.

    `result_by` and `answer_by` are times of the clock's `monotonic`. `ends` is in seconds since 1970.
    """

    result_by: float
    """After this time no result counts: the watchdog answers."""
    answer_by: float
    """After this time the answer is not retried."""
    ends: float
    """After this time the invocation no longer runs."""
    clock: Clock = Clock()


def read_limits(event: Event, context: Context | None, clock: Clock | None = None) -> Limits:
    """The limits of an invocation that begins now: Lambda's remaining time or ServiceTimeout, whichever is shorter."""
    clock = clock or Clock()
    remaining = context.get_remaining_time_in_millis() / 1000 if context else LONGEST_RUN_SECONDS
    span = min(remaining, _service_timeout(event))
    answer_by = clock.monotonic() + span - min(_LAST_SECONDS, span * _LAST_SHARE)
    return Limits(answer_by - min(_ANSWER_SECONDS, span * _ANSWER_SHARE), answer_by, clock.now() + remaining, clock)


def _service_timeout(event: Event) -> float:
    try:
        seconds = float(event["ResourceProperties"]["ServiceTimeout"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return LONGEST_WAIT_SECONDS
    return seconds if 1 <= seconds <= LONGEST_WAIT_SECONDS else LONGEST_WAIT_SECONDS
