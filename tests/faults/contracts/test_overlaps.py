"""Requests that overlap or end early. Each test interrupts a request before each of its calls."""

import pytest

from tests.faults.companion import start_create, start_update
from tests.support.cloudformation import INVENTED
from tests.support.fakes import Killed
from tests.support.thorough import mark_thorough
from transform_lambda.contract import ResourceError
from transform_lambda.ports import TryAgain

PLACES = pytest.mark.parametrize("place", mark_thorough(["", "b"], quick=[""]), ids=["in place", "by a replacement"])


def test_a_delete_with_a_generated_id_during_a_create_leaves_nothing(at_every_call):
    def delete(companion, call):
        assert companion.delete(INVENTED)["Status"] == "SUCCESS"

    for companion, where in at_every_call(start_create, delete):
        assert companion.find_leftovers() == [], where


def test_a_create_adopts_its_resource_after_a_lost_answer(at_every_call):
    def lose(companion, call):
        if not companion.subject.lose(call, TryAgain("ReadTimeoutError")) and call == "records write":
            raise Killed

    events = {}

    def start(companion):
        events[companion] = companion.event("Create", companion.subject.properties())
        return lambda: companion.accept(companion.subject.properties(), companion.deliver(events[companion]))

    for companion, where in at_every_call(start, lose):
        if companion.known is None:
            companion.time.passed += 1000
            companion.accept(companion.subject.properties(), companion.deliver(events[companion]))
        assert companion.is_live(1), where


def test_a_duplicate_during_a_create_makes_one_resource(at_every_call):
    def start(companion):
        companion.twin = companion.event("Create", companion.subject.properties())
        return lambda: companion.deliver(companion.twin)

    def again(companion, call):
        answer = companion.accept(companion.subject.properties(), companion.deliver(companion.twin))
        assert answer["Status"] == "SUCCESS"

    for companion, where in at_every_call(start, again):
        assert companion.is_live(1), where
        companion.delete()
        assert companion.find_leftovers() == [], where


@pytest.mark.parametrize("error", [ResourceError, TryAgain, ValueError])
@pytest.mark.parametrize("lasts", [False, True], ids=["once", "from then on"])
def test_a_create_that_fails_leaves_nothing_after_its_delete(at_every_call, error, lasts):
    def start(companion):
        properties = companion.subject.properties(ServiceTimeout="60")
        companion.answer, event = [], companion.event("Create", properties)
        return lambda: companion.answer.append(companion.deliver(event))

    def refuse(companion, call):
        if lasts:
            companion.subject.observe(lambda call: refuse(companion, call))
        raise error("refused")

    for companion, where in at_every_call(start, refuse):
        (answer,) = companion.answer
        companion.time.passed += 1000
        if answer["Status"] == "SUCCESS":
            assert companion.is_live(1, answer["PhysicalResourceId"]), where
        assert companion.delete(answer["PhysicalResourceId"])["Status"] == "SUCCESS", where
        assert companion.find_leftovers() == [], where


def test_a_refused_create_removes_its_resources_before_its_delete(at_every_call):
    def refuse(companion, call):
        if call in companion.subject.changes:
            raise ResourceError("refused")

    for companion, where in at_every_call(start_create, refuse):
        assert companion.known or companion.find_leftovers() == [], where


@pytest.mark.parametrize("error", [ValueError, SystemExit, RecursionError, MemoryError, UnicodeError])
def test_any_exception_is_answered(at_every_call, error):
    def fail(companion, call):
        raise error("a bug")

    for companion, where in at_every_call(start_create, fail):
        if companion.known is None:
            assert companion.delete(INVENTED)["Status"] == "SUCCESS", where
        else:
            assert companion.is_live(1), where
            companion.delete()
        assert companion.find_leftovers() == [], where


@PLACES
def test_a_failed_update_is_rolled_back(at_every_call, place):
    def refuse(companion, call):
        raise ResourceError("refused")

    for companion, where in at_every_call(start_update(2, place), refuse):
        old, new = companion.subject.properties(), companion.subject.properties(2, place)
        answer = companion.deliver(companion.update_event(old, old=new))
        assert answer["Status"] == "SUCCESS", where
        for leftover in companion.subject.list_ids() - {companion.known}:
            companion.delete(leftover, new)
        assert companion.is_live(1), where


