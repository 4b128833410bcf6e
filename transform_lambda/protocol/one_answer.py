"""Send exactly one answer to a request. If the work takes too long, a watchdog sends the answer."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from transform_lambda.contract import Json

Send = Callable[[str, Mapping[str, Json]], None]


class Undelivered(Exception):
    """Another thread failed to deliver the answer, so the request has no answer yet."""


class OneAnswer:
    """Sends only the first answer that it gets."""

    def __init__(self, send: Send, url: str) -> None:
        self._send = send
        self._url = url
        self._lock = threading.Lock()
        self._has_answer = False
        self._is_sent = False

    def send(self, answer: Mapping[str, Json]) -> bool:
        """Send the answer if it is the first one, and return whether it is. Waits while another thread sends.

        Raises:
            Undelivered: another thread's answer came first, and `send` raised for it.
            Exception: anything that `send` raises for this answer.
        """
        with self._lock:
            if not self._has_answer:
                self._has_answer = True
                self._send(self._url, answer)
                self._is_sent = True
                return True
            if not self._is_sent:
                raise Undelivered("the watchdog's answer was not delivered")
            return False


@contextmanager
def watchdog(at: float, on_timeout: Callable[[], None]) -> Iterator[None]:
    """Call `on_timeout` in another thread at the time `at` (of `time.monotonic()`), unless the block ends earlier."""
    timer = threading.Timer(max(0.0, at - time.monotonic()), on_timeout)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
