"""Interrupt a gateway's request before each of its calls in turn, by another request or by its end."""

from contextlib import suppress
from itertools import count

from tests.support.cloudformation import INVENTED
from tests.support.fakes import Killed, Outbox
from tests.support.histories import CloudFormation
from transform_lambda.ports import TryAgain


def at_every_call(new_companion, prepare, overtake, *, loses=False):
    """Companions in which ``overtake`` ran before the first, second … call of the request that ``prepare`` returns.

    Afterwards the call is made, later than the lock on an API allows. With ``loses``, the call fails instead.
    """
    for at in count():
        companion = new_companion()
        event, calls = prepare(companion), []

        def before(operation, at=at, calls=calls, companion=companion, event=event):
            calls.append(operation)
            if len(calls) == at + 1:
                companion.gateways.before = None
                overtake(companion, event)
                if loses:
                    raise TryAgain("ConnectionError")

        companion.gateways.before = before
        with suppress(Killed):
            companion.deliver(event, Outbox())
        companion.gateways.before = None
        if len(calls) <= at:
            return
        yield companion, event, f"before call {at}, {calls[at]}"


def die(companion, event):
    """End the request. Its lock expires after a while."""
    raise Killed


def roll_back(companion, event):
    """Cancel the update: CloudFormation sends an update to the earlier properties."""
    known, old = companion.known[event["LogicalResourceId"]]
    fields = {"PhysicalResourceId": known, "OldResourceProperties": event["ResourceProperties"]}
    fields["LogicalResourceId"] = event["LogicalResourceId"]
    answer = companion.deliver(companion.event("Update", old, **fields), Outbox())
    assert answer["Status"] == "SUCCESS", answer


def delete(companion, event):
    """Delete the stack. A resource without an answer is deleted by a generated ID."""
    known, old = companion.known.get(event["LogicalResourceId"], (INVENTED, event["ResourceProperties"]))
    fields = {"PhysicalResourceId": known, "LogicalResourceId": event["LogicalResourceId"]}
    answer = companion.deliver(companion.event("Delete", old, **fields), Outbox())
    assert answer["Status"] == "SUCCESS", answer


def read_state(companion):
    """The visible state of all APIs and policies, with snapshots in place of deployment IDs."""
    return {api: _describe(each) for api, each in companion.gateways.apis.items()}, companion.gateways.policies


def _describe(api):
    described = {name: each for name, each in api.items() if name not in ("deployments", "stages", "parts")}
    described["parts"] = {part["path"]: part["resourceMethods"] for part in api["parts"].values()}
    snapshots = {number: each["snapshot"] for number, each in api["deployments"].items()}
    described["stages"] = {
        name: {**stage, "deploymentId": snapshots[stage["deploymentId"]]} for name, stage in api["stages"].items()
    }
    described["deployments"] = len(snapshots)
    return described


class OldProperties:
    """A stack for ``histories`` whose updates contain ``OldResourceProperties``, like CloudFormation's."""

    asked = None

    def _ask(self, task, kind, physical_id, properties, **options):
        given = self.describe(properties)
        self.old, self.asked = self.asked, given
        return CloudFormation._ask(self, task, kind, physical_id, given, **options)

    def _deliver(self, event, delay, retries=2):
        if event["RequestType"] == "Update":
            event = {"OldResourceProperties": self.old, **event}
        super()._deliver(event, delay, retries)
