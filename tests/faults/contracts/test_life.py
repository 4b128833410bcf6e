"""A resource's life without accidents, and with those of a template or of hands."""

from dataclasses import replace

import pytest

from tests.support.cloudformation import INVENTED
from transform_lambda.identity import is_marker
from transform_lambda.protocol.event import parse_request

SUCCESS, FAILED = "SUCCESS", "FAILED"


def test_create_then_delete_leaves_nothing(companion):
    made = companion.create()
    was_live = companion.is_live(1)
    gone = companion.delete()

    assert (made["Status"], gone["Status"], was_live) == (SUCCESS, SUCCESS, True), made
    assert companion.left() == []


def test_create_merges_env_with_what_is_there(companion):
    companion.create()

    assert companion.subject.is_merged(companion.known)
    assert companion.left({companion.known}) == []


def test_create_twice_with_the_same_event_makes_one(companion):
    event = companion.event("Create", companion.subject.properties())
    first = companion.deliver(event)
    before = companion.subject.texts()
    again = companion.deliver(event)
    companion.keep(companion.subject.properties(), first)

    assert (first["Status"], again) == (SUCCESS, None)
    assert companion.subject.texts() == before
    assert companion.is_live(1)


def test_create_over_a_foreign_function_fails_and_its_delete_leaves_that_untouched(companion):
    why = companion.occupy()
    refused = companion.create()
    marker = refused["PhysicalResourceId"]
    gone = companion.delete(marker)

    assert (refused["Status"], is_marker(marker), gone["Status"]) == (FAILED, True, SUCCESS)
    assert refused["Reason"] == why
    assert companion.left() == []


def test_delete_after_failed_create(companion):
    refused = companion.create(companion.subject.unusable()[0])
    gone = companion.delete(refused["PhysicalResourceId"])

    assert (refused["Status"], gone["Status"]) == (FAILED, SUCCESS)
    assert companion.left() == []


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
def test_delete_of_never_created(companion, known):
    assert companion.delete(known)["Status"] == SUCCESS
    assert companion.left() == []


def test_delete_twice(companion):
    companion.create()
    first, second = companion.delete(), companion.delete()

    assert (first["Status"], second["Status"]) == (SUCCESS, SUCCESS)
    assert companion.left() == []


def test_delete_of_what_is_already_gone_by_hand(companion):
    companion.create()
    companion.subject.remove_by_hand(companion.known)

    assert companion.delete()["Status"] == SUCCESS
    assert companion.left() == []


def test_re_create_after_delete(companion):
    companion.create()
    companion.delete()
    companion.create(companion.subject.properties(2))

    assert companion.is_live(2)


def test_update_keeps_the_id(companion):
    companion.create()
    known = companion.known
    updated = companion.update(companion.subject.properties(2))

    assert (updated["Status"], updated["PhysicalResourceId"]) == (SUCCESS, known)
    assert companion.is_live(2)


def test_rename_replaces_and_the_old_one_lives_until_its_delete(companion):
    companion.create()
    old, properties = companion.known, companion.properties
    companion.update(companion.subject.properties(2, "b"))
    both = companion.subject.things()
    old_is_live = companion.subject.value(old)
    companion.delete(old, properties)

    assert (len(both), old in both, old_is_live) == (2, True, 1)
    assert companion.known != old
    assert companion.is_live(2)


def test_update_without_create_makes_it(companion, new_companion):
    companion.create()
    known, stranger = companion.known, new_companion()
    stranger.keep(companion.properties, {"Status": SUCCESS, "PhysicalResourceId": known})

    updated = stranger.update(stranger.subject.properties(2))

    assert (updated["Status"], updated["PhysicalResourceId"]) == (SUCCESS, known)
    assert stranger.is_live(2)
    assert stranger.delete()["Status"] == SUCCESS
    assert stranger.left() == []


def test_update_heals_what_was_deleted_by_hand(companion):
    companion.create()
    companion.subject.remove_by_hand(companion.known)
    updated = companion.update(companion.subject.properties(2))

    assert (updated["Status"], companion.is_live(2)) == (SUCCESS, True)


def test_text_for_numbers_and_booleans_is_what_the_types_are(companion, new_companion):
    text, typed = companion.subject.typed()
    other = new_companion()
    companion.create(text)
    other.create(typed)

    assert companion.subject.settings(companion.known) == other.subject.settings(other.known)
    assert {type(each) for each in companion.subject.settings(companion.known)} >= {int, str}
    assert companion.subject.settings(companion.known)[1:] == [7, "0014"]


def test_what_is_not_a_zip_or_otherwise_unusable_is_refused_before_anything_is_made(companion):
    unusable, why = companion.subject.unusable()
    refused = companion.create(unusable)

    assert (refused["Status"], why in refused["Reason"]) == (FAILED, True), refused
    assert companion.left() == []


def test_outside_the_wrapper_the_resource_works_on_its_own(companion):
    resource = companion.subject.resource(companion.time.clock())
    request = parse_request(companion.event("Create", companion.subject.properties()))
    made = resource.create(request)
    again = resource.update(replace(request, type="Update", physical_id=made.physical_id))
    resource.delete(replace(request, type="Delete", physical_id=made.physical_id))

    assert made == again
    assert companion.left() == []
