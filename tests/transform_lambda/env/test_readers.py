import io
import json
import random
import re
import subprocess

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from tests.support.node import PARSE_ENV, needs_node
from transform_lambda.env.readers import read_dotenv, read_node, read_plain

ODD_PIECES = [
    *["A", "B", "=", "=", "\n", "\n", "\r\n", " ", "'", '"', "`", "#", "\\", "n", "export ", "\t", "${A}"],
    *["x", "\ufeff", "\u2028", "\x0b", "\u00a0", "\r", "."],
]
ODD_TEXTS = st.lists(st.sampled_from(ODD_PIECES), max_size=25).map("".join)


def test_a_plain_reader_ends_lines_at_line_feeds_only():
    found = read_plain("\ufeffA=1\r\nB = x\u2028y\x0bz = w\nno value\n#C=3\nA=2")

    assert found == {"A": "2", "B": "x\u2028y\x0bz = w", "#C": "3"}


@given(text=ODD_TEXTS)
def test_the_model_reads_odd_texts_like_python_dotenv(text):
    found = dotenv_values(stream=io.StringIO(text, newline=""), interpolate=False)

    assert read_dotenv(text) == {name: value for name, value in found.items() if value is not None}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A=1 # why\nexport B = 2\n", {"A": "1", "B": "2"}),
        ("=1\nA=1", {"A": "1"}),
        ("A='x\nB=1", {"B": "1"}),
        ("A='x' y\nB=1", {"B": "1"}),
        ("A= # why\nB=#1", {"A": "", "B": "#1"}),
        ("A=1\nA\n", {}),
        ("'A b'='it\\'s'\nB=\"x\\ty\"", {"A b": "it's", "B": "x\ty"}),
    ],
)
def test_the_model_reads_known_texts_like_python_dotenv(text, found):
    assert read_dotenv(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A=1 # why\nexport B = 2\n", {"A": "1", "B": "2"}),
        ("A='x\ny' z\nB=`t`\n", {"A": "x\ny", "B": "t"}),
        ('A="x\\ny"', {"A": "x\ny"}),
        ("FOO\nA=1\n", {"FOO\nA": "1"}),
        ("A=\nB=1", {"A": "", "B": "1"}),
        ("A='x\nB=1", {"A": "'x", "B": "1"}),
        ("A='x", {}),
        ("=1\nA=1", {}),
        ("FOO", {}),
        ("# A=1", {"# A": "1"}),
        ("A=1\rB=2", {"A": "1B=2"}),
    ],
)
def test_the_model_reads_known_texts_like_node(text, found):
    assert read_node(text) == found


@needs_node(*PARSE_ENV)
def test_the_model_reads_odd_texts_like_node():
    drawn = random.Random(7)
    texts = ["".join(drawn.choices(ODD_PIECES, k=drawn.randint(0, 25))) for _ in range(3000)]
    # A name of blanks alone makes Node read outside its text.
    texts = [text for text in texts if not re.search(r"(^|\n) *=", text.replace("\r", ""))]
    script = (
        "const {parseEnv} = require('util'); const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "console.log(JSON.stringify([process.version, texts.map(text => parseEnv(text))]))"
    )

    ran = subprocess.run(["node", "-e", script], input=json.dumps(texts), capture_output=True, text=True, check=True)
    version, found = json.loads(ran.stdout)

    if version.startswith("v20."):
        assert [read_node(text) for text in texts] == found
