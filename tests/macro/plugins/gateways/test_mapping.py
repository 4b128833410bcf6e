"""The mapping passes any name unchanged to the function, and gives any error text one status."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macro.expand import expand
from macro.plugins.gateways.mapping import CONTENT_TYPES, ERRORS
from tests.support.velocity import evaluate

HOSTILE = [
    "about", 'a"b', "a'b", "a\nb", "a\r\tb", "../x", "%2F", "a/b", "\\", "\\'", "'\\", '\\"', "\\u0041", "${x}", "$input.params('name')",
    "#set($x = 1)", "{{}}", '", "admin": "1', "größe", "日本", "😀", "\x00", "\x1f\x7f", "\u2028", "</script>", "a" * 1000, "\\" * 1000, " ",
]  # fmt: skip


def expand_method(gateway):
    template = {"Resources": {"Visits": {"Type": "HitCounter", "Properties": {"Gateway": gateway}}}}
    return expand(template)["Resources"]["VisitsMethod" if gateway == "rest" else "VisitsGateway"]["Properties"]


def read_templates(gateway):
    """The request templates of an expansion by content type."""
    method = expand_method(gateway)
    return (method["Integration"] if gateway == "rest" else method["IntegrationRequest"])["RequestTemplates"]


def read_answers(gateway):
    """Selection pattern and body by status, for either gateway."""
    method = expand_method(gateway)
    if gateway == "rest":
        answers = {each["StatusCode"]: each for each in method["Integration"]["IntegrationResponses"]}
        return {code: (each.get("SelectionPattern"), each.get("ResponseTemplates")) for code, each in answers.items()}
    answers = method["Responses"].items()
    return {code: (each.get("SelectionPattern"), each.get("Templates")) for code, each in answers}


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: ascii(name[:20]))
@pytest.mark.parametrize("gateway", ["rest", "custom"])
def test_a_hostile_name_reaches_the_function_as_it_is(gateway, name):
    templates = read_templates(gateway)

    events = [json.loads(evaluate(template, {"name": name})) for template in templates.values()]

    assert list(templates) == list(CONTENT_TYPES)
    assert events == [{"name": name}] * len(CONTENT_TYPES)


@given(st.text())
def test_any_name_reaches_the_function_as_it_is(name):
    template = read_templates("rest")["application/json"]

    assert json.loads(evaluate(template, {"name": name})) == {"name": name}


def test_both_gateways_have_the_same_mapping():
    assert read_templates("rest") == read_templates("custom")
    assert read_answers("rest") == read_answers("custom")


def choose_status(text):
    """The statuses whose pattern matches the whole error text."""
    return [status for status, (pattern, _) in read_answers("rest").items() if pattern and re.fullmatch(pattern, text)]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("[400] name is too long", "400"),
        ("[400]\nof two lines", "400"),
        ("[503] the table is busy", "503"),
        ("2026-01-01T00:00:00Z 1a2b Task timed out after 20.00 seconds", "504"),
        ("[400] Task timed out", "400"),
        ("[404] nothing of ours", "500"),
        ("'table'", "500"),
        ("Traceback\n of several\nlines", "500"),
    ],
)
def test_the_errors_text_determines_the_status(text, status):
    assert choose_status(text) == [status]


@given(
    st.text(min_size=1)
    | st.sampled_from(["[400]", "[503]", "Task timed out", "["]).flatmap(lambda head: st.text().map(head.__add__))
)
def test_any_errors_text_has_exactly_one_status(text):
    assert len(choose_status(text)) == 1


def test_the_body_does_not_reveal_the_error():
    bodies = {status: templates for status, (_, templates) in read_answers("custom").items() if templates}

    assert set(bodies) == set(ERRORS)
    assert all(set(json.loads(body["application/json"])) == {"message"} for body in bodies.values())
