"""The quick test of a counter's properties always agrees with jsonschema."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from macro.counter.accept import compile_schema
from macro.counter.validate import check_properties, load_schema

SCHEMA = load_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
ACCEPT = compile_schema(SCHEMA, SCHEMA)
TEXTS = st.sampled_from(
    ["", "x", "{name}", "/a/{name}", "GET", "get", "rest", "http", "s3://b/k", "s3://b", ".env", "../x", "a//b", "a/./b",
     "arn:x", "aws:x", "prod", "mapped", "python3.13", "index.handler", "Ref", "Fn::If", "Fn::Transform", "A", "1A"]
)  # fmt: skip
LEAVES = TEXTS | st.integers(-2, 70) | st.booleans() | st.none() | st.floats(allow_nan=False) | st.just(4.0)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(TEXTS | st.sampled_from(["S3Bucket", "S3Key", "Env", "Table"]), inner, max_size=3)
    ),
    max_leaves=8,
)
PROPERTIES = st.dictionaries(st.sampled_from([*SCHEMA["properties"], "Other"]), VALUES, max_size=4)


@given(PROPERTIES)
@example({"Other": "x"})
@example({"Path": "/a/{name}", "Shards": 64})
def test_quick_test_and_jsonschema_agree_on_any_properties(properties):
    assert ACCEPT(properties) == VALIDATOR.is_valid(properties)
    assert bool(check_properties(properties, ())) != VALIDATOR.is_valid(properties)


@given(st.sampled_from(list(SCHEMA["properties"])), VALUES)
def test_quick_test_and_jsonschema_agree_on_one_property(name, value):
    assert ACCEPT({name: value}) == VALIDATOR.is_valid({name: value})


@given(PROPERTIES)
def test_each_problem_has_a_place_and_a_remedy(properties):
    for problem in check_properties(properties, ("Properties",)):
        assert problem.path[0] == "Properties"
        assert problem.text.startswith(("must be", "unknown property"))


def test_an_unsupported_keyword_is_an_error():
    with pytest.raises(KeyError, match="contains"):
        compile_schema({"contains": {"type": "string"}}, {})


def test_the_schema_is_valid_and_describes_all_properties():
    Draft202012Validator.check_schema(SCHEMA)
    for name, rule in SCHEMA["properties"].items():
        assert rule["description"].endswith("."), name
        assert rule["defaultText"], name
