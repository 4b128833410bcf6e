"""A resource of a stack as a state machine. Each step is a request with faults and overlapping requests."""

from collections import Counter

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.faults.checked_outbox import CheckedOutbox
from tests.faults.companion import Companion
from tests.support.cloudformation import INVENTED
from tests.support.fakes import Killed
from transform_lambda.contract import ResourceError
from transform_lambda.ports import TryAgain
from transform_lambda.protocol.answer_url import AnswerError
from transform_lambda.protocol.delivery import LeftoversRemain

FAULTS = ("refused", "throttled", "answer lost", "a bug", "killed", "PUT refused")
OVERLAPS = ("cancelled", "delivered twice", "a late copy")
VALUES, PLACES = st.integers(1, 3), st.sampled_from(["", "b", "c"])
MAX_CALLS = 60
_RETRIES, _MAX_DELIVERIES = 2, 30

TROUBLE = st.dictionaries(st.integers(1, MAX_CALLS), st.sampled_from(FAULTS + OVERLAPS), max_size=3)
FAULT = st.dictionaries(st.integers(1, MAX_CALLS), st.sampled_from(FAULTS), max_size=2)


class Delivery:
    """A running delivery. ``trouble`` holds the faults and overlaps, by the number of the call that they precede."""

    def __init__(self, event, trouble, cancel, max_calls):
        self.event, self.cancel = event, cancel
        self.trouble = {1 + at % max_calls: what for at, what in trouble.items()}
        self.calls, self.is_killed = 0, False


