"""Each request gets one answer at CloudFormation's URL, and no other host gets a request.

The tests call the Lambda entry point with the installation's settings. No test needs an engine behind it.
"""

import json
import sys
from types import SimpleNamespace

import pytest

from tests.faults.checked_outbox import SECRET
from tests.support.cloudformation import INVENTED, STACK_ID
from tests.support.sink import RESET
from transform_lambda import handler as entry_point
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

# The connections that Python's audit events report. While the list is empty, nothing is recorded.
connections = []
_AUDITED = ("socket.connect", "socket.getaddrinfo", "open")


def _audit(event, arguments):
    if event in _AUDITED and connections and (event != "open" or "passwd" in str(arguments[0])):
        connections.append((event, *map(str, arguments[:3])))


sys.addaudithook(_audit)


@pytest.fixture(params=TYPES)
def resource_type(request):
    return request.param


@pytest.fixture
def send(outbox, monkeypatch):
    """Send an event to the entry point, like Lambda does."""
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

    def deliver(event, seconds=5):
        context = SimpleNamespace(get_remaining_time_in_millis=lambda: seconds * 1000)
        return outbox.deliver(event, lambda event: entry_point.handler(event, context))

    entry_point._start.cache_clear()
    yield deliver
    entry_point._start.cache_clear()


def read_reason(answer):
    assert answer["Status"] == "FAILED", answer
    return answer["Reason"]


@pytest.mark.parametrize("kind", ["Destroy", "create", "CREATE", "Read"])
def test_an_unknown_request_type_is_answered(outbox, send, resource_type, kind):
    answer = send(outbox.event(kind, resource_type, {}, PhysicalResourceId="x"))

    assert read_reason(answer).endswith(f"RequestType: must be Create, Update or Delete, got '{kind}'")


@pytest.mark.parametrize("kind", ["Create", "Update"])
@pytest.mark.parametrize("properties", ["text", ["a"], None, 7], ids=repr)
def test_properties_other_than_a_map_are_answered(outbox, send, resource_type, kind, properties):
    answer = send(outbox.event(kind, resource_type, properties, PhysicalResourceId="x", OldResourceProperties={}))

    assert read_reason(answer) == "the event is no request from CloudFormation: ResourceProperties: must be a map"


@pytest.mark.parametrize("kind", ["Create", "Update"])
@pytest.mark.parametrize("is_given", [True, False], ids=["empty", "missing"])
def test_missing_properties_are_answered(outbox, send, resource_type, kind, is_given):
    event = outbox.event(kind, resource_type, {}, PhysicalResourceId="x")
    if not is_given:
        del event["ResourceProperties"]

    assert read_reason(send(event)).startswith("Properties.")


@pytest.mark.parametrize("field", ["RequestType", "ResourceType", "RequestId", "StackId", "LogicalResourceId"])
def test_a_missing_field_is_answered_if_the_answer_can_identify_the_request(outbox, send, resource_type, field):
    event = outbox.event("Create", resource_type, {})
    del event[field]

    if field in ("RequestType", "ResourceType"):
        assert read_reason(send(event)) == f"the event is no request from CloudFormation: {field}: must be text"
    else:
        with pytest.raises(ResourceError, match=f"must have {field}"):
            entry_point.handler(event, None)
        assert outbox.sink.requests == []


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_any_exception_is_answered_even_if_no_service_can_be_reached(outbox, send, resource_type, kind):
    properties = {
        "Custom::LambdaFunction": {"Code": "s3://code/app.zip", "Handler": "a.b", "Runtime": "python3.13", "Role": "r"},
        "Custom::APIGatewayResource": {"RestApiId": "abc", "IntegrationRequest": {"Type": "Mock"}},
    }[resource_type]

    assert read_reason(
        send(outbox.event(kind, resource_type, {**properties, "ServiceTimeout": "2"}, PhysicalResourceId="x"))
    )


@pytest.mark.thorough
def test_a_delete_without_a_create_is_answered_even_if_no_service_can_be_reached(outbox, send, resource_type):
    answer = send(outbox.event("Delete", resource_type, {}, PhysicalResourceId="hitcounter:failed-create:1"))

    assert answer["PhysicalResourceId"] == "hitcounter:failed-create:1"


@pytest.mark.parametrize("statuses", [(500,), (503, 500), (RESET,), (RESET, 503)], ids=str)
def test_the_answer_is_sent_again_after_a_5xx(outbox, send, resource_type, statuses):
    outbox.sink.refuse(*statuses)
    read_reason(send(outbox.event("Create", resource_type, {})))

    assert len(outbox.sink.requests) == len(statuses) + 1
    assert len({body for *_, body in outbox.sink.requests}) == 1


def test_the_answer_is_not_sent_again_after_a_403_and_the_next_delivery_answers(outbox, send, resource_type):
    event = outbox.event("Create", resource_type, {})
    outbox.sink.refuse(403)
    with pytest.raises(AnswerError, match="status 403"):
        send(event)
    after_403 = len(outbox.sink.requests)

    read_reason(send(event))

    assert (after_403, len(outbox.sink.requests)) == (1, 2)


def test_sending_the_answer_ends_before_the_time_limit(outbox, send, resource_type):
    outbox.sink.refuse(*[500] * 1000)
    with pytest.raises(AnswerError, match="gave up: status 500"):
        send(outbox.event("Create", resource_type, {}), seconds=2)

    assert 2 <= len(outbox.sink.requests) < 20


def test_a_warm_start_sends_one_answer_per_request(outbox, send, resource_type):
    events = [outbox.event("Create", resource_type, {}) for _ in range(3)]
    for event in events:
        read_reason(send(event))

    assert [json.loads(body)["RequestId"] for *_, body in outbox.sink.requests] == [
        each["RequestId"] for each in events
    ]


@pytest.mark.parametrize("kind", ["Create", "Delete"])
@pytest.mark.parametrize("url", FORGED.values(), ids=FORGED)
def test_forged_answer_urls_get_no_request(outbox, send, resource_type, kind, url):
    send(outbox.event("Create", resource_type, {}))
    before = len(outbox.sink.requests)
    event = {**outbox.event(kind, resource_type, {}, PhysicalResourceId=INVENTED), "ResponseURL": url + f"?X={SECRET}"}
    connections[:] = ["recording"]
    with pytest.raises(AnswerError) as raised:
        entry_point.handler(event, None)
    seen, connections[:] = connections[1:], []

    assert seen == []
    assert len(outbox.sink.requests) == before
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("url", FORGED.values(), ids=FORGED)
def test_forged_answer_urls_get_no_request_after_a_failed_start(outbox, send, monkeypatch, url):
    monkeypatch.setenv("HITCOUNTER_RECORDS_TABLE", "records")
    for name in ("AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "none")
    event = {**outbox.event("Create", TYPES[0], {}), "ResponseURL": url}
    connections[:] = ["recording"]
    with pytest.raises(AnswerError):
        entry_point.handler(event, None)
    seen, connections[:] = connections[1:], []

    assert seen == []


def test_the_forged_urls_are_for_the_region_of_the_stack():
    assert STACK_ID.split(":")[3] == "eu-west-1"
