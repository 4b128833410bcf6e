"""How many items to spread a hot name over, and what that costs: the model behind ``Shards``."""

import math
import textwrap
from typing import NamedTuple

ITEM_WRITES, ITEM_READS = 1_000, 3_000
"""Units a second that one item takes, since it lives in one partition (DynamoDB guide, "Partitions and data
distribution")."""

NEW_WRITES, NEW_READS = 4_000, 12_000
"""What a new on-demand table takes in all (DynamoDB guide, "Understanding DynamoDB warm throughput")."""

SHARE = 0.7
"""How much of that is planned for: hits come unevenly, and chance doesn't deal them out evenly over the items."""

MOST_SHARDS = 64


class Plan(NamedTuple):
    """What a rate of hits on one name needs; units are for one hit.

    ``shards`` is ``None`` where no number of items takes the rate, because each hit reads all of them.
    """

    rate: int
    is_exact: bool
    shards: int | None
    write_units: int
    read_units: int


def plan_shards(rate: int, is_exact: bool = False) -> Plan:
    """The least ``Shards`` for so many hits a second on the hottest name."""
    write_units = 2 if is_exact else 1
    shards = max(1, math.ceil(rate * write_units / (ITEM_WRITES * SHARE)))
    # One item answers a hit itself. More have to be read, consistently, and the one from before there were shards, too.
    read_units = shards + 1 if shards > 1 else 1 if is_exact else 0
    fits = shards <= MOST_SHARDS and (not read_units or rate <= ITEM_READS)
    return Plan(rate, is_exact, shards if fits else None, write_units, read_units if fits else 0)


def print_plans(rate: int) -> str:
    """The plans for a rate, with and without ``Exact``, and what they stand on."""
    lines = [f"{rate:,} hits a second on the hottest name:", ""]
    for plan in (plan_shards(rate), plan_shards(rate, is_exact=True)):
        head = "Exact: true" if plan.is_exact else "Exact: false"
        lines.append(f"  {head:<14}{_report(plan)}")
    return "\n".join([*lines, "", textwrap.fill(" ".join(_GROUNDS), 100), ""])


def _report(plan: Plan) -> str:
    if plan.shards is None:
        return f"more than one name takes: each hit reads every item, and one takes {ITEM_READS:,} reads a second"
    units = f"{plan.write_units} write unit{'s' if plan.write_units > 1 else ''}"
    reads = f" and {plan.read_units} read unit{'s' if plan.read_units > 1 else ''}" if plan.read_units else ""
    return f"Shards: {plan.shards:<4} {units}{reads} a hit"


_GROUNDS = (
    f"One item takes {ITEM_WRITES:,} write units a second; {SHARE:.0%} of that is planned for. A hit is one",
    "write unit, two with Exact. With more than one shard, the number returned is the sum of all items: neither",
    "unique nor strictly growing. And each hit reads them all, consistently, so that",
    f"{ITEM_READS:,} hits a second are the most for one name. A new on-demand table takes {NEW_WRITES:,} write and",
    f"{NEW_READS:,} read units a second in all; Table: {{WarmThroughput: …}} begins with more. With Exact, two",
    "transactions on one item at once conflict, and one is tried again: watch TransactionConflict.",
)
