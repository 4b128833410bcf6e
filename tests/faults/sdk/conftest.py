"""A stack whose companion calls the engine through a proxy that injects faults."""

import pytest

from tests.engine.fixtures import engine, new_stack  # noqa: F401
from tests.engine.test_function_life import put
from tests.faults.sdk.calls import CODE, LARGE, inventory
from tests.support.fault_proxy import fault_proxy
from tests.support.relay import Relay
from transform_lambda import handler as entry_point


@pytest.fixture(scope="session")
def microburst(engine, tmp_path_factory):  # noqa: F811
    with fault_proxy(engine, tmp_path_factory.mktemp("microburst")) as proxy:
        yield proxy


@pytest.fixture
def relay(engine):  # noqa: F811
    with Relay(engine) as relay:
        yield relay


@pytest.fixture
def stack(new_stack):  # noqa: F811
    return new_stack()


@pytest.fixture
def through(monkeypatch):
    """Create new clients of the companion that call the engine through this proxy."""

    def connect(proxy):
        proxy.arm()
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        entry_point._start.cache_clear()
        return proxy

    return connect


@pytest.fixture
def injected(tally):
    """Count the injected faults of a passed test."""

    def count(proxy):
        tally("SDK faults injected", len(proxy.fired))
        tally("SDK fault cases survived")

    return count


@pytest.fixture
def small(stack):
    return put(stack, "small.zip", CODE)


@pytest.fixture(scope="session")
def large(engine):  # noqa: F811
    from tests.support.ministack import client_for

    client_for(engine).create_bucket(Bucket="large-code")
    client_for(engine).put_object(Bucket="large-code", Key="large.zip", Body=LARGE)
    return {"S3Bucket": "large-code", "S3Key": "large.zip"}


@pytest.fixture
def nothing_is_left(stack):
    """Assert that the engine's state is the same after the test, except for ``staged/``, which expires."""
    before = inventory(stack)
    yield
    assert inventory(stack) == before
