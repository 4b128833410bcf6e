"""No log, Reason, Data or tag contains a secret or a presigned URL. The fixture ``outbox`` checks answers and log."""

import json

import pytest

from tests.faults.checked_outbox import SECRET
from transform_lambda.contract import ResourceError
from transform_lambda.ports import TryAgain

KINDS = [ResourceError, TryAgain, ValueError, KeyError]


@pytest.mark.parametrize("error", KINDS)
@pytest.mark.parametrize("lasts", [False, True], ids=["once", "from then on"])
def test_no_log_and_no_reason_contains_a_secret_or_presigned_url_after_any_error(at_every_call, error, lasts):
    def start(companion):
        companion.create()
        properties = companion.subject.properties(2, ServiceTimeout="60")
        companion.late = companion.update_event(properties)
        return lambda: companion.deliver(companion.late)

    def fail(companion, call):
        if lasts:
            companion.subject.observe(lambda call: fail(companion, call))
        new, old = (companion.late[f"{which}ResourceProperties"] for which in ("", "Old"))
        raise error(f"refused: {json.dumps(new)} {old!r} {new.get('Env')} {companion.late['ResponseURL']}")

    for companion, where in at_every_call(start, fail):
        companion.time.passed += 1000
        companion.update(companion.subject.properties(3), old=companion.late["ResourceProperties"])
        assert companion.is_live(3), where


def test_no_data_and_no_tag_contains_a_secret_or_presigned_url(companion):
    companion.create()
    updated = companion.update(companion.subject.properties(2))

    assert SECRET not in json.dumps(updated)
    assert SECRET not in companion.subject.read_texts()
    assert "Signature" not in companion.subject.read_texts()


def test_no_echo_applies_only_to_its_own_request(companion, outbox):
    secret = companion.deliver(outbox.event("Create", "Custom::Secret", {}, LogicalResourceId="Key"))
    made = companion.create()
    again = companion.update(companion.subject.properties(2))
    refused = companion.update(companion.subject.unusable()[0])
    gone = companion.delete()

    assert secret["NoEcho"] is True
    assert [each["NoEcho"] for each in (made, again, refused, gone)] == [False] * 4
