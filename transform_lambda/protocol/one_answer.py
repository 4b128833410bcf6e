"""Sends exactly one answer to a request: the first one, from the resource or from the watchdog."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from transform_lambda.contract import Json

Send = Callable[[str, Mapping[str, Json]], None]


class Undelivered(Exception):
    """Another thread gave the answer and could not deliver it: the request has none yet."""


class OneAnswer:
    """Sends the first answer it is given and no other."""

    def __init__(self, send: Send, url: str) -> None:
        self._send = send
        self._url = url
        self._lock = threading.Lock()
        self._is_given = False
        self._is_sent = False

    def give(self, answer: Mapping[str, Json]) -> bool:
        """Whether this was the first answer; waits for one that is under way.

        Raises:
            Exception: whatever `send` raised, or Undelivered where that was the first answer's.
        """
        with self._lock:
            if not self._is_given:
                self._is_given = True
                self._send(self._url, answer)
                self._is_sent = True
                return True
            if not self._is_sent:
                raise Undelivered("the watchdog's answer was not delivered")
            return False


@contextmanager
def watchdog(at: float, bark: Callable[[], None]) -> Iterator[None]:
    """Call `bark` in a thread of its own at this time (of `time.monotonic()`), unless the block has ended by then."""
    timer = threading.Timer(max(0.0, at - time.monotonic()), bark)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
