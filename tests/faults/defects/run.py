"""Try the suite: seed one defect after the other into a copy of the tree, and report which test noticed it.

``python tests/faults/defects/run.py`` tries all of them; exit code 1 where one goes unnoticed. With ``--quick`` only the tests
of the README's command count, and one defect in ten may go unnoticed.
"""

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent.parent
sys.path.insert(0, str(ROOT))

from tests.faults.defects.defect import ALL_TESTS, COMPANION, MACRO, look, look_at_none  # noqa: E402

NOTICED, UNNOTICED, WRONG_USAGE = 0, 1, 2
QUICK_SHARE = 0.9


def main(arguments, defects=(*COMPANION, *MACRO), root=ROOT):
    options = read_options(arguments)
    known = {defect.name: defect for defect in defects}
    unknown = [name for name in options.only if name not in known]
    if unknown:
        print(f"no defect is called {unknown[0]!r}; see --list", file=sys.stderr)
        return WRONG_USAGE
    chosen = [known[name] for name in options.only] or list(defects)
    if options.list:
        print("\n".join(defect.name for defect in chosen))
        return NOTICED
    return try_all(chosen, root, options.jobs, options.quick)


def read_options(arguments):
    parser = argparse.ArgumentParser(prog="run.py", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", metavar="NAME", action="append", default=[], help="this defect; may be repeated")
    parser.add_argument("--list", action="store_true", help="print the names and try nothing")
    parser.add_argument("--quick", action="store_true", help="count only the tests that the README's command runs")
    parser.add_argument("-j", "--jobs", type=int, metavar="N", default=os.cpu_count(), help="so many at once")
    return parser.parse_args(arguments)


def try_all(defects, root, jobs, is_quick=False):
    chosen = () if is_quick else ALL_TESTS
    sound = look_at_none([test for defect in defects for test in defect.tests], root, chosen=chosen)
    if sound.said != "all passed":
        print(f"without any defect: {sound.test or sound.said}; mend that first", file=sys.stderr)
        return UNNOTICED
    print(f"without any defect: all passed in {sound.seconds:.1f} s", file=sys.stderr)
    outcomes = []
    with ThreadPoolExecutor(jobs) as pool:
        for defect, outcome in zip(
            defects, pool.map(lambda each: look(each, root, chosen=chosen), defects), strict=True
        ):
            outcomes.append(outcome)
            told = outcome.test or f"UNNOTICED, {outcome.said}"
            print(f"[{len(outcomes)}/{len(defects)}] {defect.name}: {told}", file=sys.stderr)
    print_table(defects, outcomes)
    noticed = sum(bool(outcome.test) for outcome in outcomes)
    return NOTICED if noticed >= len(defects) * (QUICK_SHARE if is_quick else 1) else UNNOTICED


def print_table(defects, outcomes):
    width = max(len(defect.name) for defect in defects)
    for defect, outcome in zip(defects, outcomes, strict=True):
        print(f"{defect.name:{width}}  {outcome.seconds:5.1f} s  {outcome.test or f'UNNOTICED: {outcome.said}'}")
    noticed = sum(bool(outcome.test) for outcome in outcomes)
    print(f"{noticed} of {len(defects)} noticed")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
