"""The companion with each of its two resources, and an outbox that checks the answers."""

import pytest

from tests.faults.checked_outbox import SECRET, CheckedOutbox
from tests.faults.companion import Companion
from tests.faults.subjects import SUBJECTS
from tests.support.sink import Sink


@pytest.fixture(params=SUBJECTS)
def new_subject(request):
    """Makes a subject: one of the resources on new fakes."""
    return SUBJECTS[request.param]


@pytest.fixture
def outbox(capsys):
    """Takes all answers of a test. At the end, each request must have an answer, and no log may contain a secret."""
    with Sink() as sink:
        outbox = CheckedOutbox(sink)
        yield outbox
        outbox.check()
    logged = capsys.readouterr()
    assert SECRET not in logged.out + logged.err


@pytest.fixture
def new_companion(new_subject, outbox):
    """Makes companions, each with its own subject."""
    return lambda: Companion(new_subject(), outbox)


@pytest.fixture
def companion(new_companion):
    return new_companion()
