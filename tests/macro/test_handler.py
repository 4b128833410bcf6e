"""The macro's Lambda entry point accepts every form of event and always returns one answer."""

import copy
import json
import types
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macro.errors import Problem
from macro.expand import expand
from macro.handler import MAX_MESSAGE, _fail, handler
from macro.template.transform import read_suffix

EVENT = json.loads((Path(__file__).parent.parent / "events" / "macro.json").read_text("utf-8"))
CONTEXT = types.SimpleNamespace(aws_request_id="a-lambda-request")
COUNTER = {"Type": "HitCounter"}
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def make_event(**changes):
    return {**copy.deepcopy(EVENT), **changes}


def get_types(fragment):
    return [resource["Type"] for resource in fragment["Resources"].values()]


def test_a_whole_template_returns_a_whole_template():
    answer = handler(make_event(), CONTEXT)

    assert (answer["requestId"], answer["status"]) == (EVENT["requestId"], "success")
    assert "AWS::ApiGatewayV2::Api" in get_types(answer["fragment"])
    assert list(answer["fragment"]) == list(EVENT["fragment"])


def test_the_event_is_not_changed():
    event = make_event()

    handler(event, CONTEXT)

    assert event == EVENT


def test_the_content_of_resources_returns_the_content_of_resources():
    fragment = {
        "Visits": COUNTER,
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Visits"}}},
    }

    answer = handler(make_event(fragment=fragment), CONTEXT)

    assert answer["status"] == "success"
    assert answer["fragment"] == expand({"Resources": fragment})["Resources"]


@pytest.mark.parametrize(
    "fragment",
    [
        {"Transform": "HitCounterMacro", "Resources": {"Visits": COUNTER}},
        {"Transform": ["HitCounterMacro"], "Resources": {"Visits": COUNTER}},
        {"Fn::Transform": {"Name": "HitCounterMacro"}, "Visits": COUNTER},
    ],
)
def test_the_macros_own_transform_is_removed(fragment):
    answer = handler(make_event(fragment=fragment), CONTEXT)

    assert answer["status"] == "success"
    assert "Transform" not in json.dumps(answer["fragment"])


def test_a_resource_called_resources_is_a_resource():
    answer = handler(make_event(fragment={"Resources": COUNTER}), CONTEXT)

    assert "ResourcesTable" in answer["fragment"]


def test_the_suffix_of_the_transforms_name_selects_the_installation():
    answer = handler(make_event(transformId="123456789012::HitCounterMacroBeta"), CONTEXT)

    properties = answer["fragment"]["Resources"]["VisitsFunction"]["Properties"]
    assert properties["ServiceToken"]["Fn::Sub"].endswith(":function:HitCounterMacroBeta-Companion")
    assert properties["Code"]["S3Bucket"]["Fn::Sub"].startswith("hitcountermacrobeta-")


@pytest.mark.parametrize(
    ("transform_id", "suffix"),
    [
        ("1::HitCounterMacro", ""),
        ("1::HitCounterMacroV2", "V2"),
        ("HitCounterMacroV2", "V2"),
        ("1::Other", ""),
        ("", ""),
    ],
)
def test_the_suffix_follows_the_macros_name(transform_id, suffix):
    assert read_suffix(transform_id) == suffix


@pytest.mark.parametrize("values", [{"Plugins": ["nowhere"]}, {"Plugins": "nowhere"}])
def test_a_list_parameter_may_be_a_list_or_text(values):
    fragment = {
        "Parameters": {"Plugins": {"Type": "CommaDelimitedList"}},
        "Resources": {"Visits": {**COUNTER, "Properties": {"Plugins": {"Ref": "Plugins"}}}},
    }

    answer = handler(make_event(fragment=fragment, templateParameterValues=values), CONTEXT)

    assert answer["errorMessage"].startswith("Resources.Visits.Properties.Plugins[0]: unknown plugin 'nowhere'")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fragment": None}, "the event's fragment must be a map, got nothing"),
        (
            {"fragment": {"BucketName": "x"}},
            "Fn::Transform: 'BucketName' is not a resource; call HitCounterMacro at the top of the template, or directly in Resources",
        ),
        (
            {"fragment": {"Description": "x", "Name": "y"}},
            "Fn::Transform: 'Description' is not a resource; call HitCounterMacro at the top of the template, or directly in Resources",
        ),
        (
            {"fragment": {"P": {"Type": "String"}}},
            "Fn::Transform: 'P' is not a resource; call HitCounterMacro at the top of the template, or directly in Resources",
        ),
        (
            {"params": {"Colour": "blue", "Size": 3}},
            "Transform: HitCounterMacro takes no parameters, got Colour, Size; use the properties of each counter",
        ),
        (
            {"fragment": {"Resources": {"Visits": {**COUNTER, "Properties": {"Shards": 0, "Env": {"1": "x"}}}}}},
            "Resources.Visits.Properties.Env.1: must be a name of letters, digits and underscores that doesn't "
            "start with a digit, got '1'\nResources.Visits.Properties.Shards: must be an integer from 1 to 64, got 0",
        ),
        (
            {"fragment": {"Resources": {"Note": {"Type": "X" * 1_000_000}}}},
            "the template has 1,000,034 bytes after expansion; CloudFormation allows at most 1,000,000: split it",
        ),
    ],
    ids=["no fragment", "elsewhere", "in properties", "in parameters", "params", "problems", "size"],
)
def test_the_message_lists_the_problems(changes, message):
    answer = handler(make_event(**changes), CONTEXT)

    assert (answer["requestId"], answer["status"]) == (EVENT["requestId"], "failure")
    assert sorted(answer["errorMessage"].split("\n")) == sorted(message.split("\n"))


