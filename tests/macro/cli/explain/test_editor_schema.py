"""Completion, hover texts and underlined problems in an editor with the JSON Schema of a template with counters."""

import json
from pathlib import Path

import jsonschema
import pytest

from macro.cli.explain.editor_schema import print_schema
from macro.cli.text.files import read_source
from macro.counter.validate import load_schema
from macro.plugins import BUILT_IN
from tests.corpus.fetch import find_node_packages
from tests.support.language_server import run_editor
from tests.support.node import explain_lack

ROOT = Path(__file__).parents[4]
VALID = sorted([*ROOT.glob("samples/*.yaml"), *ROOT.glob("tests/golden/*/compact.*")])
VALID = [path for path in VALID if not path.parent.name.startswith("bad_")]
COUNTER = "Transform: HitCounterMacro\nResources:\n  Visits:\n    Type: HitCounter\n    Properties:\n"


@pytest.fixture(scope="module")
def editor(tmp_path_factory):
    # yaml-language-server 2 also runs on Node 20, although it asks for a newer version.
    lack = explain_lack(20)
    if lack:
        pytest.skip(lack)
    folder = find_node_packages() or pytest.skip(
        "the YAML language server is missing; run: python tests/corpus/fetch.py"
    )
    schema = tmp_path_factory.mktemp("schema") / "template.json"
    schema.write_text(print_schema(), "utf-8")
    with run_editor(folder, schema) as editor:
        yield editor


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(print_schema())
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def test_the_command_prints_the_schema(command):
    assert command("explain", "--schema") == (0, print_schema(), "")


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.parent.name + "/" + path.name)
def test_a_template_that_expands_has_nothing_underlined(validator, path):
    template = read_source(str(path)).template

    found = [error.message for error in validator.iter_errors(template)]

    assert found == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Shards: fast", "must be an integer from 1 to 64"),
        ("Gateway: htp", 'Value is not accepted. Valid values: "rest", "http", "custom".'),
        (
            "Path: hits",
            "must be a path of letters, digits and . _ : - with {name} as one of its parts, such as 'hits/{name}'",
        ),
        ("Env: [1]", ""),
        ("Exact: perhaps", "must be true or false"),
        ("Gatway: http", "Property Gatway is not allowed."),
        ("Stages: [größer]", "must be a stage name of 1 to 128 letters, digits, hyphens and underscores"),
        ("Shards: !Ref Shards", ""),
        ("Gateway: !Ref Gateway", ""),
        ("Env: {colour: !Sub '${Colour}', 'topic': !GetAtt Topic.Arn}", ""),
        ("Env: !If [IsProd, {a: b}, {c: d}]", ""),
        ("Code: ./handler", ""),
    ],
)
def test_an_editor_underlines_problems_with_the_messages_of_lint(editor, line, message):
    _, found = editor.open(f"{COUNTER}      {line}\n")

    assert found == ([(5, message)] if message else [])


def test_an_editor_completes_properties_and_values(editor):
    address, _ = editor.open(f"{COUNTER}      Gateway: \n      \n  Likes:\n    Type: \n")

    assert {"rest", "http", "custom"} <= set(editor.complete(address, 5, 15))
    assert set(load_schema()["properties"]) - {"Gateway"} <= set(editor.complete(address, 6, 6))
    assert "HitCounter" in editor.complete(address, 8, 10)


def test_an_editor_offers_the_installed_plugins(editor):
    address, _ = editor.open(f"{COUNTER}      Plugins:\n        - \n")

    assert set(BUILT_IN) <= set(editor.complete(address, 6, 10))


@pytest.mark.parametrize("name", list(load_schema()["properties"]))
def test_an_editor_explains_each_property_with_its_default(editor, name):
    rule = load_schema()["properties"][name]
    address, _ = editor.open(f"{COUNTER}      {name}: !Ref Value\n")

    text = editor.hover(address, 5, 8)

    assert plain(rule["description"])[:60] in plain(text)
    assert plain(f"Default: {rule['defaultText']}") in plain(text)


def plain(text):
    return "".join(letter for letter in text if letter.isalnum())
