"""Secure dynamic references are found wherever CloudFormation's functions can put them together."""

import pytest

from macro.template.dynamic_references import find_secure_references

SECRET = "{{resolve:secretsmanager:prod/db:SecretString:password}}"
PARAMETERS = {"Secret": SECRET, "Kind": "ssm-secure", "List": ["x", "{{resolve:ssm-secure:n:1}}"], "Count": 4}
MAPPINGS = {"Map": {"prod": {"password": SECRET, "plain": "x"}, "test": {"password": "x", "plain": "x"}}}
SECURE = "{{resolve:ssm-secure:n:1}}"


def find(node):
    return [(found.path, found.reference) for found in find_secure_references(node, (), PARAMETERS, MAPPINGS)]


@pytest.mark.parametrize(
    ("node", "path", "reference"),
    [
        pytest.param(SECRET, (), SECRET, id="text"),
        pytest.param(f"postgres://u:{SECRET}@h", (), SECRET, id="within a text"),
        pytest.param({"a": [{"b": SECRET}]}, ("a", 0, "b"), SECRET, id="nested"),
        pytest.param({"Ref": "Secret"}, (), SECRET, id="a parameter"),
        pytest.param({"Ref": "List"}, (), SECURE, id="a list parameter"),
        pytest.param({"Fn::Select": [1, {"Ref": "List"}]}, ("Fn::Select", 1), SECURE, id="a selected item"),
        pytest.param({"Fn::Sub": f"x{SECRET}"}, (), SECRET, id="Sub"),
        pytest.param({"Fn::Sub": "{{resolve:${Kind}:n:1}}"}, (), SECURE, id="Sub of a parameter"),
        pytest.param({"Fn::Sub": ["${a}b", {"a": SECRET}]}, (), SECRET, id="a variable of Sub"),
        pytest.param(
            {"Fn::Sub": ["{{resolve:${a}:n:1}}", {"a": {"Fn::If": ["C", "ssm", {"Ref": "Kind"}]}}]},
            (), SECURE, id="a branch in a variable of Sub",
        ),
        pytest.param(
            {"Fn::Sub": "{{resolve:secretsmanager:${AWS::StackName}}}"},
            (), "{{resolve:secretsmanager:?}}", id="a name that is not known",
        ),
        pytest.param({"Fn::Join": ["", ["{{resolve:", {"Ref": "Kind"}, ":n:1}}"]]}, (), SECURE, id="Join"),
        pytest.param({"Fn::Join": [":", ["{{resolve", "ssm-secure", "n", "1}}"]]}, (), SECURE, id="Join by colons"),
        pytest.param({"Fn::If": ["C", "x", SECRET]}, ("Fn::If", 2), SECRET, id="a branch"),
        pytest.param({"Fn::FindInMap": ["Map", "prod", "password"]}, (), SECRET, id="a mapping"),
        pytest.param({"Fn::FindInMap": ["Map", {"Ref": "Stage"}, "password"]}, (), SECRET, id="any key of a mapping"),
        pytest.param({"Fn::Base64": SECRET}, ("Fn::Base64",), SECRET, id="another function"),
        pytest.param({"Fn::Split": [",", f"a,{SECRET}"]}, ("Fn::Split", 1), SECRET, id="Split"),
    ],
)  # fmt: skip
def test_a_secure_reference_is_found_with_its_place(node, path, reference):
    assert find(node) == [(path, reference)]


@pytest.mark.parametrize(
    "node",
    [
        "{{resolve:ssm:/prod/plain:1}}",
        {"Fn::Sub": "{{resolve:ssm:${Kind}}}"},
        {"Fn::FindInMap": ["Map", "test", "password"]},
        {"Fn::FindInMap": ["Map", {"Ref": "Stage"}, "plain"]},
        {"Fn::GetAtt": ["{{resolve:secretsmanager:", "x"]},
        {"Ref": "Count"},
        {"Ref": ["Secret"]},
        {"Fn::Sub": [1, 2, 3]},
        {"Fn::Sub": None},
        {"Fn::Join": "x"},
        {"Fn::FindInMap": ["Map"]},
        {"Fn::Sub": "${!Secret}"},
        [None, 1, True, {}],
    ],
    ids=str,
)
def test_everything_else_is_none(node):
    assert find(node) == []


def test_a_text_with_very_many_alternatives_ends():
    either = {"Fn::If": ["C", "a", "b"]}
    many = {"Fn::Join": ["", [either] * 40]}
    assert find({"Fn::Sub": ["${x}", {"x": many}]}) == []
