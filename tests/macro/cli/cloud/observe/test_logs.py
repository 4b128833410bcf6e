"""Lines of logs: their log groups, order and format."""

import json
import time

import pytest

from macro.cli.cloud.observe.deployed import Deployed, Part
from macro.cli.cloud.observe.logs import Logged, LogSource, read_logs
from macro.cli.cloud.observe.logs_lines import print_logged
from macro.cli.cloud.observe.show_logs import find_access_logs
from macro.cli.commands.logs import read_span
from tests.macro.cli.cloud.observe.deployment import plain, report
from tests.support.fake_aws import Refusal

NOON = 1_767_268_800_000
VISITS, LIKES = LogSource("Visits", "hits-VisitsLogGroup"), LogSource("Likes", "hits-LikesLogGroup")


def event(time, message, number=1):
    return {"timestamp": time, "message": message, "logStreamName": "s", "eventId": f"{time}-{number}"}


def answer_by_group(aws, **groups):
    told = {f"hits-{name}": events for name, events in groups.items()}
    gone = Refusal("ResourceNotFoundException", "The specified log group does not exist.")
    aws.answer(
        "FilterLogEvents",
        lambda call: (
            {"events": told[json.loads(call)["logGroupName"]]} if json.loads(call)["logGroupName"] in told else gone
        ),
    )


def test_lines_of_all_log_groups_are_sorted_by_time(account, aws):
    answer_by_group(aws, VisitsLogGroup=[event(NOON, "a"), event(NOON + 2, "c")], LikesLogGroup=[event(NOON + 1, "b")])

    lines = read_logs(account.client("logs"), [VISITS, LIKES], NOON)

    assert [(line.label, line.message) for line in lines] == [("Visits", "a"), ("Likes", "b"), ("Visits", "c")]


def test_all_pages_of_a_log_group_are_read_even_after_an_empty_page(account, aws):
    aws.answer("FilterLogEvents", {"events": [], "nextToken": "x"}, {"events": [event(NOON, "a")]})

    (line,) = read_logs(account.client("logs"), [VISITS], NOON)

    assert line.message == "a"


def test_a_filter_matches_the_exact_text(account, aws):
    answer_by_group(aws, VisitsLogGroup=[event(NOON, 'say "hi" \\'), event(NOON, "say hi", 2)])

    lines = read_logs(account.client("logs"), [VISITS], NOON, 'say "hi" \\')

    assert [line.message for line in lines] == ['say "hi" \\']
    assert json.loads(aws.sent("FilterLogEvents")[0])["filterPattern"] == '"say \\"hi\\" \\\\"'


def test_a_missing_log_group_has_no_lines(account, aws):
    answer_by_group(aws)

    assert read_logs(account.client("logs"), [VISITS], NOON) == []


def logged(message):
    return Logged(NOON + 7, "Visits", "s", message, "1")


@pytest.mark.parametrize(
    ("message", "printed"),
    [
        ("counted\n", "counted"),
        ("\x1b[31mred\t\u202e", "\\x1b[31mred\t\\u202e"),
        ("Traceback:\n  File\nError\n", "Traceback:\n      File\n    Error"),
        ("", ""),
    ],
)
def test_a_line_has_time_counter_and_message(message, printed):
    assert print_logged(logged(message)) == f"2026-01-01T12:00:00.007Z  Visits  {printed}"


@pytest.mark.parametrize(
    ("message", "colour"),
    [
        ("START RequestId: 1 Version: 2", "\033[2m"),
        ('{"level": "ERROR", "status": 503}', "\033[31m"),
        ('{"level": "WARN", "status": 400}', "\033[33m"),
        ('{"requestId": "1", "status": "502"}', "\033[31m"),
        ("[ERROR] ClientError: An error occurred", "\033[31m"),
    ],
)
def test_colours_on_a_terminal_mark_errors(message, colour):
    head = "\033[2m2026-01-01T12:00:00.007Z\033[0m  \033[36mVisits\033[0m  "

    assert print_logged(logged(message), has_colour=True) == f"{head}{colour}{message}\033[0m"
    assert print_logged(logged("fine"), has_colour=True) == f"{head}fine"


