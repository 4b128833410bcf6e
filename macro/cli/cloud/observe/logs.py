"""Read lines from log groups, sorted by time, and follow new lines."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from macro.cli.cloud.stack.account import Client
from macro.cli.cloud.stack.errors import code_of
from macro.cli.cloud.stack.stack import pause

# In milliseconds. CloudWatch Logs may report a line some seconds after a later line.
_OVERLAP = 30_000


class LogSource(NamedTuple):
    """A log group, and the label of the counter or gateway that writes to it."""

    label: str
    log_group: str


class Logged(NamedTuple):
    """One log event: a line, or several lines written at once. ``time`` is in milliseconds since 1970."""

    time: int
    label: str
    stream: str
    message: str
    id: str


def read_logs(client: Client, sources: Sequence[LogSource], since: int, text: str = "") -> list[Logged]:
    """The log events of all sources from ``since`` on that contain the text, newest last.

    ``since`` is in milliseconds since 1970. A log group that doesn't exist has no events.
    """
    found = [logged for source in sources for logged in _read_source(client, source, since, text)]
    return sorted(found, key=lambda logged: logged.time)


def follow_logs(client: Client, sources: Sequence[LogSource], since: int, text: str = "") -> Iterator[list[Logged]]:
    """The result of :func:`read_logs`, then the new events of each further read. The iterator never ends by itself."""
    known: dict[tuple[str, str], int] = {}
    while True:
        found = read_logs(client, sources, since, text)
        new = [logged for logged in found if (logged.label, logged.id) not in known]
        known.update({(logged.label, logged.id): logged.time for logged in new})
        yield new
        since = max(since, max(known.values(), default=since) - _OVERLAP)
        known = {key: time for key, time in known.items() if time >= since}
        pause(client)


def _read_source(client: Client, source: LogSource, since: int, text: str) -> Iterator[Logged]:
    from botocore.exceptions import ClientError

    request: dict[str, Any] = {"logGroupName": source.log_group, "startTime": since}
    if text:
        request["filterPattern"] = _quote(text)
    try:
        for page in client.get_paginator("filter_log_events").paginate(**request):
            for event in page["events"]:
                # An engine may support only some of CloudWatch's filter patterns.
                if text in event["message"]:
                    yield _read_event(source, event)
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise


def _quote(text: str) -> str:
    """A filter pattern that matches the exact text (CloudWatch Logs guide, "filter pattern syntax")."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _read_event(source: LogSource, event: Mapping[str, Any]) -> Logged:
    time, stream, message = event["timestamp"], event.get("logStreamName", ""), event["message"]
    return Logged(time, source.label, stream, message, event.get("eventId") or f"{stream} {time} {message}")
