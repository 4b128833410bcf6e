"""Counts the contracts, and what comes between a request's calls."""

from contextlib import suppress
from itertools import count

import pytest

from tests.faults.subjects import SUBJECTS
from tests.support.fakes import Killed
from tests.support.thorough import mark_thorough


@pytest.fixture(params=mark_thorough(SUBJECTS, quick=["function", "gateway of the stack's API"]))
def new_subject(request):
    return SUBJECTS[request.param]


@pytest.fixture(autouse=True)
def counted(tally):
    tally("contracts kept")


@pytest.fixture
def at_every_call(new_companion, outbox, tally):
    """Companions with which something came between, before the first, second … call of the request that `start` sends.

    ``start(companion)`` prepares, and gives what sends the request; ``come_between(companion, call)`` may raise in the
    place of that call. A request that is killed makes no call after it. Once a request was answered, nothing comes
    between but with ``to_the_end``; with ``spares``, not before a call that takes no condition.
    """

    failures = []

    def each(start, come_between, *, to_the_end=False, spares=False):
        for at in count():
            companion = new_companion()
            begin, calls, killed = start(companion), [], []
            answered = len(outbox.sink.taken)

            def before(call, at=at, calls=calls, companion=companion, killed=killed, answered=answered):
                if killed:
                    raise killed[0]
                is_over = len(outbox.sink.taken) > answered and not to_the_end
                if len(calls) <= at and (is_over or (spares and call in companion.subject.unconditional)):
                    return
                calls.append(call)
                if len(calls) == at + 1:
                    try:
                        come_between(companion, call)
                    except Killed as death:
                        killed.append(death)
                        raise
                    except AssertionError as broken:
                        failures.append(f"{broken} (before call {at}, {call})")

            companion.subject.watch(before)
            with suppress(Killed):
                begin()
            # The request would have answered it, as it answers any exception.
            assert failures == []
            companion.subject.watch(None)
            if len(calls) <= at:
                tally("calls that something came between", at)
                return
            yield companion, f"before call {at}, {calls[at]}"

    return each
