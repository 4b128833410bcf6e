"""Limits for the time and the memory of a fuzz input."""

import resource
import sys
import time

MAX_SECONDS = 1.0
# The factor for the time while coverage is measured.
TRACED = 4
# The growth of the process by all inputs together, in KiB.
MAX_KIB = 200 << 10


class Limits:
    """A block that measures the CPU time of each input, because wall-clock time depends on the machine's load."""

    def __init__(self):
        self.inputs, self.slowest = 0, 0.0

    def __enter__(self):
        self._before, self._started = _peak(), time.process_time()
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            assert _peak() - self._before < MAX_KIB, "the inputs took too much memory"

    def time(self, action, *arguments):
        """The result of the action. Asserts that the action takes less than a second."""
        result, spent = _measure(action, arguments)
        if spent >= MAX_SECONDS * (TRACED if sys.gettrace() else 1):
            # The caches of a busy machine cost time too, so a slow input is measured again.
            result, again = _measure(action, arguments)
            spent = min(spent, again)
        self.inputs, self.slowest = self.inputs + 1, max(self.slowest, spent)
        assert spent < MAX_SECONDS * (TRACED if sys.gettrace() else 1), f"{spent:.1f} seconds: {str(arguments)[:300]}"
        return result

    @property
    def summary(self):
        """A line with the number of inputs, their rate, and the slowest one."""
        seconds = time.process_time() - self._started
        return f"{self.inputs:,} inputs, {self.inputs / seconds:,.0f} a second, {self.slowest:.3f} s the slowest"


def _measure(action, arguments):
    started = time.thread_time()
    result = action(*arguments)
    return result, time.thread_time() - started


def _peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
