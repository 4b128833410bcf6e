"""The counts of a table, summed like the handler sums them, in all output formats."""

import csv
import io
import json
import os
import re
from pathlib import Path

import pytest

from macro.cli.cloud.observe.deployed import Part
from macro.cli.cloud.observe.hits import count_all, count_one, find_name, list_keys, read_pages
from macro.cli.cloud.observe.hits_table import Screen, make_chart, print_charts, print_csv, print_json
from macro.cli.cloud.stack.errors import CloudError
from macro.cli.text.escape import measure_text
from tests.macro.cli.cloud.observe.deployment import function, plain, report
from tests.support.fake_aws import Refusal
from tests.support.terminal import on_terminal

VISITS = Part("Visits", "", "hits-VisitsTable", 1, "")
HOT = VISITS._replace(shards=8)
GONE = Refusal("ResourceNotFoundException", "Requested resource not found")


def items(**counts):
    return [{"name": {"S": name}, "counter": {"N": str(count)}} for name, count in counts.items()]


def page(counts, last=None):
    return {"Items": items(**counts), **({"LastEvaluatedKey": {"name": {"S": last}}} if last else {})}


def count(account, part):
    return count_all(read_pages(account.client("dynamodb"), part), part.shards)


def test_a_table_is_read_page_by_page_with_only_the_needed_attributes(account, aws):
    aws.answer("Scan", page({"home": 3}, "home"), page({"about": 4}))

    hits, left_out = count(account, VISITS)

    calls = [json.loads(call) for call in aws.sent("Scan")]
    assert (hits, left_out) == ({"home": 3, "about": 4}, 0)
    assert calls[1]["ExclusiveStartKey"] == {"name": {"S": "home"}}
    assert {call["ProjectionExpression"] for call in calls} == {"#name, #counter"}
    assert not any(call.get("ConsistentRead") for call in calls)


def test_all_shards_and_the_item_without_a_shard_count_for_one_name(account, aws):
    aws.answer("Scan", page({"home": 1, "home#0": 10, "home#7": 100, "home#8": 1000, "#0": 5, "a#1#2": 7}))

    hits, _ = count(account, HOT)

    assert hits == {"home": 111, "home#8": 1000, "#0": 5, "a#1": 7}


def test_items_without_a_count_are_left_out_and_counted(account, aws):
    aws.answer("Scan", {"Items": [*items(home=1), {"name": {"S": "x"}}, {"id": {"S": "y"}}, {"name": {"N": "1"}}]})

    hits, left_out = count(account, VISITS)

    assert (hits, left_out) == ({"home": 1}, 3)


@pytest.mark.parametrize("shards", [1, 8, 64])
@pytest.mark.parametrize("name", ["home", "a#b", "x\n", "#"])
def test_every_item_of_a_name_counts_for_that_name(name, shards):
    assert {find_name(key, shards) for key in list_keys(name, shards)} == {name}


@pytest.mark.parametrize("name", ["home", "a#1", "a#99", "home\n", "#3"])
@pytest.mark.parametrize("shards", [1, 8])
def test_one_name_is_read_from_the_handlers_keys(name, shards):
    before = [] if shards > 1 and name in ("a#1", "a#99", "#3") else [name]

    assert list_keys(name, shards) == ([f"{name}#{shard}" for shard in range(shards)] if shards > 1 else []) + before


def test_unprocessed_keys_are_read_again(account, aws):
    left = {"hits-VisitsTable": {"Keys": [{"name": {"S": "home#3"}}]}}
    aws.answer(
        "BatchGetItem",
        {"Responses": {"hits-VisitsTable": items(**{"home#0": 4})}, "UnprocessedKeys": left},
        {"Responses": {"hits-VisitsTable": items(**{"home#3": 5})}, "UnprocessedKeys": {}},
    )

    number = count_one(account.client("dynamodb"), HOT, "home")

    first, second = (json.loads(call)["RequestItems"]["hits-VisitsTable"] for call in aws.sent("BatchGetItem"))
    assert number == 9
    assert (len(first["Keys"]), first["ConsistentRead"], second["Keys"]) == (9, True, [{"name": {"S": "home#3"}}])


def test_a_table_that_is_always_busy_is_an_error(account, aws):
    left = {"hits-VisitsTable": {"Keys": [{"name": {"S": "home"}}]}}
    aws.answer("BatchGetItem", {"Responses": {}, "UnprocessedKeys": left})

    with pytest.raises(CloudError) as error:
        count_one(account.client("dynamodb"), VISITS, "home", pause=0)

    assert str(error.value) == "the table hits-VisitsTable of Visits is too busy to be read; try again"


def test_a_missing_table_is_an_error(account, aws):
    aws.answer("Scan", GONE)

    with pytest.raises(CloudError) as error:
        count(account, VISITS)

    assert str(error.value) == "the table hits-VisitsTable of Visits doesn't exist"


def split(text):
    """The words of each line."""
    return [line.split() for line in text.splitlines() if line]


def test_a_terminal_shows_bars_and_other_output_columns():
    chart = make_chart(VISITS, {"about": 1, "home": 12})

    plain = print_charts([chart], Screen())
    head, home, about = print_charts([chart], Screen(30)).splitlines()

    assert split(plain) == [["Visits:", "13", "hits,", "2", "names"], ["home", "12"], ["about", "1"]]
    assert len({len(line) for line in plain.splitlines()[1:]}) == 1
    assert split(head) == split(plain)[:1]
    assert [line.split()[:2] for line in (home, about)] == [["home", "12"], ["about", "1"]]
    assert home.index("█") == about.index("█")
    assert home.count("█") > 10 * about.count("█")


