"""Send the requests of ``--once``: match each path to a counter, and print each answer on one line."""

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

from macro.cli.cloud.observe.served import Served
from macro.cli.cloud.stack.errors import CloudError
from macro.cli.cloud.stack.reporter import Reporter
from macro.cli.engine.run.request import request
from macro.errors import MacroError, Problem
from macro.plugin import Template
from macro.template.counters import find_counters

_IN_PATH, _IN_QUERY = "/%:@!$&'()*+,;=", "/%:@!$&'()*+,;=?"
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


class PathRequest(NamedTuple):
    """A path to request from a counter. ``place`` is the argument as the user wrote it."""

    place: str
    counter: str
    path: str


def read_path_requests(places: Sequence[str], template: Template) -> list[PathRequest]:
    """The requests for arguments of the form ``[COUNTER:]PATH``, in the same order.

    Raises:
        MacroError: the template has no counter, or arguments don't say which counter they mean. The error lists each
            of these arguments.
    """
    counters = [counter.logical_id for counter in find_counters(template)]
    if not counters:
        raise MacroError([Problem((), "--once: the template has no HitCounter, so there is nothing to request")])
    path_requests = [_read_wish(place, counters) for place in places]
    listed = ", ".join(counters)
    open_ones = [path_request for path_request in path_requests if not path_request.counter]
    if open_ones:
        text = f"must name the counter, as COUNTER:PATH; the counters are {listed}"
        raise MacroError([Problem((), f"--once {path_request.place}: {text}") for path_request in open_ones])
    return path_requests


def request_all(path_requests: Sequence[PathRequest], served: Sequence[Served], reporter: Reporter) -> bool:
    """Print each answer on one line. The result is whether all answers were successes. Others are also reported.

    Raises:
        CloudError: a request got no answer.
    """
    counters = {each.counter: each for each in served}
    is_fine = True
    for path_request in path_requests:
        counter = counters[path_request.counter]
        url = f"{counter.base}/{quote_path(path_request.path)}"
        answer = request(counter.method, url)
        fault = answer.find_fault()
        if not answer.status:
            raise CloudError(f"--once {path_request.place}: {counter.method} {url} {fault}")
        facts = {"counter": path_request.counter, "path": path_request.path, "status": answer.status}
        reporter.show_result("answer", f"{' '.join(answer.body.splitlines())}\n", **facts, body=answer.body)
        if fault:
            is_fine = False
            text = f"{path_request.place}: {counter.method} {url} {fault}"
            reporter.show_step("no-success", text, path=path_request.path, fault=fault)
    return is_fine


def find_unserved(path_requests: Sequence[PathRequest], served: Sequence[Served]) -> list[str]:
    """Messages for requests to counters that aren't deployed because their condition is false."""
    there = [each.counter for each in served]
    text = "isn't deployed, because its condition is false"
    return [
        f"--once {path_request.place}: {path_request.counter} {text}"
        for path_request in path_requests
        if path_request.counter not in there
    ]


def quote_path(text: str) -> str:
    """The path, with its query if any, percent-encoded for a URL. Existing escapes stay unchanged."""
    path, mark, query = _BARE_PERCENT.sub("%25", text.lstrip("/")).partition("?")
    quoted = quote(query, safe=_IN_QUERY, errors="surrogateescape")
    return quote(path, safe=_IN_PATH, errors="surrogateescape") + mark + quoted


def _read_wish(place: str, counters: Sequence[str]) -> PathRequest:
    counter, colon, path = place.partition(":")
    if colon and counter in counters:
        return PathRequest(place, counter, path)
    return PathRequest(place, counters[0] if len(counters) == 1 else "", place)
