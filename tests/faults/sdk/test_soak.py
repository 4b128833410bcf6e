"""Many functions, eight at a time, through one companion: made, changed and deleted, and all is as it was before."""

import gc
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.engine.fixtures import Stack
from tests.faults.sdk.calls import FEW, MORE, inventory, staged, uploads, wanted
from transform_lambda import handler as door

pytestmark = pytest.mark.thorough

FUNCTIONS, AT_ONCE = 100, 8
GROWTH = 8 << 20
"""Bytes that the process may have more after the second half of the functions than after the first."""


class Fleet(Stack):
    """A stack whose requests come several at a time; each finds its answers by its id."""

    def _answers_to(self, event, _):
        return [each for each in self._sink.answers if each["RequestId"] == event["RequestId"]]

    @property
    def answers(self):
        return len(self._sink.answers)


@pytest.fixture
def fleet(stack):
    return Fleet(stack.url, stack._sink, "Custom::LambdaFunction")


def test_a_companion_that_has_had_a_hundred_functions_is_as_it_was_before(fleet, small, tally):
    before, open_before = inventory(fleet), held()
    memory = []

    for numbers in (range(FUNCTIONS // 2), range(FUNCTIONS // 2, FUNCTIONS)):
        with ThreadPoolExecutor(AT_ONCE) as pool:
            lives = list(pool.map(lambda number: live(fleet, small, number), numbers))
        assert [life for life in lives if life != ["SUCCESS"] * 3] == []
        memory.append(resident())
    door._start.cache_clear()

    assert fleet.answers == FUNCTIONS * 3 + FUNCTIONS // 2
    assert inventory(fleet) == before
    assert (staged(fleet), uploads(fleet)) == ([], [])
    assert remembered(fleet) == [{"names": {}, "current": "", "is_answered": True}] * FUNCTIONS
    assert memory[1] - memory[0] < GROWTH
    assert in_the_end(held, open_before) == open_before
    tally("functions made, changed and deleted in the soak", FUNCTIONS)
    tally("bytes that the second half of the soak added", memory[1] - memory[0], most=True)


def live(fleet, code, number):
    """A function's life, as statuses; every second one is replaced by another, every third runs from an object."""
    logical_id = f"Visits{number}"
    code = {**code, "S3ObjectStorageMode": "REFERENCE"} if number % 3 == 0 else code
    renamed = {"FunctionName": f"renamed-{fleet.id[-12:]}-{number}"} if number % 2 else {}
    made = fleet.create(wanted(code, FEW), logical_id)
    changed = fleet.update(wanted(code, {**MORE, **renamed}), logical_id)
    if "old" in changed:
        fleet.delete(logical_id, changed["old"])
    return [made["Status"], changed["Status"], fleet.delete(logical_id)["Status"]]


def remembered(fleet):
    """What the table says of the resources, which it forgets by itself after 90 days."""
    client = fleet.client("dynamodb")
    pages = client.get_paginator("scan").paginate(TableName=os.environ["HITCOUNTER_RECORDS_TABLE"])
    items = [item for page in pages for item in page["Items"]]
    assert all(int(item["expires"]["N"]) > time.time() for item in items)
    records = [json.loads(item["record"]["S"]) for item in items]
    return [{name: record[name] for name in ("names", "current", "is_answered")} for record in records]


def held():
    """How many threads and descriptors the process has."""
    gc.collect()
    return threading.active_count(), len(os.listdir("/proc/self/fd"))


def resident():
    """Bytes of memory that the process has."""
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def in_the_end(look, wanted):
    """What it shows once it shows what is wanted, or after ten seconds: threads end a moment after they were told to."""
    until = time.monotonic() + 10
    while (seen := look()) != wanted and time.monotonic() < until:
        time.sleep(0.05)
    return seen
