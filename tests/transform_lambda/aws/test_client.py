"""The companion's clients try each call three times, independently of boto3's version."""

import pytest
from botocore.exceptions import ClientError

from tests.support.sink import RESET, Sink
from transform_lambda.aws.client import connect


@pytest.fixture
def put(monkeypatch):
    """A function that puts an object to a sink with the companion's client."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")

    def put(sink):
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{sink.host}")
        connect("s3").put_object(Bucket="bucket", Key="key")

    return put


def test_a_call_that_fails_twice_gets_a_third_attempt(put):
    with Sink(RESET, 500) as sink:
        put(sink)

    assert len(sink.requests) == 3


def test_a_call_that_fails_three_times_fails(put):
    with Sink(*[503] * 9) as sink, pytest.raises(ClientError):
        put(sink)

    assert len(sink.requests) == 3


@pytest.mark.thorough
@pytest.mark.parametrize("mode", ["legacy", "adaptive"])
def test_the_environment_does_not_change_the_attempts(put, monkeypatch, mode):
    monkeypatch.setenv("AWS_RETRY_MODE", mode)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    with Sink(503, 503) as sink:
        put(sink)

    assert len(sink.requests) == 3
