import io
import json
import subprocess

import pytest
from dotenv import dotenv_values
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.node import PARSE_ENV, needs_node
from transform_lambda.env.file import EnvError, encode_values, merge_env, merge_env_file, split_lines

NAMES = st.sampled_from(["table", "TABLE", "A", "_b", "STAGE_2"])
LINES = st.one_of(
    st.sampled_from(
        [
            "# a comment with = in it",
            "",
            "   ",
            "table=old",
            "export table=old",
            "table = 'old' # why",
            'table="two\nlines"',
            "A='it # is'",
            "B=`tick`",
            "STAGE_2=",
            "KEPT=\u2028x\u0085y\x0bz",
            "KEPT2=a=b=c",
            'KEPT3="x \\" y"',
            "  indented=1",
        ]
    ),
    st.builds("{}={}".format, NAMES, st.text("ab1$\\:/ .", max_size=6).map(str.strip)),
)
FILES = st.builds(
    lambda lines, end, last: end.join(lines) + (end if last else ""),
    st.lists(LINES, max_size=8),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
VALUES = st.dictionaries(NAMES, st.text(st.characters(codec="utf-8"), max_size=12), max_size=4)
RAW_VALUES = st.dictionaries(
    NAMES, st.text("ab1$\\:/'\"`=, .\u200b\u00e9\U0001f600", max_size=8).map(str.strip), max_size=4
)


def merged_or_none(text, values):
    try:
        return merge_env(text, values)
    except EnvError:
        return None


def read_plainly(text):
    return dict(line.split("=", 1) for line in text.replace("\r\n", "\n").split("\n") if "=" in line)


def read_by_dotenv(text):
    return dotenv_values(stream=io.StringIO(text, newline=""), interpolate=False)


def read_by_node(texts):
    script = (
        "const {parseEnv} = require('util'); const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "console.log(JSON.stringify(texts.map(text => parseEnv(text))))"
    )
    ran = subprocess.run(["node", "-e", script], input=json.dumps(texts), capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)


@pytest.mark.parametrize(
    ("text", "values", "merged"),
    [
        pytest.param("", {"table": "t-1"}, "table=t-1", id="an empty file gets the names"),
        pytest.param("", {"B": "2", "A": "1"}, "B=2\nA=1", id="a new file has no line end after the last value"),
        pytest.param("A=1\nB=2\n", {"A": "9"}, "A=9\nB=2\n", id="a name is replaced in its place"),
        pytest.param("A=1\r\nB=2\r\n", {"A": "9", "C": "3"}, "A=9\r\nB=2\r\nC=3\r\n", id="line ends stay"),
        pytest.param("A=1\nB=2", {"C": "3"}, "A=1\nB=2\nC=3\n", id="a missing last line end is made up for"),
        pytest.param("A=1\nB=2", {"B": "3"}, "A=1\nB=3", id="a missing last line end stays missing"),
        pytest.param("A=1\nB=2\nA=3\n", {"A": "9"}, "B=2\nA=9\n", id="the last of several stays"),
        pytest.param("export A=1\n", {"A": "9"}, "A=9\n", id="export goes, since a plain reader takes it for the name"),
        pytest.param("  A = 'x' # why\n# A=0\n", {"A": "9"}, "A=9\n# A=0\n", id="spaces, quotes and inline comment go"),
        pytest.param('A="x\nB=2\n"\nC=3\n', {"A": "9"}, "A=9\nC=3\n", id="a quoted value goes with all its lines"),
        pytest.param("A='x\ny'\r\n", {"A": "9"}, "A=9\r\n", id="line end of a quoted value's last line stays"),
        pytest.param("A=`x\ny`\n", {"A": "9"}, "A=9\n", id="a backtick value goes with all its lines"),
        pytest.param("'A'=1\n", {"A": "9"}, "A=9\n", id="a quoted name is the name"),
        pytest.param("\ufeffA=1\n", {"A": "9"}, "\ufeffA=9\n", id="a byte order mark stays first"),
        pytest.param("\ufeff", {"A": "9"}, "\ufeffA=9", id="a byte order mark alone stays first"),
        pytest.param("A=1\n\n", {"B": ""}, "A=1\n\nB=\n", id="an empty value is a value"),
        pytest.param("AB=1\n", {"A": "9"}, "AB=1\nA=9\n", id="a longer name is another name"),
        pytest.param("A=1", {}, "A=1", id="no values change nothing"),
        pytest.param("A\n# x\n", {}, "A\n# x\n", id="odd lines stay"),
    ],
)
def test_values_are_merged_into_the_text(text, values, merged):
    found = merge_env(text, values)

    assert found == merged


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("A", "s3cr3t\nx", "Env.A: readers of env files disagree about a value with a line break"),
        ("A", "s3cr3t\rx", "Env.A: readers of env files disagree about a value with a line break"),
        *(
            ("A", f"s3cr3t{end}x", "Env.A: readers of env files disagree about a value with a line break")
            for end in "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
        ),
        ("A", "s3cr3t\0x", "Env.A: readers of env files disagree about a value with a NUL"),
        ("A", "s3cr3t ", "Env.A: readers of env files disagree about a value that starts or ends with white space"),
        (
            "A",
            "\ufeffs3cr3t",
            "Env.A: readers of env files disagree about a value that starts or ends with white space",
        ),
        ("A", "s3cr3t#x", "Env.A: readers of env files disagree about a value with '#'"),
        ("A", "'s3cr3t", "Env.A: readers of env files disagree about a value that starts with a quote"),
        ("A", '"s3cr3t"', "Env.A: readers of env files disagree about a value that starts with a quote"),
        ("A", "`s3cr3t", "Env.A: readers of env files disagree about a value that starts with a quote"),
        ("A", "s3cr3t${B}", "Env.A: readers of env files disagree about a value with '${'"),
    ],
)
def test_a_value_that_readers_disagree_about_is_refused_by_name(name, value, problem):
    with pytest.raises(EnvError) as refused:
        merge_env("B=1\n", {name: value})

    assert str(refused.value) == f"{problem}; 'EnvEncoding: base64' carries it"
    assert "s3cr3t" not in str(refused.value)


