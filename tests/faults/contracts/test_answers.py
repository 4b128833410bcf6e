"""Whatever the event, the answer's way or the start: one answer where CloudFormation reads it, and nothing elsewhere.

Through the shipped door, as the installation sets it up, without an engine behind: nothing here comes as far.
"""

import json
import sys
from types import SimpleNamespace

import pytest
from botocore.exceptions import NoRegionError

from tests.faults.checked_outbox import SECRET
from tests.faults.companion import INVENTED
from tests.support.cloudformation import STACK_ID
from tests.support.sink import RESET
from transform_lambda import handler as door
from transform_lambda.contract import ResourceError
from transform_lambda.protocol.answer_url import AnswerError

HOST = "cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com"
TYPES = ["Custom::LambdaFunction", "Custom::APIGatewayResource"]
FORGED = {
    "metadata service": "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "metadata service by https": "https://169.254.169.254/latest/api/token",
    "metadata service by IPv6": "https://[fd00:ec2::254]/latest/meta-data/",
    "runtime API": "http://127.0.0.1:9001/2018-06-01/runtime/invocation/next",
    "look-alike host": f"https://{HOST}.evil.example/x",
    "look-alike bucket": f"https://{HOST.replace('euwest1', 'euwest1-evil')}/x",
    "bucket of another region": f"https://{HOST.replace('euwest1', 'euwest2')}/x",
    "userinfo": f"https://{HOST}@evil.example/x",
    "userinfo before the host": f"https://user:pw@{HOST}/x",
    "http": f"http://{HOST}/x",
    "other port": f"https://{HOST}:8443/x",
    "file": "file:///etc/passwd",
    "ftp": f"ftp://{HOST}/x",
    "backslash": f"https://{HOST}\\@evil.example/x",
    "line break": f"https://{HOST}/x\r\nHost: evil.example",
    "none": "",
}

connections = []
"""What Python's own audit says of connections, while a test looks."""
_LOOKED_AT = ("socket.connect", "socket.getaddrinfo", "open")


def _audit(event, arguments):
    if event in _LOOKED_AT and connections and (event != "open" or "passwd" in str(arguments[0])):
        connections.append((event, *map(str, arguments[:3])))


sys.addaudithook(_audit)


@pytest.fixture(params=TYPES)
def resource_type(request):
    return request.param


