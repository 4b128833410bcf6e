"""Faults in calls to S3. The code arrives completely or not at all, and no part of an upload remains."""

import pytest

from tests.faults.sdk.calls import CODE, FEW, KINDS, LARGE, check_hanging_create, look, staged, uploads, wanted
from tests.support.relay import Fault

pytestmark = [pytest.mark.thorough, pytest.mark.usefixtures("nothing_is_left")]

UPLOADED = ("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload")
CODES = {"throttled": "SlowDown", "failed with a 5xx": "InternalError", "status": 503}


@pytest.fixture
def proxy(through, microburst):
    return through(microburst)


@pytest.fixture
def kept(small):
    """Code that Lambda runs from an object, so the companion always uploads it in parts."""
    return {**small, "S3ObjectStorageMode": "REFERENCE"}


def on(operation, **fault):
    return {"service": "s3", "operation": operation, **fault}


@pytest.mark.parametrize(
    "fault",
    [
        {"response": {"abort_bytes": 0}, "times": 1},
        {"response": {"abort_bytes": 200}, "times": 2},
        {"response": {"truncate_bytes": 200}, "times": 2},
        {"response": {"corrupt_bytes": 1}, "times": 1},
    ],
    ids=["lost", "cut", "shortened", "damaged"],
)
def test_incomplete_code_is_read_again(stack, small, proxy, injected, fault):
    proxy.arm(on("GetObject", **fault))

    made = stack.create(wanted(small, FEW))

    assert proxy.fired == ["GetObject"] * fault["times"]
    assert look(stack, made["PhysicalResourceId"]) == ("before", 128)
    stack.delete()
    injected(proxy)


