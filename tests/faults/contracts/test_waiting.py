"""The companion waits for temporary problems, and answers permanent problems in time."""

import threading
import time

import pytest

from tests.faults.companion import start_create, start_update
from tests.support.cloudformation import INVENTED
from transform_lambda.contract import ResourceError
from transform_lambda.ports import TryAgain

TEMPORARY = [
    pytest.param(
        "cannot create function x: The role defined for the function cannot be assumed by Lambda.",
        id="role propagation",
    ),
    pytest.param("Too Many Requests", id="throttle"),
]


def test_the_companion_waits_for_a_pending_change(companion):
    companion.create()
    companion.subject.make_busy()
    companion.update(companion.subject.properties(2))

    assert companion.is_live(2)
    assert companion.time.slept


@pytest.mark.parametrize("problem", TEMPORARY)
def test_an_update_retries_after_role_propagation_and_throttles(at_every_call, problem):
    for companion, where in at_every_call(start_update(2), refuse_changes(problem)):
        assert companion.is_live(2), where


@pytest.mark.parametrize("problem", TEMPORARY)
def test_a_create_retries_after_role_propagation_and_throttles(at_every_call, problem):
    for companion, where in at_every_call(start_create, refuse_changes(problem)):
        assert companion.is_live(1), where


def test_a_delete_retries_after_throttles(at_every_call):
    def start(companion):
        companion.create()
        return companion.delete

    for companion, where in at_every_call(start, refuse_changes("Too Many Requests")):
        assert companion.find_leftovers() == [], where


def refuse_changes(problem):
    def refuse(companion, call):
        if call in companion.subject.changes:
            raise TryAgain(problem)

    return refuse


@pytest.mark.parametrize("timeout", [{}, {"ServiceTimeout": "60"}, {"ServiceTimeout": "3600"}], ids=str)
def test_an_endless_throttle_is_answered_within_the_service_timeout(companion, timeout):
    properties = companion.subject.properties(**timeout)

    def throttle(call):
        if call in companion.subject.changes:
            raise TryAgain("Too Many Requests")

    companion.subject.observe(throttle)
    answer = companion.create(properties)
    took = companion.time.passed
    companion.subject.observe(None)
    companion.time.passed += 1000
    companion.delete(answer["PhysicalResourceId"], properties)

    limit = min(int(timeout.get("ServiceTimeout", 900)), 900)
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].endswith("gave up, because the time for this request is over")
    assert limit / 2 < took < limit
    assert companion.find_leftovers() == []


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_a_hanging_call_is_answered_in_time_and_its_late_result_is_not_sent(companion, outbox, kind):
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

    companion.subject.observe(hang)
    answer = companion.deliver(event)
    companion.subject.observe(None)
    companion.time.passed += 1000
    companion.delete(companion.known or INVENTED, properties)

    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == f"the {kind} did not finish within 1 seconds"
    assert len(outbox.answers[event["RequestId"]]) == 1
    assert companion.find_leftovers() == []


def test_a_long_reason_of_multi_byte_characters_is_shortened(companion, outbox):
    def refuse(call):
        if call in companion.subject.changes:
            raise ResourceError("Größe 数え上げ 🔢 " * 500)

    companion.subject.observe(refuse)
    answer = companion.create()
    companion.subject.observe(None)

    body = outbox.sink.taken[-1][3]
    assert answer["Reason"].endswith("…")
    assert 4096 - 8 < len(body) <= 4096
    companion.delete(answer["PhysicalResourceId"])
    assert companion.find_leftovers() == []
