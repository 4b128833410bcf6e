"""Mistakes of an author are reported at their lines. Mistakes of the expansion are detected by a check."""

import json
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path

import pytest

from macro.cli.text.files import read_source
from tests.faults.template_defects.compact import LINTED, REFUSED, VALID
from tests.faults.template_defects.plain import PLAIN, make_mistake
from tests.faults.template_defects.promises import find_broken_promises
from tests.support.gateway_companion import TYPE, GatewayCompanion
from tests.support.gateways import FUNCTION
from tests.support.plain import find_dangling, refuse_by_api
from tests.support.thorough import mark_thorough

TESTS = Path(__file__).parents[2]
COMBINATIONS = sorted((TESTS / "golden_combinations").iterdir())
EVERYTHING = ("-c", "I", "E", "W", "-e", "-i", "I4010", "--format", "json")
GENERATED = [(base, name) for base, mistakes in PLAIN.items() for name in mistakes]
TITLE = "template defects noticed"


@pytest.fixture(autouse=True)
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


@cache
def read_golden(path):
    return read_source(str(path)).template


def write_mistake(mistake):
    """Write the author's template with the mistake. Returns the line and column of the expected message."""
    assert VALID.count(mistake.find) == 1
    before, _, after = VALID.replace(mistake.find, mistake.put).partition("»")
    Path("compact.yaml").write_text(before + after, "utf-8")
    return before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1


def lint(command, path):
    """The line, column and rule of each finding."""
    found = json.loads(command("lint", path, *EVERYTHING)[1] or "[]")
    starts = [(entry["Location"]["Start"], entry["Rule"]["Id"]) for entry in found]
    return [(start["LineNumber"], start["ColumnNumber"], rule) for start, rule in starts]


def find_faults(plain):
    """The findings of the project's own checks in a plain template."""
    yield from (f"promise: {problem}" for problem in find_broken_promises(plain))
    yield from (f"refers to nothing: {name}" for name in find_dangling(plain))
    for logical_id, resource in plain["Resources"].items():
        if "Properties" in resource:
            yield from (f"API: {logical_id}: {said}" for said in [refuse_by_api(resource)] if said)
            yield from (f"companion: {logical_id}: {said}" for said in [refuse_by_companion(resource)] if said)


def lint_plain(plain, command):
    Path("plain.json").write_text(json.dumps(plain), "utf-8")
    return [f"cfn-lint: {rule}" for _, _, rule in lint(command, "plain.json")]


def refuse_by_companion(resource):
    """The companion's reason to refuse a gateway; empty if the companion accepts the gateway."""
    if resource["Type"] != TYPE:
        return ""
    # The companion's log contains no findings.
    with redirect_stdout(StringIO()):
        return GatewayCompanion().create(resolve(resource["Properties"])).get("Reason", "")


def resolve(value):
    """The properties as CloudFormation sends them: a function's ARN or a text in place of references, and all other values as text."""
    if isinstance(value, list):
        return [resolve(part) for part in value]
    if not isinstance(value, dict):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if set(value) == {"Fn::GetAtt"}:
        return FUNCTION
    return "a text" if set(value) == {"Fn::Sub"} else {name: resolve(part) for name, part in value.items()}


def test_a_valid_compact_template_has_no_finding(command):
    Path("compact.yaml").write_text(VALID, "utf-8")

    assert command("expand", "compact.yaml")[::2] == (0, "")
    assert lint(command, "compact.yaml") == []


@pytest.mark.parametrize("path", COMBINATIONS, ids=lambda path: path.stem)
def test_a_valid_expansion_has_no_finding(path):
    assert list(find_faults(read_golden(path))) == []


@pytest.mark.parametrize("mistake", REFUSED.values(), ids=REFUSED)
def test_a_refused_mistake_of_an_author_is_reported_at_its_line(mistake, command, tally):
    line, column = write_mistake(mistake)

    code, plain, messages = command("expand", "compact.yaml")

    assert (code, plain) == (1, "")
    assert messages.startswith(f"compact.yaml:{line}:{column}: {mistake.said}")
    assert messages.count("compact.yaml:") == 1
    tally(TITLE)


@pytest.mark.parametrize("name", mark_thorough(LINTED, quick=["a Ref to nothing"]))
def test_cfn_lint_reports_a_mistake_of_an_author_at_its_line(name, command, tally):
    mistake = LINTED[name]
    line, column = write_mistake(mistake)

    assert (line, column, mistake.said) in lint(command, "compact.yaml")
    tally(TITLE)


def name_generated(generated):
    base, name = generated
    return f"{name}, {base}"


def is_quick(generated):
    base, name = generated
    return name == "an unknown property" or not PLAIN[base][name].noticed.startswith("cfn-lint")


QUICK = map(name_generated, filter(is_quick, GENERATED))


@pytest.mark.parametrize("generated", mark_thorough(GENERATED, quick=QUICK, name=name_generated), ids=name_generated)
def test_a_mistake_of_the_expansion_is_detected(generated, command, tally):
    base, name = generated
    mistake = PLAIN[base][name]
    plain = make_mistake(read_golden(TESTS / "golden_combinations" / f"{base}.yaml"), mistake)

    found = [*find_faults(plain), *(lint_plain(plain, command) if mistake.noticed.startswith("cfn-lint") else ())]

    assert any(said.startswith(mistake.noticed) for said in found)
    tally(TITLE)
