"""HTTP requests to what an engine serves on this machine."""

import urllib.error
import urllib.request
from typing import NamedTuple

_SECONDS = 30.0


class Answer(NamedTuple):
    """An answer's status and body; status 0 where none came, with the reason as the body."""

    status: int
    body: str

    def is_fine(self) -> bool:
        """Whether the status is one of success."""
        return 200 <= self.status < 300


def request(method: str, url: str) -> Answer:
    """The answer to one request; redirects are followed, a proxy is never asked."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    wanted = urllib.request.Request(url, method=method, data=b"" if method in ("POST", "PUT", "PATCH") else None)
    try:
        with opener.open(wanted, timeout=_SECONDS) as answer:
            return Answer(answer.status, answer.read().decode("utf-8", "replace"))
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read().decode("utf-8", "replace"))
    except OSError as error:
        return Answer(0, str(getattr(error, "reason", error)))
