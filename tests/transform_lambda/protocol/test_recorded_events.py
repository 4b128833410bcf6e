"""A resource's life in requests as CloudFormation sends them: numbers and booleans are texts, the URL has a date."""

import pytest

from tests.support.companion import Companion
from tests.support.events import read_event

KINDS = ["created", "updated", "rolled back", "deleted"]


@pytest.fixture(scope="module")
def life():
    """The requests, their answers, and the function's settings after each."""
    companion, known, told = Companion(), None, []
    for event in read_event("custom_resource"):
        asked = {**event, **({"PhysicalResourceId": known} if known else {})}
        answer = companion.deliver(asked)
        known = answer["PhysicalResourceId"]
        told.append(
            (asked, answer, {name: dict(each.configuration) for name, each in companion.functions.stored.items()})
        )
    return told


@pytest.mark.parametrize("place", range(4), ids=KINDS)
def test_each_request_is_answered_with_its_own_ids(life, place):
    asked, answer, _ = life[place]

    ids = ("StackId", "RequestId", "LogicalResourceId")
    assert answer["Status"] == "SUCCESS", answer
    assert {name: answer[name] for name in ids} == {name: asked[name] for name in ids}


def test_texts_become_the_numbers_that_lambda_takes(life):
    (created,) = life[0][2].values()

    assert (created["Timeout"], created["MemorySize"]) == (20, 256)


def test_a_rollback_is_an_update_back(life):
    (updated,), (rolled_back,) = life[1][2].values(), life[2][2].values()

    assert (updated["MemorySize"], rolled_back["MemorySize"]) == (512, 256)
    assert life[3][2] == {}
