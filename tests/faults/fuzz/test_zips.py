"""Each damaged archive is rewritten correctly or refused with a message, within limits of time and memory."""

import importlib.util
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.fuzz.limits import Limits
from tests.faults.fuzz.zip_archives import ARCHIVES
from tests.faults.fuzz.zip_mutations import mutate
from tests.faults.fuzz.zip_proof import agree, judge

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[2]
# The number of damaged archives that are damaged further, because they had a new result.
MAX_KEPT = 400


def fuzz(seed, count):
    """Judge ``count`` damaged archives, and return the number of rewritten ones."""
    chance, kept, seen, rewritten = random.Random(seed), list(ARCHIVES), set(), 0
    with Limits() as limits:
        for _ in range(count):
            data = mutate(chance.choice(chance.choice((ARCHIVES, kept))), chance)
            verdict = limits.time(judge, data)
            shape = re.sub(r"'.*?'|[0-9]+", "", verdict.refusal or "")
            rewritten += not verdict.refusal
            if len(kept) < MAX_KEPT and (shape not in seen or chance.random() < 0.02):
                kept.append(data)
            seen.add(shape)
    print(limits.summary)
    return rewritten


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_archive_is_rewritten_correctly_or_refused(seed, tally):
    rewritten = fuzz(seed, 5_000)

    assert 500 < rewritten < 4_500
    tally("zips fuzzed", 5_000)


@pytest.mark.parametrize("path", sorted((FOLDER / "found").glob("*.zip")), ids=lambda path: path.stem)
def test_an_archive_of_an_earlier_failure_is_rewritten_correctly_or_refused(path):
    data = path.read_bytes()

    verdict = judge(data)

    agree(data, verdict)


@pytest.mark.fuzz
def test_a_hundred_thousand_archives_are_rewritten_correctly_or_refused(tmp_path, tally):
    if importlib.util.find_spec("atheris"):
        command = [sys.executable, "-m", "tests.faults.fuzz.guided", tmp_path, "-runs=100000", "-seed=1"]
        ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
        assert ran.returncode == 0, ran.stderr[-5_000:]
        print(ran.stdout.splitlines()[-1], "by atheris")
    else:
        assert fuzz(1, 100_000)

    tally("zips fuzzed", 100_000)
