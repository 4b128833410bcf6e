"""Requests that overlap or die: each contract is tried at every call of the request that something comes between."""

import pytest

from tests.support.cloudformation import INVENTED
from tests.support.fakes import Killed
from tests.support.thorough import mark_thorough
from transform_lambda.contract import ResourceError
from transform_lambda.ports import TryAgain

PLACES = pytest.mark.parametrize("place", mark_thorough(["", "b"], quick=[""]), ids=["in place", "by a replacement"])


def start_create(companion):
    event = companion.event("Create", companion.subject.properties())
    return lambda: companion.keep(companion.subject.properties(), companion.deliver(event))


def start_update(value, place=""):
    def start(companion):
        companion.create()
        event = companion.update_event(companion.subject.properties(value, place))
        return lambda: companion.deliver(event)

    return start


def test_delete_with_an_invented_id_while_the_create_is_in_flight_at_every_call_of_the_create(at_every_call):
    def delete(companion, call):
        assert companion.delete(INVENTED)["Status"] == "SUCCESS"

    for companion, where in at_every_call(start_create, delete):
        assert companion.left() == [], where


def test_create_whose_answer_is_lost_adopts_its_own_at_every_call(at_every_call):
    def lose(companion, call):
        if not companion.subject.lose(call, TryAgain("ReadTimeoutError")) and call == "records write":
            raise Killed

    events = {}

    def start(companion):
        events[companion] = companion.event("Create", companion.subject.properties())
        return lambda: companion.keep(companion.subject.properties(), companion.deliver(events[companion]))

    for companion, where in at_every_call(start, lose):
        if companion.known is None:
            companion.time.passed += 1000
            companion.keep(companion.subject.properties(), companion.deliver(events[companion]))
        assert companion.is_live(1), where


def test_create_delivered_again_while_it_is_under_way_makes_one(at_every_call):
    def start(companion):
        companion.twin = companion.event("Create", companion.subject.properties())
        return lambda: companion.deliver(companion.twin)

    def again(companion, call):
        answer = companion.keep(companion.subject.properties(), companion.deliver(companion.twin))
        assert answer["Status"] == "SUCCESS"

    for companion, where in at_every_call(start, again):
        assert companion.is_live(1), where
        companion.delete()
        assert companion.left() == [], where


@pytest.mark.parametrize("error", [ResourceError, TryAgain, ValueError])
@pytest.mark.parametrize("lasts", [False, True], ids=["once", "from then on"])
def test_create_that_fails_at_any_call_leaves_nothing(at_every_call, error, lasts):
    def start(companion):
        properties = companion.subject.properties(ServiceTimeout="60")
        companion.answer, event = [], companion.event("Create", properties)
        return lambda: companion.answer.append(companion.deliver(event))

    def refuse(companion, call):
        if lasts:
            companion.subject.watch(lambda call: refuse(companion, call))
        raise error("refused")

    for companion, where in at_every_call(start, refuse):
        (answer,) = companion.answer
        companion.time.passed += 1000
        if answer["Status"] == "SUCCESS":
            assert companion.is_live(1, answer["PhysicalResourceId"]), where
        assert companion.delete(answer["PhysicalResourceId"])["Status"] == "SUCCESS", where
        assert companion.left() == [], where


def test_create_that_is_refused_takes_back_what_it_made_before_its_delete(at_every_call):
    def refuse(companion, call):
        if call in companion.subject.changes:
            raise ResourceError("refused")

    for companion, where in at_every_call(start_create, refuse):
        assert companion.known or companion.left() == [], where


@pytest.mark.parametrize("error", [ValueError, SystemExit, RecursionError, MemoryError, UnicodeError])
def test_any_exception_at_any_call_is_answered(at_every_call, error):
    def fail(companion, call):
        raise error("a bug")

    for companion, where in at_every_call(start_create, fail):
        if companion.known is None:
            assert companion.delete(INVENTED)["Status"] == "SUCCESS", where
        else:
            assert companion.is_live(1), where
            companion.delete()
        assert companion.left() == [], where


