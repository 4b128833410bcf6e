"""The cases in tests/golden. Each has a compact template, and its plain template or its problems."""

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
# Optional: the template has no description.
OPTIONAL = "I4010"
# Findings that cfn-lint rightly reports, by case.
NOTED = {"longest_id": "I3012"}
# The cases that a quick run lints: each gateway, a shared API, and the properties that change the result most.
LINTED = ("alarms_shared", "everything", "gateway_custom", "json", "shared_http")


def name(case):
    return case.name


def get_arguments(case):
    (compact,) = case.glob("compact.*")
    plugins = [f"--plugin={name}" for name in name_plugins(case)]
    parameters = ["--parameters-file=parameters.json"] if (case / "parameters.json").exists() else []
    return [compact.name, *plugins, *parameters]


def name_plugins(case):
    """The plug-ins in the case's folder, and the plug-ins that its ``plugins.txt`` lists."""
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
def test_all_problems_of_a_bad_template_are_reported(case, monkeypatch, capsys, update_golden):
    monkeypatch.chdir(case)

    code = main(["expand", *get_arguments(case)])

    output = capsys.readouterr()
    # The messages of libyaml differ between releases.
    compare(case / "problems.txt", re.sub(r"(?<=: broken (YAML|JSON): ).+", "…", output.err), update_golden)
    assert (code, output.out) == (1, "")


@pytest.mark.parametrize("case", GOOD, ids=name)
def test_an_expansion_changes_neither_its_input_nor_a_plain_template(case, monkeypatch):
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
def test_every_reference_in_the_plain_template_has_a_target(case):
    assert find_dangling(read_expanded(case)) == []


@pytest.mark.parametrize("case", GOOD, ids=name)
def test_the_apis_of_aws_accept_the_properties_of_every_resource(case):
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


def test_the_json_form_equals_the_yaml_form(command, monkeypatch):
    for case in GOOD:
        monkeypatch.chdir(case)
        _, text, _ = command("expand", *get_arguments(case), "--format", "json")

        assert json.loads(text) == read_expanded(case)


def test_problems_do_not_show_values_of_env():
    for case in BAD:
        assert "hunter" not in (case / "problems.txt").read_text("utf-8"), case.name
