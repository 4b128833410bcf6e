"""A simulation in virtual time: the steps of concurrent requests interleave at random, and invocations may end early."""

import random
import threading

from tests.support.fakes import Killed, MemoryRecords
from transform_lambda.contract import ResourceError, Result
from transform_lambda.idempotency.record import Record
from transform_lambda.identity import physical_id_for
from transform_lambda.limits import Clock, Limits
from transform_lambda.protocol.companion import Companion
from transform_lambda.protocol.delivery import LeftoversRemain

STACK = "arn:aws:cloudformation:eu-west-1:123456789012:stack/app/1"
LONGEST_RUN = 900.0
# After these errors, Lambda delivers the request again.
DELIVERED_AGAIN = (ConnectionError, LeftoversRemain)


class Task:
    """A thread of the simulation, which runs only between two calls of ``step``."""

    def __init__(self, world, work, dies_at):
        self.world = world
        self.dies_at = dies_at
        self.wakes_at = 0.0
        self.steps = 0
        self.is_done = False
        self.is_killed = False
        self.error = None
        self.baton = threading.Semaphore(0)
        self.thread = threading.Thread(target=self._run, args=(work,), daemon=True)

    def _run(self, work):
        self.baton.acquire()
        try:
            work(self)
        except Killed:
            self.is_killed = True
        except Exception as error:
            self.error = error
        self.is_done = True
        self.world.turn.release()

    def step(self, seconds=0.0):
        self.wakes_at = self.world.now + (seconds or self.world.stall())
        self.world.turn.release()
        self.baton.acquire()
        self.steps += 1
        if self.world.now > self.dies_at or self.steps > self.world.lives.get(self, 10**9):
            self.dies_at = -1.0
            raise Killed


