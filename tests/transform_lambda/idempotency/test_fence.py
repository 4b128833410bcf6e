"""The fence: the newest of several requests, and the requests that were answered."""

from dataclasses import replace

import pytest

from tests.support.cloudformation import make_event
from transform_lambda.contract import CREATE, DELETE, UPDATE, Overtaken
from transform_lambda.idempotency.fence import Repeated, admit, answered, check, rank_of
from transform_lambda.idempotency.record import Record
from transform_lambda.protocol.event import parse_request

ISSUED = 1_700_000_000


def request(kind, name):
    return replace(parse_request(make_event(kind, name)), request_id=name)


def come(record, kind, name, issued=ISSUED):
    """The record after the request arrived and was answered."""
    one = request(kind, name)
    return answered(admit(record, one, rank_of(one, issued)), one)


@pytest.mark.parametrize("kind", [CREATE, UPDATE, DELETE])
def test_the_second_of_two_equal_requests_in_one_second_is_carried_out(kind):
    first, second = request(kind, "first"), request(kind, "second")
    record = admit(Record(), first, rank_of(first, ISSUED))

    record = admit(record, second, rank_of(second, ISSUED))

    assert check(record, second) is record
    with pytest.raises(Overtaken):
        admit(record, first, rank_of(first, ISSUED))
    with pytest.raises(Overtaken):
        check(record, first)


@pytest.mark.parametrize(("later", "earlier"), [(UPDATE, CREATE), (DELETE, UPDATE), (DELETE, CREATE)])
def test_requests_in_one_second_are_ordered_by_kind(later, earlier):
    record = come(Record(), later, "later")

    with pytest.raises(Overtaken):
        come(record, earlier, "earlier")
    assert come(record, earlier, "of the next second", ISSUED + 1).request_id == "of the next second"


def test_the_fence_remembers_the_newest_requests():
    record = Record()
    for number in range(250):
        record = come(record, UPDATE, f"request {number}", None)

    for number in range(150, 250):
        with pytest.raises(Repeated):
            come(record, UPDATE, f"request {number}", None)
    assert len(record.seen) == 100


def test_an_unanswered_older_request_is_overtaken_when_it_arrives_again():
    first, second = request(UPDATE, "first"), request(UPDATE, "second")
    record = admit(admit(Record(), first, None), second, None)

    with pytest.raises(Overtaken):
        admit(record, first, None)
    assert admit(record, second, None) is record


def test_an_answer_to_another_request_does_not_answer_the_newest():
    record = admit(Record(), request(UPDATE, "newest"), None)

    assert answered(record, request(UPDATE, "another")) is record
    assert answered(record, request(UPDATE, "newest")).is_answered
