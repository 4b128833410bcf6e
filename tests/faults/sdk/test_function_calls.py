"""Faults in calls to Lambda. Each request is answered once, and the newest request determines the function."""

import pytest

from tests.faults.sdk.calls import FEW, KINDS, MORE, check_hanging_create, look, wanted
from tests.support.relay import Fault

pytestmark = [pytest.mark.thorough, pytest.mark.usefixtures("nothing_is_left")]

CALLS = (
    *("GetFunction", "CreateFunction", "UpdateFunctionConfiguration", "UpdateFunctionCode"),
    *("TagResource", "DeleteFunction"),
)
WITHOUT_A_BODY = ("TagResource", "DeleteFunction")
CODES = {"throttled": "TooManyRequestsException", "failed with a 5xx": "ServiceException"}


@pytest.fixture
def proxy(through, microburst):
    return through(microburst)


@pytest.mark.parametrize("kind", KINDS)
def test_every_call_is_repeated_after_a_fault(stack, small, proxy, injected, kind):
    operations = [each for each in CALLS if kind != "answer lost" or each not in WITHOUT_A_BODY]
    proxy.arm(*({"service": "lambda", "operation": each, "times": 1, **KINDS[kind](CODES)} for each in operations))

    made = stack.create(wanted(small, FEW))
    first = look(stack, made["PhysicalResourceId"])
    changed = stack.update(wanted(small, MORE))
    second = look(stack, made["PhysicalResourceId"])
    gone = stack.delete()

    assert proxy.fired == operations
    assert [each["Status"] for each in (made, changed, gone)] == ["SUCCESS"] * 3
    assert (first, second) == (("before", 128), ("after", 256))
    injected(proxy)


def test_tags_and_a_delete_succeed_after_lost_answers(stack, small, relay, through, injected):
    through(relay).arm(Fault("POST /2017-03-31/tags/"), Fault("DELETE /2015-03-31/functions/"))

    name = stack.create(wanted(small, FEW))["PhysicalResourceId"]
    changed = stack.update(wanted(small, MORE))
    seen = look(stack, name)
    gone = stack.delete()

    assert [line.split("/")[2] for line in relay.fired] == ["tags", "functions"]
    assert [changed["Status"], gone["Status"]] == ["SUCCESS"] * 2
    assert seen == ("after", 256)
    injected(relay)


def test_a_version_is_published_once_after_a_lost_answer(stack, small, proxy, injected):
    proxy.arm({"service": "lambda", "operation": "PublishVersion", "times": 1, **KINDS["answer lost"](CODES)})

    made = stack.create(wanted(small, {**FEW, "Publish": "true"}))
    versions = stack.client("lambda").list_versions_by_function(FunctionName=made["PhysicalResourceId"])["Versions"]
    stack.delete()

    assert proxy.fired == ["PublishVersion"]
    assert made["Data"]["Version"] == "1"
    assert [each["Version"] for each in versions] == ["$LATEST", "1"]
    injected(proxy)


def test_the_companion_repeats_a_create_after_the_sdk_gives_up(stack, small, proxy, injected):
    proxy.arm({"service": "lambda", "operation": "CreateFunction", "times": 4, **KINDS["failed with a 5xx"](CODES)})

    made = stack.create(wanted(small, FEW))

    assert proxy.fired == ["CreateFunction"] * 4
    assert look(stack, made["PhysicalResourceId"]) == ("before", 128)
    stack.delete()
    injected(proxy)


def test_the_companion_waits_for_a_new_role(stack, small, proxy, injected):
    text = "The role defined for the function cannot be assumed by Lambda."
    error = {"code": "InvalidParameterValueException", "status": 400, "message": text}
    proxy.arm({"service": "lambda", "operation": "CreateFunction", "times": 2, "error": error})

    made = stack.create(wanted(small, FEW))

    assert proxy.fired == ["CreateFunction"] * 2
    assert look(stack, made["PhysicalResourceId"]) == ("before", 128)
    stack.delete()
    injected(proxy)


def denied(operation):
    text = f"User: companion is not authorized to perform: lambda:{operation}"
    error = {"code": "AccessDeniedException", "status": 403, "message": text}
    return {"service": "lambda", "operation": operation, "error": error}


def test_a_denied_create_fails_and_its_delete_succeeds(stack, small, proxy, injected):
    proxy.arm(denied("CreateFunction"))

    refused = stack.create(wanted(small, FEW))
    gone = stack.delete(known=(refused["PhysicalResourceId"], wanted(small, FEW)))

    assert proxy.fired == ["CreateFunction"]
    assert (refused["Status"], gone["Status"]) == ("FAILED", "SUCCESS")
    assert refused["Reason"].endswith(
        "Lambda answered AccessDeniedException: User: companion is not authorized to perform: lambda:CreateFunction"
    )
    injected(proxy)


@pytest.mark.parametrize("operation", ["UpdateFunctionConfiguration", "UpdateFunctionCode", "TagResource"])
def test_a_denied_update_leaves_the_function_unchanged(stack, small, proxy, injected, operation):
    name = stack.create(wanted(small, FEW))["PhysicalResourceId"]
    proxy.arm({**denied(operation), "times": 1})

    refused = stack.update(wanted(small, MORE))
    seen = look(stack, name)

    assert proxy.fired == [operation]
    assert (refused["Status"], seen) == ("FAILED", ("before", 128))
    assert f"not authorized to perform: lambda:{operation}" in refused["Reason"]
    stack.delete()
    injected(proxy)


def test_a_denied_delete_fails_and_the_next_one_succeeds(stack, small, proxy, injected):
    name = stack.create(wanted(small, FEW))["PhysicalResourceId"]
    proxy.arm({**denied("DeleteFunction"), "times": 1})

    refused = stack.delete()
    seen = look(stack, name)
    gone = stack.delete()

    assert proxy.fired == ["DeleteFunction"]
    assert (refused["Status"], gone["Status"], seen) == ("FAILED", "SUCCESS", ("before", 128))
    injected(proxy)


HANGS = {"hangs and fails": {"timeout_ms": 4500}, "hangs and is done late": {"latency": 4500}}


@pytest.mark.parametrize("kind", HANGS)
def test_a_hanging_create_is_answered_in_time_and_its_delete_leaves_nothing(stack, small, proxy, injected, kind):
    check_hanging_create(stack, small, proxy, {"service": "lambda", "operation": "CreateFunction", **HANGS[kind]})
    injected(proxy)


def test_a_late_update_is_rolled_back(stack, small, proxy, injected):
    name = stack.create(wanted(small, FEW))["PhysicalResourceId"]
    proxy.arm({"service": "lambda", "operation": "UpdateFunctionCode", "times": 1, "latency": 5500})
    stack.seconds = 5

    failed = stack.update(wanted(small, MORE))
    stack.seconds = 60
    rolled_back = stack.update(wanted(small, FEW))

    assert proxy.fired == ["UpdateFunctionCode"]
    assert (failed["Status"], rolled_back["Status"]) == ("FAILED", "SUCCESS")
    assert look(stack, name) == ("before", 128)
    stack.delete()
    injected(proxy)