def test_colours_are_optional_on_a_terminal():
    chart = make_chart(VISITS, {"home": 1})

    coloured, plain = (print_charts([chart], Screen(16, is_coloured)) for is_coloured in (True, False))

    assert "\033" not in plain
    assert "\033[2m1 hit, 1 name\033[0m\n" in coloured
    assert coloured.endswith("█\033[0m")
    assert re.sub(r"\033\[\d*m", "", coloured) == plain


@pytest.mark.parametrize("width", [30, 40, 80])
def test_lines_fit_on_the_terminal_and_are_safe_for_it(width):
    names = {"\x1b[2J" * 30: 5, "数" * 100: 10**9, "\u202e": 1, "": 2, "a\nb": 3}

    text = print_charts([make_chart(VISITS, names)], Screen(width))

    lines = text.splitlines()
    assert len(lines) == 6
    assert all(measure_text(line) <= width for line in lines[1:])
    assert not {"\x1b", "\u202e"} & set(text)


def test_the_total_includes_names_that_are_not_shown():
    chart = make_chart(VISITS, {"a": 1, "b": 3, "c": 3}, top=2)

    head, *rows = print_charts([chart], Screen()).splitlines()

    assert head == "Visits: 7 hits, 3 names, the first 2 shown"
    assert split("\n".join(rows)) == [["b", "3"], ["c", "3"]]


@pytest.mark.parametrize("width", [0, 40])
def test_a_name_without_hits_has_no_bar(width):
    head, row = print_charts([make_chart(VISITS, {"a": 0})], Screen(width)).splitlines()

    assert (head, row.split()) == ("Visits: 0 hits, 1 name", ["a", "0"])


def test_several_counters_have_a_total():
    charts = [make_chart(VISITS, {"a": 1}), make_chart(VISITS._replace(counter="Likes", stage="dev"), {})]

    first, second, total = print_charts(charts, Screen()).split("\n\n")

    assert split(first) == [["Visits:", "1", "hit,", "1", "name"], ["a", "1"]]
    assert (second, total) == ("Likes/dev: no hits yet", "total: 1")


def test_csv_is_exact_in_files_and_safe_on_a_terminal():
    chart = make_chart(VISITS, {'a "b",\n\x1b[2J': 1})

    assert list(csv.reader(io.StringIO(print_csv([chart], False), newline="")))[1] == [
        "Visits",
        "",
        'a "b",\n\x1b[2J',
        "1",
    ]
    assert "\x1b" not in print_csv([chart], True)


def test_json_has_the_same_counts():
    told = json.loads(print_json("hits", [make_chart(HOT, {"a": 1, "b": 2}, top=1)]))

    (counter,) = told["counters"]
    assert (told["stack"], told["total"]) == ("hits", 3)
    assert counter == {
        "counter": "Visits",
        "stage": None,
        "table": "hits-VisitsTable",
        "names": 2,
        "total": 3,
        "hits": [{"name": "b", "hits": 2}],
    }


def test_the_command_shows_every_counter_and_notes_items_without_a_count(as_account, aws, command):
    report(aws, plain("Visits", Likes=function("Likes", shards=2)))
    counts = {"hits-VisitsTable": items(home=2), "hits-LikesTable": [*items(**{"a#0": 1, "a#1": 2}), {"x": {"S": "y"}}]}
    aws.answer("Scan", lambda call: {"Items": counts[json.loads(call)["TableName"]]})

    code, out, err = command("hits", "hits")

    assert (code, err) == (0, "note: items without a count in hits-LikesTable: 1\n")
    assert [" ".join(words) for words in split(out)] == [
        "Visits: 2 hits, 1 name", "home 2", "Likes: 3 hits, 1 name", "a 3", "total: 5",
    ]  # fmt: skip


def test_the_command_shows_one_name_in_each_format(as_account, aws, command):
    report(aws, plain("Visits"))
    aws.answer("BatchGetItem", {"Responses": {"hits-VisitsTable": items(home=2)}, "UnprocessedKeys": {}})

    code, out, err = command("hits", "hits", "home")

    assert (code, err) == (0, "")
    assert split(out) == [["Visits:", "2", "hits,", "1", "name"], ["home", "2"]]
    assert command("hits", "hits", "home", "--csv")[1] == "counter,stage,name,hits\r\nVisits,,home,2\r\n"
    assert json.loads(command("hits", "hits", "home", "--json")[1])["total"] == 2


def test_a_table_that_the_template_does_not_name_is_an_error(as_account, aws, command):
    joined = function("Likes")
    joined["Properties"]["Env"]["table"] = {"Fn::Join": ["", ["a", "b"]]}
    report(aws, plain(Likes=joined))

    assert command("hits", "hits") == (
        1,
        "",
        "the stack's template doesn't name the table of Likes; choose another counter with --counter\n",
    )


@pytest.mark.parametrize("top", ["0", "-1", "few"])
def test_top_must_be_a_positive_integer(command, top):
    code, _, err = command("hits", "hits", f"--top={top}")

    assert code == 2
    assert f"argument --top: must be an integer of at least 1, got '{top}'" in err


def test_a_terminal_shows_bars_and_the_number_of_items_read(as_account, aws):
    report(aws, plain("Visits"))
    aws.answer("Scan", page({"home": 2}, "home"), page({"about": 1}, "about"), page({"\x1b[2J": 1}))
    env = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[5]),
        "TERM": "xterm",
        "NO_COLOR": "1",
        "COLUMNS": "40",
    }

    with on_terminal("-m", "macro", "hits", "hits", env=env, columns=40, has_stdout=True) as terminal:
        code, _ = terminal.end()

    assert code == 0
    assert re.search(r"home +2 +█+", terminal.shown)
    assert re.search(r"\\x1b\[2J +1 +█+", terminal.shown)