@pytest.fixture
def send(outbox, monkeypatch):
    """Hands an event to the shipped door, as Lambda does."""
    settings = {
        "HITCOUNTER_STAGING_BUCKET": "staging",
        "HITCOUNTER_ACCOUNT": "123456789012",
        "HITCOUNTER_ANSWER_HOSTS": outbox.sink.host,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_MAX_ATTEMPTS": "1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_REGION", "HITCOUNTER_RECORDS_TABLE"):
        monkeypatch.delenv(name, raising=False)

    def through(event, seconds=5):
        context = SimpleNamespace(get_remaining_time_in_millis=lambda: seconds * 1000)
        return outbox.deliver(event, lambda event: door.handler(event, context))

    door._start.cache_clear()
    yield through
    door._start.cache_clear()


def refused(answer):
    assert answer["Status"] == "FAILED", answer
    return answer["Reason"]


@pytest.mark.parametrize("kind", ["Destroy", "create", "CREATE", "Read"])
def test_unknown_request_type_is_answered(outbox, send, resource_type, kind):
    answer = send(outbox.event(kind, resource_type, {}, PhysicalResourceId="x"))

    assert refused(answer).endswith(f"RequestType: must be Create, Update or Delete, got '{kind}'")


@pytest.mark.parametrize("kind", ["Create", "Update"])
@pytest.mark.parametrize("properties", ["text", ["a"], None, 7], ids=repr)
def test_properties_that_are_no_map_are_answered(outbox, send, resource_type, kind, properties):
    answer = send(outbox.event(kind, resource_type, properties, PhysicalResourceId="x", OldResourceProperties={}))

    assert refused(answer) == "not a request of CloudFormation's: ResourceProperties: must be a map"


@pytest.mark.parametrize("kind", ["Create", "Update"])
@pytest.mark.parametrize("is_given", [True, False], ids=["empty", "missing"])
def test_missing_properties_are_answered(outbox, send, resource_type, kind, is_given):
    event = outbox.event(kind, resource_type, {}, PhysicalResourceId="x")
    if not is_given:
        del event["ResourceProperties"]

    assert refused(send(event)).startswith("Properties.")


@pytest.mark.parametrize("field", ["RequestType", "ResourceType", "RequestId", "StackId", "LogicalResourceId"])
def test_missing_field_is_answered_as_far_as_an_answer_can_say_whose_it_is(outbox, send, resource_type, field):
    event = outbox.event("Create", resource_type, {})
    del event[field]

    if field in ("RequestType", "ResourceType"):
        assert refused(send(event)) == f"not a request of CloudFormation's: {field}: must be text"
    else:
        with pytest.raises(ResourceError, match=f"it has no {field}"):
            door.handler(event, None)
        assert outbox.sink.requests == []


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_any_exception_is_answered_though_nothing_behind_the_door_can_be_reached(outbox, send, resource_type, kind):
    properties = {
        "Custom::LambdaFunction": {"Code": "s3://code/app.zip", "Handler": "a.b", "Runtime": "python3.13", "Role": "r"},
        "Custom::APIGatewayResource": {"RestApiId": "abc", "IntegrationRequest": {"Type": "Mock"}},
    }[resource_type]

    assert refused(
        send(outbox.event(kind, resource_type, {**properties, "ServiceTimeout": "2"}, PhysicalResourceId="x"))
    )


@pytest.mark.thorough
def test_delete_of_what_never_was_is_answered_though_nothing_behind_the_door_can_be_reached(
    outbox, send, resource_type
):
    answer = send(outbox.event("Delete", resource_type, {}, PhysicalResourceId="hitcounter:failed-create:1"))

    assert answer["PhysicalResourceId"] == "hitcounter:failed-create:1"


@pytest.mark.parametrize("statuses", [(500,), (503, 500), (RESET,), (RESET, 503)], ids=str)
def test_answer_put_is_retried_on_5xx(outbox, send, resource_type, statuses):
    outbox.sink.refuse(*statuses)
    refused(send(outbox.event("Create", resource_type, {})))

    assert len(outbox.sink.requests) == len(statuses) + 1
    assert len({body for *_, body in outbox.sink.requests}) == 1


def test_answer_put_is_given_up_on_403_and_the_next_delivery_answers(outbox, send, resource_type):
    event = outbox.event("Create", resource_type, {})
    outbox.sink.refuse(403)
    with pytest.raises(AnswerError, match="status 403"):
        send(event)
    after_403 = len(outbox.sink.requests)

    refused(send(event))

    assert (after_403, len(outbox.sink.requests)) == (1, 2)


def test_answer_put_is_ended_when_it_never_works(outbox, send, resource_type):
    outbox.sink.refuse(*[500] * 1000)
    with pytest.raises(AnswerError, match="gave up: status 500"):
        send(outbox.event("Create", resource_type, {}), seconds=2)

    assert 2 <= len(outbox.sink.requests) < 20


def test_one_answer_per_request_in_a_warm_door(outbox, send, resource_type):
    events = [outbox.event("Create", resource_type, {}) for _ in range(3)]
    for event in events:
        refused(send(event))

    assert [json.loads(body)["RequestId"] for *_, body in outbox.sink.requests] == [
        each["RequestId"] for each in events
    ]


@pytest.mark.parametrize("kind", ["Create", "Delete"])
@pytest.mark.parametrize("url", FORGED.values(), ids=FORGED)
def test_forged_answer_addresses_get_no_request(outbox, send, resource_type, kind, url):
    send(outbox.event("Create", resource_type, {}))
    before = len(outbox.sink.requests)
    event = {**outbox.event(kind, resource_type, {}, PhysicalResourceId=INVENTED), "ResponseURL": url + f"?X={SECRET}"}
    connections[:] = ["looking"]
    with pytest.raises(AnswerError) as raised:
        door.handler(event, None)
    seen, connections[:] = connections[1:], []

    assert seen == []
    assert len(outbox.sink.requests) == before
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("url", FORGED.values(), ids=FORGED)
def test_forged_answer_addresses_get_no_request_of_a_door_that_cannot_start(outbox, send, monkeypatch, url):
    monkeypatch.setenv("HITCOUNTER_RECORDS_TABLE", "records")
    for name in ("AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "none")
    event = {**outbox.event("Create", TYPES[0], {}), "ResponseURL": url}
    connections[:] = ["looking"]
    with pytest.raises(NoRegionError):
        door.handler(event, None)
    seen, connections[:] = connections[1:], []

    assert seen == []


def test_stack_of_this_outbox_is_of_the_region_that_forged_addresses_are_made_for():
    assert STACK_ID.split(":")[3] == "eu-west-1"
