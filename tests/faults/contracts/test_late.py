"""Requests that are delivered late, or again, after newer requests."""

import pytest

from tests.faults.companion import start_update
from tests.support.cloudformation import INVENTED

SUCCESS, FAILED = "SUCCESS", "FAILED"


def test_a_late_create_after_its_delete_creates_nothing(companion):
    create = companion.event("Create", companion.subject.properties())
    companion.delete(INVENTED)

    assert companion.deliver(create)["Status"] == FAILED
    assert companion.find_leftovers() == []


def test_a_late_duplicate_of_a_create_changes_nothing(companion):
    create = companion.event("Create", companion.subject.properties())
    companion.accept(companion.subject.properties(), companion.deliver(create))
    companion.update(companion.subject.properties(2))

    assert companion.deliver(create) is None
    assert companion.is_live(2)
    companion.delete()
    assert companion.deliver(create) is None
    assert companion.find_leftovers() == []


@pytest.mark.parametrize("place", ["", "b"], ids=["in place", "by a replacement"])
def test_a_late_duplicate_of_an_update_changes_nothing(companion, place):
    companion.create()
    old = companion.known
    late = companion.update_event(companion.subject.properties(2, place))
    companion.accept(companion.subject.properties(2, place), companion.deliver(late))
    companion.update(companion.subject.properties(3, place))
    if place:
        companion.delete(old)

    assert companion.deliver(late) is None
    assert companion.is_live(3)
    companion.delete()
    assert companion.deliver(late) is None
    assert companion.find_leftovers() == []


@pytest.mark.parametrize("place", ["", "b"], ids=["in place", "by a replacement"])
def test_a_late_update_after_its_rollback_changes_nothing(companion, place):
    companion.create()
    old, new = companion.properties, companion.subject.properties(2, place)
    late = companion.update_event(new)
    companion.update(old, old=new)

    assert companion.deliver(late)["Status"] == FAILED
    assert companion.is_live(1)


def test_a_late_duplicate_of_a_delete_changes_nothing(companion):
    companion.create()
    delete = companion.delete_event()
    companion.deliver(delete)

    assert companion.deliver(delete) is None
    assert companion.find_leftovers() == []


def test_late_duplicates_after_a_new_create_change_nothing(companion):
    create = companion.event("Create", companion.subject.properties())
    companion.accept(companion.subject.properties(), companion.deliver(create))
    update = companion.update_event(companion.subject.properties(2))
    companion.accept(companion.subject.properties(2), companion.deliver(update))
    delete = companion.delete_event()
    companion.deliver(delete)
    companion.create(companion.subject.properties(3))

    assert [companion.deliver(late) for late in (delete, update, create, delete)] == [None] * 4
    assert companion.is_live(3)


def test_late_requests_after_a_new_create_change_nothing(companion):
    companion.create()
    update = companion.update_event(companion.subject.properties(2))
    delete = companion.delete_event()
    companion.delete(INVENTED)
    companion.create(companion.subject.properties(3))

    assert [companion.deliver(late)["Status"] for late in (update, delete)] == [FAILED, FAILED]
    assert companion.is_live(3)


def test_a_late_delete_with_a_generated_id_after_a_new_create_changes_nothing(companion):
    companion.create()
    delete = companion.delete_event(INVENTED)
    companion.deliver(delete)
    companion.create(companion.subject.properties(2))

    assert companion.deliver(delete) is None
    assert companion.is_live(2)


def test_a_delete_with_a_generated_id_removes_a_create_without_an_answer(companion):
    companion.create()
    companion.delete(INVENTED)

    assert companion.find_leftovers() == []


@pytest.mark.parametrize("new_subject", ["function"], indirect=True)
def test_the_next_update_corrects_late_tags(at_every_call):
    def roll_back(companion, call):
        old, new = companion.subject.properties(), companion.subject.properties(2)
        if call in companion.subject.unconditional:
            companion.deliver(companion.update_event(old, old=new))

    for companion, where in at_every_call(start_update(2), roll_back):
        companion.update(companion.subject.properties(3))
        assert companion.is_live(3), where
