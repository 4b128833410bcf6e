"""Seeded defects: each still fits the product and names tests that are there; ``pytest -m defects`` tries them all."""

import ast
import re
from functools import cache

import pytest
import yaml

from tests.faults.defects.defect import ROOT, Defect, Outcome, damage, judge, look, look_at_none
from tests.faults.defects.in_companion import COMPANION
from tests.faults.defects.in_macro import MACRO
from tests.faults.defects.run import main

ALL = (*COMPANION, *MACRO)
PRICE = "def price(count):\n    return 2 * count\n"
TESTS = "from macro.price import price\n\n\ndef test_two_cost_four():\n    assert price(2) == 4\n"
NOTICING = ("tests/test_price.py",)
CHEAP = Defect("too cheap", "macro/price.py", "2 * count", "count", NOTICING)
SAME = Defect("same", "macro/price.py", "2 * count", "count + count", NOTICING)
DEAR = Defect("too dear", "macro/price.py", "2 * count", "3 * count", NOTICING)


@cache
def read(file):
    return (ROOT / file).read_text("utf-8")


@cache
def find_tests(file):
    return {node.name for node in ast.parse(read(file)).body if isinstance(node, ast.FunctionDef)}


def name(defect):
    return defect.name


@pytest.mark.parametrize("defect", ALL, ids=name)
def test_a_defect_fits_the_product_once_and_can_be_run(defect):
    damaged = damage(defect, read(defect.file))

    assert damaged != read(defect.file)
    compile(damaged, defect.file, "exec") if defect.file.endswith(".py") else yaml.compose(damaged)


@pytest.mark.parametrize("defect", ALL, ids=name)
def test_the_tests_that_are_to_notice_are_there(defect):
    named = [test.split("::") for test in defect.tests]

    assert named
    assert [(file, test) for file, test in named if test not in find_tests(file)] == []


def test_no_two_defects_are_the_same():
    assert len({defect.name for defect in ALL}) == len({defect[1:4] for defect in ALL}) == len(ALL)


def test_a_text_that_stands_elsewhere_too_is_told():
    with pytest.raises(ValueError, match=r"^too cheap: its text stands 2 times in macro/price.py, must be once$"):
        damage(CHEAP, PRICE + PRICE)


@pytest.fixture
def shop(tmp_path):
    for file, text in {"macro/price.py": PRICE, "tests/test_price.py": TESTS}.items():
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_text(text, "utf-8")
    return tmp_path


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

    assert (code, capsys.readouterr().err) == (2, "no defect is called 'too dear'; --list tells them\n")


def test_the_names_are_listed(shop, capsys):
    code = main(["--list"], (CHEAP, SAME), shop)

    assert (code, capsys.readouterr().out) == (0, "too cheap\nsame\n")


def test_tests_that_fail_by_themselves_notice_nothing(shop, capsys):
    (shop / "macro/price.py").write_text(PRICE.replace("2", "3"), "utf-8")

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
    (shop / "tests/test_price.py").write_text("import time\n\ntime.sleep(600)\n", "utf-8")

    outcome = look(CHEAP, shop, longest=1)

    assert (outcome.test, outcome.said) == ("", "no answer within 1 seconds")


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
