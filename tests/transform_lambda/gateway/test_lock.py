"""The lock on an API: one request holds it at a time, it expires, and its record keeps paths and the API's ID."""

from dataclasses import replace

import pytest

from tests.support.cloudformation import make_event
from tests.support.fakes import FakeTime, MemoryRecords
from transform_lambda.contract import Overtaken, Unguarded
from transform_lambda.gateway.lock import Lock
from transform_lambda.ports import TryAgain
from transform_lambda.protocol.event import parse_request
from transform_lambda.retry import TimeOver


@pytest.fixture
def time():
    return FakeTime()


@pytest.fixture
def records():
    return MemoryRecords()


@pytest.fixture
def new_lock(records, time):
    request = parse_request(make_event())

    def make(**more):
        clock = time.clock()
        return Lock(records, "API abc", replace(request, **{"deadline": clock.monotonic() + 600, **more}), clock)

    return make


def test_the_second_request_waits_until_the_first_releases_the_lock(new_lock, records, time):
    with new_lock():
        waiting = new_lock(deadline=time.clock().monotonic() + 10)
        with pytest.raises(TimeOver) as refused, waiting:
            pass
    with new_lock():
        slept = len(time.slept)

    assert str(refused.value) == "API abc: other requests hold the lock; gave up, because the time is over"
    assert len(time.slept) == slept


def test_the_lock_of_a_dead_request_expires(new_lock, time):
    new_lock().__enter__()

    with new_lock():
        waited = time.passed

    assert 175 < waited < 185


def test_a_request_that_renews_keeps_the_lock(new_lock, time):
    with new_lock() as lock:
        for _ in range(10):
            time.passed += 80
            lock.renew()
        with pytest.raises(TimeOver), new_lock(deadline=time.clock().monotonic() + 5):
            pass


@pytest.mark.parametrize("step", [20, 60, 89])
def test_a_request_that_renews_in_time_holds_the_lock_without_a_gap(new_lock, time, step):
    with new_lock() as lock:
        for _ in range(1000 // step):
            time.passed += step
            lock.renew()
            with pytest.raises(TimeOver), new_lock(deadline=time.clock().monotonic() + 1.5):
                pass
            # No call outlasts half a lease, so it may take so long until the next renewal.
            time.passed += 89
            with pytest.raises(TimeOver), new_lock(deadline=time.clock().monotonic() + 1.5):
                pass
            lock.renew()


def test_a_request_that_renews_too_late_notices_that_it_lost_the_lock(new_lock, time):
    first = new_lock()
    with first:
        time.passed += 200
        with new_lock(), pytest.raises(TryAgain) as refused:
            first.renew()

    assert str(refused.value) == "API abc: another request took the lock in the meantime"


def test_an_overtaken_request_stops_waiting(new_lock):
    class Old(Unguarded):
        def check(self):
            raise Overtaken("a newer request has begun")

    with new_lock(), pytest.raises(Overtaken), new_lock(guard=Old()):
        pass


def test_a_failed_release_undoes_nothing_and_the_lease_expires(new_lock, records, time, capsys):
    write, refused = records.write, []

    def refuse(key, record):
        if not record.names.get("held"):
            refused.append(key)
            raise ConnectionError("no answer")
        return write(key, record)

    records.write = refuse
    with new_lock() as lock:
        done = True
    records.write = write

    assert (done, lock.left, refused) == (True, 0, ["API abc"])
    assert "API abc: ConnectionError" in capsys.readouterr().out
    with new_lock():
        assert time.clock().monotonic() > 100


def test_an_error_in_the_block_is_raised_unchanged(new_lock, records):
    def refuse(key, record):
        raise ConnectionError("no answer")

    def work():
        with new_lock():
            records.write = refuse
            raise ValueError("the cause")

    with pytest.raises(ValueError, match="the cause"):
        work()


def test_remembered_paths_stay_until_they_are_forgotten(new_lock, time):
    with new_lock() as lock:
        lock.remember_paths({"/a", "/a/b"})
        lock.remember_paths({"/a"})
        lock.remember_api("abc")
    with new_lock() as lock:
        found = lock.paths, lock.api_id
        lock.forget_paths({"/a"})
    with new_lock() as lock:
        lock.forget_missing(lock.paths)
        kept = lock.paths
        time.passed += 2000
        lock.renew()
        lock.forget_missing(lock.paths)
    with new_lock() as lock:
        left = lock.paths

    assert found == ({"/a", "/a/b"}, "abc")
    assert kept == {"/a/b"}
    assert left == set()


def test_two_simultaneous_requests_do_not_both_get_the_lock(new_lock, records, time):
    class Contended(MemoryRecords):
        def __init__(self):
            super().__init__()
            self.is_first = True

        def write(self, key, record):
            if self.is_first:
                self.is_first = False
                return False
            return super().write(key, record)

    contended = new_lock()
    contended._records = Contended()

    with contended:
        pass

    assert time.slept == [1.0]