@pytest.mark.parametrize("name", ["", "1A", "A B", "A-B", "A=B", "A\n", "Ä"])
def test_an_invalid_name_is_refused(name):
    with pytest.raises(EnvError) as refused:
        merge_env("", {name: "x"})

    assert str(refused.value) == f"Env.{name}: a name must be letters, digits and _, and not start with a digit"


def test_text_that_utf_8_cannot_encode_is_refused():
    with pytest.raises(EnvError) as refused:
        merge_env("", {"A": "\ud800"})

    assert str(refused.value) == "Env.A: must be Unicode text"


def test_a_value_that_is_not_text_is_refused():
    with pytest.raises(EnvError) as refused:
        merge_env("", {"A": 1})

    assert str(refused.value) == "Env.A: must be Unicode text"


def test_all_problems_are_reported_together():
    with pytest.raises(EnvError) as refused:
        merge_env("", {"A": "#", "B": "x", "C": "a\nb"})

    assert [line.split(":")[0] for line in str(refused.value).splitlines()] == ["Env.A", "Env.C"]


@pytest.mark.parametrize(
    ("text", "values", "problem"),
    [
        ("FOO\n", {"A": "1"}, "Env.A: Node would not find it: another line hides it (a quote or '=' is missing)"),
        (
            "B='x\nA=1\n'\n",
            {"B": "2"},
            None,
        ),
        (
            "A=1\nC='x\nA=2\n'\n",
            {"A": "3"},
            "Env.A: a plain split would not find it: another line hides it (a quote or '=' is missing)",
        ),
        (
            "A=`x\nB=`y`\n",
            {"A": "1"},
            "the env file: setting A would change what python-dotenv reads for B",
        ),
    ],
)
def test_a_file_that_hides_the_value_from_a_reader_is_refused(text, values, problem):
    try:
        merge_env(text, values)
        found = None
    except EnvError as refused:
        found = str(refused)

    assert found == problem


