"""How long a request may take: until CloudFormation or Lambda stops waiting, less the time for the answer."""

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from transform_lambda.contract import Event

LONGEST_WAIT_SECONDS = 3600.0
"""CloudFormation's, where the template sets no ServiceTimeout (crpg-ref-requesttypes)."""

LONGEST_RUN_SECONDS = 900.0
"""Lambda's (configuration-timeout)."""

_ANSWER_SECONDS, _ANSWER_SHARE = 15.0, 0.2
_LAST_SECONDS, _LAST_SHARE = 1.0, 0.05


class Context(Protocol):
    """What Lambda tells of an invocation, as far as it is needed here."""

    def get_remaining_time_in_millis(self) -> int:
        """How long until Lambda ends it."""


class Clock(NamedTuple):
    """The three ways in which a guard needs the time."""

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Limits(NamedTuple):
    """Three points in time, two of the clock's `monotonic`, the last in seconds since 1970; and that clock."""

    work_by: float
    """After this, no result counts: the watchdog answers."""
    answer_by: float
    """After this, the answer is not tried again."""
    ends: float
    """After this, nothing of the invocation runs any more."""
    clock: Clock = Clock()


def read_limits(event: Event, context: Context | None, clock: Clock | None = None) -> Limits:
    """The limits of an invocation that begins now: the shorter of Lambda's and the template's ServiceTimeout."""
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
