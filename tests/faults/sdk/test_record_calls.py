"""Faults in calls to DynamoDB. Fence and ledger work, whatever happens to a single write."""

import pytest

from tests.faults.sdk.calls import FEW, KINDS, MORE, check_hanging_create, look, wanted

pytestmark = [pytest.mark.thorough, pytest.mark.usefixtures("nothing_is_left")]

CODES = {
    "throttled": "ProvisionedThroughputExceededException",
    "failed with a 5xx": "InternalServerError",
    "status": 400,
}
DENIED = {"code": "AccessDeniedException", "status": 400, "message": "no"}


@pytest.fixture
def proxy(through, microburst):
    return through(microburst)


def on(operation, **fault):
    return {"service": "dynamodb", "operation": operation, **fault}


@pytest.mark.parametrize("kind", KINDS)
def test_reads_and_writes_are_repeated_after_faults(stack, small, proxy, injected, kind):
    proxy.arm(
        on("GetItem", **KINDS[kind](CODES), sequence={"fail": 1, "pass": 6}),
        on("PutItem", **KINDS[kind](CODES), sequence={"fail": 1, "pass": 3}),
    )

    made = stack.create(wanted(small, FEW))
    seen = look(stack, made["PhysicalResourceId"])
    gone = stack.delete()

    assert set(proxy.fired) == {"GetItem", "PutItem"}
    assert [each["Status"] for each in (made, gone)] == ["SUCCESS"] * 2
    assert seen == ("before", 128)
    injected(proxy)


@pytest.mark.parametrize("operation", ["GetItem", "PutItem"])
def test_a_request_without_access_to_the_records_changes_nothing_and_fails(stack, small, proxy, injected, operation):
    proxy.arm(on(operation, error=DENIED))

    refused = stack.create(wanted(small, FEW))
    proxy.disarm()
    gone = stack.delete(known=(refused["PhysicalResourceId"], wanted(small, FEW)))

    assert set(proxy.fired) == {operation}
    assert (refused["Status"], gone["Status"]) == ("FAILED", "SUCCESS")
    assert refused["Reason"].startswith("ClientError: ")
    assert "AccessDeniedException" in refused["Reason"]
    assert operation in refused["Reason"]
    injected(proxy)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('names":{"hitcounter', {"error": DENIED}),
        ('current":"hitcounter', {"error": DENIED}),
        ('current":"hitcounter', {"reset": True}),
    ],
    ids=["writing the name is denied", "writing the result is denied", "writing the result has no answer"],
)
def test_a_create_without_a_written_record_fails_and_its_delete_leaves_nothing(
    stack, small, proxy, injected, text, fault
):
    proxy.arm(on("PutItem", body=f"contains(Item.record.S, '{text}')", **fault))

    refused = stack.create(wanted(small, FEW))
    proxy.disarm()
    gone = stack.delete(known=(refused["PhysicalResourceId"], wanted(small, FEW)))

    assert len(proxy.fired) >= (1 if "error" in fault else 3)
    assert (refused["Status"], gone["Status"]) == ("FAILED", "SUCCESS")
    injected(proxy)


def test_an_update_without_a_written_result_fails_and_is_rolled_back(stack, small, proxy, injected):
    name = stack.create(wanted(small, FEW))["PhysicalResourceId"]
    renamed = {**MORE, "FunctionName": f"{name[:50]}-new"}
    proxy.arm(on("PutItem", body="contains(Item.record.S, '-new\",\"known')", error=DENIED))

    refused = stack.update(wanted(small, renamed))
    proxy.disarm()
    rolled_back = stack.update(wanted(small, FEW))

    assert set(proxy.fired) == {"PutItem"}
    assert (refused["Status"], rolled_back["Status"]) == ("FAILED", "SUCCESS")
    assert look(stack, name) == ("before", 128)
    stack.delete()
    injected(proxy)


def test_a_hanging_write_is_answered_in_time(stack, small, proxy, injected):
    check_hanging_create(stack, small, proxy, on("PutItem", latency=4500))
    injected(proxy)
