"""What an input may cost: a second, and so much memory."""

import resource
import sys
import time

MOST_SECONDS = 1.0
TRACED = 4
"""How many times as long it may take while each line is counted for the coverage."""
MOST_KIB = 200 << 10
"""By which all inputs together may make the process grow."""


class Limits:
    """A block in which inputs are timed, by the processor's time, so that a busy machine is no fault of theirs."""

    def __init__(self):
        self.inputs, self.slowest = 0, 0.0

    def __enter__(self):
        self._before, self._started = _peak(), time.process_time()
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            assert _peak() - self._before < MOST_KIB, "the inputs took too much memory"

    def time(self, action, *arguments):
        """What the action gives; an AssertionError where it takes more than a second."""
        result, spent = _measure(action, arguments)
        if spent >= MOST_SECONDS * (TRACED if sys.gettrace() else 1):
            # A busy machine's caches make work dearer; what is slow is so again.
            result, again = _measure(action, arguments)
            spent = min(spent, again)
        self.inputs, self.slowest = self.inputs + 1, max(self.slowest, spent)
        assert spent < MOST_SECONDS * (TRACED if sys.gettrace() else 1), f"{spent:.1f} seconds: {str(arguments)[:300]}"
        return result

    @property
    def told(self):
        """A line for the terminal."""
        seconds = time.process_time() - self._started
        return f"{self.inputs:,} inputs, {self.inputs / seconds:,.0f} a second, {self.slowest:.3f} s the slowest"


def _measure(action, arguments):
    started = time.thread_time()
    result = action(*arguments)
    return result, time.thread_time() - started


def _peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
