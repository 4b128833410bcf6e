"""What earlier releases promised: ids, properties, attributes, exports and names stay, and what they left is understood."""

import json
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.releases.record import expand_to_ids, tell_offers
from tests.support.companion import Companion
from tests.support.functions import Stored
from transform_lambda.aws.records import TableRecords

pytestmark = pytest.mark.thorough

RELEASES = sorted(path for path in Path(__file__).parent.iterdir() if (path / "cases.json").exists())
CASES = [(release, name) for release in RELEASES for name in json.loads((release / "cases.json").read_text("utf-8"))]


def read(release, name):
    return json.loads((release / f"{name}.json").read_text("utf-8"))


def name(value):
    return value.name if isinstance(value, Path) else value


@pytest.mark.parametrize(("release", "case"), CASES, ids=name)
def test_a_template_of_an_earlier_release_becomes_resources_of_the_same_ids(release, case):
    recorded = read(release, "cases")[case]

    becomes = expand_to_ids(recorded["compact"])

    assert {logical_id: becomes.get(logical_id) for logical_id in recorded["becomes"]} == recorded["becomes"]


@pytest.mark.parametrize("release", RELEASES, ids=name)
@pytest.mark.parametrize("offer", ["properties", "attributes", "parameters", "outputs", "exports"])
def test_nothing_that_an_earlier_release_offered_is_taken_away(release, offer):
    before, now = read(release, "offers")[offer], tell_offers()[offer]

    assert [each for each in before if each not in now] == []


@pytest.mark.parametrize("release", RELEASES, ids=name)
@pytest.mark.parametrize("offer", ["names", "physical_id", "marker"])
def test_names_stay_by_which_things_are_found_again(release, offer):
    assert tell_offers()[offer] == read(release, "offers")[offer]


@pytest.mark.parametrize("release", RELEASES, ids=name)
def test_what_the_installation_keeps_data_in_is_not_replaced(release):
    before, now = read(release, "offers")["resources"], tell_offers()["resources"]

    keeps = {logical_id: kind for logical_id, kind in before.items() if logical_id in ("Bucket", "RecordsTable")}

    assert {logical_id: now.get(logical_id) for logical_id in keeps} == keeps


@pytest.fixture(params=RELEASES, ids=name)
def left(request):
    """A companion of this release that finds what one of an earlier release made; and the answer given then."""
    before = read(request.param, "left")
    companion = Companion()
    known = companion.known = before["answer"]["PhysicalResourceId"]
    companion.properties, companion.numbers = before["properties"], count(2)
    companion.functions.stored[known] = Stored(**before["function"], code={})
    for key, text in before["records"].items():
        item = {"record": {"S": text}}
        table = TableRecords(SimpleNamespace(get_item=lambda item=item, **_: {"Item": item}), "records")
        companion.records.stored[key] = table.read(key)
    return companion


def test_a_function_of_an_earlier_release_is_updated_in_place(left):
    known = left.known

    answer = left.update({**left.properties, "MemorySize": "512"})

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", known)
    assert left.functions.kinds == ["update_configuration"]


def test_new_values_reach_a_function_of_an_earlier_release(left):
    answer = left.update({**left.properties, "Env": {"table": "other"}})

    assert answer["Status"] == "SUCCESS"
    assert "update_code" in left.functions.kinds


def test_a_function_of_an_earlier_release_is_deleted(left):
    answer = left.delete()

    assert answer["Status"] == "SUCCESS"
    assert left.functions.stored == {}


def test_a_late_copy_of_a_request_to_an_earlier_release_does_nothing(left):
    left.deliver(left.event("Create", left.properties, number=1))

    assert left.functions.kinds == []
