"""A stack's resource as a state machine: each step is a request, with whatever may come between its calls."""

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
OVERLAPS = ("given up", "delivered twice", "a late copy")
VALUES, PLACES = st.integers(1, 3), st.sampled_from(["", "b", "c"])
LONGEST_REQUEST = 60
_RETRIES, _MOST_DELIVERIES = 2, 30

TROUBLE = st.dictionaries(st.integers(1, LONGEST_REQUEST), st.sampled_from(FAULTS + OVERLAPS), max_size=3)
FAULT = st.dictionaries(st.integers(1, LONGEST_REQUEST), st.sampled_from(FAULTS), max_size=2)


class Delivery:
    """One delivery under way: what is to happen before which of its calls."""

    def __init__(self, event, trouble, give_up, longest):
        self.event, self.give_up = event, give_up
        self.trouble = {1 + at % longest: what for at, what in trouble.items()}
        self.calls, self.is_dead = 0, False


class Stack(RuleBasedStateMachine):
    """CloudFormation, one request after the other; `figures` counts what happened to all machines of a class.

    Made for a resource by `stack_of`.
    """

    new_subject = sink = figures = None

    def __init__(self):
        super().__init__()
        self.sink.refuse()
        self.outbox = CheckedOutbox(self.sink, remembers=False)
        self.companion = Companion(self.new_subject(), self.outbox)
        self.subject = self.companion.subject
        self.subject.watch(self._before)
        self.under_way, self.history = [], []
        self.value, self.never_done = None, []

    @precondition(lambda self: self.companion.known is None)
    @rule(value=VALUES, place=PLACES, trouble=TROUBLE, after=FAULT)
    def create(self, value, place, trouble, after):
        properties = self.subject.properties(value, place)
        event = self.companion.event("Create", properties)
        answer = self._ask(event, trouble, lambda: self._insist(INVENTED, properties, after))
        if answer and answer["Status"] == "SUCCESS":
            self._know(answer, properties, value)
        elif answer:
            self._insist(answer["PhysicalResourceId"], properties, after)
        self._look()

    @precondition(lambda self: self.companion.known)
    @rule(value=VALUES, place=PLACES, trouble=TROUBLE, after=FAULT, fails=st.booleans())
    def update(self, value, place, trouble, after, fails):
        """To another value, or another place; where another resource `fails`, all is rolled back after it."""
        old, was, properties = self.companion.known, self.companion.properties, self.subject.properties(value, place)
        event = self.companion.update_event(properties)
        answer = self._ask(event, trouble, lambda: self._roll_back(properties, after))
        if answer and answer["Status"] == "SUCCESS" and not fails:
            self._know(answer, properties, value)
            if self.companion.known != old:
                self._insist(old, was, after)
        elif answer:
            new = answer["PhysicalResourceId"]
            self._roll_back(properties, after, new)
            if new != old:
                self._insist(new, properties, {})
        self._look()

    @precondition(lambda self: self.companion.known)
    @rule(trouble=FAULT)
    def delete(self, trouble):
        known, self.companion.known = self.companion.known, None
        self._insist(known, self.companion.properties, trouble)
        self._look()

    @precondition(lambda self: self.history)
    @rule(which=st.integers(0, 99), trouble=FAULT, times=st.integers(1, 2))
    def late_duplicate(self, which, trouble, times):
        for _ in range(times):
            self._deliver_late(which, trouble)
        self._look()

    @precondition(lambda self: self.history)
    @rule(seconds=st.sampled_from([1, 60, 1000]))
    def wait(self, seconds):
        self.companion.time.passed += seconds

    def teardown(self):
        self.figures["histories"] += bool(self.history)
        if self.companion.known:
            known, self.companion.known = self.companion.known, None
            self._insist(known, self.companion.properties, {})
        self._look()
        self.outbox.check()

    def _know(self, answer, properties, value):
        self.companion.keep(properties, answer)
        self.value = value

    def _look(self):
        """Nothing is unanswered, left over or touched that is another's, and what is live is what was asked last.

        What could not be swept yet stands in the ledger, as long as there is a resource whose requests will.
        """
        known = {self.companion.known} if self.companion.known else set()
        noted = set(self.subject.ledger()) if known else set()
        unanswered = self.outbox.unanswered()
        foreign = self.companion.foreign_touched()
        orphans = self.subject.orphans(known | noted)
        self.figures["unanswered"] += len(unanswered)
        self.figures["orphans"] += len(orphans)
        self.figures["foreign functions touched"] += foreign
        assert (self.never_done, unanswered, orphans, foreign) == ([], [], [], 0)
        if known:
            assert known <= self.subject.things() <= known | noted
            assert self.subject.value(self.companion.known) == self.value

    def _ask(self, event, trouble, give_up):
        """CloudFormation's answer; nothing where it gave up waiting for one."""
        self.figures["requests in histories"] += 1
        given_up = []

        def give_up_once():
            if not given_up:
                given_up.append(True)
                self.figures["cancellations in histories"] += 1
                give_up()

        self._deliver(event, trouble, give_up_once)
        self.history.append(event)
        answers = self.outbox.answers[event["RequestId"]]
        if not answers and not given_up:
            give_up_once()
        return answers[0] if answers and not given_up else None

    def _roll_back(self, properties, trouble, known=None):
        """Until it is done: back to what was answered last, from these properties."""
        old, is_done = self.companion.properties, False
        for _ in range(_MOST_DELIVERIES):
            event = self.companion.update_event(old, known, old=properties)
            answer = self._ask(event, trouble, lambda: None)
            is_done, trouble = bool(answer) and answer["Status"] == "SUCCESS", {}
            if is_done:
                break
            self.companion.time.passed += 100
        if is_done:
            self.companion.keep(old, answer)
        else:
            self.never_done.append("a rollback")

    def _insist(self, known, properties, trouble):
        """Delete until it is done."""
        for _ in range(_MOST_DELIVERIES):
            answer = self._ask(self.companion.delete_event(known, properties), trouble, lambda: None)
            if answer and answer["Status"] == "SUCCESS":
                return
            self.companion.time.passed += 100
            trouble = {}
        self.never_done.append("a Delete")

    def _deliver(self, event, trouble, give_up):
        """As Lambda does: twice more, where it raises or dies."""
        for _ in range(1 + _RETRIES):
            self.under_way.append(Delivery(event, trouble, give_up, self.subject.longest))
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
        if delivery.is_dead:
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
        if due == "given up":
            delivery.give_up()
        elif due == "delivered twice":
            self.figures["late duplicates in histories"] += 1
            self._deliver(delivery.event, {}, lambda: None)
        elif self.history:
            self._deliver_late(delivery.calls, {})

    def _fail(self, delivery, due, call):
        if due == "PUT refused":
            self.sink.refuse(403)
        elif due == "killed":
            delivery.is_dead = True
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
    """A class of machines for this resource, and its figures."""
    figures = Counter({"unanswered": 0, "orphans": 0, "foreign functions touched": 0})
    return type(
        "Stack", (Stack,), {"new_subject": staticmethod(new_subject), "sink": sink, "figures": figures}
    ), figures
