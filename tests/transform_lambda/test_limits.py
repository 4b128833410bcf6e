import time
from types import SimpleNamespace

import pytest

from tests.support.cloudformation import make_event
from transform_lambda.limits import read_limits


def context(seconds):
    return SimpleNamespace(get_remaining_time_in_millis=lambda: seconds * 1000)


@pytest.mark.parametrize(
    ("remaining", "timeout", "result_by", "answer_by"),
    [
        (900, None, 884, 899),
        (900, "60", 47, 59),
        (60, "900", 47, 59),
        (1, None, 0.75, 0.95),
        (900, "0", 884, 899),
        (900, "soon", 884, 899),
        (900, "nan", 884, 899),
        (900, ["60"], 884, 899),
        (900, 10**400, 884, 899),
    ],
)
def test_the_shorter_of_lambdas_and_the_templates_time_applies(remaining, timeout, result_by, answer_by):
    event = make_event(ResourceProperties={} if timeout is None else {"ServiceTimeout": timeout})

    limits = read_limits(event, context(remaining))

    assert limits.result_by - time.monotonic() == pytest.approx(result_by, abs=0.1)
    assert limits.answer_by - time.monotonic() == pytest.approx(answer_by, abs=0.1)
    assert limits.ends - time.time() == pytest.approx(remaining, abs=0.1)


def test_lambdas_longest_run_applies_without_a_context():
    limits = read_limits({"ResourceProperties": None}, None)

    assert limits.ends - time.time() == pytest.approx(900, abs=0.1)