class Stack(RuleBasedStateMachine):
    """CloudFormation, which sends one request after the other. ``stack_of`` makes a subclass for a resource.

    ``figures`` counts the events in all machines of a subclass.
    """

    new_subject = sink = figures = None

    def __init__(self):
        super().__init__()
        self.sink.refuse()
        self.outbox = CheckedOutbox(self.sink, remembers=False)
        self.companion = Companion(self.new_subject(), self.outbox)
        self.subject = self.companion.subject
        self.subject.observe(self._before)
        self.under_way, self.history = [], []
        self.value, self.never_succeeded = None, []

    @precondition(lambda self: self.companion.known is None)
    @rule(value=VALUES, place=PLACES, trouble=TROUBLE, after=FAULT)
    def create(self, value, place, trouble, after):
        properties = self.subject.properties(value, place)
        event = self.companion.event("Create", properties)
        answer = self._ask(event, trouble, lambda: self._delete_until_done(INVENTED, properties, after))
        if answer and answer["Status"] == "SUCCESS":
            self._record(answer, properties, value)
        elif answer:
            self._delete_until_done(answer["PhysicalResourceId"], properties, after)
        self._check()

    @precondition(lambda self: self.companion.known)
    @rule(value=VALUES, place=PLACES, trouble=TROUBLE, after=FAULT, fails=st.booleans())
    def update(self, value, place, trouble, after, fails):
        """Update the value or the place. ``fails``: another resource of the stack fails, so the stack rolls back."""
        old, was, properties = self.companion.known, self.companion.properties, self.subject.properties(value, place)
        event = self.companion.update_event(properties)
        answer = self._ask(event, trouble, lambda: self._roll_back(properties, after))
        if answer and answer["Status"] == "SUCCESS" and not fails:
            self._record(answer, properties, value)
            if self.companion.known != old:
                self._delete_until_done(old, was, after)
        elif answer:
            new = answer["PhysicalResourceId"]
            self._roll_back(properties, after, new)
            if new != old:
                self._delete_until_done(new, properties, {})
        self._check()

    @precondition(lambda self: self.companion.known)
    @rule(trouble=FAULT)
    def delete(self, trouble):
        known, self.companion.known = self.companion.known, None
        self._delete_until_done(known, self.companion.properties, trouble)
        self._check()

    @precondition(lambda self: self.history)
    @rule(which=st.integers(0, 99), trouble=FAULT, times=st.integers(1, 2))
    def late_duplicate(self, which, trouble, times):
        for _ in range(times):
            self._deliver_late(which, trouble)
        self._check()

    @precondition(lambda self: self.history)
    @rule(seconds=st.sampled_from([1, 60, 1000]))
    def wait(self, seconds):
        self.companion.time.passed += seconds

    def teardown(self):
        self.figures["histories"] += bool(self.history)
        if self.companion.known:
            known, self.companion.known = self.companion.known, None
            self._delete_until_done(known, self.companion.properties, {})
        self._check()
        self.outbox.check()

    def _record(self, answer, properties, value):
        self.companion.accept(properties, answer)
        self.value = value

    def _check(self):
        """Assert that all requests are answered, nothing is left over or foreign, and the last value is in use.

        A leftover is allowed if it is in the ledger and the resource still exists, so a later request can delete it.
        """
        known = {self.companion.known} if self.companion.known else set()
        noted = set(self.subject.ledger()) if known else set()
        unanswered = self.outbox.unanswered()
        foreign = self.companion.count_foreign_changes()
        orphans = self.subject.find_leftovers(known | noted)
        self.figures["unanswered"] += len(unanswered)
        self.figures["orphans"] += len(orphans)
        self.figures["foreign functions touched"] += foreign
        assert (self.never_succeeded, unanswered, orphans, foreign) == ([], [], [], 0)
        if known:
            assert known <= self.subject.list_ids() <= known | noted
            assert self.subject.value(self.companion.known) == self.value

    def _ask(self, event, trouble, cancel):
        """The answer that CloudFormation uses; ``None`` if CloudFormation cancelled the request."""
        self.figures["requests in histories"] += 1
        cancelled = []

        def cancel_once():
            if not cancelled:
                cancelled.append(True)
                self.figures["cancellations in histories"] += 1
                cancel()

        self._deliver(event, trouble, cancel_once)
        self.history.append(event)
        answers = self.outbox.answers[event["RequestId"]]
        if not answers and not cancelled:
            cancel_once()
        return answers[0] if answers and not cancelled else None

    def _roll_back(self, properties, trouble, known=None):
        """Send updates from these properties to the last successful ones until an update succeeds."""
        old, is_done = self.companion.properties, False
        for _ in range(_MAX_DELIVERIES):
            event = self.companion.update_event(old, known, old=properties)
            answer = self._ask(event, trouble, lambda: None)
            is_done, trouble = bool(answer) and answer["Status"] == "SUCCESS", {}
            if is_done:
                break
            self.companion.time.passed += 100
        if is_done:
            self.companion.accept(old, answer)
        else:
            self.never_succeeded.append("a rollback")

    def _delete_until_done(self, known, properties, trouble):
        """Send Deletes until one succeeds."""
        for _ in range(_MAX_DELIVERIES):
            answer = self._ask(self.companion.delete_event(known, properties), trouble, lambda: None)
            if answer and answer["Status"] == "SUCCESS":
                return
            self.companion.time.passed += 100
            trouble = {}
        self.never_succeeded.append("a Delete")

    def _deliver(self, event, trouble, cancel):
        """Deliver the event, and twice more after an error or an early end, like Lambda."""
        for _ in range(1 + _RETRIES):
            self.under_way.append(Delivery(event, trouble, cancel, self.subject.max_calls))
            try:
                return self.companion.deliver(event)
            except (Killed, AnswerError, LeftoversRemain):
                self.companion.time.passed += 60
                trouble = {}
            finally:
                self.under_way.pop()
        return None

    def _deliver_late(self, which, trouble):
        self.figures["late duplicates in histories"] += 1
        self._deliver(self.history[which % len(self.history)], trouble, lambda: None)

    def _before(self, call):
        if not self.under_way:
            return
        delivery = self.under_way[-1]
        if delivery.is_killed:
            raise Killed
        delivery.calls += 1
        due = delivery.trouble.pop(delivery.calls, None)
        if due in OVERLAPS and call in self.subject.bounded:
            delivery.trouble[delivery.calls + 1] = due
        elif due in OVERLAPS:
            self._overlap(delivery, due)
        elif due:
            self.figures["faults in histories"] += 1
            self._fail(delivery, due, call)

    def _overlap(self, delivery, due):
        if due == "cancelled":
            delivery.cancel()
        elif due == "delivered twice":
            self.figures["late duplicates in histories"] += 1
            self._deliver(delivery.event, {}, lambda: None)
        elif self.history:
            self._deliver_late(delivery.calls, {})

    def _fail(self, delivery, due, call):
        if due == "PUT refused":
            self.sink.refuse(403)
        elif due == "killed":
            delivery.is_killed = True
            raise Killed
        elif due == "answer lost":
            self._lose(call)
        elif due == "a bug" or call.startswith("records"):
            raise ValueError("a bug")
        elif due == "refused" and call not in self.subject.refusable:
            raise ResourceError("refused")
        else:
            raise TryAgain("Too Many Requests")

    def _lose(self, call):
        if call == "records write":
            self.subject.records.lost = ConnectionError("no answer")
        else:
            self.subject.lose(call, TryAgain("ReadTimeoutError"))


def stack_of(new_subject, sink):
    """A subclass for this resource, and its figures."""
    figures = Counter({"unanswered": 0, "orphans": 0, "foreign functions touched": 0})
    return type(
        "Stack", (Stack,), {"new_subject": staticmethod(new_subject), "sink": sink, "figures": figures}
    ), figures
