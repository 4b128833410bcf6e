import time
from uuid import uuid4

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.support.cloudformation import STACK_ID, make_event
from tests.support.fakes import Outbox, Things
from transform_lambda.aws.records import TableRecords
from transform_lambda.idempotency.record import Record
from transform_lambda.identity import physical_id_for
from transform_lambda.protocol.companion import Companion

KEY = f"{STACK_ID}|Visits"
RECORD = Record(1, 12, "2", ("1 answered",), False, "now", ("was",), {"new": {"2#a": 17.5}, "left": {}})


@pytest.fixture(scope="module")
def client():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    made = boto3.client(
        "dynamodb",
        endpoint_url=f"http://{host}:{port}",
        region_name="eu-west-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )
    yield made
    made.close()
    server.stop()


@pytest.fixture
def table(client):
    name = f"records-{uuid4()}"
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield name
    client.delete_table(TableName=name)


def test_a_record_that_was_never_written_is_empty(client, table):
    assert TableRecords(client, table).read(KEY) == Record()


def test_a_record_is_read_unchanged(client, table):
    records = TableRecords(client, table)

    is_written = records.write(KEY, RECORD)

    assert is_written
    assert records.read(KEY) == RECORD
    assert records.read(KEY + "x") == Record()


def test_a_read_returns_the_record_of_the_last_write(client, table):
    asked = []
    event = "provide-client-params.dynamodb.GetItem"
    client.meta.events.register(event, lambda params, **_: asked.append(params), "asked")

    TableRecords(client, table).read(KEY)

    client.meta.events.unregister(event, unique_id="asked")
    assert [call["ConsistentRead"] for call in asked] == [True]


def test_a_record_replaces_only_the_previous_version(client, table):
    records = TableRecords(client, table)
    first, second, other = Record(1), Record(2, request_id="a"), Record(2, request_id="b")

    written = [records.write(KEY, record) for record in (first, Record(1, request_id="c"), second, other, first)]

    assert written == [True, False, True, False, False]
    assert records.read(KEY) == second


def test_a_write_whose_answer_is_lost_counts_as_written(client, table):
    records = TableRecords(client, table)

    written = [records.write(KEY, RECORD), records.write(KEY, RECORD)]

    assert written == [True, True]


def test_an_item_expires_long_after_the_last_late_delivery(client, table):
    TableRecords(client, table).write(KEY, RECORD)

    item = client.get_item(TableName=table, Key={"id": {"S": KEY}})["Item"]

    assert int(item["expires"]["N"]) == pytest.approx(time.time() + 90 * 24 * 3600, abs=10)


def test_other_errors_are_raised(client):
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        TableRecords(client, "no-such-table").write(KEY, RECORD)


def test_create_update_and_delete_leave_nothing(client, table):
    things, outbox, records = Things(), Outbox(), TableRecords(client, table)
    known = {"PhysicalResourceId": physical_id_for(STACK_ID, "Visits")}
    renamed = {"ResourceProperties": {"Name": "new"}}
    events = [
        make_event("Create", "1", issued=0),
        make_event("Update", "2", issued=9, **known, **renamed),
        make_event("Delete", "3", issued=10, **known),
        make_event("Update", "2", issued=9, **known, **renamed),
        make_event("Delete", "4", issued=11, PhysicalResourceId="new"),
        make_event("Create", "1", issued=0),
    ]

    for event in events:
        Companion({"Custom::Thing": things}, records).process(event, outbox)

    assert [answer["RequestId"] for answer in outbox.answers] == ["1", "2", "3", "4"]
    assert things.things == set()
