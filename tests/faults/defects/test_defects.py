"""Each defect fits the product and names existing tests. ``pytest -m defects`` tries all defects."""

import re
import subprocess
import sys

import pytest
import yaml

from tests.faults.defects.defect import (
    COMPANION,
    MACRO,
    ROOT,
    Defect,
    Outcome,
    damage,
    find_tests,
    judge,
    try_defect,
    try_without_defect,
)
from tests.faults.defects.run import QUICK_SHARE, main

ALL = (*COMPANION, *MACRO)
PRICE = """\
RATES = {"a": 2, "b": 3}


class Shop:
    def price(self, count):
        if count < 0:
            return 0
        elif count > 100:  # a discount
            return count
        return 2 * count
"""
TESTS = "from macro.price import Shop\n\n\ndef test_two_cost_four():\n    assert Shop().price(2) == 4\n"
CHEAP = Defect("too cheap", "macro", "Shop.price", "2 * count", "count", ("test_two_cost_four",))
SAME = Defect("same", "macro", "Shop.price", "2 * count", "count + count", ("test_two_cost_four",))
DEAR = Defect("too dear", "macro", "Shop.price", "2 * count", "3 * count", ("test_two_cost_four",))


def name(defect):
    return defect.name


@pytest.mark.parametrize("defect", ALL, ids=name)
def test_a_defect_fits_the_product_once_and_gives_valid_code(defect):
    path, damaged = damage(defect)

    assert damaged != path.read_text("utf-8")
    compile(damaged, path, "exec") if path.suffix == ".py" else yaml.compose(damaged)


@pytest.mark.parametrize("defect", ALL, ids=name)
def test_the_tests_of_a_defect_exist(defect):
    assert find_tests(defect.tests)


def test_all_defects_differ():
    assert len({defect.name for defect in ALL}) == len({defect[1:5] for defect in ALL}) == len(ALL)


@pytest.fixture
def shop(tmp_path):
    for file, text in {"macro/price.py": PRICE, "tests/test_price.py": TESTS}.items():
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_text(text, "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("where", "find", "put", "before", "after"),
    [
        ("Shop.price", "2 * count", "count", "return 2 * count", "return count"),
        ("Shop.price", "if count < 0:\n    return 0", "", None, None),
        ("Shop.price", "count > 100", "False", "elif count > 100:  # a discount", "elif False:"),
        ("RATES", "{'a': 2, 'b': 3}", "{'a': 2}", '{"a": 2, "b": 3}', "{'a': 2}"),
        ("Shop.price", "return 2*(count)", "pass", "return 2 * count", "pass"),
    ],
    ids=["an expression", "a statement with another branch", "a further branch", "a constant", "other formatting"],
)
def test_code_is_found_by_its_syntax_and_all_other_code_stays(shop, where, find, put, before, after):
    defect = Defect("a", "macro", where, find, put, ())

    if before is None:
        with pytest.raises(ValueError, match=r"^a: its code must be once in Shop.price, got 0 times$"):
            damage(defect, shop)
    else:
        assert damage(defect, shop) == (shop / "macro/price.py", PRICE.replace(before, after))


def test_a_defect_is_found_after_its_module_moved_and_was_formatted(shop):
    (shop / "macro/sold").mkdir()
    (shop / "macro/price.py").rename(shop / "macro/sold/prices.py")
    (shop / "macro/sold/prices.py").write_text(
        PRICE.replace("2 * count", "(\n            2 * count\n        )"), "utf-8"
    )

    path, text = damage(CHEAP, shop)

    assert path == shop / "macro/sold/prices.py"
    assert text == PRICE.replace("2 * count", "count")


@pytest.mark.parametrize("where", ["Shop.price", "price", "Shop", "cost"])
def test_a_place_must_exist_exactly_once(shop, where):
    (shop / "macro/again.py").write_text(PRICE, "utf-8")
    times = 2 if where.startswith("Shop") else 0

    with pytest.raises(ValueError, match=rf"^too cheap: its code must be once in {where}, got {times} times$"):
        damage(CHEAP._replace(where=where), shop)


def test_an_unknown_test_is_an_error(shop):
    with pytest.raises(LookupError, match=r"^no test has the name 'test_two_cost_five'$"):
        find_tests(["test_two_cost_five"], shop)


