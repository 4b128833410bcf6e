"""What the READMEs say is what the code does: tables, blocks of code, commands, links."""

import re
from pathlib import Path

import pytest

from macro.local.cli import make_parser
from macro.local.cloud.changes import Change, print_changes
from macro.local.explain import explain
from macro.plugins import BUILT_IN
from macro.validate import load_schema

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
READMES = [README, ROOT / "macro" / "README.md", ROOT / "transform_lambda" / "README.md"]
TABLES = [(README, "properties"), (README, "attributes"), (READMES[1], "values"), (READMES[1], "plugins")]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("path", "topic"), TABLES, ids=lambda value: getattr(value, "name", value))
def test_a_table_is_what_the_command_prints(path, topic, update_golden):
    text = path.read_text("utf-8")
    pattern = re.compile(
        f"(<!-- {topic}: hitcounter explain {topic} --format markdown -->\n).*?(<!-- /{topic} -->)", re.DOTALL
    )
    table = f"\n{explain(topic, 'markdown')}\n"

    if update_golden:
        path.write_text(pattern.sub(lambda match: match[1] + table + match[2], text), "utf-8")

    assert pattern.search(path.read_text("utf-8"))[0].split("-->\n", 1)[1].rsplit("<!--", 1)[0] == table


@pytest.mark.parametrize("path", READMES[:2], ids=lambda path: path.parent.name)
def test_a_block_that_names_a_file_is_in_that_file(path):
    named = [
        block.split("\n", 1) for _, block in BLOCK.findall(path.read_text("utf-8")) if block.startswith("# samples/")
    ]

    assert named
    for name, block in named:
        sample = (ROOT / name.removeprefix("# ")).read_text("utf-8")
        assert block in sample, name


def test_the_problems_shown_are_the_problems_told(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = [block for _, block in BLOCK.findall(README.read_text("utf-8"))]
    (shown,) = [block for block in blocks if block.startswith("$ hitcounter expand")]
    Path("bad.yaml").write_text(
        "Transform: HitCounterMacro\nResources:\n  Visits:\n    Type: HitCounter\n    Properties:\n"
        "      Shards: fast\n      Gatway: http\n",
        "utf-8",
    )

    code, out, err = command(*shown.split("\n")[0].removeprefix("$ hitcounter ").split())

    assert (code, out) == (1, "")
    assert err == shown.partition("\n")[2]


def test_the_changes_shown_are_the_changes_told():
    blocks = [block for _, block in BLOCK.findall(README.read_text("utf-8"))]
    (shown,) = [block for block in blocks if block.startswith("$ hitcounter deploy")]
    changes = [
        Change("change", "VisitsFunction", "Custom::LambdaFunction", ("Env",)),
        Change("replace", "VisitsTable", "AWS::DynamoDB::Table", ("TableName",), is_kept=True),
    ]

    assert f"\nhits:\n{print_changes(changes)}\n" in shown


def test_ci_runs_the_readmes_test_command():
    commands = [block.strip() for kind, block in BLOCK.findall(README.read_text("utf-8")) if kind == "sh"]
    ci = (ROOT / ".ci" / "run").read_text("utf-8").split("\n")

    assert [line for line in commands if "pytest" in line and line in ci]


def test_every_command_property_and_plugin_is_told():
    text = README.read_text("utf-8")
    commands = next(action for action in make_parser()._actions if action.choices)

    assert all(f"`hitcounter {name}" in text for name in commands.choices)
    assert all(f"| `{name}` |" in text for name in load_schema()["properties"])
    assert all(f"| `{name}` |" in READMES[1].read_text("utf-8") for name in BUILT_IN)


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.parent.name)
def test_every_link_leads_somewhere(path):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text("utf-8"))

    assert links or path != README
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_every_sample_is_told():
    text = README.read_text("utf-8")

    assert all(f"samples/{sample.name}" in text for sample in (ROOT / "samples").iterdir() if sample.name != "handler")
    assert "samples/handler" in text
