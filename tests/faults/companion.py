"""CloudFormation's requests for one resource, delivered to the companion like Lambda delivers them."""

from types import SimpleNamespace

from tests.support.fakes import FakeTime, Things
from transform_lambda.protocol import companion


class Companion:
    """A resource of a stack. ``known`` is its physical ID, and ``properties`` its properties, after the last success."""

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
        self._foreign = subject.read_foreign()

    def create(self, properties=None, **fields):
        properties = properties or self.subject.properties()
        return self.accept(properties, self.deliver(self.event("Create", properties, **fields)), **fields)

    def update(self, properties, **fields):
        return self.accept(properties, self.deliver(self.update_event(properties, **fields)))

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
        """The answer of this delivery, if any. Errors that Lambda would see are raised."""
        context = SimpleNamespace(get_remaining_time_in_millis=lambda: seconds * 1000)
        return self.outbox.deliver(event, lambda event: self._companion.serve(event, context))

    def accept(self, properties, answer, LogicalResourceId="Visits"):  # noqa: N803 - CloudFormation's word
        """Store the physical ID and the properties after a success, and return the answer."""
        if answer and answer["Status"] == "SUCCESS" and LogicalResourceId == "Visits":
            self.known, self.properties = answer["PhysicalResourceId"], properties
        return answer

    def create_conflict(self):
        """Create a foreign resource with the resource's name, and return the Reason of a Create that finds it."""
        reason = self.subject.create_conflict(self)
        self._foreign = self.subject.read_foreign()
        return reason

    def find_leftovers(self, known=()):
        """The leftovers outside of these physical IDs, and an entry for each change of a foreign resource."""
        return self.subject.find_leftovers(known) + ["a changed foreign resource"] * self.count_foreign_changes()

    def count_foreign_changes(self):
        """The number of changes of foreign resources."""
        now = self.subject.read_foreign()
        return len(now ^ self._foreign)

    def is_live(self, value, known=None):
        """Whether the resource with this ID serves this value, and no other resource exists."""
        known = known or self.known
        return (
            self.subject.list_ids() == {known}
            and self.subject.value(known) == value
            and self.find_leftovers({known}) == []
        )


def start_create(companion):
    """A function that sends a Create."""
    event = companion.event("Create", companion.subject.properties())
    return lambda: companion.accept(companion.subject.properties(), companion.deliver(event))


def start_update(value, place=""):
    """A function that creates the resource, and returns a function that sends an Update."""

    def start(companion):
        companion.create()
        event = companion.update_event(companion.subject.properties(value, place))
        return lambda: companion.deliver(event)

    return start