class World:
    """The simulation's time and tasks. One task runs at a time, chosen at random."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.now = 1_700_000_000.0
        self.turn = threading.Semaphore(0)
        self.tasks = []
        self.lives = {}

    def stall(self):
        return self.random.choice([20.0, 200.0]) if self.random.random() < 0.03 else 0.0

    def start(self, work, dies_at=float("inf"), lives=None):
        task = Task(self, work, dies_at)
        if lives is not None:
            self.lives[task] = lives
        self.tasks.append(task)
        task.thread.start()
        return task

    def run(self):
        while waiting := [task for task in self.tasks if not task.is_done]:
            ready = [task for task in waiting if task.wakes_at <= self.now]
            if not ready:
                self.now = min(task.wakes_at for task in waiting)
                continue
            self.now += self.random.choice([0.0, 0.01, 0.3, 2.0])
            task = self.random.choice(ready)
            task.baton.release()
            self.turn.acquire()


class SteppingRecords:
    """Records with a step before each call."""

    def __init__(self, records, task):
        self._records = records
        self._task = task

    def read(self, key):
        self._task.step()
        return self._records.read(key)

    def write(self, key, record):
        self._task.step()
        return self._records.write(key, record)


class SteppingThings:
    """A resource with revisions, which is created, changed and deleted in steps."""

    def __init__(self, things, task):
        self._things = things
        self._task = task

    def create(self, request):
        return self._put(request, request.physical_id)

    def update(self, request):
        name = physical_id_for(request.stack_id, request.logical_id, request.properties["Generation"])
        if name != request.physical_id:
            request.guard.note(name)
        return self._put(request, name, may_create=name != request.physical_id)

    def delete(self, request):
        self._task.step()
        self._things.pop(request.physical_id, None)
        self._task.step()

    def _put(self, request, name, may_create=True):
        self._task.step()
        value = request.properties["Value"]
        if name not in self._things:
            if not may_create:
                raise ResourceError("there is no such thing")
            self._things[name] = (1, value)
            self._task.step()
            return Result(name)
        revision, _ = self._things[name]
        self._task.step()
        request.guard.check()
        self._task.step()
        if self._things.get(name, (0, ""))[0] != revision:
            raise ResourceError("the revision has changed")
        self._things[name] = (revision + 1, value)
        self._task.step()
        return Result(name)


class CloudFormation:
    """The requests for one resource of a stack: some are cancelled, some are delivered late or twice."""

    def __init__(self, world, *, tells_time):
        self.world = world
        self.random = world.random
        self.records = MemoryRecords()
        self.things = {}
        self.answers = {}
        self.retained = set()
        self.faults = []
        self.known = None
        self.value = None
        self.undelivered = 0
        self.requests = 0
        self._tells_time = tells_time

    def resource(self, task, clock):
        """The resource that handles one delivery."""
        return SteppingThings(self.things, task)

    def live(self, task):
        for _ in range(self.random.randint(1, 3)):
            self._create(task)
            for _ in range(self.random.randint(0, 3)):
                if self.known:
                    self._update(task)
            if self.random.random() < 0.8:
                self._delete_known(task)
            if self.known:
                break

    def _create(self, task):
        properties = {"Generation": "", "Value": f"v{self.requests}"}
        answer = self._ask(task, "Create", None, properties)
        if answer and answer["Status"] == "SUCCESS":
            self.known, self.value = answer["PhysicalResourceId"], properties["Value"]
            self.retained.discard(self.known)
            return
        invented = f"app-Thing-{self.random.randint(10**11, 10**12 - 1)}"
        self._delete_until_done(task, answer["PhysicalResourceId"] if answer else invented, properties)

    def _update(self, task):
        known, value = self.known, self.value
        generation = self.random.choice(["", "a", "b"])
        properties = {"Generation": generation, "Value": f"v{self.requests}"}
        before = {"Generation": self._generation(known), "Value": value}
        answer = self._ask(task, "Update", known, properties)
        is_done = answer is not None and answer["Status"] == "SUCCESS"
        if is_done:
            self.known, self.value = answer["PhysicalResourceId"], properties["Value"]
            self.retained.discard(self.known)
        if not is_done or self.random.random() < 0.3:
            self._roll_back(task, before)
        elif self.known != known:
            if self.random.random() < 0.3:
                self.retained.add(known)
            else:
                self._delete_until_done(task, known, before)

    def _roll_back(self, task, before):
        replaced = self.known
        while True:
            answer = self._ask(task, "Update", self.known, before, may_cancel=False)
            if answer and answer["Status"] == "SUCCESS":
                break
            if not answer:
                self.undelivered += 1
        self.known, self.value = answer["PhysicalResourceId"], before["Value"]
        if self.known != replaced:
            self._delete_until_done(task, replaced, before)

    def _delete_known(self, task):
        known, self.known = self.known, None
        if known:
            self._delete_until_done(task, known, {"Generation": self._generation(known), "Value": self.value})

    def _delete_until_done(self, task, physical_id, properties):
        while True:
            answer = self._ask(task, "Delete", physical_id, properties, may_cancel=False)
            if answer and answer["Status"] == "SUCCESS":
                return

    def _generation(self, physical_id):
        return next(text for text in ["", "a", "b"] if physical_id_for(STACK, "Thing", text) == physical_id)

    def _ask(self, task, kind, physical_id, properties, *, may_cancel=True):
        self.requests += 1
        number = str(self.requests)
        query = f"?Expires={int(self.world.now)}" if self._tells_time else ""
        event = {
            "RequestType": kind,
            "RequestId": number,
            "StackId": STACK,
            "LogicalResourceId": "Thing",
            "ResourceType": "Custom::Thing",
            "ResourceProperties": properties,
            "ResponseURL": "https://answers/" + query,
            **({"PhysicalResourceId": physical_id} if physical_id else {}),
        }
        for delay in self._delays(first_may_be_late=may_cancel and self._tells_time):
            self._deliver(event, delay)
        while not self._tells_time and not self._has_arrived(number):
            task.step(0.5)
        limit = self.world.now + (self.random.choice([1, 5, 30, 4000]) if may_cancel else 4000)
        while number not in self.answers and self.world.now < limit:
            self._check()
            task.step(0.5)
        return self.answers.get(number)

    def _has_arrived(self, number):
        record = next(iter(self.records.stored.values()), Record())
        return number in (record.request_id, *(seen.split()[0] for seen in record.seen))

    def _check(self):
        if self.known and self.known not in self.things:
            self.faults.append(f"{self.known} is missing")
        self.faults.extend(
            f"{name} is missing, although it was retained" for name in self.retained - self.things.keys()
        )

    def _delays(self, *, first_may_be_late):
        first = self.random.choice([0, 0, 0, 0.5, 20]) if first_may_be_late else 0
        return [
            first,
            *(first + self.random.choice([0, 0, 1, 60, 3000]) for _ in range(self.random.choice([0, 0, 1, 2]))),
        ]

    def _deliver(self, event, delay, retries=2):
        lives = self.random.randint(1, 40) if retries and self.random.random() < 0.25 else None

        def invoke(task):
            ends = self.world.now + LONGEST_RUN
            task.dies_at = ends
            started = self.world.now
            clock = Clock(lambda: self.world.now, lambda: self.world.now - started, task.step)
            handlers = {"Custom::Thing": self.resource(task, clock)}
            companion = Companion(handlers, SteppingRecords(self.records, task))
            companion.process(event, lambda _, answer: self._take(task, answer), Limits(10**6, 10**6, ends, clock))

        def run(task):
            try:
                invoke(task)
            except (Killed, *DELIVERED_AGAIN):
                if retries:
                    self._deliver(event, 60, retries - 1)
                raise

        task = self.world.start(run, lives=lives)
        task.wakes_at = self.world.now + delay

    def _take(self, task, answer):
        task.step()
        if self.random.random() < 0.1:
            raise ConnectionError
        self.answers.setdefault(answer["RequestId"], answer)
        task.step()
