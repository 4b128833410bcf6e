"""Seeded defects: each still fits the product and names tests that are there; ``pytest -m defects`` tries them all."""

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
    look,
    look_at_none,
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
def test_a_defect_fits_the_product_once_and_can_be_run(defect):
    path, damaged = damage(defect)

    assert damaged != path.read_text("utf-8")
    compile(damaged, path, "exec") if path.suffix == ".py" else yaml.compose(damaged)


@pytest.mark.parametrize("defect", ALL, ids=name)
def test_the_tests_that_are_to_notice_are_there(defect):
    assert find_tests(defect.tests)


def test_no_two_defects_are_the_same():
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
    ids=["an expression", "a statement with another branch", "a further branch", "a constant", "written another way"],
)
def test_code_is_found_by_its_syntax_and_the_rest_stays(shop, where, find, put, before, after):
    defect = Defect("a", "macro", where, find, put, ())

    if before is None:
        with pytest.raises(ValueError, match=r"^a: its code stands 0 times in Shop.price, must be once$"):
            damage(defect, shop)
    else:
        assert damage(defect, shop) == (shop / "macro/price.py", PRICE.replace(before, after))


def test_a_defect_stays_where_it_is_when_its_module_moves_and_is_formatted_anew(shop):
    (shop / "macro/sold").mkdir()
    (shop / "macro/price.py").rename(shop / "macro/sold/prices.py")
    (shop / "macro/sold/prices.py").write_text(
        PRICE.replace("2 * count", "(\n            2 * count\n        )"), "utf-8"
    )

    path, text = damage(CHEAP, shop)

    assert path == shop / "macro/sold/prices.py"
    assert text == PRICE.replace("2 * count", "count")


@pytest.mark.parametrize("where", ["Shop.price", "price", "Shop", "cost"])
def test_a_place_that_is_there_twice_or_not_at_all_is_an_error(shop, where):
    (shop / "macro/again.py").write_text(PRICE, "utf-8")
    times = 2 if where.startswith("Shop") else 0

    with pytest.raises(ValueError, match=rf"^too cheap: its code stands {times} times in {where}, must be once$"):
        damage(CHEAP._replace(where=where), shop)


def test_a_test_that_is_not_there_is_an_error(shop):
    with pytest.raises(LookupError, match=r"^no test is called 'test_two_cost_five'$"):
        find_tests(["test_two_cost_five"], shop)


def test_the_quick_run_counts_its_own_tests_alone(shop, capsys):
    (shop / "setup.cfg").write_text("[tool:pytest]\naddopts = -m 'not slow'\nmarkers = slow\npythonpath = .\n", "utf-8")
    (shop / "tests/test_price.py").write_text(
        TESTS.replace("def test", "import pytest\n@pytest.mark.slow\ndef test"), "utf-8"
    )

    assert look(CHEAP, shop).test == "tests/test_price.py::test_two_cost_four"
    assert look(CHEAP, shop, chosen=())._replace(seconds=0) == Outcome("", 0, "no test of it was run")


def test_an_unnoticed_defect_is_told_and_fails_the_run(shop, capsys):
    code = main(["-j", "1", "--only", "too cheap", "--only", "same"], (CHEAP, SAME, DEAR), shop)

    told = capsys.readouterr()
    assert code == 1
    assert re.sub(r"\d+\.\d s", "N s", told.err) == (
        "without any defect: all passed in N s\n"
        "[1/2] too cheap: tests/test_price.py::test_two_cost_four\n"
        "[2/2] same: UNNOTICED, all passed\n"
    )
    assert re.sub(r" +\d+\.\d s", " N s", told.out) == (
        "too cheap N s  tests/test_price.py::test_two_cost_four\nsame N s  UNNOTICED: all passed\n1 of 2 noticed\n"
    )
    assert (shop / "macro/price.py").read_text("utf-8") == PRICE


def test_a_name_that_no_defect_has_is_told(shop, capsys):
    code = main(["--only", "too dear"], (CHEAP, SAME), shop)

    assert (code, capsys.readouterr().err) == (2, "no defect is called 'too dear'; see --list\n")


def test_the_names_are_listed(shop, capsys):
    code = main(["--list"], (CHEAP, SAME), shop)

    assert (code, capsys.readouterr().out) == (0, "too cheap\nsame\n")


def test_tests_that_fail_by_themselves_notice_nothing(shop, capsys):
    (shop / "macro/price.py").write_text(PRICE.replace("2 * count", "3 * count"), "utf-8")

    code = main([], (CHEAP._replace(find="3 * count"),), shop)

    told = "without any defect: tests/test_price.py::test_two_cost_four; mend that first\n"
    assert (code, *capsys.readouterr()) == (1, "", told)


@pytest.mark.parametrize(
    ("code", "said", "test", "told"),
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
def test_only_a_test_that_fails_has_noticed_something(code, said, test, told):
    assert judge(code, said, 1.5) == Outcome(test, 1.5, told)


def test_tests_that_never_end_notice_nothing(shop):
    (shop / "tests/test_price.py").write_text(f"{TESTS}\n\nimport time\n\ntime.sleep(600)\n", "utf-8")

    outcome = look(CHEAP, shop, longest=1)

    assert (outcome.test, outcome.said) == ("", "no answer within 1 seconds")


@pytest.mark.thorough
def test_nine_defects_of_ten_have_a_test_in_the_quick_run():
    ids = {test: defect for defect in ALL for test in find_tests(defect.tests)}
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n", "0", "-p", "no:cacheprovider", *ids]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.splitlines()
    quick = {line.partition("[")[0] for line in listed if "::" in line}
    noticed = [defect for defect in ALL if quick & set(find_tests(defect.tests))]

    assert len(noticed) >= QUICK_SHARE * len(ALL)


@pytest.mark.defects
def test_no_test_fails_without_a_defect():
    assert look_at_none([test for defect in ALL for test in defect.tests]).said == "all passed"


@pytest.mark.defects
@pytest.mark.parametrize("defect", COMPANION, ids=name)
def test_a_defect_of_the_companion_is_noticed(defect, tally):
    assert look(defect).test

    tally("defects in the companion noticed")


@pytest.mark.defects
@pytest.mark.parametrize("defect", MACRO, ids=name)
def test_a_defect_of_the_macro_is_noticed(defect, tally):
    assert look(defect).test

    tally("defects in the macro noticed")
