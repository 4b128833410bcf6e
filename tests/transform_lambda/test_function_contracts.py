"""What a function's requests promise when they overlap: each is tried at every call of the one it overtakes."""

from contextlib import suppress
from dataclasses import replace
from itertools import count

import pytest

from tests.cloudformation import STACK_ID
from tests.companion import Companion, wanted
from tests.fakes import Outbox
from transform_lambda.contract import ResourceError, parse_request
from transform_lambda.identity import physical_id_for
from transform_lambda.ports import TryAgain

NAME = physical_id_for(STACK_ID, "Visits")
OLD, NEW = wanted(Env={"table": "old"}, FunctionName="old"), wanted(Env={"table": "new"}, FunctionName="new")
OLD_ENV = b"other=kept\ntable=old\n"


def at_every_call(start, overtake):
    """Companions in which `overtake` ran before the first, second … call of the request that `start` sends."""
    for at in count():
        companion, calls = Companion(), []
        begin = start(companion)

        def before(call, at=at, calls=calls, companion=companion):
            calls.append(call)
            if len(calls) == at + 1:
                overtake(companion, Outbox())

        companion.functions.before = companion.store.before = before
        begin()
        companion.functions.before = companion.store.before = None
        if len(calls) <= at:
            return
        yield companion, f"overtaken before call {at}, {calls[at]}"


def update_event(companion, properties, old):
    return companion.event("Update", properties, PhysicalResourceId="old", OldResourceProperties=old)


def test_an_update_overtaken_by_its_rollback_never_writes_last():
    new = wanted(Env={"table": "new"}, FunctionName="old", MemorySize="512")

    def start(companion):
        companion.create(OLD)
        event = update_event(companion, new, OLD)
        return lambda: companion.deliver(event)

    def roll_back(companion, outbox):
        companion.deliver(update_event(companion, OLD, new), outbox)
        assert [answer["Status"] for answer in outbox.answers] == ["SUCCESS"]

    for companion, where in at_every_call(start, roll_back):
        assert companion.functions.files("old")[".env"] == OLD_ENV, where
        assert companion.functions.stored["old"].configuration.get("MemorySize", 128) == 128, where


def test_a_replacement_overtaken_by_its_rollback_is_gone_in_the_end():
    def start(companion):
        companion.create(OLD)
        event = update_event(companion, NEW, OLD)
        return lambda: companion.deliver(event)

    def roll_back(companion, outbox):
        companion.deliver(update_event(companion, OLD, NEW), outbox)
        assert [answer["Status"] for answer in outbox.answers] == ["SUCCESS"]

    for companion, where in at_every_call(start, roll_back):
        assert set(companion.functions.stored) == {"old"}, where
        assert companion.functions.files("old")[".env"] == OLD_ENV, where


@pytest.mark.parametrize("is_there", [True, False], ids=["changed", "made again"])
def test_an_update_overtaken_by_the_stacks_delete_leaves_nothing(is_there):
    new = wanted(Env={"table": "new"}, FunctionName="old", MemorySize="512")

    def start(companion):
        companion.create(OLD)
        if not is_there:
            companion.functions.stored.clear()
        event = update_event(companion, new, OLD)
        return lambda: companion.deliver(event)

    def delete(companion, outbox):
        companion.deliver(companion.event("Delete", OLD, PhysicalResourceId="old"), outbox)
        assert [answer["Status"] for answer in outbox.answers] == ["SUCCESS"]

    for companion, where in at_every_call(start, delete):
        assert companion.functions.stored == {}, where


def test_a_replacement_overtaken_by_the_stacks_delete_leaves_nothing():
    def start(companion):
        companion.create(OLD)
        event = update_event(companion, NEW, OLD)
        return lambda: companion.deliver(event)

    def delete(companion, outbox):
        companion.deliver(companion.event("Delete", OLD, PhysicalResourceId="old"), outbox)

    for companion, where in at_every_call(start, delete):
        assert companion.functions.stored == {}, where


def test_an_update_that_dies_at_any_call_is_carried_out_when_it_is_delivered_again():
    new = wanted(Env={"table": "new"}, FunctionName="old", MemorySize="512", Tags={"a": "b"})
    events = {}

    class Died(BaseException):
        pass

    def start(companion):
        companion.create(OLD)
        events[companion] = update_event(companion, new, OLD)

        def begin():
            with suppress(Died):
                companion.deliver(events[companion])

        return begin

    def die(companion, outbox):
        raise Died

    for companion, where in at_every_call(start, die):
        answer = companion.deliver(events[companion])
        assert answer["Status"] == "SUCCESS", where
        stored = companion.functions.stored["old"]
        assert companion.functions.files("old")[".env"] == b"other=kept\ntable=new\n", where
        assert (stored.configuration["MemorySize"], stored.tags["a"]) == (512, "b"), where


@pytest.mark.parametrize("properties", [wanted(), OLD], ids=["a name of ours", "a given name"])
def test_a_create_delivered_again_while_under_way_makes_one_function(properties):
    events = {}

    def start(companion):
        events[companion] = companion.event("Create", properties)
        return lambda: companion.deliver(events[companion])

    def again(companion, outbox):
        companion.deliver(events[companion], outbox)
        assert [answer["Status"] for answer in outbox.answers] == ["SUCCESS"]

    name = properties.get("FunctionName", NAME)
    for companion, where in at_every_call(start, again):
        assert set(companion.functions.stored) == {name}, where
        companion.delete(name, properties)
        assert companion.functions.stored == {}, where


@pytest.mark.parametrize("call", ["read_tail", "read", "create", "tag", "publish", "versions"])
@pytest.mark.parametrize("error", [ResourceError("access denied"), TryAgain("Rate exceeded"), ValueError("a bug")])
@pytest.mark.parametrize("is_done", [False, True])
def test_a_create_that_fails_at_any_call_is_answered_once_and_leaves_nothing_after_its_delete(call, error, is_done):
    companion = Companion()
    properties = wanted(Publish="true", KeepVersions="2", Env={}, ServiceTimeout="60")
    companion.store.faults = {call: lambda: error}
    (companion.functions.lost if is_done else companion.functions.faults)[call] = [error] * 1000

    answer = companion.create(properties)
    companion.store.faults.clear()
    companion.functions.faults.clear()
    companion.functions.lost.clear()
    companion.delete(answer["PhysicalResourceId"], properties)

    assert [each["Status"] for each in companion.outbox.answers][1:] == ["SUCCESS"]
    assert companion.functions.stored == {}
    assert companion.store.staged == []


def test_a_late_copy_of_an_overtaken_create_makes_nothing():
    companion = Companion()
    create = companion.event("Create", wanted())
    companion.delete("app-Visits-1ABCDEF2GHIJK", wanted())

    answer = companion.deliver(create)

    assert answer["Status"] == "FAILED"
    assert companion.functions.kinds == []


def test_a_late_delete_of_a_generation_before_touches_no_successor():
    companion = Companion()
    companion.create(OLD)
    late = companion.event("Delete", OLD, PhysicalResourceId="old")
    companion.deliver(late)
    companion.create(OLD)

    companion.deliver(late)

    assert set(companion.functions.stored) == {"old"}


def test_outside_the_wrapper_the_resource_works_on_its_own():
    companion = Companion()
    request = parse_request(companion.event("Create", OLD))

    made = companion.resource.create(request)
    again = companion.resource.update(replace(request, type="Update", physical_id=made.physical_id))
    companion.resource.delete(replace(request, type="Delete", physical_id=made.physical_id))

    assert made == again
    assert companion.functions.stored == {}
