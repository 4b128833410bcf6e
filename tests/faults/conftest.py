"""The companion's two resources, each behind the door, and an outbox that checks what they answer."""

import pytest

from tests.faults.checked_outbox import SECRET, CheckedOutbox
from tests.faults.companion import Companion
from tests.faults.subjects import SUBJECTS
from tests.support.sink import Sink


@pytest.fixture(params=SUBJECTS)
def new_subject(request):
    """Makes a world with nothing of ours in it, for one of the resources."""
    return SUBJECTS[request.param]


@pytest.fixture
def outbox(capsys):
    """Takes all answers of a test; in the end each request has its own, and no secret stands in a log."""
    with Sink() as sink:
        outbox = CheckedOutbox(sink)
        yield outbox
        outbox.check()
    logged = capsys.readouterr()
    assert SECRET not in logged.out + logged.err


@pytest.fixture
def new_companion(new_subject, outbox):
    """Makes companions with a world each."""
    return lambda: Companion(new_subject(), outbox)


@pytest.fixture
def companion(new_companion):
    return new_companion()
