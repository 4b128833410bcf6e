"""Log one JSON line for each phase of a request, without secrets."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus

from transform_lambda.contract import Event, Json, Request

_SECRET_PROPERTIES = ("Env", "Environment")
_SHORTEST_SECRET, _LONG_SECRET = 4, 8
_PLAIN = re.compile(r"true|false|null|none|[+-]?[0-9]{1,5}(\.[0-9]{1,5})?", re.IGNORECASE)
"""Values that are no secrets and that occur in many reasons."""
_QUERY = re.compile(r"(https?://[^\s'\"?]*)\?[^\s'\"]*")


def log_phase(request: Request, phase: str, started: float, note: str = "") -> None:
    """Print how long a phase of the request took since `started` (`time.monotonic()`), with a redacted note."""
    properties = {"ResourceProperties": request.properties, "OldResourceProperties": request.old_properties}
    line = {
        "stack": request.stack_id,
        "logical_id": request.logical_id,
        "request_id": request.request_id,
        "type": request.type,
        "phase": phase,
        "duration_ms": round((time.monotonic() - started) * 1000, 1),
    }
    print(json.dumps({**line, "note": redact(note, properties)} if note else line), flush=True)


def redact(text: str, event: Event) -> str:
    """The text without the values of `Env` and `Environment` and without the queries of URLs.

    Redacts values of four characters or more. A value below eight characters is redacted only as a whole word, a
    longer value everywhere. True, false, null, none and numbers of up to five digits stay: a reason without them is
    hard to understand.
    """
    secrets = {secret for secret in _secrets(event) if len(secret) >= _SHORTEST_SECRET and not _PLAIN.fullmatch(secret)}
    for secret in sorted(secrets, key=len, reverse=True):
        for form in sorted(_forms(secret), key=len, reverse=True):
            if form not in text:
                continue
            pattern = re.escape(form) if len(secret) >= _LONG_SECRET else rf"(?<![\w-]){re.escape(form)}(?![\w-])"
            text = re.sub(pattern, "***", text)
    return _QUERY.sub(r"\1?***", text)


def _forms(secret: str) -> set[str]:
    """The value unchanged, and as Python, JSON and URLs write the value in an error's text."""
    data = secret.encode("utf-8", "surrogatepass")
    python = {repr(secret)[1:-1], ascii(secret)[1:-1], repr(data)[2:-1]}
    json_forms = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    return {secret, *python, *json_forms, quote(data), quote(data, safe=""), quote_plus(data)}


def _secrets(event: Event) -> Iterator[str]:
    for properties in (event.get("ResourceProperties"), event.get("OldResourceProperties")):
        if isinstance(properties, Mapping):
            for name in _SECRET_PROPERTIES:
                yield from _texts(properties.get(name))


def _texts(value: Json) -> Iterator[str]:
    # A loop instead of recursion, because a value may be nested deeper than Python's recursion limit.
    parts = [value]
    while parts:
        part = parts.pop()
        if isinstance(part, Mapping):
            parts += part.values()
        elif isinstance(part, (list, tuple)):
            parts += part
        elif part is not None:
            yield str(part)
