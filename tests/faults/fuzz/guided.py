"""The archives again, guided by what the product's code does with them.

``python -m tests.faults.fuzz.guided FOLDER -runs=100000 -seed=1`` keeps in the folder what leads somewhere new, and what is
found; the options are libFuzzer's. Needs atheris (PyPI), which the extra ``fuzz`` brings.
"""

import random
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["transform_lambda.zip", "transform_lambda.staging"]):
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


def run(program, folder, *options):
    """Fuzz until the options say it is enough; the process ends with 0 if nothing was found."""
    corpus = Path(folder, "corpus")
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(ARCHIVES):
        Path(corpus, str(number)).write_bytes(data)
    places = [f"-artifact_prefix={folder}/", f"-max_len={LONGEST}", f"-rss_limit_mb={MOST_MIB}", str(corpus)]
    limits = Limits().__enter__()

    def judge_one(data):
        limits.time(judge, data)
        if limits.inputs % 10_000 == 0:
            print(limits.told, flush=True)

    atheris.Setup([program, *options, *places], judge_one, custom_mutator=change)
    atheris.Fuzz()


if __name__ == "__main__":
    run(*sys.argv)