def test_a_merge_keeps_the_byte_order_mark_and_line_ends():
    merged = merge_env_file(b"\xef\xbb\xbf# caf\xc3\xa9\r\nA=1\r\n", {"A": "\u00e9"})

    assert merged == b"\xef\xbb\xbf# caf\xc3\xa9\r\nA=\xc3\xa9\r\n"


def test_a_file_that_is_not_utf_8_is_refused():
    with pytest.raises(EnvError) as refused:
        merge_env_file(b"A=\xff", {"A": "1"})

    assert str(refused.value) == "the env file is not UTF-8 (byte 2); save it as UTF-8"


def test_base64_carries_values_that_raw_cannot():
    values = {"A": " #'\n${x}\u00e9\0", "B": ""}

    encoded = encode_values(values, "base64")

    assert encoded == {"A": "ICMnCiR7eH3DqQA=", "B": ""}
    assert read_by_dotenv(merge_env("", encoded)) == encoded


def test_raw_values_stay_unchanged():
    assert encode_values({"A": " x "}, "raw") == {"A": " x "}


def test_an_unknown_encoding_names_the_known_ones():
    with pytest.raises(EnvError) as refused:
        encode_values({}, "hex")

    assert str(refused.value) == "EnvEncoding: must be one of raw, base64, got 'hex'"


def test_text_that_utf_8_cannot_encode_has_no_base64():
    with pytest.raises(EnvError) as refused:
        encode_values({"A": "\ud800"}, "base64")

    assert str(refused.value) == "Env.A: must be Unicode text"


@given(text=FILES, values=VALUES)
def test_every_untouched_line_keeps_its_bytes(text, values):
    merged = merged_or_none(text, values)

    if merged is not None:
        kept = "".join(line.text for line in split_lines(text) if line.name not in values)
        rest = "".join(line.text for line in split_lines(merged) if line.name not in values)
        assert rest.rstrip("\r\n") == kept.rstrip("\r\n")


@given(text=st.text(max_size=40))
def test_the_lines_of_a_text_join_to_the_text(text):
    assert "".join(line.text for line in split_lines(text)) == text


@given(text=FILES, values=RAW_VALUES)
def test_python_dotenv_and_a_plain_reader_read_the_merged_values(text, values):
    merged = merged_or_none(text, values)

    if merged is not None:
        before = {name: value for name, value in read_by_dotenv(text).items() if value is not None}
        assert {name: value for name, value in read_by_dotenv(merged).items() if value is not None} == before | values
        assert {name: read_plainly(merged).get(name) for name in values} == values


@given(values=RAW_VALUES)
def test_a_valid_file_accepts_every_valid_raw_value(values):
    safe = {name: f"x{value}" for name, value in values.items()}

    merged = merge_env("# good\nKEPT=1\n", safe)

    assert read_plainly(merged) == {"KEPT": "1"} | safe


@given(text=FILES, values=RAW_VALUES)
def test_a_second_merge_changes_nothing(text, values):
    merged = merged_or_none(text, values)

    if merged is not None:
        assert merge_env(merged, values) == merged


@given(text=FILES, name=NAMES, value=st.text(st.characters(codec="utf-8"), min_size=4, max_size=12))
def test_a_refusal_never_shows_the_value(text, name, value):
    try:
        merge_env(text, {name: f"se{value}cret"})
        message = ""
    except EnvError as refused:
        message = str(refused)

    assert f"se{value}cret" not in message


@needs_node(*PARSE_ENV)
def test_node_reads_the_merged_values():
    cases = []

    @given(text=FILES, values=RAW_VALUES)
    @settings(suppress_health_check=list(HealthCheck), database=None)
    def collect(text, values):
        merged = merged_or_none(text, values)
        if merged is not None:
            cases.append((merged, values))

    collect()
    found = read_by_node([merged for merged, _ in cases])

    assert [{name: read.get(name) for name in values} for read, (_, values) in zip(found, cases, strict=True)] == [
        values for _, values in cases
    ]
