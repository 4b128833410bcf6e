"""How many shards a rate needs, and what they cost."""

import pytest

from macro.cli.explain.shards import Plan, plan_shards


@pytest.mark.parametrize(
    ("rate", "is_exact", "plan"),
    [
        (1, False, Plan(1, False, 1, 1, 0)),
        (700, False, Plan(700, False, 1, 1, 0)),
        (701, False, Plan(701, False, 2, 1, 3)),
        (2_800, False, Plan(2_800, False, 4, 1, 5)),
        (3_000, False, Plan(3_000, False, 5, 1, 6)),
        (3_001, False, Plan(3_001, False, None, 1, 0)),
        (350, True, Plan(350, True, 1, 2, 1)),
        (351, True, Plan(351, True, 2, 2, 3)),
        (3_000, True, Plan(3_000, True, 9, 2, 10)),
        (3_001, True, Plan(3_001, True, None, 2, 0)),
    ],
)
def test_the_least_number_of_items_is_planned(rate, is_exact, plan):
    assert plan_shards(rate, is_exact) == plan


def test_the_command_tells_both_ways_of_counting_and_what_they_stand_on(command):
    code, out, err = command("explain", "--shards", "2500")

    assert (code, err) == (0, "")
    assert out == (
        "2,500 hits a second on the hottest name:\n\n"
        "  Exact: false  Shards: 4    1 write unit and 5 read units a hit\n"
        "  Exact: true   Shards: 8    2 write units and 9 read units a hit\n\n"
        "One item takes 1,000 write units a second; 70% of that is planned for. A hit is one write unit, two\n"
        "with Exact. With more than one shard, the number returned is the sum of all items: neither unique\n"
        "nor strictly growing. And each hit reads them all, consistently, so that 3,000 hits a second are the\n"
        "most for one name. A new on-demand table takes 4,000 write and 12,000 read units a second in all;\n"
        "Table: {WarmThroughput: …} begins with more. With Exact, two transactions on one item at once\n"
        "conflict, and one is tried again: watch TransactionConflict.\n"
    )


def test_a_rate_that_no_number_of_items_takes_is_told(command):
    _, out, _ = command("explain", "--shards", "3500")

    said = "more than one name takes: each hit reads every item, and one takes 3,000 reads a second"
    assert [line for line in out.split("\n") if line.startswith("  Exact")] == [
        f"  Exact: false  {said}",
        f"  Exact: true   {said}",
    ]


def test_a_rate_of_nothing_is_refused(command):
    assert command("explain", "--shards", "0") == (
        2,
        "",
        "hitcounter: --shards 0: must be a rate of at least 1 hit a second\n",
    )
