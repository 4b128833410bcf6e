"""``--once``: which counter each path is meant for, its request, and its answer as a line."""

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

from macro.cli.cloud.observe.served import Served
from macro.cli.cloud.stack.errors import CloudError
from macro.cli.cloud.stack.progress import Line, Tell
from macro.cli.engine.run.request import request
from macro.errors import MacroError, Problem
from macro.plugin import Template
from macro.template.merge import find_counters

_IN_PATH, _IN_QUERY = "/%:@!$&'()*+,;=", "/%:@!$&'()*+,;=?"
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Wish(NamedTuple):
    """A path to be requested of a counter; ``place`` is both as they were written."""

    place: str
    counter: str
    path: str


def read_wishes(places: Sequence[str], template: Template) -> list[Wish]:
    """What ``[COUNTER:]PATH`` means in that template, in turn.

    Raises :class:`MacroError` for every one that leaves open which counter is meant.
    """
    counters = [counter.logical_id for counter in find_counters(template, [])]
    if not counters:
        raise MacroError([Problem((), "--once: the template has no HitCounter, so there is nothing to request")])
    wishes = [_read_wish(place, counters) for place in places]
    listed = ", ".join(counters)
    open_ones = [wish for wish in wishes if not wish.counter]
    if open_ones:
        text = f"say which counter, as COUNTER:PATH; there are {listed}"
        raise MacroError([Problem((), f"--once {wish.place}: {text}") for wish in open_ones])
    return wishes


def request_all(wishes: Sequence[Wish], served: Sequence[Served], tell: Tell, as_json: bool) -> bool:
    """Print an answer a line; what is no success is told beside it. Whether all were.

    Raises :class:`CloudError` where there was no answer at all.
    """
    counters = {each.counter: each for each in served}
    is_fine = True
    for wish in wishes:
        counter = counters[wish.counter]
        url = f"{counter.base}/{quote_path(wish.path)}"
        answer = request(counter.method, url)
        fault = answer.find_fault()
        if not answer.status:
            raise CloudError(f"--once {wish.place}: {counter.method} {url} {fault}")
        if as_json:
            facts = {"counter": wish.counter, "path": wish.path, "status": answer.status, "body": answer.body}
            tell(Line("answer", "", facts))
        else:
            print(" ".join(answer.body.splitlines()), flush=True)
        if fault:
            is_fine = False
            tell(
                Line("no-success", f"{wish.place}: {counter.method} {url} {fault}", {"path": wish.path, "fault": fault})
            )
    return is_fine


def find_unserved(wishes: Sequence[Wish], served: Sequence[Served]) -> list[str]:
    """What to tell of wishes whose counter's condition keeps it out of the stack."""
    there = [each.counter for each in served]
    text = "isn't deployed, since its condition is false"
    return [f"--once {wish.place}: {wish.counter} {text}" for wish in wishes if wish.counter not in there]


def quote_path(text: str) -> str:
    """A path with a query, or without, as a URL has it; escapes in it stay as they are."""
    path, mark, query = _BARE_PERCENT.sub("%25", text.lstrip("/")).partition("?")
    quoted = quote(query, safe=_IN_QUERY, errors="surrogateescape")
    return quote(path, safe=_IN_PATH, errors="surrogateescape") + mark + quoted


def _read_wish(place: str, counters: Sequence[str]) -> Wish:
    counter, colon, path = place.partition(":")
    if colon and counter in counters:
        return Wish(place, counter, path)
    return Wish(place, counters[0] if len(counters) == 1 else "", place)
