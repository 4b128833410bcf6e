"""What passes by itself is waited for, and what does not is answered in time."""

import threading
import time

import pytest

from tests.support.cloudformation import INVENTED
from transform_lambda.contract import ResourceError
from transform_lambda.ports import TryAgain

PASSING = [
    pytest.param(
        "cannot create function x: The role defined for the function cannot be assumed by Lambda.",
        id="role propagation",
    ),
    pytest.param("Too Many Requests", id="throttle"),
]


def test_pending_is_waited_for(companion):
    companion.create()
    companion.subject.make_busy()
    companion.update(companion.subject.properties(2))

    assert companion.is_live(2)
    assert companion.time.slept


@pytest.mark.parametrize("problem", PASSING)
def test_role_propagation_and_throttles_are_retried_at_every_call(at_every_call, problem):
    def start(companion):
        companion.create()
        event = companion.update_event(companion.subject.properties(2))
        return lambda: companion.keep(companion.subject.properties(2), companion.deliver(event))

    def refuse(companion, call):
        if call in companion.subject.changes:
            raise TryAgain(problem)

    for companion, where in at_every_call(start, refuse):
        assert companion.is_live(2), where


@pytest.mark.parametrize("problem", PASSING)
def test_role_propagation_and_throttles_of_a_create_are_retried_at_every_call(at_every_call, problem):
    def start(companion):
        event = companion.event("Create", companion.subject.properties())
        return lambda: companion.keep(companion.subject.properties(), companion.deliver(event))

    def refuse(companion, call):
        if call in companion.subject.changes:
            raise TryAgain(problem)

    for companion, where in at_every_call(start, refuse):
        assert companion.is_live(1), where


def test_throttles_of_a_delete_are_retried_at_every_call(at_every_call):
    def start(companion):
        companion.create()
        return companion.delete

    def refuse(companion, call):
        if call in companion.subject.changes:
            raise TryAgain("Too Many Requests")

    for companion, where in at_every_call(start, refuse):
        assert companion.left() == [], where


@pytest.mark.parametrize("timeout", [{}, {"ServiceTimeout": "60"}, {"ServiceTimeout": "3600"}], ids=str)
def test_endless_throttle_is_answered_before_the_end_and_service_timeout_is_respected(companion, timeout):
    properties = companion.subject.properties(**timeout)

    def throttle(call):
        if call in companion.subject.changes:
            raise TryAgain("Too Many Requests")

    companion.subject.watch(throttle)
    answer = companion.create(properties)
    took = companion.time.passed
    companion.subject.watch(None)
    companion.time.passed += 1000
    companion.delete(answer["PhysicalResourceId"], properties)

    limit = min(int(timeout.get("ServiceTimeout", 900)), 900)
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].endswith("gave up, as the time for this request is over")
    assert limit / 2 < took < limit
    assert companion.left() == []


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_hanging_call_is_answered_before_the_end_and_its_late_result_is_not_sent(companion, outbox, kind):
    answered = threading.Event()
    properties = companion.subject.properties(ServiceTimeout="1")
    if kind != "Create":
        companion.create(properties)
    events = {
        "Create": lambda: companion.event("Create", properties),
        "Update": lambda: companion.update_event(companion.subject.properties(2, ServiceTimeout="1")),
        "Delete": lambda: companion.delete_event(properties=properties),
    }
    event, before, seen = events[kind](), len(outbox.sink.taken), []

    def hang(call):
        if call in companion.subject.changes and not seen:
            seen.append(call)
            while len(outbox.sink.taken) == before and not answered.wait(0.02):
                time.sleep(0)

    companion.subject.watch(hang)
    answer = companion.deliver(event)
    companion.subject.watch(None)
    companion.time.passed += 1000
    companion.delete(companion.known or INVENTED, properties)

    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == f"the {kind} did not finish within 1 seconds"
    assert len(outbox.answers[event["RequestId"]]) == 1
    assert companion.left() == []


def test_longer_reason_in_multi_byte_text_is_shortened_to_fit(companion, outbox):
    def refuse(call):
        if call in companion.subject.changes:
            raise ResourceError("Größe 数え上げ 🔢 " * 500)

    companion.subject.watch(refuse)
    answer = companion.create()
    companion.subject.watch(None)

    body = outbox.sink.taken[-1][3]
    assert answer["Reason"].endswith("…")
    assert 4096 - 8 < len(body) <= 4096
    companion.delete(answer["PhysicalResourceId"])
    assert companion.left() == []
