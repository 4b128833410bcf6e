"""The output of ``hitcounter explain`` equals the schema and the plug-ins, in each format."""

import json

from macro.cli.explain.explain import GIVEN, explain
from macro.counter.literals import collect_parameters
from macro.counter.read import read_counter
from macro.counter.validate import load_schema
from macro.plugins import BUILT_IN
from macro.template.counters import Counter


def test_every_property_attribute_plugin_and_value_is_explained(command):
    code, out, err = command("explain", "--format", "json")

    entries = json.loads(out)
    assert (code, err) == (0, "")
    assert [entry["name"] for entry in entries["properties"]] == list(load_schema()["properties"])
    assert [entry["name"] for entry in entries["plugins"]] == list(BUILT_IN)
    assert {"name": "TableArn", "plugins": ["table"]} in entries["attributes"]
    assert entries["plugins"][0] == {
        "name": "table",
        "summary": "The counter's DynamoDB table: one item per name. The table outlives its stack.",
        "inputs": ["counter_id", "tags", "table_properties"],
        "outputs": ["table_name", "table_arn"],
    }


def test_the_explained_values_are_the_inputs_that_exist_before_any_plugin_runs():
    given = read_counter(Counter("Visits", {}, {}), collect_parameters({}, {}), "")

    assert set(GIVEN) == set(given.values)


def test_a_topic_is_printed_alone(command):
    for topic in ("properties", "attributes", "plugins", "values"):
        assert list(json.loads(command("explain", topic, "--format", "json")[1])) == [topic]


def test_the_text_fits_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")

    lines = explain("properties", "text").split("\n")

    assert max(map(len, lines)) <= 82
    assert lines[0] == "Properties"
    assert any(line.startswith("  Gateway") for line in lines)


def test_markdown_is_a_table_with_a_row_for_each_property():
    lines = explain("properties", "markdown").rstrip().split("\n")

    assert lines[:2] == ["| property | value | default |", "| --- | --- | --- |"]
    assert len(lines) == 2 + len(load_schema()["properties"])


def test_a_plugin_of_the_command_line_is_explained_too(command, tmp_path):
    (tmp_path / "mine.py").write_text(
        '"""Mine."""\nINPUTS = ()\nOUTPUTS = ("my_arn",)\ndef build(values): ...\n', "utf-8"
    )

    entries = json.loads(command("explain", "--format", "json", "--plugin", tmp_path / "mine.py")[1])

    assert entries["plugins"][-1]["name"] == "mine"
    assert entries["attributes"][-1] == {"name": "MyArn", "plugins": ["mine"]}