def test_a_long_list_of_problems_is_cut_between_two_problems():
    resources = {f"Visits{n}": {**COUNTER, "Properties": {"Shards": n + 100}} for n in range(100)}

    message = handler(make_event(fragment={"Resources": resources}), CONTEXT)["errorMessage"]

    *lines, last = message.split("\n")
    assert len(message) <= MAX_MESSAGE
    assert last == f"… and {100 - len(lines)} more; hitcounter lint shows them all"
    assert all(line.endswith(f"got {n + 100}") for n, line in enumerate(lines))


def refuse(*texts):
    """The handler's message for these problems, one per line."""
    message = _fail("1", [Problem((), text) for text in texts])["errorMessage"]
    assert len(message) <= MAX_MESSAGE
    return message


@pytest.mark.parametrize("letter", ["x", "\u00fc", "\U0001f511"], ids=["ASCII", "two bytes", "four bytes"])
def test_a_single_problem_is_cut_at_the_maximum_length(letter):
    fits, longer = letter * MAX_MESSAGE, letter * (MAX_MESSAGE + 1)

    assert refuse(fits) == fits
    assert refuse(longer) == letter * (MAX_MESSAGE - 1) + "\u2026"


def test_a_long_first_problem_leaves_room_for_the_number_of_other_problems():
    more = "\u2026 and 2 more; hitcounter lint shows them all"

    message = refuse("x" * 9_000, "second", "third")

    assert message.startswith("x" * 3_900)
    assert message.endswith(f"x\u2026\n{more}")
    assert len(message) == MAX_MESSAGE


@pytest.mark.parametrize("length", range(3_940, 4_001, 5))
def test_problems_of_any_length_are_cut_between_two_problems(length):
    more = "\u2026 and 1 more; hitcounter lint shows them all"
    first, second = "x" * length, "y" * 12

    message = refuse(first, second)

    if length + 1 + len(second) <= MAX_MESSAGE:
        assert message == f"{first}\n{second}"
    else:
        assert message == f"{first[: MAX_MESSAGE - len(more) - 2]}…\n{more}"


def test_a_half_surrogate_pair_does_not_make_a_message_too_long():
    assert refuse("\ud800" * 3_000).startswith("\\ud800\\ud800")


def test_a_template_that_is_nested_too_deeply_gets_an_answer():
    node = {}
    for _ in range(5_000):
        node = {"a": [node]}

    answer = handler(make_event(fragment={"Resources": {"Visits": COUNTER, "Deep": {"Type": "X", "P": node}}}), CONTEXT)

    assert answer["errorMessage"] == "the template is nested too deeply to be read"


class Broken(dict):
    def items(self):
        raise ZeroDivisionError("secret detail")


def test_a_bug_is_answered_in_one_line_and_logged_with_its_traceback(capsys):
    fragment = {"Resources": Broken(Visits=COUNTER)}

    answer = handler(make_event(fragment=fragment), CONTEXT)

    assert answer == {
        "requestId": EVENT["requestId"],
        "status": "failure",
        "errorMessage": "this is a bug in HitCounterMacro, not in the template; see a-lambda-request "
        "in the log of its function",
    }
    log = json.loads(capsys.readouterr().out)
    assert log["reference"] == "a-lambda-request"
    assert "ZeroDivisionError: secret detail" in log["traceback"]


@given(ANY_JSON | st.fixed_dictionaries({"requestId": st.text(), "fragment": ANY_JSON, "params": ANY_JSON}))
def test_any_event_gets_an_answer(event):
    answer = handler(event, CONTEXT)

    assert answer["requestId"] == (event.get("requestId") if isinstance(event, dict) else None)
    assert answer["status"] in ("success", "failure")
    assert ("fragment" in answer) != ("errorMessage" in answer)
    assert "this is a bug" not in answer.get("errorMessage", "")


@pytest.mark.parametrize("value", ["\ud800", float("nan"), float("inf"), 10**5_000], ids=["half", "nan", "inf", "long"])
def test_a_value_that_json_cannot_hold_is_reported_at_its_place(value):
    answer = handler(make_event(fragment={"Resources": {"Visits": COUNTER}, "Outputs": {"It": {"Value": value}}}), None)

    assert answer["errorMessage"] == (
        "Outputs.It.Value: must be valid JSON: finite numbers of at most 4,300 digits, "
        "and text with whole surrogate pairs"
    )


def test_a_message_about_a_half_surrogate_pair_can_be_sent():
    answer = handler(make_event(fragment={"Resources": {"\ud800": COUNTER}}), None)

    assert answer["errorMessage"].startswith("Resources.\\ud800: a logical id must consist of ASCII letters and digits")
