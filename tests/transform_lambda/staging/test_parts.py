import pytest
from hypothesis import given
from hypothesis import strategies as st

from transform_lambda.staging.parts import SMALLEST, Send, long_runs_first, plan_parts
from transform_lambda.zip.plan import Keep, Write

MIB = 1 << 20
LAST = Write(b"directory", "directory")


def runs(*lengths):
    kept, at = [], 0
    for length in lengths:
        kept.append(Keep(at, length))
        at += length + 10
    return kept


def bytes_of(parts):
    """The parts' source ranges and new bytes in order, with adjacent ranges joined."""
    flat = []
    for part in parts:
        for piece in [part] if isinstance(part, Keep) else part.pieces:
            if flat and isinstance(piece, Keep) and isinstance(flat[-1], Keep) and sum(flat[-1]) == piece.start:
                piece = Keep(flat[-1].start, flat.pop().length + piece.length)
            flat.append(piece)
    return flat


def test_long_runs_are_copied_and_the_rest_is_sent_last():
    kept = runs(20 * MIB, 30 * MIB)

    parts = list(plan_parts([*kept, LAST]))

    assert parts == [Keep(0, 20 * MIB), Keep(20 * MIB + 10, 30 * MIB), Send([LAST])]


def test_short_runs_follow_the_long_ones_in_their_order():
    kept = runs(1 * MIB, 20 * MIB, 2 * MIB, 5 * MIB)

    arranged = long_runs_first(kept)

    assert [run.length // MIB for run in arranged] == [20, 5, 1, 2]
    assert list(plan_parts([*arranged, LAST])) == [
        Keep(kept[1].start, 20 * MIB),
        Keep(kept[3].start, 5 * MIB),
        Send([kept[0], kept[2], LAST]),
    ]


def test_a_short_first_run_is_filled_up_from_the_next_run():
    parts = list(plan_parts([Keep(0, 1 * MIB), Keep(2 * MIB, 20 * MIB), LAST]))

    assert parts == [
        Send([Keep(0, 1 * MIB), Keep(2 * MIB, 4 * MIB)]),
        Keep(6 * MIB, 16 * MIB),
        Send([LAST]),
    ]


def test_a_run_whose_rest_is_too_short_is_sent_entirely():
    parts = list(plan_parts([Keep(0, 1 * MIB), Keep(2 * MIB, 8 * MIB), LAST]))

    assert parts == [Send([Keep(0, 1 * MIB), Keep(2 * MIB, 4 * MIB), Keep(6 * MIB, 4 * MIB)]), Send([LAST])]


def test_runs_that_s3_cannot_copy_are_sent_in_pieces():
    parts = list(plan_parts([Keep(0, 20 * MIB), LAST], can_copy=False))

    assert [part.length for part in parts] == [5 * MIB, 5 * MIB, 5 * MIB, 5 * MIB, len(LAST.data)]
    assert all(isinstance(part, Send) for part in parts)


STEPS = st.lists(st.integers(1, 30 * MIB) | st.integers(1, 2 * MIB) | st.just(SMALLEST), max_size=8)


@given(STEPS, st.booleans(), st.booleans())
def test_parts_keep_the_order_and_the_limits_of_s3(lengths, can_copy, is_arranged):
    kept = runs(*lengths)
    steps = [*(long_runs_first(kept) if is_arranged else kept), LAST]

    parts = list(plan_parts(steps, can_copy=can_copy))

    assert bytes_of(parts) == steps
    assert all(part.length >= SMALLEST for part in parts[:-1])
    assert all(part.length < 2 * SMALLEST + len(LAST.data) for part in parts if isinstance(part, Send))
    assert can_copy or all(isinstance(part, Send) for part in parts)


@pytest.mark.parametrize("can_copy", [True, False])
def test_an_archive_without_kept_runs_is_one_part(can_copy):
    assert list(plan_parts([LAST], can_copy=can_copy)) == [Send([LAST])]


def test_a_plan_without_steps_has_no_parts():
    assert list(plan_parts([])) == []
