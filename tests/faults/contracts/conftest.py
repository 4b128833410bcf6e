"""Count the contracts, and interrupt a request before each of its calls."""

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
    """Companions whose request was interrupted before its first, second … call.

    ``start(companion)`` returns a function that sends the request. ``interrupt(companion, call)`` runs before the call,
    and may raise an error instead. A killed request makes no further calls. Interruptions end with the answer,
    except with ``after_answer``. With ``skips_unconditional``, no unconditional call is interrupted.
    """

    failures = []

    def each(start, interrupt, *, after_answer=False, skips_unconditional=False):
        for at in count():
            companion = new_companion()
            begin, calls, killed = start(companion), [], []
            answered = len(outbox.sink.taken)

            def before(call, at=at, calls=calls, companion=companion, killed=killed, answered=answered):
                if killed:
                    raise killed[0]
                is_over = len(outbox.sink.taken) > answered and not after_answer
                if len(calls) <= at and (is_over or (skips_unconditional and call in companion.subject.unconditional)):
                    return
                calls.append(call)
                if len(calls) == at + 1:
                    try:
                        interrupt(companion, call)
                    except Killed as error:
                        killed.append(error)
                        raise
                    except AssertionError as error:
                        failures.append(f"{error} (before call {at}, {call})")

            companion.subject.observe(before)
            with suppress(Killed):
                begin()
            # Raised here, because the request would answer an AssertionError like any other exception.
            assert failures == []
            companion.subject.observe(None)
            if len(calls) <= at:
                tally("calls that something came between", at)
                return
            yield companion, f"before call {at}, {calls[at]}"

    return each
