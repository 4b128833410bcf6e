"""The requests of a resource's life, without faults, and with mistakes in a template or changes by hand."""

from dataclasses import replace

import pytest

from tests.support.cloudformation import INVENTED
from transform_lambda.identity import is_marker
from transform_lambda.protocol.event import parse_request

SUCCESS, FAILED = "SUCCESS", "FAILED"


def test_create_and_delete_leave_nothing(companion):
    made = companion.create()
    was_live = companion.is_live(1)
    gone = companion.delete()

    assert (made["Status"], gone["Status"], was_live) == (SUCCESS, SUCCESS, True), made
    assert companion.find_leftovers() == []


def test_create_merges_env_with_the_existing_content(companion):
    companion.create()

    assert companion.subject.is_merged(companion.known)
    assert companion.find_leftovers({companion.known}) == []


def test_a_duplicate_create_makes_one_resource(companion):
    event = companion.event("Create", companion.subject.properties())
    first = companion.deliver(event)
    before = companion.subject.read_texts()
    again = companion.deliver(event)
    companion.accept(companion.subject.properties(), first)

    assert (first["Status"], again) == (SUCCESS, None)
    assert companion.subject.read_texts() == before
    assert companion.is_live(1)


def test_a_create_over_a_foreign_resource_fails_and_its_delete_leaves_the_resource(companion):
    reason = companion.create_conflict()
    refused = companion.create()
    marker = refused["PhysicalResourceId"]
    gone = companion.delete(marker)

    assert (refused["Status"], is_marker(marker), gone["Status"]) == (FAILED, True, SUCCESS)
    assert refused["Reason"] == reason
    assert companion.find_leftovers() == []


def test_a_delete_after_a_failed_create_succeeds(companion):
    refused = companion.create(companion.subject.unusable()[0])
    gone = companion.delete(refused["PhysicalResourceId"])

    assert (refused["Status"], gone["Status"]) == (FAILED, SUCCESS)
    assert companion.find_leftovers() == []


@pytest.mark.parametrize(
    "known",
    [
        INVENTED,
        "hitcounter:failed-create:1",
        "api:none/GET/a",
        "api-name:None/GET/",
        "visits",
        "no function:é",
        "x" * 1024,
    ],
)
def test_a_delete_of_an_unknown_id_succeeds(companion, known):
    assert companion.delete(known)["Status"] == SUCCESS
    assert companion.find_leftovers() == []


def test_a_second_delete_succeeds(companion):
    companion.create()
    first, second = companion.delete(), companion.delete()

    assert (first["Status"], second["Status"]) == (SUCCESS, SUCCESS)
    assert companion.find_leftovers() == []


def test_a_delete_after_a_removal_by_hand_succeeds(companion):
    companion.create()
    companion.subject.remove_by_hand(companion.known)

    assert companion.delete()["Status"] == SUCCESS
    assert companion.find_leftovers() == []


def test_a_create_after_a_delete_succeeds(companion):
    companion.create()
    companion.delete()
    companion.create(companion.subject.properties(2))

    assert companion.is_live(2)


def test_an_update_keeps_the_physical_id(companion):
    companion.create()
    known = companion.known
    updated = companion.update(companion.subject.properties(2))

    assert (updated["Status"], updated["PhysicalResourceId"]) == (SUCCESS, known)
    assert companion.is_live(2)


def test_a_rename_replaces_and_the_old_resource_works_until_its_delete(companion):
    companion.create()
    old, properties = companion.known, companion.properties
    companion.update(companion.subject.properties(2, "b"))
    both = companion.subject.list_ids()
    old_is_live = companion.subject.value(old)
    companion.delete(old, properties)

    assert (len(both), old in both, old_is_live) == (2, True, 1)
    assert companion.known != old
    assert companion.is_live(2)


def test_an_update_creates_a_missing_resource(companion, new_companion):
    companion.create()
    known, other = companion.known, new_companion()
    other.accept(companion.properties, {"Status": SUCCESS, "PhysicalResourceId": known})

    updated = other.update(other.subject.properties(2))

    assert (updated["Status"], updated["PhysicalResourceId"]) == (SUCCESS, known)
    assert other.is_live(2)
    assert other.delete()["Status"] == SUCCESS
    assert other.find_leftovers() == []


def test_an_update_repairs_a_removal_by_hand(companion):
    companion.create()
    companion.subject.remove_by_hand(companion.known)
    updated = companion.update(companion.subject.properties(2))

    assert (updated["Status"], companion.is_live(2)) == (SUCCESS, True)


def test_numbers_and_booleans_as_text_equal_the_typed_values(companion, new_companion):
    text, typed = companion.subject.typed()
    other = new_companion()
    companion.create(text)
    other.create(typed)

    assert companion.subject.settings(companion.known) == other.subject.settings(other.known)
    assert {type(each) for each in companion.subject.settings(companion.known)} >= {int, str}
    assert companion.subject.settings(companion.known)[1:] == [7, "0014"]


def test_unusable_properties_are_refused_before_the_first_change(companion):
    unusable, reason = companion.subject.unusable()
    refused = companion.create(unusable)

    assert (refused["Status"], reason in refused["Reason"]) == (FAILED, True), refused
    assert companion.find_leftovers() == []


def test_a_resource_works_without_the_protocol(companion):
    resource = companion.subject.resource(companion.time.clock())
    request = parse_request(companion.event("Create", companion.subject.properties()))
    made = resource.create(request)
    again = resource.update(replace(request, type="Update", physical_id=made.physical_id))
    resource.delete(replace(request, type="Delete", physical_id=made.physical_id))

    assert made == again
    assert companion.find_leftovers() == []
