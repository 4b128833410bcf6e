"""Quotes where YAML and CloudFormation read a scalar differently, and the columns before they were there."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from macro.cli.text.files import FileError, parse_source
from macro.cli.text.quoting import quote


def read(text):
    source = parse_source("t", text)
    return source, quote(source.text, source.texts)


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("12: a", "'12': a"),
        ("{010: a, yes: b, 1.50: c, 2026-01-02: d, ~: e}", "{'010': a, 'yes': b, '1.50': c, '2026-01-02': d, '~': e}"),
        ("Version: 2012-10-17", "Version: '2012-10-17'"),
        ("a: 0b1 # 12: 3", "a: 0b1 # 12: 3"),
        ("a: {&x 12: 1, b: *x}", "a: {&x '12': 1, b: *x}"),
        ("a: &m {1: 2}\nb: {<<: *m, 3: 4}", "a: &m {'1': 2}\nb: {<<: *m, '3': 4}"),
        ("a: ['12', \"12\", !Ref 12]", "a: ['12', \"12\", !Ref 12]"),
        ("a: =", "a: '='"),
    ],
)
def test_what_is_read_as_a_text_is_quoted(text, quoted):
    assert read(text)[1].text == quoted


def test_numbers_longer_than_python_writes_are_quoted():
    number = f"0x{'f' * 4_000}"

    assert read(f"a: {number}")[1].text == f"a: '{number}'"


def test_columns_are_those_before():
    source, quoted = read("a: {12: x, 2026-01-02: y, b: z}\nc: {d: e}")

    lines = quoted.text.split("\n")
    assert [quoted.find_column(0, lines[0].index(name)) for name in "xyz"] == [
        source.text.index(name) for name in "xyz"
    ]
    assert quoted.find_column(0, lines[0].index("'12'")) == source.text.index("12")
    assert quoted.find_column(1, lines[1].index("e")) == 7


SCALARS = st.sampled_from(["a", "'b'", "12", "010", "yes", "~", "1.5", "2026-01-02", "=", "0x1F", "é", '"q"', "1_000"])


@given(st.dictionaries(SCALARS, SCALARS, min_size=1), st.booleans())
def test_what_yaml_reads_then_has_texts_for_keys(pairs, is_flow):
    entries = [f"{key}: {value}" for key, value in pairs.items()]
    text = f"{{{', '.join(entries)}}}" if is_flow else "\n".join(entries)
    try:
        source, quoted = read(text)
    except FileError:
        return

    data = yaml.safe_load(quoted.text)

    assert list(data) == list(source.template)
