import pytest

from tests.support.cloudformation import STACK_ID, make_event
from transform_lambda.contract import Request, ResourceError, Unguarded
from transform_lambda.identity import physical_id_for
from transform_lambda.protocol.event import incomplete_request, parse_request


def test_a_create_has_its_own_name():
    request = parse_request(make_event(ResourceProperties={"ServiceToken": "t", "ServiceTimeout": "9", "A": "1"}))

    assert (request.type, request.request_id, request.stack_id) == ("Create", "1", STACK_ID)
    assert request.physical_id == physical_id_for(STACK_ID, "Visits")
    assert request.properties == {"A": "1"}


def test_a_create_ignores_a_physical_id():
    request = parse_request(make_event(PhysicalResourceId="x"))

    assert request.physical_id == physical_id_for(STACK_ID, "Visits")


def test_an_update_has_its_physical_id_and_old_properties():
    event = make_event("Update", PhysicalResourceId="x", OldResourceProperties={"ServiceToken": "t", "A": "0"})

    request = parse_request(event)

    assert (request.physical_id, request.old_properties) == ("x", {"A": "0"})


def test_the_text_of_a_request_has_neither_properties_nor_url():
    request = parse_request(make_event(ResourceProperties={"Env": {"KEY": "s3cr3t"}}))

    assert "s3cr3t" not in repr(request)


def test_a_request_without_a_guard_may_change_everything():
    request = Request("Create", "1", STACK_ID, "Visits", "Custom::Thing", "x")

    request.guard.check()
    request.guard.note("y")
    request.guard.forget("y")

    assert isinstance(request.guard, Unguarded)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"RequestType": "Delte"}, "RequestType: must be Create, Update or Delete, got 'Delte'"),
        ({"RequestType": None, "ResourceType": ""}, "RequestType: must be text; ResourceType: must be text"),
        ({"ResourceProperties": "x"}, "ResourceProperties: must be a map"),
        ({"OldResourceProperties": []}, "OldResourceProperties: must be a map"),
    ],
)
def test_an_invalid_request_is_refused(changes, problem):
    with pytest.raises(ResourceError) as refused:
        parse_request({**make_event(), **changes})

    assert str(refused.value) == f"the event is no request from CloudFormation: {problem}"


def test_a_broken_request_has_the_ids_that_an_answer_needs():
    request = incomplete_request({"RequestId": "1", "StackId": STACK_ID, "LogicalResourceId": "Visits"})

    assert (request.type, request.physical_id) == ("", physical_id_for(STACK_ID, "Visits"))


def test_half_of_a_surrogate_pair_is_no_id():
    with pytest.raises(ResourceError) as refused:
        incomplete_request(make_event(request_id="\ud800"))

    assert str(refused.value) == "the event is no request from CloudFormation: must have RequestId"


def test_a_broken_request_without_ids_is_refused():
    with pytest.raises(ResourceError) as refused:
        incomplete_request({"StackId": STACK_ID})

    assert str(refused.value) == "the event is no request from CloudFormation: must have RequestId, LogicalResourceId"
