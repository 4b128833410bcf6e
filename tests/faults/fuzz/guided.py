"""Fuzz archives with atheris, guided by the coverage of the product's code.

``python -m tests.faults.fuzz.guided FOLDER -runs=100000 -seed=1`` stores in the folder the archives with new coverage and the
failures. The options are libFuzzer's. The extra ``fuzz`` installs atheris.
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

MAX_BYTES, MAX_MIB = 1 << 14, 400


def change(data, max_bytes, seed):
    """A damaged copy of the archive or of a valid one. libFuzzer, which knows the code's comparisons, makes one in eight."""
    chance = random.Random(seed)
    kind = chance.randrange(8)
    if kind == 0:
        return atheris.Mutate(data, max_bytes)
    return mutate(data if kind < 4 else chance.choice(ARCHIVES), chance)[:max_bytes]


def run(program, folder, *options):
    """Fuzz as long as the options say. The process exits with 0 if no input fails."""
    corpus = Path(folder, "corpus")
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(ARCHIVES):
        Path(corpus, str(number)).write_bytes(data)
    places = [f"-artifact_prefix={folder}/", f"-max_len={MAX_BYTES}", f"-rss_limit_mb={MAX_MIB}", str(corpus)]
    limits = Limits().__enter__()

    def judge_one(data):
        limits.time(judge, data)
        if limits.inputs % 10_000 == 0:
            print(limits.summary, flush=True)

    atheris.Setup([program, *options, *places], judge_one, custom_mutator=change)
    atheris.Fuzz()


if __name__ == "__main__":
    run(*sys.argv)
