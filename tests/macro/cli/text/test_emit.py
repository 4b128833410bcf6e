"""YAML that means exactly what was written, in both of PyYAML's loaders, and reads as if written by hand."""

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from macro.cli.text.emit import write_flow, write_map, write_value
from macro.cli.text.files import parse_source

TEXTS = st.text(max_size=20) | st.sampled_from(
    ["yes", "no", "~", "null", "1", "1.5", "0x1f", "012", "1e3", "12:30", "2010-09-09", "<<", "=", "- a", "a: b", "a #b",
     "#", "'", '"', "\\", "a\nb", "a\nb\n", "a\n\nb\n", "a\n", "\n", " a", "a ", "a\n b\n", " a\nb", "a\tb", "a  b", "!x", "&a",
     "*a", "%a", "@a", "`a", "|", ">", "?", "? a", "{a}", "[a]", "a, b", "\u2028", "\x85", "\ufeff", "\x07", "👋", "${!a}",
     "word " * 40, "a:b", ":", "::", "a:", "Fn::If", "x" * 300]
)  # fmt: skip
LEAVES = TEXTS | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False)
KEYS = TEXTS | st.sampled_from(
    ["Ref", "Fn::Sub", "Fn::GetAtt", "Fn::If", "Fn::Transform", "Fn::ForEach::X", "Condition"]
)
DATA = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=15
)


def read(text, monkeypatch=None):
    return parse_source("x.yaml", text).template


@given(st.dictionaries(TEXTS, DATA, max_size=4))
@example({"a": {"Fn::GetAtt": ["A.B", "C"]}})
@example({"a": {"Fn::GetAtt": ["A", {"Ref": "B"}]}})
@example({"a": {"Fn::Base64": {"Fn::Sub": "x"}}})
@example({"a": [{"Fn::If": ["C", {"a": 1}, [[1], {}]]}]})
def test_block_style_means_the_same(data):
    assert read(write_map(data)) == data


@given(DATA)
def test_flow_style_means_the_same_on_one_line(data):
    text = write_flow(data)

    assert "\n" not in text
    assert read(f"key: {text}\n") == {"key": data}


@given(DATA, st.integers(1, 6))
def test_a_value_behind_its_key_means_the_same(data, step):
    assert read(f"key: {write_value(data, step, step)}\n") == {"key": data}


@given(st.dictionaries(TEXTS, DATA, max_size=4))
def test_the_pure_python_loader_reads_the_same(data):
    text = write_map(data)

    node = yaml.compose(text, Loader=yaml.SafeLoader)

    assert shape(node) == shape(yaml.compose(text, Loader=yaml.CSafeLoader))


def shape(node):
    if node.id == "mapping":
        return [(shape(key), shape(value)) for key, value in node.value]
    return [shape(item) for item in node.value] if node.id == "sequence" else (node.tag, node.value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"Ref": "Table"}, "!Ref Table"),
        ({"Fn::GetAtt": ["Table", "Arn"]}, "!GetAtt Table.Arn"),
        ({"Fn::Sub": "${AWS::StackName}-x"}, "!Sub ${AWS::StackName}-x"),
        ({"Fn::Sub": ["${A}", {"A": 1}]}, "!Sub\n  - ${A}\n  - A: 1"),
        ({"Fn::If": ["C", 1, {"Ref": "AWS::NoValue"}]}, "!If [C, 1, !Ref AWS::NoValue]"),
        ({"Fn::Base64": {"Ref": "A"}}, "\n  Fn::Base64: !Ref A"),
        ({"Fn::Transform": {"Name": "A"}}, "\n  Fn::Transform:\n    Name: A"),
        (["logs:PutLogEvents", "a, b"], '[logs:PutLogEvents, "a, b"]'),
        ("2012-10-17", '"2012-10-17"'),
        ("on", '"on"'),
        ('{"a": 1}', "'{\"a\": 1}'"),
        ("a\nb\n", "|\n  a\n  b"),
        ("a\nb", "|-\n  a\n  b"),
        ({}, "{}"),
        ([], "[]"),
        (None, "null"),
        (True, "true"),
        ([{"a": [{"b": 1}]}], "\n  - a:\n      - b: 1"),
    ],
)
def test_it_reads_as_if_written_by_hand(value, text):
    assert write_value(value, 2) == text
