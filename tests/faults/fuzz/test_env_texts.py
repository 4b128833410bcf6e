"""Any env file is merged so that three readers agree, or refused without a value in the message."""

import random
import re

import pytest

from tests.faults.fuzz.env_texts import Node, make_text, make_values, merge, read_dotenv, read_plain
from tests.faults.fuzz.limits import Limits
from tests.support.node import PARSE_ENV, needs_node
from transform_lambda.env.file import EnvError, merge_env_file
from transform_lambda.env.readers import read_node

# Node 20 reads outside of the text if a name consists only of blanks.
NAMELESS = re.compile(r"(^|\n) *=")
LARGEST = 1 << 15


def merge_all(seed, count):
    """Merge ``count`` files. Returns (content, merged, values) of each accepted merge."""
    chance, done = random.Random(seed), []
    with Limits() as limits:
        for _ in range(count):
            content, values = make_text(chance), make_values(chance)
            merged = limits.time(merge, content, values)
            if merged is not None:
                done.append((content, merged, values))
                assert values.items() <= read_plain(merged).items()
                assert values.items() <= read_dotenv(merged).items()
    print(limits.summary)
    return done


def check_with_node(done):
    with Node() as node:
        if not node.version.startswith("v20."):
            return
        for start in range(0, len(done), 500):
            some = [
                each for each in done[start : start + 500] if not NAMELESS.search(text_of(each[1]).replace("\r", ""))
            ]
            for (content, _, values), found in zip(some, node.read([text_of(each[1]) for each in some]), strict=True):
                assert values.items() <= found.items(), (content, values)


def merge_or_refuse(content):
    try:
        merge_env_file(content, {"TABLE": "visits"})
    except EnvError as error:
        assert str(error)


def text_of(content):
    return content.decode("utf-8-sig")


@pytest.mark.thorough
@needs_node(*PARSE_ENV)
def test_three_readers_find_the_merged_values(tally):
    done = merge_all(1, 3_000)

    check_with_node(done)

    assert 700 < len(done) < 2_900
    tally(".env texts fuzzed", 3_000)


@pytest.mark.parametrize(
    "unit",
    [
        *("A=\n", "\n", "#\n", " ", "\t", "x", 'A="\n', "A='\\'\n", "=", "A\n", "A=1\r", "A =   \n", " #", "export "),
        *("A=x ", "A=`\nB='\nC=\"\n", "\\", "'", '"', "A='", "\u2028", "A=\u00a0 "),
    ],
)
def test_a_repetitive_file_is_merged_within_a_second(unit):
    text = (unit * LARGEST)[: LARGEST // len(unit.encode())]

    with Limits() as limits:
        for each in (text, f"A=x{text}y\nB=1"):
            limits.time(merge_or_refuse, each.encode())

    assert limits.inputs == 2


@pytest.mark.parametrize("unit", ["A=\n", "\n", "#\n", 'A="\n"\n'])
def test_the_time_to_read_like_node_is_linear(unit):
    with Limits() as limits:
        limits.time(read_node, unit * (8 * LARGEST // len(unit)))

    assert limits.inputs == 1


@pytest.mark.fuzz
@needs_node(*PARSE_ENV)
def test_three_readers_find_many_merged_values(tally):
    check_with_node(merge_all(2, 50_000))

    tally(".env texts fuzzed", 50_000)
