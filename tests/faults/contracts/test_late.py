"""Requests that come late, and again, after newer ones."""

import pytest

from tests.support.cloudformation import INVENTED

SUCCESS, FAILED = "SUCCESS", "FAILED"


def test_late_first_delivery_of_a_create_after_its_delete_makes_nothing(companion):
    create = companion.event("Create", companion.subject.properties())
    companion.delete(INVENTED)

    assert companion.deliver(create)["Status"] == FAILED
    assert companion.left() == []


def test_late_duplicate_of_a_create_after_newer_requests(companion):
    create = companion.event("Create", companion.subject.properties())
    companion.keep(companion.subject.properties(), companion.deliver(create))
    companion.update(companion.subject.properties(2))

    assert companion.deliver(create) is None
    assert companion.is_live(2)
    companion.delete()
    assert companion.deliver(create) is None
    assert companion.left() == []


@pytest.mark.parametrize("place", ["", "b"], ids=["in place", "by a replacement"])
def test_late_duplicate_of_an_update_after_newer_requests(companion, place):
    companion.create()
    old = companion.known
    late = companion.update_event(companion.subject.properties(2, place))
    companion.keep(companion.subject.properties(2, place), companion.deliver(late))
    companion.update(companion.subject.properties(3, place))
    if place:
        companion.delete(old)

    assert companion.deliver(late) is None
    assert companion.is_live(3)
    companion.delete()
    assert companion.deliver(late) is None
    assert companion.left() == []


@pytest.mark.parametrize("place", ["", "b"], ids=["in place", "by a replacement"])
def test_late_first_delivery_of_an_update_after_its_rollback_changes_nothing(companion, place):
    companion.create()
    old, new = companion.properties, companion.subject.properties(2, place)
    late = companion.update_event(new)
    companion.update(old, old=new)

    assert companion.deliver(late)["Status"] == FAILED
    assert companion.is_live(1)


def test_late_duplicate_of_a_delete_after_newer_requests(companion):
    companion.create()
    delete = companion.delete_event()
    companion.deliver(delete)

    assert companion.deliver(delete) is None
    assert companion.left() == []


def test_late_duplicates_of_create_update_and_delete_against_the_next_generation(companion):
    create = companion.event("Create", companion.subject.properties())
    companion.keep(companion.subject.properties(), companion.deliver(create))
    update = companion.update_event(companion.subject.properties(2))
    companion.keep(companion.subject.properties(2), companion.deliver(update))
    delete = companion.delete_event()
    companion.deliver(delete)
    companion.create(companion.subject.properties(3))

    assert [companion.deliver(late) for late in (delete, update, create, delete)] == [None] * 4
    assert companion.is_live(3)


def test_late_first_deliveries_of_update_and_delete_against_the_next_generation(companion):
    companion.create()
    update = companion.update_event(companion.subject.properties(2))
    delete = companion.delete_event()
    companion.delete(INVENTED)
    companion.create(companion.subject.properties(3))

    assert [companion.deliver(late)["Status"] for late in (update, delete)] == [FAILED, FAILED]
    assert companion.is_live(3)


def test_late_delete_with_an_invented_id_against_the_next_generation(companion):
    companion.create()
    delete = companion.delete_event(INVENTED)
    companion.deliver(delete)
    companion.create(companion.subject.properties(2))

    assert companion.deliver(delete) is None
    assert companion.is_live(2)


def test_create_whose_answer_cloudformation_never_got_is_removed_by_the_delete_with_an_invented_id(companion):
    companion.create()
    companion.delete(INVENTED)

    assert companion.left() == []


@pytest.mark.parametrize("new_subject", ["function"], indirect=True)
def test_late_tags_are_put_right_by_the_next_update(at_every_call):
    def start(companion):
        companion.create()
        event = companion.update_event(companion.subject.properties(2))
        return lambda: companion.deliver(event)

    def roll_back(companion, call):
        old, new = companion.subject.properties(), companion.subject.properties(2)
        if call in companion.subject.unconditional:
            companion.deliver(companion.update_event(old, old=new))

    for companion, where in at_every_call(start, roll_back):
        companion.update(companion.subject.properties(3))
        assert companion.is_live(3), where
