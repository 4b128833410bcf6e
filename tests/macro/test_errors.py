"""The collector of problems."""

import pytest

from macro.errors import InvalidTemplate, MacroError, Problem, Problems


def test_collectors_of_all_places_share_one_list() -> None:
    problems = Problems(("Resources",))
    problems.at("Visits", "Properties", "Stages", 1).add("must be a name")
    problems.at("Visits").add("is too long", at_key=True)
    assert list(problems) == [
        Problem(("Resources", "Visits", "Properties", "Stages", 1), "must be a name"),
        Problem(("Resources", "Visits"), "is too long", at_key=True),
    ]


def test_a_collector_without_problems_is_false_and_raises_nothing() -> None:
    problems = Problems()
    problems.at("Resources").raise_if_any()
    assert not problems
    problems.at("Resources").add("must be a map")
    assert problems


def test_one_error_holds_each_problem_once() -> None:
    problems = Problems()
    problems.extend([Problem(("Resources",), "must be a map"), Problem(("Resources",), "must be a map")])
    problems.add("is empty")
    with pytest.raises(InvalidTemplate) as caught:
        problems.raise_if_any(InvalidTemplate)
    assert str(caught.value) == "Resources: must be a map\nis empty"
    with pytest.raises(MacroError):
        problems.at("Outputs").raise_if_any()


def test_a_with_block_adds_the_problems_of_its_error() -> None:
    problems = Problems(("Resources", "Visits"))
    with problems:
        raise MacroError([Problem((), "is too long"), Problem(("Outputs",), "must be a map")])
    assert list(problems) == [
        Problem(("Resources", "Visits"), "is too long"),
        Problem(("Outputs",), "must be a map"),
    ]
    with pytest.raises(ZeroDivisionError), problems:
        raise ZeroDivisionError
