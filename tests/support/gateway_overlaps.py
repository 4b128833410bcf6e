"""A gateway's requests that others overlap, or that end in the middle, at each of their calls in turn."""

from contextlib import suppress
from itertools import count

from tests.support.cloudformation import INVENTED
from tests.support.fakes import Killed, Outbox
from tests.support.histories import CloudFormation
from transform_lambda.ports import TryAgain


def at_every_call(new_companion, prepare, overtake, *, loses=False):
    """Companions in which `overtake` ran before the first, second … call of the request that `prepare` gives.

    The call is made afterwards, which takes longer than the lock on an API allows for, or it `loses` its way.
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
    """The request ends here, and what it held is free after a while."""
    raise Killed


def roll_back(companion, event):
    """CloudFormation gives the update up and asks for what was before."""
    known, old = companion.known[event["LogicalResourceId"]]
    fields = {"PhysicalResourceId": known, "OldResourceProperties": event["ResourceProperties"]}
    fields["LogicalResourceId"] = event["LogicalResourceId"]
    answer = companion.deliver(companion.event("Update", old, **fields), Outbox())
    assert answer["Status"] == "SUCCESS", answer


def delete(companion, event):
    """The stack is deleted; what has no answer yet goes by an invented id."""
    known, old = companion.known.get(event["LogicalResourceId"], (INVENTED, event["ResourceProperties"]))
    fields = {"PhysicalResourceId": known, "LogicalResourceId": event["LogicalResourceId"]}
    answer = companion.deliver(companion.event("Delete", old, **fields), Outbox())
    assert answer["Status"] == "SUCCESS", answer


def everything_in(companion):
    """All that is there and can be seen from outside, by what it is called; ids of deployments by what they hold."""
    return {api: _describe(each) for api, each in companion.gateways.apis.items()}, companion.gateways.policies


def _describe(api):
    described = {name: each for name, each in api.items() if name not in ("deployments", "stages", "parts")}
    described["parts"] = {part["path"]: part["resourceMethods"] for part in api["parts"].values()}
    held = {number: each["snapshot"] for number, each in api["deployments"].items()}
    described["stages"] = {
        name: {**stage, "deploymentId": held[stage["deploymentId"]]} for name, stage in api["stages"].items()
    }
    described["deployments"] = len(held)
    return described


class OldProperties:
    """A stack of `histories`, whose updates tell what was asked for before, as CloudFormation does."""

    asked = None

    def _ask(self, task, kind, physical_id, properties, **options):
        given = self.describe(properties)
        self.old, self.asked = self.asked, given
        return CloudFormation._ask(self, task, kind, physical_id, given, **options)

    def _deliver(self, event, delay, retries=2):
        if event["RequestType"] == "Update":
            event = {"OldResourceProperties": self.old, **event}
        super()._deliver(event, delay, retries)
