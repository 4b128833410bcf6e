"""Any JSON event of both Lambda entry points gets an answer if one can be sent. No forged URL gets a request."""

import json
import random
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from macro import handler as macro_entry_point
from tests.faults.fuzz.json_values import change, make_value
from tests.faults.fuzz.limits import Limits
from tests.support.cloudformation import make_event
from tests.support.companion import Companion, wanted
from tests.support.gateway_companion import TYPE, GatewayCompanion
from tests.support.gateway_companion import wanted as wanted_gateway
from tests.support.sink import Sink
from transform_lambda import handler as entry_point
from transform_lambda.contract import ResourceError
from transform_lambda.limits import read_limits
from transform_lambda.protocol import companion
from transform_lambda.protocol.answer import encode_answer
from transform_lambda.protocol.answer_url import AnswerError

EVENTS = Path(__file__).parents[2] / "events"
MACRO = json.loads((EVENTS / "macro.json").read_text("utf-8"))
CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 2_000, aws_request_id="a-request")
# The start of a Reason after an unexpected exception.
BUG = re.compile(r"[A-Z]\w*(Error|Exception): ")
IDS = ("StackId", "RequestId", "LogicalResourceId")
FORGED = (
    "http://{host}/", "https://{host}/answer", "http://user@{own}/", "http://{own}@{host}/", "http://{own}.{host}/",
    "http://{own}#@{host}/", "http://{host}#{own}", "http://{host}\\@{own}/", "//{host}/", "file:///etc/passwd", "",
    "http://169.254.169.254/latest/meta-data/", "https://cloudformation-custom-resource-response-euwest1.{host}/",
    "HTTP://{host}/", "http:/{host}/", "http://{host}:80/", "http://[{host}]/", "http://[::1", "http://{own}:x/",
)  # fmt: skip


def make_requests(chance, own, forged):
    """A request for either resource with random faults, or a random value."""
    kind, number = chance.choice(("Create", "Update", "Delete")), str(chance.randrange(1 << 30))
    known = chance.choice(({}, {"PhysicalResourceId": "hitcounter-app-Visits"}, {"PhysicalResourceId": ""}))
    event = make_event(kind, number, url=own.url, ResourceType="Custom::Thing", ResourceProperties=wanted(), **known)
    if chance.random() < 0.1:
        return make_value(chance)
    if chance.random() < 0.2:
        event["ResponseURL"] = chance.choice(FORGED).format(own=own.host, host=forged.host)
    return change(event, chance) if chance.random() < 0.9 else event


def deliver(event):
    """Call the companion's entry point. Returns the error that says that no answer could be sent, if any."""
    try:
        entry_point.handler(event, CONTEXT)
    except (AnswerError, ResourceError) as error:
        return error
    return None


def fuzz_the_companion(count):
    """Send ``count`` requests, and return the number of answers. Each request gets at most one."""
    chance, answered = random.Random(3), 0
    with Sink() as own, Sink() as forged, pytest.MonkeyPatch.context() as patch, Limits() as limits:
        patch.setenv("HITCOUNTER_ANSWER_HOSTS", own.host)
        patch.setenv("AWS_REGION", "eu-west-1")
        entry_point._start.cache_clear()
        for _ in range(count):
            event = make_requests(chance, own, forged)
            before = len(own.requests)
            error = limits.time(deliver, event)
            new = own.requests[before:]
            assert len(new) == (0 if error else 1), (error, event)
            answered += len(new)
            if new:
                check_answer(event, json.loads(new[0][3]))
        assert forged.requests == []
    entry_point._start.cache_clear()
    print(limits.summary)
    return answered


def check_answer(event, answer):
    assert [answer[name] for name in IDS] == [event[name] for name in IDS]
    assert answer["Status"] in ("SUCCESS", "FAILED")
    assert 1 <= len(answer["PhysicalResourceId"].encode()) <= 1024
    assert answer["Status"] == "SUCCESS" or answer["Reason"]
    assert len(encode_answer(answer)) <= 4096


class Objects(dict):
    """The stored objects. Any other key raises S3's error."""

    def __missing__(self, key):
        raise ResourceError("there is no such object")


def fuzz_the_resources(count):
    """Send ``count`` requests to both resources on fakes, and return the number of successes."""
    chance, done = random.Random(4), 0
    with Limits() as limits:
        for number in range(count):
            if number % 100 == 0:
                function, gateway = Companion(), GatewayCompanion()
                function.store.objects = Objects(function.store.objects)
            kind, known = chance.choice(("Create", "Update", "Delete")), chance.choice(("hitcounter-app-Visits", "x"))
            resource, sound = chance.choice(((function, wanted()), (gateway, wanted_gateway())))
            event = resource.event(kind, change(sound, chance), number + 1, PhysicalResourceId=known)
            answers = limits.time(serve, event, function, gateway)
            assert len(answers) == 1, event
            check_answer(event, answers[0])
            assert not BUG.match(answers[0].get("Reason", "")), event
            done += answers[0]["Status"] == "SUCCESS"
    print(limits.summary)
    return done


def serve(event, function, gateway):
    """The answers in their sent form."""
    answers, limits = [], read_limits(event, None)
    clock = function.time.clock()
    handlers = {"Custom::LambdaFunction": function.resource, TYPE: gateway.resource}

    def send(url, answer):
        answers.append(json.loads(encode_answer(answer)))

    companion.Companion(handlers, function.records).process(event, send, limits._replace(clock=clock))
    return answers


def fuzz_the_macro(count):
    """Send ``count`` events to the macro, and return the number of expanded templates."""
    chance, expanded = random.Random(5), 0
    with Limits() as limits:
        for _ in range(count):
            event = change(MACRO, chance) if chance.random() < 0.9 else make_value(chance)
            answer = limits.time(macro_entry_point.handler, event, CONTEXT)
            expanded += answer["status"] == "success"
            check_macro_answer(event, answer)
    print(limits.summary)
    return expanded


def check_macro_answer(event, answer):
    assert answer["requestId"] == (event.get("requestId") if isinstance(event, dict) else None)
    field = {"success": "fragment", "failure": "errorMessage"}[answer["status"]]
    assert set(answer) == {"requestId", "status", field}
    json.dumps(answer[field], ensure_ascii=False, allow_nan=False).encode()
    if field == "errorMessage":
        assert answer[field]
        assert "this is a bug" not in answer[field], event


def test_any_request_is_answered_once_or_raises_an_error(tally):
    answered = fuzz_the_companion(1_000)

    assert 300 < answered < 1_000
    tally("events fuzzed", 1_000)


def test_any_properties_of_both_resources_are_answered(tally):
    done = fuzz_the_resources(1_000)

    assert 100 < done < 900
    tally("events fuzzed", 1_000)


def test_any_event_of_the_macro_is_answered(tally):
    expanded = fuzz_the_macro(1_500)

    assert 100 < expanded < 1_400
    tally("events fuzzed", 1_500)


@pytest.mark.fuzz
def test_many_events_are_answered(tally):
    assert fuzz_the_companion(10_000)
    assert fuzz_the_resources(10_000)
    assert fuzz_the_macro(30_000)

    tally("events fuzzed", 50_000)
