"""Take the answers like CloudFormation does, and check each answer against its request."""

import json
from collections import Counter, defaultdict
from itertools import count
from urllib.parse import quote, urlsplit

from tests.support.cloudformation import EXPIRY, STACK_ID, make_event

# Part of each Env value and of each answer URL's query. No log and no answer may contain this text.
SECRET = "s3cr3t"

_FIELDS = {"Status", "PhysicalResourceId", "StackId", "RequestId", "LogicalResourceId", "NoEcho"}
_TOKEN = "arn:aws:lambda:eu-west-1:123456789012:function:companion"


class CheckedOutbox:
    """Makes events, and checks the answers that ``sink`` takes by HTTP.

    ``remembers``: the companion's records always work, so the companion knows which requests it has answered.
    """

    def __init__(self, sink, *, remembers=True):
        self.sink, self._remembers = sink, remembers
        self.events, self.answers, self.deliveries = {}, defaultdict(list), Counter()
        self._has_ended_early, self._numbers, self._seen = defaultdict(bool), count(1), len(sink.taken)

    def event(self, kind, resource_type, properties, **fields):
        """An event, issued a second after the previous event, with this outbox as its answer URL."""
        number = next(self._numbers)
        request_id = f"7b5a4c1e-0000-4000-8000-{number:012}"
        path = quote(f"{STACK_ID}|{fields.get('LogicalResourceId', 'Visits')}|{request_id}", safe="")
        query = f"AWSAccessKeyId=AKIA&Expires={EXPIRY + number}&Signature={SECRET}"
        if kind == "Update":
            old = fields.pop("OldResourceProperties", properties)
            fields["OldResourceProperties"] = {"ServiceToken": _TOKEN, **old}
        given = {"ServiceToken": _TOKEN, **properties} if isinstance(properties, dict) else properties
        fields = {"ResourceType": resource_type, "ServiceToken": _TOKEN, "ResourceProperties": given, **fields}
        url = f"http://{self.sink.host}/{path}?{query}"
        self.events[request_id] = make_event(kind, request_id, url=url, **fields)
        return self.events[request_id]

    def deliver(self, event, serve):
        """Deliver the event to ``serve``, and return the answer of this delivery, if any.

        A second answer is allowed only after a delivery that ended early, or if the records may fail.
        """
        request_id = event.get("RequestId")
        self.take()
        before = list(self.answers[request_id])
        may_repeat = self._has_ended_early[request_id]
        self.deliveries[request_id] += 1
        self._has_ended_early[request_id] = True
        serve(event)
        self._has_ended_early[request_id] = False
        self.take()
        new = self.answers[request_id][len(before) :]
        assert may_repeat or not (before and new and self._remembers), "answered again"
        return new[0] if new else None

    def take(self):
        """Check the answers since the last call."""
        new, self._seen = self.sink.taken[self._seen :], len(self.sink.taken)
        for request in new:
            answer = json.loads(request[3].decode("utf-8"))
            check_answer(self.events[answer["RequestId"]], request)
            self.answers[answer["RequestId"]].append(answer)

    def first(self, event):
        """The answer that CloudFormation uses: the first one."""
        return self.answers[event["RequestId"]][0]

    def unanswered(self):
        """The IDs of the requests without an answer, except if their last delivery ended early."""
        self.take()
        return [each for each in self.deliveries if not self.answers[each] and not self._has_ended_early[each]]

    def check(self):
        """Assert that each request has an answer, and at most one answer per delivery."""
        assert [self.events[each] for each in self.unanswered()] == []
        assert [each for each, times in self.deliveries.items() if len(self.answers[each]) > times] == []


def check_answer(event, request):
    """Assert that CloudFormation accepts the answer to this event."""
    method, path, headers, body = request
    address = urlsplit(event["ResponseURL"])
    assert (method, path, headers["Content-Type"]) == ("PUT", f"{address.path}?{address.query}", "")
    assert len(body) <= 4096
    assert SECRET not in body.decode("utf-8")
    answer = json.loads(body)
    for name in ("StackId", "RequestId", "LogicalResourceId"):
        assert answer[name] == event[name]
    assert 1 <= len(answer["PhysicalResourceId"].encode("utf-8")) <= 1024
    assert answer["NoEcho"] is (event.get("ResourceType") == "Custom::Secret" and answer["Status"] == "SUCCESS")
    if answer["Status"] == "FAILED":
        assert set(answer) == _FIELDS | {"Reason"}
        assert answer["Reason"].strip()
    else:
        assert answer["Status"] == "SUCCESS"
        assert set(answer) == _FIELDS | {"Data"}
    is_kept = event.get("RequestType") == "Delete" or answer["Status"] == "FAILED"
    if is_kept and event.get("RequestType") != "Create" and "PhysicalResourceId" in event:
        assert answer["PhysicalResourceId"] == event["PhysicalResourceId"]
