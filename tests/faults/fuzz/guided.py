"""The archives again, guided by what the product's code does with them: ``python -m tests.faults.fuzz.guided``.

Takes libFuzzer's options, as ``-runs=100000 -seed=1``; needs atheris (PyPI), which the extra ``fuzz`` brings.
"""

import atexit
import random
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["transform_lambda.zip", "transform_lambda.zip_remote"]):
    from tests.faults.fuzz.limits import Limits
    from tests.faults.fuzz.zip_archives import ARCHIVES
    from tests.faults.fuzz.zip_mutations import mutate
    from tests.faults.fuzz.zip_proof import judge

LONGEST, MOST_MIB = 1 << 14, 400


def change(data, longest, seed):
    """The archive, or a sound one, damaged; one in eight by libFuzzer itself, which knows what the code compares with."""
    chance = random.Random(seed)
    kind = chance.randrange(8)
    if kind == 0:
        return atheris.Mutate(data, longest)
    return mutate(data if kind < 4 else chance.choice(ARCHIVES), chance)[:longest]


def run(arguments):
    """Fuzz until the options say it is enough; the process ends with 0 if nothing was found."""
    limits = Limits().__enter__()
    atexit.register(lambda: print(limits.told))
    with tempfile.TemporaryDirectory() as corpus:
        for number, data in enumerate(ARCHIVES):
            Path(corpus, str(number)).write_bytes(data)
        options = [f"-max_len={LONGEST}", f"-rss_limit_mb={MOST_MIB}", "-print_final_stats=1"]
        atheris.Setup(
            [*arguments, *options, corpus],
            lambda data: limits.time(judge, data) and None,
            custom_mutator=change,
        )
        atheris.Fuzz()


if __name__ == "__main__":
    run(sys.argv)
