import json
import socket
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.cloudformation import make_event
from tests.support.sink import RESET, Sink
from transform_lambda.contract import ResourceError, Result
from transform_lambda.protocol.answer import encode_answer, failed_answer, send_answer, success_answer
from transform_lambda.protocol.answer_url import AnswerError
from transform_lambda.protocol.event import parse_request

CREATE = parse_request(make_event())
UPDATE = parse_request(make_event("Update", PhysicalResourceId="thing-1"))


def test_a_success_has_the_fields_that_cloudformation_needs():
    answer = success_answer(CREATE, Result("thing-1", {"Url": "https://x", "Count": 3}))

    assert answer == {
        "Status": "SUCCESS",
        "PhysicalResourceId": "thing-1",
        "StackId": CREATE.stack_id,
        "RequestId": "1",
        "LogicalResourceId": "Visits",
        "NoEcho": False,
        "Data": {"Url": "https://x", "Count": 3},
    }


@pytest.mark.parametrize("no_echo", [True, False])
def test_each_answer_has_no_echo(no_echo):
    assert success_answer(CREATE, Result("x", no_echo=no_echo))["NoEcho"] is no_echo


def test_a_failed_create_has_a_marker_and_other_failures_have_the_physical_id():
    assert failed_answer(CREATE, "no")["PhysicalResourceId"].startswith("hitcounter:failed-create:")
    assert failed_answer(UPDATE, "no")["PhysicalResourceId"] == "thing-1"
    assert failed_answer(UPDATE, "")["Reason"] == "no reason was given"


@pytest.mark.parametrize("physical_id", ["", "x" * 1025, "\u00e9" * 513, None, "\ud800"])
def test_an_invalid_physical_id_is_refused(physical_id):
    with pytest.raises(ResourceError) as refused:
        success_answer(CREATE, Result(physical_id))

    assert str(refused.value) == "the physical ID must be 1 to 1,024 bytes of text"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"Ok": 1, "When": time.gmtime}, "Data.When: is not JSON (builtin_function_or_method)"),
        ({"Half": float("nan")}, "Data.Half: is not JSON (float)"),
        ({"Raw": b"x"}, "Data.Raw: is not JSON (bytes)"),
        ({"Lone": "\ud800"}, "Data.Lone: is not JSON (str)"),
        ({1: "x"}, "Data: names must be text, got 1"),
    ],
)
def test_data_that_is_not_json_is_refused_by_its_key(data, problem):
    with pytest.raises(ResourceError) as refused:
        success_answer(CREATE, Result("x", data))

    assert str(refused.value) == problem


def test_data_that_contains_itself_is_refused_by_its_key():
    endless = []
    endless.append(endless)

    with pytest.raises(ResourceError) as refused:
        success_answer(CREATE, Result("x", {"Endless": endless}))

    assert str(refused.value) == "Data.Endless: is not JSON (list)"


def test_data_that_is_too_long_is_refused_by_its_longest_key():
    with pytest.raises(ResourceError) as refused:
        success_answer(CREATE, Result("x", {"Short": "y", "Long": "\u00e9" * 2000, "Middle": "z" * 100}))

    assert str(refused.value) == "Data.Long: must be shorter; the answer has 4,353 bytes, and may have at most 4,096"


@given(reason=st.text(max_size=6000))
def test_an_answer_always_fits_and_its_reason_is_cut_between_characters(reason):
    body = encode_answer(failed_answer(UPDATE, reason))

    sent = json.loads(body.decode("utf-8"))["Reason"]
    said = (reason or "no reason was given").encode("utf-8", "replace").decode("utf-8")
    assert len(body) <= 4096
    assert sent == said or (sent.endswith("…") and said.startswith(sent[:-1]) and len(body) > 4096 - 8)


@pytest.mark.parametrize("character", ["x", '"', "\u00e9", "\U0001f600", "\0", "\ud800"])
def test_a_long_reason_fills_the_answer(character):
    body = encode_answer(failed_answer(replace(UPDATE, physical_id="y" * 1024), character * 5000))

    assert 4096 - 8 < len(body) <= 4096


def test_an_answer_with_too_long_ids_is_not_sent():
    with pytest.raises(AnswerError) as refused:
        encode_answer(failed_answer(replace(UPDATE, logical_id="x" * 5000), "no"))

    assert str(refused.value).startswith("the answer must have at most 4,096 bytes, got ")


def test_the_answer_is_put_with_an_empty_content_type_to_the_unchanged_path_and_query():
    with Sink() as sink:
        send_answer(sink.url, success_answer(CREATE, Result("x")), allowed=[sink.host])

    method, path, headers, body = sink.requests[0]
    assert (method, path) == ("PUT", "/answer%7Ctoken?X-Amz-Signature=s3cr3t")
    assert (headers["Content-Type"], headers["Content-Length"]) == ("", str(len(body)))
    assert json.loads(body)["Status"] == "SUCCESS"


@pytest.mark.parametrize("statuses", [(500,), (503, 500), (RESET,), (429,), (408,)])
def test_a_temporary_failure_is_retried(statuses):
    with Sink(*statuses) as sink:
        send_answer(sink.url, success_answer(CREATE, Result("x")), allowed=[sink.host])

    assert len(sink.requests) == len(statuses) + 1
    assert len({body for *_, body in sink.requests}) == 1


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (403, "not delivered: status 403, the answer URL has expired or its signature is not valid"),
        (400, "not delivered: status 400"),
        (404, "not delivered: status 404"),
        (307, "not delivered: status 307"),
    ],
)
def test_a_permanent_failure_is_not_retried(status, problem):
    with Sink(status) as sink, pytest.raises(AnswerError) as refused:
        send_answer(sink.url, success_answer(CREATE, Result("x")), allowed=[sink.host])

    assert str(refused.value) == problem
    assert len(sink.requests) == 1


def test_sending_stops_at_the_deadline_and_gives_the_reason():
    with Sink(*[500] * 50) as sink:
        started = time.monotonic()
        with pytest.raises(AnswerError) as refused:
            send_answer(sink.url, success_answer(CREATE, Result("x")), started + 0.7, [sink.host])

    assert str(refused.value) == "gave up: status 500"
    assert 2 <= len(sink.requests) <= 8
    assert time.monotonic() - started < 1.5


def test_sending_is_tried_once_after_the_deadline():
    with Sink(500, 500) as sink, pytest.raises(AnswerError):
        send_answer(sink.url, success_answer(CREATE, Result("x")), time.monotonic() - 1, [sink.host])

    assert len(sink.requests) == 1


def test_an_unreachable_server_is_reported():
    with socket.create_server(("127.0.0.1", 0)) as server:
        host = f"127.0.0.1:{server.getsockname()[1]}"

    with pytest.raises(AnswerError) as refused:
        send_answer(f"http://{host}/", success_answer(CREATE, Result("x")), time.monotonic(), [host])

    assert str(refused.value) == "gave up: ConnectionRefusedError"


def test_a_server_without_tls_is_reported():
    with Sink() as sink, pytest.raises(AnswerError) as refused:
        send_answer(f"https://{sink.host}/", success_answer(CREATE, Result("x")), time.monotonic(), [sink.host])

    assert str(refused.value) == "gave up: SSLError"


def test_a_foreign_host_gets_no_request():
    with Sink() as sink, pytest.raises(AnswerError):
        send_answer(sink.url, success_answer(CREATE, Result("x")))

    assert sink.requests == []