def test_the_quick_run_uses_only_its_own_tests(shop, capsys):
    (shop / "setup.cfg").write_text("[tool:pytest]\naddopts = -m 'not slow'\nmarkers = slow\npythonpath = .\n", "utf-8")
    (shop / "tests/test_price.py").write_text(
        TESTS.replace("def test", "import pytest\n@pytest.mark.slow\ndef test"), "utf-8"
    )

    assert try_defect(CHEAP, shop).test == "tests/test_price.py::test_two_cost_four"
    assert try_defect(CHEAP, shop, chosen=())._replace(seconds=0) == Outcome("", 0, "none of its tests was run")


def test_an_undetected_defect_is_reported_and_fails_the_run(shop, capsys):
    code = main(["-j", "1", "--only", "too cheap", "--only", "same"], (CHEAP, SAME, DEAR), shop)

    printed = capsys.readouterr()
    assert code == 1
    assert re.sub(r"\d+\.\d s", "N s", printed.err) == (
        "without any defect: all passed in N s\n"
        "[1/2] too cheap: tests/test_price.py::test_two_cost_four\n"
        "[2/2] same: UNDETECTED, all passed\n"
    )
    assert re.sub(r" +\d+\.\d s", " N s", printed.out) == (
        "too cheap N s  tests/test_price.py::test_two_cost_four\nsame N s  UNDETECTED: all passed\n1 of 2 detected\n"
    )
    assert (shop / "macro/price.py").read_text("utf-8") == PRICE


def test_an_unknown_defect_is_reported(shop, capsys):
    code = main(["--only", "too dear"], (CHEAP, SAME), shop)

    assert (code, capsys.readouterr().err) == (2, "no defect has the name 'too dear'; see --list\n")


def test_list_prints_the_names_of_the_defects(shop, capsys):
    code = main(["--list"], (CHEAP, SAME), shop)

    assert (code, capsys.readouterr().out) == (0, "too cheap\nsame\n")


def test_tests_that_fail_without_a_defect_detect_nothing(shop, capsys):
    (shop / "macro/price.py").write_text(PRICE.replace("2 * count", "3 * count"), "utf-8")

    code = main([], (CHEAP._replace(find="3 * count"),), shop)

    message = "without any defect: tests/test_price.py::test_two_cost_four; fix this first\n"
    assert (code, *capsys.readouterr()) == (1, "", message)


@pytest.mark.parametrize(
    ("code", "output", "test", "said"),
    [
        (0, "1 passed in 0.01s", "", "all passed"),
        (1, "F\nFAILED tests/a.py::test_b[x y] - assert 1 == 2\n1 failed in 0.01s", "tests/a.py::test_b[x y]", ""),
        (2, "ERROR tests/a.py - NameError: name 'c'\n1 error in 0.01s", "tests/a.py", ""),
        (2, "KeyboardInterrupt", "", "pytest ended with 2: KeyboardInterrupt"),
        (4, "\nERROR: not found: tests/c.py\n", "", "pytest ended with 4: ERROR: not found: tests/c.py"),
        (-9, "", "", "pytest ended with -9: nothing"),
    ],
    ids=["passed", "failed", "not imported", "interrupted", "not there", "killed"],
)
def test_only_a_failed_test_detects_a_defect(code, output, test, said):
    assert judge(code, output, 1.5) == Outcome(test, 1.5, said)


def test_tests_without_an_end_detect_nothing(shop):
    (shop / "tests/test_price.py").write_text(f"{TESTS}\n\nimport time\n\ntime.sleep(600)\n", "utf-8")

    outcome = try_defect(CHEAP, shop, max_seconds=1)

    assert (outcome.test, outcome.said) == ("", "no answer within 1 seconds")


@pytest.mark.thorough
def test_nine_of_ten_defects_have_a_test_in_the_quick_run():
    ids = {test: defect for defect in ALL for test in find_tests(defect.tests)}
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n", "0", "-p", "no:cacheprovider", *ids]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.splitlines()
    quick = {line.partition("[")[0] for line in listed if "::" in line}
    noticed = [defect for defect in ALL if quick & set(find_tests(defect.tests))]

    assert len(noticed) >= QUICK_SHARE * len(ALL)


@pytest.mark.defects
def test_no_test_fails_without_a_defect():
    assert try_without_defect([test for defect in ALL for test in defect.tests]).said == "all passed"


@pytest.mark.defects
@pytest.mark.parametrize("defect", COMPANION, ids=name)
def test_each_defect_of_the_companion_is_detected(defect, tally):
    assert try_defect(defect).test

    tally("defects in the companion noticed")


@pytest.mark.defects
@pytest.mark.parametrize("defect", MACRO, ids=name)
def test_each_defect_of_the_macro_is_detected(defect, tally):
    assert try_defect(defect).test

    tally("defects in the macro noticed")
