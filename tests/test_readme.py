"""What the READMEs say is what the code does: tables, blocks of code, commands, links."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from macro.cli.commands.init import write_starter
from macro.cli.explain.explain import explain
from macro.cli.main import make_parser
from macro.counter.validate import load_schema
from macro.plugins import BUILT_IN
from tests.corpus.fetch import MERMAID
from tests.support.blocks import GUIDE, README, ROOT, find_blocks
from tests.support.browser import find_browser, open_browser

READMES = [README, ROOT / "macro" / "README.md", ROOT / "transform_lambda" / "README.md", GUIDE]
TABLES = [(README, "properties"), (README, "attributes"), (READMES[1], "values"), (READMES[1], "plugins")]
PICTURES = [
    ("samples/minimal.yaml", "samples/pictures/minimal.svg", ()),
    (
        "samples/plugin/template.yaml",
        "tests/golden_samples/plugin.svg",
        ("--plugin", "topic=samples/plugin/hitcounter_topic.py"),
    ),
]


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


@pytest.mark.parametrize("path", [README, READMES[1], GUIDE], ids=lambda path: path.parent.name)
def test_a_block_that_names_a_sample_is_in_that_file(path):
    named = [block for block in find_blocks(path) if block.is_sample()]

    assert named
    for block in named:
        sample = (ROOT / block.name).read_text("utf-8")
        excerpt = block.text.partition("\n")[2]
        assert excerpt in sample, block.name


@pytest.mark.parametrize("path", [README, GUIDE], ids=lambda path: path.parent.name)
def test_no_block_is_left_untried(path):
    tried = [
        block
        for block in find_blocks(path)
        if block.is_sample() or block.is_shown() or block.name or block.language in ("sh", "mermaid")
    ]
    rest = [block.text for block in find_blocks(path) if block not in tried]

    assert all(text.lstrip().startswith(("repos:", "table = base64.")) for text in rest)
    # The one is compared below, the other runs in tests/engine/test_function_life.py.
    assert len(rest) == (0 if path == README else 2)


@pytest.mark.thorough
def test_templates_of_the_guide_are_clean(command, tmp_path, monkeypatch):
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    write_starter(tmp_path / "hits")
    monkeypatch.chdir(tmp_path)
    templates = [
        block for block in find_blocks(GUIDE) if block.language == "yaml" and block.name and not block.is_sample()
    ]

    assert templates
    for block in templates:
        Path(block.name).write_text(block.text, "utf-8")
        assert command("lint", block.name) == (0, "", "")


def test_the_guide_begins_with_what_init_writes(tmp_path):
    write_starter(tmp_path)
    shown = next(block for block in find_blocks(GUIDE) if block.name == "hits/template.yaml")

    assert shown.text.partition("\n")[2] in (tmp_path / "template.yaml").read_text("utf-8")


def test_the_hooks_shown_are_there():
    (shown,) = [yaml.safe_load(block.text) for block in find_blocks(GUIDE) if block.text.startswith("repos:")]
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))

    assert {hook["id"] for hook in shown["repos"][0]["hooks"]} == {hook["id"] for hook in hooks}


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.parent.name)
def test_options_in_running_text_are_the_commands_own(path):
    parsers = next(action for action in make_parser()._actions if action.choices).choices
    commands = re.findall(r"`hitcounter ((?!env)[a-z]+)([^`]*)`", path.read_text("utf-8"))

    for name, rest in commands:
        known = {option for action in parsers[name]._actions for option in action.option_strings}
        assert set(re.findall(r"(?<!\S)--?[a-z][a-z-]*", rest)) <= known, (name, rest)


@pytest.mark.parametrize(("sample", "picture", "plugins"), PICTURES, ids=lambda value: str(value))
def test_a_drawn_sample_is_what_the_command_draws(command, monkeypatch, update_golden, sample, picture, plugins):
    monkeypatch.chdir(ROOT)

    code, text, errors = command("graph", sample, "--format", "svg", "--detail", "plugins", *plugins)

    if update_golden:
        Path(picture).write_text(text, "utf-8")
    assert (code, errors) == (0, "")
    assert Path(picture).read_text("utf-8") == text


@pytest.mark.thorough
@pytest.mark.skipif(not find_browser(), reason="no Chromium is here")
@pytest.mark.skipif(not MERMAID.is_file(), reason="run tests/corpus/fetch.py first")
def test_diagrams_can_be_drawn(tmp_path):
    diagrams = [block.text for block in find_blocks(GUIDE) if block.language == "mermaid"]
    (tmp_path / "page.html").write_text("<!DOCTYPE html><meta charset=utf-8>", "utf-8")

    with open_browser() as page:
        page.open(tmp_path / "page.html")
        page.evaluate(MERMAID.read_text("utf-8") + ";mermaid.initialize({startOnLoad: false})")
        drawn = [
            page.evaluate(f"mermaid.render('drawn', {json.dumps(text)}).then((made) => made.svg)") for text in diagrams
        ]

    assert len(drawn) == 2
    assert all("companion" in svg or "compact template" in svg for svg in drawn)


def test_ci_runs_the_readmes_test_command():
    commands = [block.text.strip() for block in find_blocks(README) if block.language == "sh"]
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
    links = re.findall(r"\]\((?!https?:)([^)#]+)|src=\"([^\"]+)", path.read_text("utf-8"))
    links = [link or source for link, source in links]

    assert links or path != README
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.parent.name)
def test_every_link_to_a_heading_leads_to_one(path):
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", path.read_text("utf-8")):
        text = (path.parent / target).read_text("utf-8") if target else path.read_text("utf-8")
        headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert anchor in anchors, (target, anchor)


def test_every_sample_is_told():
    text = GUIDE.read_text("utf-8")
    samples = {sample.name for sample in (ROOT / "samples").iterdir()} - {"README.md", "pictures"}

    assert [name for name in samples if f"]({name})" not in text] == []


def test_every_picture_is_shown():
    text = README.read_text("utf-8") + GUIDE.read_text("utf-8")

    assert [
        path.name for path in (ROOT / "samples" / "pictures").iterdir() if f"pictures/{path.name}" not in text
    ] == []
