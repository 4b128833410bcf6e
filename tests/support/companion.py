"""The companion with ``Custom::LambdaFunction`` on fakes, and requests like those of CloudFormation, one at a time."""

from itertools import count

from tests.support.archives import Entry, make_archive
from tests.support.cloudformation import make_event
from tests.support.code_store import MemoryCodeStore
from tests.support.fakes import FakeTime, MemoryRecords, Outbox
from tests.support.functions import MemoryFunctions
from transform_lambda.function.resource import LambdaFunction
from transform_lambda.limits import read_limits
from transform_lambda.protocol import companion

ROLE = "arn:aws:iam::123456789012:role/hitcounter/visits"
ENV = b"other=kept\ntable=here\n"
ARCHIVE = make_archive(Entry(b"index.py", b"def handler(): ..."), Entry(b".env", ENV))
CODE = {"S3Bucket": "code", "S3Key": "app.zip"}


class Companion:
    """``functions``, ``store`` and ``records`` are the fakes. Each request method returns the answer."""

    def __init__(self, **functions):
        self.store = MemoryCodeStore(objects={("code", "app.zip"): ARCHIVE})
        self.functions = MemoryFunctions(objects=self.store.objects, **functions)
        self.records, self.outbox, self.time = MemoryRecords(), Outbox(), FakeTime()
        self.resource = LambdaFunction(self.store, self.functions, self.time.clock())
        self.numbers, self.known, self.properties = count(1), None, None

    def create(self, properties=None, **fields):
        return self._keep(self.send("Create", properties or wanted(), **fields), properties or wanted())

    def update(self, properties, **fields):
        fields = {"PhysicalResourceId": self.known, "OldResourceProperties": self.properties, **fields}
        return self._keep(self.send("Update", properties, **fields), properties)

    def delete(self, known=None, properties=None, **fields):
        known = known or self.known
        return self.send("Delete", properties or self.properties or wanted(), PhysicalResourceId=known, **fields)

    def event(self, kind, properties, number=None, **fields):
        number = number or next(self.numbers)
        fields = {"ResourceType": "Custom::LambdaFunction", "ResourceProperties": properties, **fields}
        return make_event(kind, str(number), issued=number, **fields)

    def send(self, kind, properties, **fields):
        return self.deliver(self.event(kind, properties, **fields))

    def deliver(self, event, outbox=None):
        outbox = outbox or self.outbox
        before = len(outbox.answers)
        limits = read_limits(event, None)
        limits = limits._replace(clock=self.time.clock())
        handlers = {"Custom::LambdaFunction": self.resource}
        companion.Companion(handlers, self.records).process(event, outbox, limits)
        answers = outbox.answers[before:]
        return answers[0] if answers else None

    def _keep(self, answer, properties):
        if answer and answer["Status"] == "SUCCESS":
            self.known, self.properties = answer["PhysicalResourceId"], properties
        return answer


def wanted(**more):
    """Valid properties of a function."""
    given = {"ServiceToken": "x", "Code": CODE, "Handler": "index.handler", "Runtime": "python3.13", "Role": ROLE}
    return {**given, "Env": {"table": "visits-table"}, **more}
