"""How many hits a second go through for 1 to 16 shards, on a hot name and on even ones: a simulation of DynamoDB's limits.

``pytest -m bench -s tests/bench/test_shards.py`` prints the table that the README quotes, and with ``--update-golden``
draws ``shards.svg`` beside this file. An item takes 1,000 write and 3,000 read units a second, as a bucket that holds
one second's worth and begins with a tenth of it; the handler tries four times with the pauses of ``macro/builtin/index.py``. Nothing is timed: the
same seed gives the same figures.
"""

import heapq
import random
import re
from pathlib import Path

import pytest

import macro.builtin

pytestmark = pytest.mark.bench
SHARDS = (1, 2, 4, 8, 16)
RATES = (500, 700, 1_000, 1_400, 2_000, 2_800, 4_000, 6_000)
SECONDS, SEED, NAMES = 5.0, 1, 1_000
# The handler makes its client as it is imported, so its text is asked.
HANDLER = Path(macro.builtin.__file__).with_name("index.py").read_text("utf-8")
TRIES, FIRST_PAUSE = (float(re.search(rf"^{name} = (.+)$", HANDLER, re.M)[1]) for name in ("TRIES", "FIRST_PAUSE"))
# Units a second that one item takes (DynamoDB guide, "Partitions and data distribution").
ITEM_WRITES, ITEM_READS = 1_000, 3_000
PICTURE = Path(__file__).with_name("shards.svg")


class Bucket:
    """Units that an item takes, refilled as time goes by."""

    def __init__(self, rate):
        self.rate, self.units, self.time = rate, 0.1 * rate, 0.0

    def take(self, now):
        self.units = min(self.rate, self.units + (now - self.time) * self.rate)
        self.time = now
        if self.units < 1:
            return False
        self.units -= 1
        return True


class Table:
    """Items with their limits; each is there from its first use."""

    def __init__(self):
        self._writes, self._reads = {}, {}

    def write(self, item, now):
        return self._writes.setdefault(item, Bucket(ITEM_WRITES)).take(now)

    def read(self, item, now):
        return self._reads.setdefault(item, Bucket(ITEM_READS)).take(now)


def simulate(rate, shards, names):
    """The share of hits that were counted and answered, and how many throttles there were for each hit."""
    chance, table = random.Random(SEED), Table()
    queue, number, now = [], 0, 0.0
    while (now := now + chance.expovariate(rate)) < SECONDS:
        number += 1
        heapq.heappush(queue, (now, number, (chance.randrange(names), chance.randrange(shards)), 0, "write"))
    hits, answered, throttles = number, 0, 0
    while queue:
        now, place, (name, shard), tries, step = heapq.heappop(queue)
        if step == "write":
            done = table.write((name, shard), now)
        else:
            done = min(table.read((name, each), now) for each in range(shards))
        if not done:
            throttles += 1
            if tries + 1 < TRIES:
                pause = FIRST_PAUSE * 2**tries * chance.uniform(0.5, 1)
                heapq.heappush(queue, (now + pause, place, (name, shard), tries + 1, step))
        elif step == "write" and shards > 1:
            heapq.heappush(queue, (now, place, (name, shard), 0, "read"))
        else:
            answered += 1
    return answered / hits, throttles / hits


def measure(names):
    return {shards: [simulate(rate, shards, names) for rate in RATES] for shards in SHARDS}


def test_hits_a_second_against_throttles(update_golden):
    hot, even = measure(1), measure(NAMES)

    print("\n| hits a second, one name | " + " | ".join(f"{rate:,}" for rate in RATES) + " |")
    print("|---" * (len(RATES) + 1) + "|")
    for shards, found in hot.items():
        cells = [f"{answered:.0%}" for answered, _ in found]
        print(f"| {shards} shard{'s' if shards > 1 else ''} | " + " | ".join(cells) + " |")
    print(f"| {NAMES:,} names, 1 shard | " + " | ".join(f"{answered:.0%}" for answered, _ in even[1]) + " |")
    if update_golden:
        draw(hot, even)
    assert [min(pair[0] for pair in even[shards]) for shards in SHARDS] == [1.0] * len(SHARDS)
    assert hot[1][RATES.index(700)][0] == 1.0
    assert hot[4][RATES.index(2_800)][0] == 1.0
    assert hot[1][RATES.index(2_000)][0] < 0.9
    assert hot[16][RATES.index(6_000)][0] < 0.9


def draw(hot, even):
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {"svg.hashsalt": "shards", "font.size": 11, "svg.fonttype": "none"}
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for place, (shards, found) in enumerate(hot.items()):
        # Where lines cover each other, the wider ones still show.
        style = {"marker": "o", "linewidth": 7 - 1.4 * place, "markersize": 8 - place}
        label = f"{shards} shard{'s' if shards > 1 else ''}"
        goodput = [rate * answered for rate, (answered, _) in zip(RATES, found, strict=True)]
        left.plot(RATES, goodput, label=label, **style)
        right.plot(RATES, [throttles for _, throttles in found], **style)
    left.plot(
        RATES, [rate * pair[0] for rate, pair in zip(RATES, even[1], strict=True)], "k--", label=f"{NAMES:,} names"
    )
    right.plot(RATES, [pair[1] for pair in even[1]], "k--")
    left.set(xlabel="hits a second on one name", ylabel="counted and answered a second", title="what goes through")
    right.set(xlabel="hits a second on one name", ylabel="throttles for each hit", title="what is refused")
    left.legend(frameon=False)
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(PICTURE, metadata={"Date": None}, facecolor="white")
