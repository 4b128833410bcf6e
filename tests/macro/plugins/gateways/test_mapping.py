"""The mapping passes any name unchanged to the function, and gives any error text one status."""

import json
import re
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macro.cli.engine.api_gateway import velocity
from macro.expand import expand
from macro.plugins.gateways.mapping import ERRORS
from tests.support.velocity import evaluate

HOSTILE = [
    "about", 'a"b', "a'b", "a\nb", "a\r\tb", "../x", "%2F", "a/b", "\\", "\\'", "'\\", '\\"', "\\u0041", "${x}", "$input.params('name')",
    "#set($x = 1)", "{{}}", '", "admin": "1', "größe", "日本", "😀", "\x00", "\x1f\x7f", "\u2028", "</script>", "a" * 1000, "\\" * 1000, " ",
]  # fmt: skip


WITH_BODY = ["POST", "PUT", "PATCH", "DELETE", "ANY"]
SENT = {
    "sendBeacon of a text, fetch": "text/plain;charset=UTF-8",
    "sendBeacon of URLSearchParams": "application/x-www-form-urlencoded;charset=UTF-8",
    "a form": "application/x-www-form-urlencoded",
    "a text": "text/plain",
    "JSON": "application/json",
}


def name_type(content_type):
    return content_type.partition(";")[0]


def expand_method(gateway, method="GET"):
    properties = {"Gateway": gateway, "Integration": "mapped", "Method": method}
    template = {"Resources": {"Visits": {"Type": "HitCounter", "Properties": properties}}}
    return expand(template)["Resources"]["VisitsMethod" if gateway == "rest" else "VisitsGateway"]["Properties"]


def read_templates(gateway, method="GET"):
    """The request templates of an expansion by content type."""
    expanded = expand_method(gateway, method)
    return (expanded["Integration"] if gateway == "rest" else expanded["IntegrationRequest"])["RequestTemplates"]


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
    template = read_templates(gateway)["application/json"]

    events = [json.loads(evaluate(template, {"name": spelled})) for spelled in (quote(name, safe=""), quote(name))]

    assert events == [{"name": name}] * 2


@given(st.text())
def test_any_name_reaches_the_function_decoded_once(name):
    template = read_templates("rest")["application/json"]

    assert json.loads(evaluate(template, {"name": quote(name)})) == {"name": name}


@given(st.text(st.sampled_from("aé%+&2F4z '\"\\")))
def test_a_percent_sign_without_two_hex_digits_stands_for_itself(spelled):
    template = read_templates("rest")["application/json"]

    assert json.loads(evaluate(template, {"name": spelled})) == {"name": unquote(spelled)}


@given(st.text(st.sampled_from("aé%+&2F4z '\"\\\n")) | st.text())
def test_the_local_engine_evaluates_the_template_as_others_do(spelled):
    template = read_templates("rest")["application/json"]

    told = json.loads(velocity.evaluate(template, {"name": spelled}))

    assert told == json.loads(evaluate(template, {"name": spelled}))


@pytest.mark.parametrize("select", [str, name_type], ids=["the whole value", "the type alone"])
@pytest.mark.parametrize("content_type", SENT.values(), ids=SENT)
@pytest.mark.parametrize("method", WITH_BODY)
def test_what_browsers_send_has_a_template_however_api_gateway_selects_it(method, content_type, select):
    assert select(content_type) in read_templates("rest", method)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_request_without_a_body_has_one_template(method):
    assert list(read_templates("rest", method)) == ["application/json"]


@pytest.mark.parametrize("gateway", ["rest", "custom"])
def test_all_types_have_the_same_template(gateway):
    assert len(set(read_templates(gateway, "ANY").values())) == 1


def test_both_gateways_have_the_same_mapping():
    assert read_templates("rest", "ANY") == read_templates("custom", "ANY")
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
