"""An engine for all end to end tests of a worker, the companion's door set up for it, and an installation on it."""

import json
from contextlib import contextmanager
from itertools import count
from types import SimpleNamespace
from uuid import uuid4

import pytest

from tests.support.deploying import SAMPLES, Cloud, new_name, write
from tests.support.local_run import Run, wait_until
from tests.support.ministack import ACCOUNT, REGION, client_for, ministack
from tests.support.sink import Sink
from transform_lambda import handler as door

ROLE = f"arn:aws:iam::{ACCOUNT}:role/hitcounter/visits"
_ISSUED = count(1_700_000_000)


class Stack:
    """A stack with resources of one type. Its requests go through the companion's handler one after the other."""

    def __init__(self, url, sink, resource_type):
        self.url, self._sink, self._type = url, sink, resource_type
        self.id = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/app/{uuid4()}"
        self._known, self._clients = {}, {}
        self.seconds = 60
        """How long Lambda lets an invocation of the companion run."""

    def client(self, service):
        if service not in self._clients:
            self._clients[service] = client_for(self.url, service=service)
        return self._clients[service]

    def create(self, properties, logical_id="Visits"):
        return self._request("Create", logical_id, ResourceProperties=properties)

    def update(self, properties, logical_id="Visits"):
        physical_id, old = self._known[logical_id]
        answer = self._request(
            "Update",
            logical_id,
            PhysicalResourceId=physical_id,
            ResourceProperties=properties,
            OldResourceProperties=old,
        )
        if answer["PhysicalResourceId"] != physical_id and answer["Status"] == "SUCCESS":
            answer["old"] = physical_id, old
        return answer

    def delete(self, logical_id="Visits", known=None):
        physical_id, properties = known or self._known[logical_id]
        return self._request(
            "Delete", logical_id, PhysicalResourceId=physical_id, ResourceProperties=properties, is_known=False
        )

    def invoke(self, name, event):
        answer = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
        return json.loads(answer["Payload"].read())

    def _request(self, kind, logical_id, is_known=True, **fields):
        event = {
            "RequestType": kind,
            "RequestId": str(uuid4()),
            "StackId": self.id,
            "LogicalResourceId": logical_id,
            "ResourceType": self._type,
            "ResponseURL": f"{self._sink.url}&Expires={next(_ISSUED)}",
            **fields,
        }
        before = len(self._sink.answers)
        door.handler(event, SimpleNamespace(get_remaining_time_in_millis=lambda: self.seconds * 1000))
        (answer,) = self._answers_to(event, before)
        if is_known and answer["Status"] == "SUCCESS":
            self._known[logical_id] = answer["PhysicalResourceId"], fields["ResourceProperties"]
        return answer

    def _answers_to(self, event, before):
        """Whatever has come to the sink since, whomever it names."""
        return self._sink.answers[before:]


@pytest.fixture(scope="session")
def engine(tmp_path_factory):
    with ministack(tmp_path_factory.mktemp("engine")) as url:
        yield url


@pytest.fixture
def new_stack(engine, monkeypatch):
    """Makes a stack for a type of resource, with new buckets and a new table of the installation on the engine."""
    mark = uuid4().hex[:8]
    client_for(engine).create_bucket(Bucket=f"staging-{mark}")
    client_for(engine).create_bucket(Bucket=f"code-{mark}")
    client_for(engine, service="dynamodb").create_table(
        TableName=f"records-{mark}",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    settings = {
        "HITCOUNTER_STAGING_BUCKET": f"staging-{mark}",
        "HITCOUNTER_ACCOUNT": ACCOUNT,
        "HITCOUNTER_RECORDS_TABLE": f"records-{mark}",
        "AWS_ENDPOINT_URL": engine,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with _door(monkeypatch) as sink:
        yield lambda resource_type="Custom::LambdaFunction": Stack(engine, sink, resource_type)


@contextmanager
def _door(monkeypatch):
    with Sink() as sink:
        monkeypatch.setenv("HITCOUNTER_ANSWER_HOSTS", sink.host)
        door._start.cache_clear()
        yield sink
    door._start.cache_clear()


@pytest.fixture(scope="session")
def cloud(engine, tmp_path_factory):
    """The engine as an account, with an installation that has the samples' plug-in."""
    cloud = Cloud(engine, tmp_path_factory.mktemp("home"))
    ran = cloud.run("install", "--plugin", SAMPLES / "plugin")
    assert ran.code == 0, ran.err
    return cloud


@pytest.fixture
def deploy(cloud, tmp_path):
    """Deploys a template to the same stack each time, and returns the outputs."""
    stack = new_name()

    def again(template, *arguments):
        return cloud.deploy(write(tmp_path, template), stack, *arguments)

    again.stack = stack
    return again


@pytest.fixture
def start(tmp_path):
    """Starts the command in its own folder. At the end no process of any run may be left."""
    runs = []

    def run(*arguments, **options):
        runs.append(Run(tmp_path, *arguments, **options))
        return runs[-1]

    yield run
    for each in runs:
        each.close()
    for each in runs:
        wait_until(lambda run=each: not run.find_rest())


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path
