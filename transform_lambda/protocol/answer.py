"""Build the answer to a request within CloudFormation's size limit, and send it to the answer URL."""

import http.client
import json
import random
import ssl
import time
from collections.abc import Collection, Mapping
from urllib.parse import SplitResult

from transform_lambda.contract import CREATE, Json, Request, ResourceError, Result
from transform_lambda.identity import LONGEST_BYTES, marker_for
from transform_lambda.protocol.answer_url import AnswerError, check_answer_url, region_of

Answer = dict[str, Json]

LARGEST_BYTES = 4096
"""CloudFormation's limit (crpg-ref-responses: "The total size of the response body can't exceed 4096 bytes")."""

_ATTEMPT_SECONDS, _RETRY_SECONDS = 10.0, 30.0
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.2, 5.0
_RETRIED = {408, 425, 429}


def success_answer(request: Request, result: Result) -> Answer:
    """A SUCCESS answer with the result's data.

    Raises:
        ResourceError: CloudFormation does not accept the physical ID or the data. The text names the key of the data.
    """
    if not 1 <= size_of_text(result.physical_id) <= LONGEST_BYTES:
        raise ResourceError(f"the physical ID must be 1 to {LONGEST_BYTES:,} bytes of text")
    for name, value in result.data.items():
        _check_data(name, value)
    answer = {
        **_answer(request, "SUCCESS", result.physical_id),
        "NoEcho": result.no_echo is True,
        "Data": dict(result.data),
    }
    size = len(_encode(answer))
    if size > LARGEST_BYTES:
        longest = max(result.data, key=lambda name: len(_encode({name: result.data[name]})), default="")
        raise ResourceError(
            f"Data.{longest}: must be shorter; the answer has {size:,} bytes, and may have at most {LARGEST_BYTES:,}"
        )
    return answer


def failed_answer(request: Request, reason: str) -> Answer:
    """A FAILED answer with this reason. Its physical ID is the request's, or a marker for a Create."""
    known = marker_for(request.stack_id, request.logical_id) if request.type == CREATE else request.physical_id
    return {**_answer(request, "FAILED", known), "Reason": reason or "no reason was given", "NoEcho": False}


def encode_answer(answer: Mapping[str, Json]) -> bytes:
    """The answer as at most 4,096 bytes. A `Reason` that is too long is cut between two characters, with an ellipsis.

    Raises:
        AnswerError: the answer is too long even without its reason.
    """
    reason = str(answer.get("Reason", "")).encode("utf-8", "replace").decode("utf-8")
    fitted = {**answer, "Reason": reason} if "Reason" in answer else dict(answer)
    if len(_encode(fitted)) <= LARGEST_BYTES:
        return _encode(fitted)
    kept, too_many = 0, len(reason)
    while too_many - kept > 1:
        middle = (kept + too_many) // 2
        if len(_encode({**fitted, "Reason": reason[:middle] + "…"})) <= LARGEST_BYTES:
            kept = middle
        else:
            too_many = middle
    body = _encode({**fitted, "Reason": reason[:kept] + "…"})
    if len(body) > LARGEST_BYTES:
        raise AnswerError(f"the answer must have at most {LARGEST_BYTES:,} bytes, got {len(body):,}")
    return body


def send_answer(
    url: str, answer: Mapping[str, Json], deadline: float | None = None, allowed: Collection[str] = ()
) -> None:
    """PUT the answer to the URL. Retry after network errors and statuses 5xx, 408, 425 and 429, until `deadline`.

    `deadline` is a time of `time.monotonic()`. The default is 30 seconds from now. The region decides which hosts may
    get the answer (see `region_of`). `allowed` names further hosts as `host:port`.

    Raises:
        AnswerError: the answer was not delivered. The text gives the reason.
    """
    parts = check_answer_url(url, region_of(str(answer.get("StackId", ""))), allowed)
    body = encode_answer(answer)
    pause, end = _FIRST_PAUSE_SECONDS, time.monotonic() + _RETRY_SECONDS if deadline is None else deadline
    while True:
        problem = _put(parts, body, max(1.0, min(_ATTEMPT_SECONDS, end - time.monotonic())))
        if problem is None:
            return
        wait = random.uniform(pause / 2, pause)
        if time.monotonic() + wait >= end:
            raise AnswerError(f"gave up: {problem}")
        time.sleep(wait)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def size_of_text(value: Json) -> int:
    """The text's bytes in UTF-8. 0 for other values, and for half of a surrogate pair, which no answer can contain."""
    try:
        return len(value.encode("utf-8")) if isinstance(value, str) else 0
    except UnicodeEncodeError:
        return 0


def _answer(request: Request, status: str, physical_id: str) -> Answer:
    return {
        "Status": status,
        "PhysicalResourceId": physical_id,
        "StackId": request.stack_id,
        "RequestId": request.request_id,
        "LogicalResourceId": request.logical_id,
    }


def _check_data(name: Json, value: Json) -> None:
    if not isinstance(name, str):
        raise ResourceError(f"Data: names must be text, got {name!r}")
    try:
        _encode({name: value})
    except (TypeError, ValueError, RecursionError):
        raise ResourceError(f"Data.{name}: is not JSON ({type(value).__name__})") from None


def _encode(answer: Mapping[str, Json]) -> bytes:
    return json.dumps(answer, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")


def _put(parts: SplitResult, body: bytes, timeout: float) -> str | None:
    """None if the answer was delivered, else the problem that a retry can solve; raises for other problems."""
    connection = _connect(parts, timeout)
    try:
        # The URL is signed for an empty content type, so S3 refuses any other content type.
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request("PUT", target, body, {"Content-Type": ""})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()
    if 200 <= status < 300:
        return None
    if status >= 500 or status in _RETRIED:
        return f"status {status}"
    if status == 403:
        raise AnswerError("not delivered: status 403, the answer URL has expired or its signature is not valid")
    raise AnswerError(f"not delivered: status {status}")


def _connect(parts: SplitResult, timeout: float) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, parts.port, timeout=timeout)
    return http.client.HTTPSConnection(host, parts.port, timeout=timeout, context=ssl.create_default_context())
