"""Every case in tests/golden: a compact template, and the plain one it becomes or the problems it has."""

import copy
import json
import re
from pathlib import Path

import pytest

from macro.cli.main import main
from macro.cli.preview.plugin_files import load_plugin_files
from macro.cli.preview.preview import preview
from macro.cli.text.files import parse_source
from macro.expand import expand
from macro.plugins import find_plugin
from tests.support.plain import find_dangling, refuse_by_api
from tests.support.thorough import mark_thorough

CASES = sorted((Path(__file__).parent / "golden").iterdir())
GOOD = [case for case in CASES if not case.name.startswith("bad_")]
BAD = [case for case in CASES if case.name.startswith("bad_")]
# An optional note in a template about why it is as it is.
OPTIONAL = "I4010"
# What a case is about, and cfn-lint rightly notes.
NOTED = {"longest_id": "I3012"}
# What a quick run lints: a case of each gateway, one of them shared, and of what else shapes the result.
LINTED = ("alarms_shared", "everything", "gateway_custom", "json", "shared_http")


def name(case):
    return case.name


def get_arguments(case):
    (compact,) = case.glob("compact.*")
    plugins = [f"--plugin={name}" for name in name_plugins(case)]
    parameters = ["--parameters-file=parameters.json"] if (case / "parameters.json").exists() else []
    return [compact.name, *plugins, *parameters]


def name_plugins(case):
    """The case's own plug-ins, and those its ``plugins.txt`` lists."""
    listed = case / "plugins.txt"
    return [path.name for path in sorted(case.glob("*.py"))] + (listed.read_text().split() if listed.exists() else [])


def compare(path, text, update_golden):
    if update_golden:
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


def expand_case(case, monkeypatch, capsys):
    monkeypatch.chdir(case)
    code = main(["expand", *get_arguments(case)])
    output = capsys.readouterr()
    assert code == 0, output.err
    return output.out


@pytest.mark.parametrize("case", GOOD, ids=name)
def test_a_compact_template_becomes_the_plain_one(case, monkeypatch, capsys, update_golden):
    text = expand_case(case, monkeypatch, capsys)

    compare(case / f"expanded{get_suffix(case)}", text, update_golden)
    assert expand_case(case, monkeypatch, capsys) == text


@pytest.mark.parametrize("case", BAD, ids=name)
def test_a_bad_template_is_told_all_its_problems(case, monkeypatch, capsys, update_golden):
    monkeypatch.chdir(case)

    code = main(["expand", *get_arguments(case)])

    output = capsys.readouterr()
    # What is broken is told in libyaml's words, which differ from release to release.
    compare(case / "problems.txt", re.sub(r"(?<=: broken (YAML|JSON): ).+", "…", output.err), update_golden)
    assert (code, output.out) == (1, "")


@pytest.mark.parametrize("case", GOOD, ids=name)
def test_expanding_leaves_its_input_alone_and_its_output_as_it_is(case, monkeypatch):
    monkeypatch.chdir(case)
    (compact,) = case.glob("compact.*")
    source = parse_source(compact.name, compact.read_text("utf-8"))
    before = copy.deepcopy(source.template)
    plugins = load_plugin_files(name_plugins(case))
    parameters = {"Method": "PUT", "Gateway": "http"} if (case / "parameters.json").exists() else {}

    plain = preview(source.template, parameters, lambda plugin: find_plugin(plugin, plugins)).template

    assert source.template == before
    assert expand(plain) == plain


@pytest.mark.parametrize("case", GOOD, ids=name)
def test_nothing_in_the_plain_template_refers_to_nothing(case):
    assert find_dangling(read_expanded(case)) == []


@pytest.mark.parametrize("case", GOOD, ids=name)
def test_aws_would_take_the_properties_of_every_resource(case):
    resources = read_expanded(case)["Resources"]

    refused = {key: refuse_by_api(resource) for key, resource in resources.items() if isinstance(resource, dict)}

    assert {key: report for key, report in refused.items() if report} == {}


@pytest.mark.parametrize("case", mark_thorough(GOOD, quick=LINTED, name=name), ids=name)
def test_cfn_lint_finds_nothing(case, monkeypatch, capsys):
    monkeypatch.chdir(case)

    ignored = [OPTIONAL, NOTED.get(case.name, OPTIONAL)]
    code = main(["lint", *get_arguments(case), "-c", "I", "E", "W", "-e", "-i", *ignored])

    output = capsys.readouterr()
    assert (code, output.out, output.err) == (0, "", "")


def read_expanded(case):
    path = case / f"expanded{get_suffix(case)}"
    return parse_source(path.name, path.read_text("utf-8")).template


def get_suffix(case):
    (compact,) = case.glob("compact.*")
    return compact.suffix


def test_the_json_form_says_the_same_as_the_yaml_form(command, monkeypatch):
    for case in GOOD:
        monkeypatch.chdir(case)
        _, text, _ = command("expand", *get_arguments(case), "--format", "json")

        assert json.loads(text) == read_expanded(case)


def test_no_value_of_an_env_is_shown_with_a_problem():
    for case in BAD:
        assert "hunter" not in (case / "problems.txt").read_text("utf-8"), case.name
