"""Send HTTP requests to the engine on this machine."""

import json
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import NamedTuple

_SECONDS = 30.0
_WITH_BODY = ("POST", "PUT", "PATCH")


class Answer(NamedTuple):
    """An answer's status and body. If there was no answer, the status is 0 and the body is the reason."""

    status: int
    body: str

    def find_fault(self) -> str:
        """The answer's problem, worded as the end of a sentence. Empty if the answer is right."""
        if not self.status:
            return f"got no answer: {self.body}"
        if not 200 <= self.status < 300:
            return f"returned status {self.status}"
        # API Gateway answers 200 to an error that no pattern matches, for example an error without a text.
        error = _read_error(self.body)
        return f"returned an error of the function: {error}" if error else ""


def request(method: str, url: str) -> Answer:
    """The answer to one request. Redirects are followed. No proxy is used."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    wanted = urllib.request.Request(url, method=method, data=b"" if method in _WITH_BODY else None)
    try:
        with opener.open(wanted, timeout=_SECONDS) as answer:
            return Answer(answer.status, answer.read().decode("utf-8", "replace"))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read().decode("utf-8", "replace"))
    except (OSError, HTTPException) as error:
        return Answer(0, str(getattr(error, "reason", error)))


def _read_error(body: str) -> str:
    try:
        said = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(said, dict) or not {"errorMessage", "errorType"} <= set(said):
        return ""
    return f"{said['errorType']}: {said['errorMessage']}"
