"""Independent scanners look at every expansion, its native form and the installation; what they may say is written down."""

import pytest

from tests.gate.allow_list import KEYS, is_allowed, read_entries
from tests.gate.policies import write_policies
from tests.gate.scan import SCANNERS, Finding, Inputs, ask_checkov
from tests.gate.templates import NATIVE, read, write_templates
from tests.gate.tools import check_tools

pytestmark = pytest.mark.gate


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    check_tools()
    folder = tmp_path_factory.mktemp("scanned")
    (folder / "templates").mkdir()
    write_templates(folder / "templates")
    write_policies(folder / "policies.json")
    return Inputs(folder / "templates", folder / "policies.json")


@pytest.mark.parametrize("scanner", SCANNERS)
def test_a_scanner_finds_nothing_but_what_is_allowed(scanner, inputs, tally):
    entries = read_entries(scanner)

    found = list(SCANNERS[scanner](inputs))

    other = [each for each in found if not any(is_allowed(entry, each) for entry in entries)]
    stale = [entry for entry in entries if not any(is_allowed(entry, each) for each in found)]
    tally("scanner findings allowed", len(found) - len(other))
    tally("scanner findings not allowed", len(other))
    tally("templates scanned", len(list(inputs.templates.iterdir())), most=True)
    assert (other, stale) == ([], [])


def test_checkov_says_few_things_of_a_default_counter_and_of_the_installation(inputs, tmp_path):
    for name in ("minimal", f"minimal{NATIVE}", "install"):
        (tmp_path / f"{name}.json").write_bytes((inputs.templates / f"{name}.json").read_bytes())

    found = list(ask_checkov(Inputs(tmp_path, inputs.policies)))

    of_the_installation = {each.id for each in found if each.template == "install"}
    of_the_counter = {each.id for each in found if each.template != "install"}
    assert len(of_the_counter) <= 7
    # What is accepted stands in the template, with its reason, for whoever scans it.
    assert len(of_the_installation) <= 1


def test_each_entry_of_the_allow_list_has_its_reason():
    entries = [entry for scanner in SCANNERS for entry in read_entries(scanner)]

    assert [entry for entry in entries if not ({"id", "because"} <= set(entry) <= KEYS and entry["because"])] == []


def test_an_entry_holds_for_its_rule_templates_and_resources_alone():
    entry = {"id": "R1", "templates": ["stages_*", "minimal"], "resources": "*Table"}
    finding = Finding("R1", f"minimal{NATIVE}", "VisitsTable", "")

    others = [finding._replace(id="R2"), finding._replace(template="tags"), finding._replace(resource="VisitsStage")]

    assert [is_allowed(entry, each) for each in [finding, *others]] == [True, False, False, False]
    assert is_allowed({"id": "R1"}, finding)


def test_lambdas_own_function_stands_for_the_companions_in_the_native(inputs):
    plain, native = (read(inputs.templates / f"everything{form}.json")["Resources"] for form in ("", NATIVE))

    kinds = {name: each["Type"] for name, each in native.items() if each != plain[name]}
    properties = native["VisitsFunction"]["Properties"]

    assert kinds == {"VisitsFunction": "AWS::Lambda::Function"}
    assert set(plain["VisitsFunction"]["Properties"]) - set(properties) == {
        "ServiceToken",
        "ServiceTimeout",
        "Env",
        "EnvFile",
    }
    assert properties["Tags"] == [{"Key": "Team", "Value": "web"}]
