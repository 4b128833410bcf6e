"""Each refusal of a fake and each retried error has a row in the README's table of assumptions."""

import ast
import re
from pathlib import Path

import pytest

from transform_lambda.aws import apigateway, lambda_

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "transform_lambda" / "README.md").read_text("utf-8")
TABLE = README.partition("## Assumptions about AWS")[2]
FAKES = ("gateways", "functions", "code_store")
RAISING = ("refused", "conflict", "wrong_name", "ResourceError", "TryAgain")
# How an adapter or a helper begins a text, before AWS's own words.
HEADS = re.compile(
    r"^(API Gateway answered \w+: |AddPermission of function |cannot (do \w+ of function: |do |\w+ function |read )"
    r"| of function |: Lambda answered )"
)


def find_refusals(name):
    """The first constant part of each text that a fake raises, without what our adapters put before it."""
    tree = ast.parse((ROOT / "tests" / "support" / f"{name}.py").read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            call = node.exc
            if isinstance(call.func, ast.Name) and call.func.id in RAISING:
                yield from list(find_words(call.args[0]))[:1]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "refuse":
            yield from list(find_words(node.args[2]))[:1]


def find_words(node):
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    for part in parts:
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            words = HEADS.sub("", part.value).strip(" :;.'")
            if len(words) > 3:
                yield words.split(" -- ")[0].split(". ")[0].split(": Function")[0]


REFUSALS = sorted({words for name in FAKES for words in find_refusals(name)})
RETRIED = sorted(
    {*apigateway._PASSING, apigateway._UNFINISHED, *apigateway._QUOTAS, *apigateway._WRONG_NAMES, *apigateway._GONE}
    | {*lambda_._PASSING, *lambda_._PASSING_TEXTS, lambda_._GONE}
)


def test_the_fakes_refuse_something():
    assert len(REFUSALS) > 20


@pytest.mark.parametrize("words", [*REFUSALS, *RETRIED])
def test_an_assumed_error_has_a_row(words):
    assert words in TABLE


def test_each_row_says_how_it_is_known():
    rows = [line for line in TABLE.splitlines() if line.startswith("|") and not line.startswith(("|---", "| what"))]
    known = re.compile("recorded|documented|reported|unknown")
    assert [row for row in rows if not known.search(row.rstrip("|").rpartition("|")[2])] == []
