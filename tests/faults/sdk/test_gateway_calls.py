"""Faults in calls to API Gateway and to a function's policy. One API with one permission remains, or nothing."""

import pytest

from tests.engine.fixtures import Stack
from tests.engine.test_gateway_resource import TYPE, get, make_counter, policy, properties
from tests.faults.sdk.calls import KINDS
from tests.support.relay import Fault

pytestmark = [pytest.mark.thorough, pytest.mark.usefixtures("nothing_is_left")]

CHANGES = (
    *("CreateRestApi", "CreateResource", "PutMethod", "PutIntegration"),
    *("AddPermission", "CreateDeployment", "CreateStage"),
)
READS = ("GetRestApis", "GetResources", "GetPolicy", "GetStages")
REMOVALS = ("RemovePermission", "DeleteMethod", "DeleteRestApi")
OF_LAMBDA = ("AddPermission", "GetPolicy", "RemovePermission")
CODES = {"throttled": "TooManyRequestsException", "failed with a 5xx": "ServiceUnavailableException"}
DENIED = {"code": "AccessDeniedException", "status": 403, "message": "no"}


@pytest.fixture
def functions(new_stack):
    return new_stack()


@pytest.fixture
def counter(functions):
    return make_counter(functions, "one")


@pytest.fixture
def stack(functions, counter):
    return Stack(functions.url, functions._sink, TYPE)


@pytest.fixture
def given(counter):
    return properties(counter)


def on(operation, **fault):
    return {"service": "lambda" if operation in OF_LAMBDA else "apigateway", "operation": operation, **fault}


def statements(stack, counter):
    return policy(stack, counter).partition('"Statement"')[2].count('"Sid"')


@pytest.fixture
def proxy(through, microburst):
    return through(microburst)


@pytest.mark.parametrize("kind", KINDS)
def test_every_call_is_repeated_after_a_fault(stack, counter, given, proxy, injected, kind):
    operations = [*CHANGES, *READS, *(REMOVALS if kind != "answer lost" else ())]
    proxy.arm(*(on(each, times=1, **KINDS[kind](CODES)) for each in operations))

    made = stack.create(given)
    hits = [get(stack, made, "home") for _ in range(2)]
    allowed = statements(stack, counter)
    gone = stack.delete()

    assert sorted(proxy.fired) == sorted(operations)
    assert [made["Status"], gone["Status"]] == ["SUCCESS"] * 2
    assert (hits, allowed, statements(stack, counter)) == ([1, 2], 1, 0)
    injected(proxy)


@pytest.mark.parametrize("operation", ["CreateResource", "AddPermission", "CreateDeployment", "CreateStage"])
def test_a_denied_change_fails_the_create_and_nothing_remains(stack, counter, given, proxy, injected, operation):
    proxy.arm(on(operation, error=DENIED))

    refused = stack.create(given)
    gone = stack.delete(known=(refused["PhysicalResourceId"], given))

    assert set(proxy.fired) == {operation}
    assert (refused["Status"], gone["Status"]) == ("FAILED", "SUCCESS")
    assert refused["Reason"].endswith("answered AccessDeniedException: no")
    assert statements(stack, counter) == 0
    injected(proxy)


def test_removals_succeed_after_lost_answers(stack, counter, given, relay, through, injected):
    through(relay).arm(
        Fault(r"DELETE /restapis/\w+/resources/\w+/methods/"),
        Fault(r"DELETE /restapis/\w+$"),
        Fault(r"DELETE /2015-03-31/functions/.*/policy/"),
    )

    made = stack.create(given)
    gone = stack.delete()

    assert len(relay.fired) == 3
    assert [made["Status"], gone["Status"]] == ["SUCCESS"] * 2
    assert statements(stack, counter) == 0
    injected(relay)


@pytest.mark.parametrize("operation", ["CreateRestApi", "CreateDeployment"])
def test_the_delete_undoes_a_late_change(stack, counter, given, proxy, injected, operation):
    stack.delete("Other", known=("hitcounter-nothing", given))
    proxy.arm(on(operation, times=1, latency=5500))
    stack.seconds = 5

    failed = stack.create(given)
    stack.seconds = 60
    gone = stack.delete(known=(failed["PhysicalResourceId"], given))

    assert proxy.fired == [operation]
    assert (failed["Status"], gone["Status"]) == ("FAILED", "SUCCESS")
    assert failed["Reason"] == "the Create did not finish within 4 seconds"
    assert statements(stack, counter) == 0
    injected(proxy)
