"""Create, change and delete many functions, eight at a time, with one companion. Nothing remains afterwards."""

import gc
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.engine.fixtures import Stack
from tests.faults.sdk.calls import FEW, MORE, inventory, staged, uploads, wanted
from transform_lambda import handler as entry_point

pytestmark = pytest.mark.thorough

FUNCTIONS, AT_ONCE = 100, 8
# The bytes that the process may grow by during the second half of the functions.
GROWTH = 8 << 20


class Fleet(Stack):
    """A stack with concurrent requests. Each request finds its answers by its ID."""

    def _answers_to(self, event, _):
        return [each for each in self._sink.answers if each["RequestId"] == event["RequestId"]]

    @property
    def answers(self):
        return len(self._sink.answers)


@pytest.fixture
def fleet(stack):
    return Fleet(stack.url, stack._sink, "Custom::LambdaFunction")


def test_a_hundred_functions_leave_nothing_and_need_no_more_memory(fleet, small, tally):
    before, open_before = inventory(fleet), count_open()
    memory = []

    for numbers in (range(FUNCTIONS // 2), range(FUNCTIONS // 2, FUNCTIONS)):
        with ThreadPoolExecutor(AT_ONCE) as pool:
            lives = list(pool.map(lambda number: run_life(fleet, small, number), numbers))
        assert [life for life in lives if life != ["SUCCESS"] * 3] == []
        memory.append(read_memory())
    entry_point._start.cache_clear()

    assert fleet.answers == FUNCTIONS * 3 + FUNCTIONS // 2
    assert inventory(fleet) == before
    assert (staged(fleet), uploads(fleet)) == ([], [])
    assert read_records(fleet) == [{"names": {}, "current": "", "is_answered": True}] * FUNCTIONS
    assert memory[1] - memory[0] < GROWTH
    assert wait_for(count_open, open_before) == open_before
    tally("functions made, changed and deleted in the soak", FUNCTIONS)
    tally("bytes that the second half of the soak added", memory[1] - memory[0], most=True)


def run_life(fleet, code, number):
    """Create, change and delete a function, and return the statuses.

    Every second function is replaced, and every third runs from an object.
    """
    logical_id = f"Visits{number}"
    code = {**code, "S3ObjectStorageMode": "REFERENCE"} if number % 3 == 0 else code
    renamed = {"FunctionName": f"renamed-{fleet.id[-12:]}-{number}"} if number % 2 else {}
    made = fleet.create(wanted(code, FEW), logical_id)
    changed = fleet.update(wanted(code, {**MORE, **renamed}), logical_id)
    if "old" in changed:
        fleet.delete(logical_id, changed["old"])
    return [made["Status"], changed["Status"], fleet.delete(logical_id)["Status"]]


def read_records(fleet):
    """The records of the resources. They expire after 90 days."""
    client = fleet.client("dynamodb")
    pages = client.get_paginator("scan").paginate(TableName=os.environ["HITCOUNTER_RECORDS_TABLE"])
    items = [item for page in pages for item in page["Items"]]
    assert all(int(item["expires"]["N"]) > time.time() for item in items)
    records = [json.loads(item["record"]["S"]) for item in items]
    return [{name: record[name] for name in ("names", "current", "is_answered")} for record in records]


def count_open():
    """The number of threads and of open file descriptors of the process."""
    gc.collect()
    return threading.active_count(), len(os.listdir("/proc/self/fd"))


def read_memory():
    """The resident memory of the process in bytes."""
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def wait_for(look, wanted):
    """The result of ``look`` as soon as it is ``wanted``, or after ten seconds. Threads need a moment to end."""
    until = time.monotonic() + 10
    while (seen := look()) != wanted and time.monotonic() < until:
        time.sleep(0.05)
    return seen
