"""Test the test suite: put each defect into a copy of the tree, and report the test that detects it.

``python tests/faults/defects/run.py`` tries all defects, and exits with 1 if a defect isn't detected. With ``--quick``, only
the tests of the README's command are run, and one defect in ten may stay undetected.
"""

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent.parent
sys.path.insert(0, str(ROOT))

from tests.faults.defects.defect import ALL_TESTS, COMPANION, MACRO, try_defect, try_without_defect  # noqa: E402

DETECTED, UNDETECTED, WRONG_USAGE = 0, 1, 2
QUICK_SHARE = 0.9


def main(arguments, defects=(*COMPANION, *MACRO), root=ROOT):
    options = read_options(arguments)
    known = {defect.name: defect for defect in defects}
    unknown = [name for name in options.only if name not in known]
    if unknown:
        print(f"no defect has the name {unknown[0]!r}; see --list", file=sys.stderr)
        return WRONG_USAGE
    chosen = [known[name] for name in options.only] or list(defects)
    if options.list:
        print("\n".join(defect.name for defect in chosen))
        return DETECTED
    return try_all(chosen, root, options.jobs, options.quick)


def read_options(arguments):
    parser = argparse.ArgumentParser(prog="run.py", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", metavar="NAME", action="append", default=[], help="try only this defect; repeatable")
    parser.add_argument("--list", action="store_true", help="only print the names")
    parser.add_argument("--quick", action="store_true", help="run only the tests of the README's command")
    parser.add_argument("-j", "--jobs", type=int, metavar="N", default=os.cpu_count(), help="number of concurrent runs")
    return parser.parse_args(arguments)


def try_all(defects, root, jobs, is_quick=False):
    chosen = () if is_quick else ALL_TESTS
    sound = try_without_defect([test for defect in defects for test in defect.tests], root, chosen=chosen)
    if sound.said != "all passed":
        print(f"without any defect: {sound.test or sound.said}; fix this first", file=sys.stderr)
        return UNDETECTED
    print(f"without any defect: all passed in {sound.seconds:.1f} s", file=sys.stderr)
    outcomes = []
    with ThreadPoolExecutor(jobs) as pool:
        for defect, outcome in zip(
            defects, pool.map(lambda each: try_defect(each, root, chosen=chosen), defects), strict=True
        ):
            outcomes.append(outcome)
            result = outcome.test or f"UNDETECTED, {outcome.said}"
            print(f"[{len(outcomes)}/{len(defects)}] {defect.name}: {result}", file=sys.stderr)
    print_table(defects, outcomes)
    detected = sum(bool(outcome.test) for outcome in outcomes)
    return DETECTED if detected >= len(defects) * (QUICK_SHARE if is_quick else 1) else UNDETECTED


def print_table(defects, outcomes):
    width = max(len(defect.name) for defect in defects)
    for defect, outcome in zip(defects, outcomes, strict=True):
        print(f"{defect.name:{width}}  {outcome.seconds:5.1f} s  {outcome.test or f'UNDETECTED: {outcome.said}'}")
    detected = sum(bool(outcome.test) for outcome in outcomes)
    print(f"{detected} of {len(defects)} detected")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
