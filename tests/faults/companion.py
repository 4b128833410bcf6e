"""The companion behind its door: CloudFormation's requests for one resource, delivered as Lambda delivers them."""

from types import SimpleNamespace

from tests.support.fakes import FakeTime, Things
from transform_lambda.protocol import companion


class Companion:
    """One resource of a stack; `known` is what CloudFormation knows it by, `properties` what it was asked last."""

    def __init__(self, subject, outbox):
        self.subject, self.outbox, self.time = subject, outbox, FakeTime()
        self.subject.clock = self.time.clock()
        self.known = self.properties = None
        handlers = {
            subject.type: subject.resource(self.time.clock()),
            "Custom::Secret": Things({"Key": "k"}, no_echo=True),
        }
        hosts = [outbox.sink.host]
        self._companion = companion.Companion(handlers, subject.records, hosts, self.time.clock())
        self._foreign = subject.foreign()

    def create(self, properties=None, **fields):
        properties = properties or self.subject.properties()
        return self.keep(properties, self.deliver(self.event("Create", properties, **fields)), **fields)

    def update(self, properties, **fields):
        return self.keep(properties, self.deliver(self.update_event(properties, **fields)))

    def delete(self, known=None, properties=None):
        return self.deliver(self.delete_event(known, properties))

    def event(self, kind, properties, **fields):
        return self.outbox.event(kind, self.subject.type, properties, **fields)

    def update_event(self, properties, known=None, old=None):
        fields = {"PhysicalResourceId": known or self.known, "OldResourceProperties": old or self.properties}
        return self.event("Update", properties, **fields)

    def delete_event(self, known=None, properties=None):
        properties = properties or self.properties or self.subject.properties()
        return self.event("Delete", properties, PhysicalResourceId=known or self.known)

    def deliver(self, event, seconds=900):
        """The answer that this delivery gave, if any; raises what Lambda would see."""
        context = SimpleNamespace(get_remaining_time_in_millis=lambda: seconds * 1000)
        return self.outbox.deliver(event, lambda event: self._companion.serve(event, context))

    def keep(self, properties, answer, LogicalResourceId="Visits"):  # noqa: N803 - CloudFormation's word
        """Remember what CloudFormation now knows."""
        if answer and answer["Status"] == "SUCCESS" and LogicalResourceId == "Visits":
            self.known, self.properties = answer["PhysicalResourceId"], properties
        return answer

    def occupy(self):
        """Have another's thing be where the resource's would be; what a Reason says then."""
        why = self.subject.occupy(self)
        self._foreign = self.subject.foreign()
        return why

    def left(self, known=()):
        """What there is beyond these physical ids, and whether anything that is another's was touched."""
        return self.subject.orphans(known) + ["something that is another's"] * self.foreign_touched()

    def foreign_touched(self):
        """How much of what is another's is not as it was."""
        now = self.subject.foreign()
        return len(now ^ self._foreign)

    def is_live(self, value, known=None):
        """Whether what CloudFormation knows, and nothing else, serves this value."""
        known = known or self.known
        return self.subject.things() == {known} and self.subject.value(known) == value and self.left({known}) == []