@PLACES
def test_a_rollback_during_an_update_wins(at_every_call, place):
    def roll_back(companion, call):
        old, new = companion.subject.properties(), companion.subject.properties(2, place)
        assert companion.deliver(companion.update_event(old, old=new))["Status"] == "SUCCESS"

    for companion, where in at_every_call(start_update(2, place), roll_back, skips_unconditional=True):
        assert companion.is_live(1), where
        companion.delete()
        assert companion.find_leftovers() == [], where


@PLACES
def test_a_newer_update_during_an_update_wins(at_every_call, place):
    def update(companion, call):
        assert companion.update(companion.subject.properties(3, place))["Status"] == "SUCCESS"

    for companion, where in at_every_call(start_update(2), update, skips_unconditional=True):
        if place:
            companion.delete(next(iter(companion.subject.list_ids() - {companion.known}), INVENTED))
        assert companion.is_live(3), where


@PLACES
def test_a_rollback_and_a_delete_during_an_update_leave_nothing(at_every_call, place):
    def roll_back_and_delete(companion, call):
        old, new = companion.subject.properties(), companion.subject.properties(2, place)
        assert companion.deliver(companion.update_event(old, old=new))["Status"] == "SUCCESS"
        assert companion.delete()["Status"] == "SUCCESS"

    for companion, where in at_every_call(start_update(2, place), roll_back_and_delete):
        assert companion.find_leftovers() == [], where


def test_a_delete_during_an_update_leaves_nothing(at_every_call):
    def delete(companion, call):
        assert companion.delete()["Status"] == "SUCCESS"

    for companion, where in at_every_call(start_update(2), delete):
        assert companion.find_leftovers() == [], where


def test_a_delete_during_a_repairing_update_leaves_nothing(at_every_call):
    def start(companion):
        begin = start_update(2)(companion)
        companion.subject.remove_by_hand(companion.known)
        return begin

    def delete(companion, call):
        assert companion.delete()["Status"] == "SUCCESS"

    for companion, where in at_every_call(start, delete):
        assert companion.find_leftovers() == [], where


@pytest.mark.parametrize("then", ["delivered again", "cancelled"])
def test_a_killed_create_leaves_nothing_after_its_delete(at_every_call, outbox, then):
    def start(companion):
        companion.late = companion.event("Create", companion.subject.properties())
        return lambda: companion.deliver(companion.late)

    def die(companion, call):
        raise Killed

    for companion, where in at_every_call(start, die, after_answer=True):
        companion.time.passed += 1000
        known = INVENTED
        if then == "delivered again":
            companion.deliver(companion.late)
            known = outbox.first(companion.late)["PhysicalResourceId"]
        assert companion.delete(known, companion.subject.properties())["Status"] == "SUCCESS", where
        assert companion.find_leftovers() == [], where


@PLACES
def test_a_killed_update_is_done_by_its_next_delivery(at_every_call, outbox, place):
    def start(companion):
        companion.create()
        properties = companion.subject.properties(2, place)
        companion.late = companion.update_event(properties)
        return lambda: companion.deliver(companion.late)

    def die(companion, call):
        raise Killed

    for companion, where in at_every_call(start, die, after_answer=True):
        companion.time.passed += 1000
        old, new = companion.known, companion.subject.properties(2, place)
        companion.deliver(companion.late)
        companion.accept(new, outbox.first(companion.late))
        if companion.known != old:
            companion.delete(old)
        assert companion.is_live(2), where


def test_a_killed_delete_is_done_by_its_next_delivery(at_every_call):
    def start(companion):
        companion.create()
        companion.late = companion.delete_event()
        return lambda: companion.deliver(companion.late)

    def die(companion, call):
        raise Killed

    for companion, where in at_every_call(start, die, after_answer=True):
        companion.time.passed += 1000
        companion.deliver(companion.late)
        assert companion.find_leftovers() == [], where
