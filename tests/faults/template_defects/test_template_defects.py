"""Seeded mistakes in templates: an author's are told at the very line, a generator's by some check or other."""

import json
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path

import pytest

from macro.cli.text.files import read_source
from tests.faults.template_defects.compact import LINTED, REFUSED, SOUND
from tests.faults.template_defects.plain import PLAIN, slipped
from tests.faults.template_defects.promises import find_broken_promises
from tests.support.gateway_companion import TYPE, GatewayCompanion
from tests.support.gateways import FUNCTION
from tests.support.plain import find_dangling, refuse_by_api
from tests.support.thorough import mark_thorough

TESTS = Path(__file__).parents[2]
COMBINATIONS = sorted((TESTS / "golden_combinations").iterdir())
EVERYTHING = ("-c", "I", "E", "W", "-e", "-i", "I4010", "--format", "json")
GENERATED = [(base, name) for base, slips in PLAIN.items() for name in slips]
TITLE = "template defects noticed"


@pytest.fixture(autouse=True)
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


@cache
def read_golden(path):
    return read_source(str(path)).template


def write_slip(slip):
    """Write the author's template with the slip; where it has to be told, as line and column."""
    assert SOUND.count(slip.find) == 1
    before, _, after = SOUND.replace(slip.find, slip.slip).partition("»")
    Path("compact.yaml").write_text(before + after, "utf-8")
    return before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1


def lint(command, path):
    """Line, column and rule of each finding."""
    found = json.loads(command("lint", path, *EVERYTHING)[1] or "[]")
    starts = [(entry["Location"]["Start"], entry["Rule"]["Id"]) for entry in found]
    return [(start["LineNumber"], start["ColumnNumber"], rule) for start, rule in starts]


def find_faults(plain):
    """What our own checks say of a plain template."""
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
    """Why the companion refuses a gateway; empty where it takes it."""
    if resource["Type"] != TYPE:
        return ""
    # What it logs is no finding.
    with redirect_stdout(StringIO()):
        return GatewayCompanion().create(as_sent(resource["Properties"])).get("Reason", "")


def as_sent(value):
    """References stand for a function's ARN, or for a text; all else becomes text."""
    if isinstance(value, list):
        return [as_sent(part) for part in value]
    if not isinstance(value, dict):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if set(value) == {"Fn::GetAtt"}:
        return FUNCTION
    return "a text" if set(value) == {"Fn::Sub"} else {name: as_sent(part) for name, part in value.items()}


def test_a_sound_template_of_an_authors_is_told_nothing(command):
    Path("compact.yaml").write_text(SOUND, "utf-8")

    assert command("expand", "compact.yaml")[::2] == (0, "")
    assert lint(command, "compact.yaml") == []


@pytest.mark.parametrize("path", COMBINATIONS, ids=lambda path: path.stem)
def test_a_sound_expansion_has_no_fault(path):
    assert list(find_faults(read_golden(path))) == []


@pytest.mark.parametrize("slip", REFUSED.values(), ids=REFUSED)
def test_an_authors_mistake_is_refused_at_its_line(slip, command, tally):
    line, column = write_slip(slip)

    code, plain, told = command("expand", "compact.yaml")

    assert (code, plain) == (1, "")
    assert told.startswith(f"compact.yaml:{line}:{column}: {slip.said}")
    assert told.count("compact.yaml:") == 1
    tally(TITLE)


@pytest.mark.parametrize("name", mark_thorough(LINTED, quick=["a Ref to nothing"]))
def test_an_authors_mistake_is_found_at_its_line(name, command, tally):
    slip = LINTED[name]
    line, column = write_slip(slip)

    assert (line, column, slip.said) in lint(command, "compact.yaml")
    tally(TITLE)


def name_generated(generated):
    base, name = generated
    return f"{name}, {base}"


def is_quick(generated):
    base, name = generated
    return name == "an unknown property" or not PLAIN[base][name].noticed.startswith("cfn-lint")


QUICK = map(name_generated, filter(is_quick, GENERATED))


@pytest.mark.parametrize("generated", mark_thorough(GENERATED, quick=QUICK, name=name_generated), ids=name_generated)
def test_a_generators_mistake_is_noticed(generated, command, tally):
    base, name = generated
    slip = PLAIN[base][name]
    plain = slipped(read_golden(TESTS / "golden_combinations" / f"{base}.yaml"), slip)

    found = [*find_faults(plain), *(lint_plain(plain, command) if slip.noticed.startswith("cfn-lint") else ())]

    assert any(said.startswith(slip.noticed) for said in found)
    tally(TITLE)
