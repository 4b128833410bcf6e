import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.code_store import MemoryCodeStore
from transform_lambda.ports import Place
from transform_lambda.staging.source import FIRST_READ, LONGEST_READ, RemoteSource

DATA = bytes(range(251)) * 40_000
PLACE = Place("code", "code.zip")


def opened(tail):
    store = MemoryCodeStore({("code", "code.zip"): DATA})
    return store, RemoteSource(store, *store.read_tail(PLACE, tail))


@given(st.lists(st.tuples(st.integers(0, len(DATA)), st.integers(0, 200_000)), max_size=12), st.integers(1, 100_000))
def test_any_range_has_the_objects_bytes(ranges, tail):
    _, source = opened(tail)

    for start, length in ranges:
        end = min(start + length, len(DATA))
        assert source.read(start, end - start) == DATA[start:end]


def test_the_tail_is_read_once():
    store, source = opened(1000)

    source.read(len(DATA) - 1000, 1000)
    source.read(len(DATA) - 22, 22)

    assert store.calls == ["read_tail"]
    assert source.size == len(DATA)


def test_a_range_across_the_tail_is_one_request():
    store, source = opened(1000)

    assert source.read(len(DATA) - 200_000, 200_000) == DATA[-200_000:]

    assert store.calls == ["read_tail", f"read_range {len(DATA) - 200_000}+199000"]


def test_bytes_after_a_small_read_need_no_request():
    store, source = opened(1000)

    source.read(5000, 30)
    source.read(5030, 4000)

    assert store.calls == ["read_tail", f"read_range 5000+{FIRST_READ}"]


def test_many_small_reads_become_few_requests():
    store, source = opened(1000)

    for start in range(0, len(DATA) - 2000, 1000):
        source.read(start, 30)

    assert len(store.calls) < 12
    assert store.largest <= LONGEST_READ


@pytest.mark.parametrize("length", [FIRST_READ + 1, 1 << 20])
def test_a_long_read_is_one_request(length):
    store, source = opened(1000)

    source.read(10, length)

    assert store.calls[1:] == [f"read_range 10+{length}"]
