"""Count 200 hits with the built handler. The answer of every fifth write is lost after DynamoDB has written."""

import importlib.util
import zipfile
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from types import SimpleNamespace
from uuid import uuid4

import pytest
from botocore.exceptions import HTTPClientError

from macro.cli.package.bundle import zip_builtin
from tests.support.ministack import REGION, client_for

pytestmark = pytest.mark.thorough

HITS = 200
EVERY_FIFTH = {"fail": 1, "pass": 4}


@pytest.fixture
def table(engine):
    name = f"hits-{uuid4().hex[:8]}"
    client_for(engine, service="dynamodb").create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield name
    client_for(engine, service="dynamodb").delete_table(TableName=name)


@pytest.fixture
def start(table, microburst, monkeypatch, tmp_path):
    """Start the handler from its unpacked zip, with the env file of a deployment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", microburst.url)

    def start(**env):
        folder = tmp_path / "unpacked_handler"
        with zipfile.ZipFile(BytesIO(zip_builtin())) as archive:
            archive.extractall(folder)
        (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in {"table": table, **env}.items()))
        spec = importlib.util.spec_from_file_location("macro.builtin.index", folder / "index.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return start


@pytest.fixture
def stored(engine, table):
    """The count of a name, summed over all its items."""

    def stored(name):
        items = client_for(engine, service="dynamodb").scan(TableName=table, ConsistentRead=True)["Items"]
        return sum(int(item["counter"]["N"]) for item in items if item["name"]["S"].partition("#")[0] == name)

    return stored


def lose(proxy, operation):
    proxy.arm({"service": "dynamodb", "operation": operation, "sequence": EVERY_FIFTH, "response": {"abort_bytes": 0}})


def hit(index):
    """Count a hit, and return its number; ``None`` if the answer was lost."""
    try:
        return index.handler({"name": "home"}, SimpleNamespace(aws_request_id=str(uuid4())))
    except HTTPClientError:
        return None


def test_by_default_no_hit_counts_twice_and_no_number_is_given_twice(start, microburst, stored, tally):
    index = start()
    lose(microburst, "UpdateItem")

    numbers = [hit(index) for _ in range(HITS)]

    assert microburst.fired == ["UpdateItem"] * (HITS // 5)
    assert stored("home") == HITS
    assert [number for number in numbers if number] == [each for each in range(1, HITS + 1) if each % 5 != 1]
    tally("hits at 20 % lost answers", HITS)
    tally("SDK faults injected", len(microburst.fired))


def test_no_hit_counts_twice_over_shards(start, microburst, stored, tally):
    index = start(shards=4)
    lose(microburst, "UpdateItem")

    numbers = [hit(index) for _ in range(HITS)]

    assert microburst.fired == ["UpdateItem"] * (HITS // 5)
    assert (stored("home"), numbers.count(None)) == (HITS, HITS // 5)
    tally("hits at 20 % lost answers", HITS)
    tally("SDK faults injected", len(microburst.fired))


def test_a_caller_that_repeats_lost_hits_counts_more_hits(start, microburst, stored):
    index = start()
    lose(microburst, "UpdateItem")

    for _ in range(HITS):
        while hit(index) is None:
            pass

    assert stored("home") == HITS + len(microburst.fired) > HITS


@pytest.mark.parametrize("at_once", [1, 8])
def test_exact_counts_every_hit_once(start, microburst, stored, tally, at_once):
    index = start(exact="true")
    lose(microburst, "TransactWriteItems")

    with ThreadPoolExecutor(at_once) as pool:
        numbers = list(pool.map(lambda _: hit(index), range(HITS)))

    assert len(microburst.fired) >= HITS // 5
    assert stored("home") == HITS
    assert None not in numbers
    assert at_once > 1 or numbers == list(range(1, HITS + 1))
    tally("hits at 20 % lost answers", HITS)
    tally("SDK faults injected", len(microburst.fired))
