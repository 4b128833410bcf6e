"""The companion with ``Custom::APIGatewayResource`` on fakes, and requests like those of CloudFormation, one at a time."""

from itertools import count

from tests.support.cloudformation import make_event
from tests.support.fakes import FakeTime, MemoryRecords, Outbox
from tests.support.gateways import FUNCTION, MemoryGateways
from transform_lambda.gateway.resource import ApiGatewayResource
from transform_lambda.limits import read_limits
from transform_lambda.protocol.companion import Companion

TYPE = "Custom::APIGatewayResource"


class GatewayCompanion:
    """``gateways`` and ``records`` are the fakes. Each request method returns the answer.

    ``known`` holds the physical ID and the properties that CloudFormation knows, by logical ID.
    """

    def __init__(self, **gateways):
        self.gateways = MemoryGateways(**gateways)
        self.records, self.outbox, self.time = MemoryRecords(), Outbox(), FakeTime()
        self.resource = ApiGatewayResource(self.gateways, self.records, self.time.clock())
        self.numbers, self.known = count(1), {}

    def create(self, properties, logical_id="Visits"):
        return self._keep(logical_id, properties, self.send("Create", properties, LogicalResourceId=logical_id))

    def update(self, properties, logical_id="Visits"):
        return self._keep(logical_id, properties, self.deliver(self.update_event(properties, logical_id)))

    def update_event(self, properties, logical_id="Visits"):
        known, old = self.known[logical_id]
        fields = {"PhysicalResourceId": known, "OldResourceProperties": old, "LogicalResourceId": logical_id}
        return self.event("Update", properties, **fields)

    def delete(self, logical_id="Visits", known=None, properties=None):
        physical_id, last = self.known.get(logical_id, (known, properties))
        fields = {"PhysicalResourceId": known or physical_id, "LogicalResourceId": logical_id}
        return self.send("Delete", properties or last, **fields)

    def event(self, kind, properties, number=None, **fields):
        number = number or next(self.numbers)
        return make_event(kind, str(number), issued=number, ResourceType=TYPE, ResourceProperties=properties, **fields)

    def send(self, kind, properties, **fields):
        return self.deliver(self.event(kind, properties, **fields))

    def deliver(self, event, outbox=None):
        own = Outbox()
        limits = read_limits(event, None)._replace(clock=self.time.clock())
        Companion({TYPE: self.resource}, self.records).process(event, own, limits)
        (outbox or self.outbox).answers.extend(own.answers)
        return own.answers[0] if own.answers else None

    def _keep(self, logical_id, properties, answer):
        if answer and answer["Status"] == "SUCCESS":
            self.known[logical_id] = answer["PhysicalResourceId"], properties
        return answer


def wanted(api=None, **more):
    """Valid properties of a gateway in a shared API, or in the API with this ID."""
    given = {"RestApiId": api} if api else {"ApiName": "Shared"}
    integration = {"Type": "LambdaProxy", "FunctionArn": FUNCTION}
    return {
        "ServiceToken": "x",
        **given,
        "Path": "{name}",
        "IntegrationRequest": integration,
        "StageName": "prod",
        **more,
    }