def test_access_logs_belong_to_the_counter_or_to_its_shared_api():
    visits, pages = Part("Visits", "", "", 1, ""), Part("Pages", "dev", "", 1, "")
    logs = {name: f"hits-{name}" for name in ("VisitsAccessLog", "LikesAccessLog", "HitCounterHttpDevAccessLog")}

    assert find_access_logs(Deployed([], logs), [visits, pages]) == [
        LogSource("Visits", "hits-VisitsAccessLog"),
        LogSource("HitCounterHttpDev", "hits-HitCounterHttpDevAccessLog"),
    ]


def test_the_command_prints_the_last_minutes(as_account, aws, command):
    report(aws, plain("Visits", "Likes"))
    answer_by_group(aws, VisitsLogGroup=[event(NOON, "one\n")], LikesLogGroup=[event(NOON + 1, "two\n")])
    before = time.time()

    code, out, err = command("logs", "hits", "--since", "2h")

    assert (code, err) == (0, "")
    assert out == "2026-01-01T12:00:00.000Z  Visits  one\n2026-01-01T12:00:00.001Z  Likes  two\n"
    starts = [json.loads(call)["startTime"] / 1000 for call in aws.sent("FilterLogEvents")]
    assert all(before - 7200 - 1 <= start <= time.time() - 7200 + 1 for start in starts)


def test_json_prints_an_object_on_each_line(as_account, aws, command):
    report(aws, plain("Visits"))
    answer_by_group(aws, VisitsLogGroup=[event(NOON, "\x1bone\n")])

    _, out, _ = command("logs", "hits", "Visits", "--json")

    assert json.loads(out) == {
        "time": "2026-01-01T12:00:00.000Z",
        "counter": "Visits",
        "stream": "s",
        "message": "\x1bone",
    }
    assert "\x1b" not in out


def test_an_empty_result_is_reported(as_account, aws, command):
    report(aws, plain("Visits"))
    answer_by_group(aws, VisitsLogGroup=[])

    code, out, err = command("logs", "hits")

    assert (code, out) == (0, "")
    assert err == "nothing was logged in that time; to look further back, add --since 1d\n"


def test_a_missing_access_log_is_an_error(as_account, aws, command):
    template = plain("Visits")
    del template["Resources"]["VisitsAccessLog"]
    report(aws, template)

    assert command("logs", "hits", "--access") == (1, "", "the stack hits has no access log of Visits\n")


def test_following_shows_each_line_once_including_late_lines(as_account, aws, command):
    report(aws, plain("Visits"))
    now = round(time.time() * 1000)
    first, late, new = event(now, "first"), event(now - 5, "late"), event(now + 9, "new")
    aws.answer(
        "FilterLogEvents",
        {"events": [first]},
        {"events": [late, first, new]},
        {"events": [late, first, new]},
        Refusal("AccessDeniedException", "not any more"),
    )

    code, out, err = command("logs", "hits", "--follow")

    assert [line.split()[-1] for line in out.splitlines()] == ["first", "late", "new"]
    assert (code, err.startswith("FilterLogEvents is not allowed: not any more")) == (1, True)


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("10m", 600), ("2h", 7200), ("1d", 86400), ("1w", 604800)])
def test_a_duration_is_a_number_with_a_unit(text, seconds):
    assert read_span(text) == seconds


@pytest.mark.parametrize("text", ["10", "m", "-1m", "1.5h", "10 m"])
def test_any_other_duration_is_wrong_usage(command, text):
    code, _, err = command("logs", "hits", f"--since={text}")

    assert code == 2
    assert f"--since: must be an integer followed by s, m, h, d or w, such as 10m, got '{text}'" in err