@PLACES
def test_update_failed_at_any_call_then_rolled_back(at_every_call, place):
    def refuse(companion, call):
        raise ResourceError("refused")

    for companion, where in at_every_call(start_update(2, place), refuse):
        old, new = companion.subject.properties(), companion.subject.properties(2, place)
        answer = companion.deliver(companion.update_event(old, old=new))
        assert answer["Status"] == "SUCCESS", where
        for leftover in companion.subject.things() - {companion.known}:
            companion.delete(leftover, new)
        assert companion.is_live(1), where


@PLACES
def test_update_overtaken_by_its_rollback_at_every_call(at_every_call, place):
    def roll_back(companion, call):
        old, new = companion.subject.properties(), companion.subject.properties(2, place)
        assert companion.deliver(companion.update_event(old, old=new))["Status"] == "SUCCESS"

    for companion, where in at_every_call(start_update(2, place), roll_back, spares=True):
        assert companion.is_live(1), where
        companion.delete()
        assert companion.left() == [], where


@PLACES
def test_update_while_another_is_in_progress_at_every_call(at_every_call, place):
    def update(companion, call):
        assert companion.update(companion.subject.properties(3, place))["Status"] == "SUCCESS"

    for companion, where in at_every_call(start_update(2), update, spares=True):
        if place:
            companion.delete(next(iter(companion.subject.things() - {companion.known}), INVENTED))
        assert companion.is_live(3), where


@PLACES
def test_update_overtaken_by_its_rollback_and_the_stacks_delete_leaves_nothing(at_every_call, place):
    def roll_back_and_delete(companion, call):
        old, new = companion.subject.properties(), companion.subject.properties(2, place)
        assert companion.deliver(companion.update_event(old, old=new))["Status"] == "SUCCESS"
        assert companion.delete()["Status"] == "SUCCESS"

    for companion, where in at_every_call(start_update(2, place), roll_back_and_delete):
        assert companion.left() == [], where


def test_update_overtaken_by_the_stacks_delete_leaves_nothing(at_every_call):
    def delete(companion, call):
        assert companion.delete()["Status"] == "SUCCESS"

    for companion, where in at_every_call(start_update(2), delete):
        assert companion.left() == [], where


def test_update_that_heals_overtaken_by_the_stacks_delete_leaves_nothing(at_every_call):
    def start(companion):
        begin = start_update(2)(companion)
        companion.subject.remove_by_hand(companion.known)
        return begin

    def delete(companion, call):
        assert companion.delete()["Status"] == "SUCCESS"

    for companion, where in at_every_call(start, delete):
        assert companion.left() == [], where


@pytest.mark.parametrize("then", ["comes again", "is given up"])
def test_create_that_dies_at_any_call_leaves_nothing_in_the_end(at_every_call, outbox, then):
    def start(companion):
        companion.late = companion.event("Create", companion.subject.properties())
        return lambda: companion.deliver(companion.late)

    def die(companion, call):
        raise Killed

    for companion, where in at_every_call(start, die, to_the_end=True):
        companion.time.passed += 1000
        known = INVENTED
        if then == "comes again":
            companion.deliver(companion.late)
            known = outbox.first(companion.late)["PhysicalResourceId"]
        assert companion.delete(known, companion.subject.properties())["Status"] == "SUCCESS", where
        assert companion.left() == [], where


@PLACES
def test_update_that_dies_at_any_call_is_carried_out_when_it_comes_again(at_every_call, outbox, place):
    def start(companion):
        companion.create()
        properties = companion.subject.properties(2, place)
        companion.late = companion.update_event(properties)
        return lambda: companion.deliver(companion.late)

    def die(companion, call):
        raise Killed

    for companion, where in at_every_call(start, die, to_the_end=True):
        companion.time.passed += 1000
        old, new = companion.known, companion.subject.properties(2, place)
        companion.deliver(companion.late)
        companion.keep(new, outbox.first(companion.late))
        if companion.known != old:
            companion.delete(old)
        assert companion.is_live(2), where


def test_delete_that_dies_at_any_call_is_carried_out_when_it_comes_again(at_every_call):
    def start(companion):
        companion.create()
        companion.late = companion.delete_event()
        return lambda: companion.deliver(companion.late)

    def die(companion, call):
        raise Killed

    for companion, where in at_every_call(start, die, to_the_end=True):
        companion.time.passed += 1000
        companion.deliver(companion.late)
        assert companion.left() == [], where