@pytest.mark.parametrize("at", [40, len(CODE) // 2, -40], ids=["at the start", "in the middle", "in the directory"])
def test_a_flipped_byte_is_detected_at_any_place(stack, small, relay, through, injected, at):
    through(relay).arm(Fault(r"GET /code-\w+/small.zip", flips=at))

    made = stack.create(wanted(small, FEW))

    assert len(relay.fired) == 1
    assert look(stack, made["PhysicalResourceId"]) == ("before", 128)
    stack.delete()
    injected(relay)


def test_a_create_fails_if_the_code_never_arrives_completely(stack, small, proxy, injected):
    proxy.arm(on("GetObject", response={"abort_bytes": 200}))

    refused = stack.create(wanted(small, FEW))
    gone = stack.delete(known=(refused["PhysicalResourceId"], wanted(small, FEW)))

    assert proxy.fired == ["GetObject"] * 3
    assert (refused["Status"], gone["Status"]) == ("FAILED", "SUCCESS")
    assert refused["Reason"].startswith(f"Properties.Code: cannot read s3://{small['S3Bucket']}/small.zip: ")
    injected(proxy)


def test_a_create_without_read_access_to_the_code_fails_with_the_remedy(stack, small, proxy, injected):
    proxy.arm(on("GetObject", error={"code": "AccessDenied", "status": 403, "message": "no"}))

    refused = stack.create(wanted(small, FEW))
    gone = stack.delete(known=(refused["PhysicalResourceId"], wanted(small, FEW)))

    assert proxy.fired == ["GetObject"]
    assert (refused["Status"], gone["Status"]) == ("FAILED", "SUCCESS")
    assert refused["Reason"].startswith(
        f"Properties.Code: cannot read s3://{small['S3Bucket']}/small.zip: access denied, or the object does not exist; allow "
    )
    injected(proxy)


@pytest.mark.parametrize("kind", KINDS)
def test_every_call_of_an_upload_is_repeated_after_a_fault(stack, kept, proxy, injected, kind):
    operations = ["GetObject", *UPLOADED] if kind != "answer lost" else UPLOADED
    proxy.arm(*(on(each, times=1, **KINDS[kind](CODES)) for each in operations))

    made = stack.create(wanted(kept, FEW))
    seen = look(stack, made["PhysicalResourceId"])
    objects = staged(stack)
    stack.delete()

    assert proxy.fired == list(operations)
    assert (made["Status"], seen, len(objects)) == ("SUCCESS", ("before", 128), 1)
    # The upload whose answer was lost has no parts, and the bucket's lifecycle rule removes it.
    assert len(uploads(stack)) == (kind == "answer lost")
    injected(proxy)


def test_a_completed_upload_is_found_after_a_lost_answer(stack, kept, relay, through, injected):
    complete = r"POST .*\?uploadId="
    through(relay).arm(Fault(complete), Fault(complete, says=(404, b"<Error><Code>NoSuchUpload</Code></Error>")))

    made = stack.create(wanted(kept, FEW))
    seen = look(stack, made["PhysicalResourceId"])
    stack.delete()

    assert len(relay.fired) == 2
    assert (made["Status"], seen) == ("SUCCESS", ("before", 128))
    injected(relay)


@pytest.mark.parametrize(
    ("operation", "code"),
    [*((each, "AccessDenied") for each in UPLOADED), ("CompleteMultipartUpload", "SlowDown")],
)
def test_a_refused_upload_leaves_neither_object_nor_parts(stack, kept, proxy, injected, operation, code):
    proxy.arm(on(operation, error={"code": code, "status": 503 if code == "SlowDown" else 403, "message": "no"}))

    refused = stack.create(wanted(kept, FEW))
    left = uploads(stack), staged(stack)
    gone = stack.delete(known=(refused["PhysicalResourceId"], wanted(kept, FEW)))

    assert proxy.fired == [operation] * (3 if code == "SlowDown" else 1)
    assert (refused["Status"], gone["Status"], left) == ("FAILED", "SUCCESS", ([], []))
    assert refused["Reason"].startswith("Properties.Code: cannot stage s3://staging-")
    injected(proxy)


def test_a_damaged_part_is_refused_and_leaves_nothing(stack, kept, relay, through, injected):
    through(relay).arm(Fault("PUT .*partNumber=", flips=100, where="request"))

    refused = stack.create(wanted(kept, FEW))
    left = uploads(stack), staged(stack)
    gone = stack.delete(known=(refused["PhysicalResourceId"], wanted(kept, FEW)))

    assert len(relay.fired) == 1
    assert (refused["Status"], gone["Status"], left) == ("FAILED", "SUCCESS", ([], []))
    assert "BadDigest" in refused["Reason"]
    injected(relay)


@pytest.mark.parametrize("kind", ["throttled", "answer lost"])
def test_a_part_is_copied_again_after_a_fault(stack, large, proxy, injected, kind):
    proxy.arm(on("UploadPartCopy", times=1, **KINDS[kind](CODES)), on("HeadObject", times=1, reset=True))

    made = stack.create(wanted(large, FEW))
    seen = look(stack, made["PhysicalResourceId"])
    stack.delete()

    assert proxy.fired == ["HeadObject", "UploadPartCopy"]
    assert (made["Status"], seen, uploads(stack)) == ("SUCCESS", ("before", 128), [])
    injected(proxy)


def test_a_denied_copy_is_streamed_instead(stack, large, proxy, injected):
    proxy.arm(on("UploadPartCopy", error={"code": "AccessDenied", "status": 403, "message": "no"}))

    made = stack.create(wanted(large, FEW))
    seen = look(stack, made["PhysicalResourceId"])
    stack.delete()

    assert proxy.fired == ["UploadPartCopy"]
    assert (made["Status"], seen, uploads(stack)) == ("SUCCESS", ("before", 128), [])
    injected(proxy)


def test_a_large_archive_arrives_completely_after_incomplete_ranges(stack, large, proxy, injected):
    denied = {"code": "AccessDenied", "status": 403, "message": "no"}
    cut = on("GetObject", times=4, response={"abort_bytes": len(LARGE) // 100})
    proxy.arm(on("UploadPartCopy", error=denied), {**cut, "sequence": {"fail": 1, "pass": 1}})

    made = stack.create(wanted(large, FEW))
    seen = look(stack, made["PhysicalResourceId"])
    stack.delete()

    assert sorted(proxy.fired) == ["GetObject"] * 4 + ["UploadPartCopy"]
    assert (made["Status"], seen, uploads(stack)) == ("SUCCESS", ("before", 128), [])
    injected(proxy)


def test_a_denied_abort_is_logged_and_left_to_the_lifecycle_rule(stack, kept, proxy, injected, capsys):
    denied = {"code": "AccessDenied", "status": 403, "message": "no"}
    proxy.arm(on("UploadPart", error=denied), on("AbortMultipartUpload", error=denied))

    refused = stack.create(wanted(kept, FEW))
    stack.delete(known=(refused["PhysicalResourceId"], wanted(kept, FEW)))

    assert proxy.fired == ["UploadPart", "AbortMultipartUpload"]
    assert refused["Reason"].startswith("Properties.Code: cannot stage s3://staging-")
    assert "the bucket's lifecycle rule will drop its parts" in capsys.readouterr().out
    injected(proxy)


def test_a_hanging_read_is_answered_in_time(stack, small, proxy, injected):
    check_hanging_create(stack, small, proxy, on("GetObject", timeout_ms=4500))
    injected(proxy)
