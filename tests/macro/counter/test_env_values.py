"""The expansion refuses the same literal values of ``Env`` as the companion, with the same messages."""

from hypothesis import example, given
from hypothesis import strategies as st

from macro.counter.env_values import check_env, find_reasons
from transform_lambda.env.file import EnvError, merge_env

AWKWARD = st.text("ab =#'\"`${}\n\r\0\x0b\x1c\x85\u2028\ufeff\t\\", max_size=5)


def ask_companion(value):
    """The companion's reasons to refuse a value."""
    try:
        merge_env("", {"A": value})
    except EnvError as error:
        return str(error).replace("Env.A: ", "").split("\n")
    return []


@given(st.text() | AWKWARD)
@example("\ufeffa")
@example("\u3000a")
def test_macro_and_companion_refuse_the_same_values_for_the_same_reasons(value):
    reasons, problems = list(find_reasons(value)), check_env({"Env": {"A": value}}, ())

    assert reasons == ask_companion(value)
    assert [problem.text for problem in problems] == reasons


def test_values_that_are_not_known_yet_are_not_checked():
    env = {"A": {"Fn::Sub": "#"}, "B": {"Ref": "#"}, "C": 1, "D": True}

    assert list(check_env({"Env": env}, ())) == []
    assert list(check_env({"Function": {"Env": {"Fn::If": ["C", {"A": "#"}, {}]}}}, ())) == []
