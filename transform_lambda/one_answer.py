"""One answer to a request: whoever comes first gives it, a watchdog if the work takes too long."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from transform_lambda.contract import Json

Send = Callable[[str, Mapping[str, Json]], None]


class OneAnswer:
    """Sends the first answer it is given and no other; holds whether it was delivered."""

    def __init__(self, send: Send, url: str) -> None:
        self._send = send
        self._url = url
        self._lock = threading.Lock()
        self._error: Exception | None = None
        self._is_given = False

    def give(self, answer: Mapping[str, Json]) -> bool:
        """Whether this was the first answer; waits for one that is under way.

        Raises whatever the sending of the first answer raised: the request then has no answer yet.
        """
        with self._lock:
            is_first = not self._is_given
            if is_first:
                self._is_given = True
                self._deliver(answer)
        if self._error is not None:
            raise self._error
        return is_first

    def _deliver(self, answer: Mapping[str, Json]) -> None:
        try:
            self._send(self._url, answer)
        except Exception as error:
            self._error = error


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
