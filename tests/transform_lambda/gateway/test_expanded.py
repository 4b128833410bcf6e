"""Gateways of counters, as the macro writes them and CloudFormation sends them, with the strict fake of API Gateway."""

import re
from pathlib import Path

import pytest

from macro.cli.text.files import read_source
from tests.support.gateway_companion import TYPE, GatewayCompanion
from tests.support.gateways import FUNCTION

PSEUDO = {"Partition": "aws", "Region": "eu-west-1", "AccountId": "123456789012", "StackName": "app"}

TESTS = Path(__file__).parents[2]
CASES = [
    *TESTS.glob("golden_combinations/custom_*.yaml"),
    *(TESTS / "golden" / name / "expanded.yaml" for name in ("gateway_custom_adjusted", "gateway_custom_stages")),
    *(TESTS / "golden" / name / "expanded.yaml" for name in ("gateway_custom_stages_conditions", "shared_custom")),
    TESTS / "golden" / "shared_custom_conditions" / "expanded.yaml",
]


def as_sent(value, known=None):
    """Resolve references, by the data of other resources or with a placeholder, and turn everything else into text."""
    if isinstance(value, list):
        sent = [as_sent(part, known) for part in value]
        return [part for part in sent if part is not None]
    if not isinstance(value, dict):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if set(value) == {"Fn::GetAtt"}:
        return look_up(*value["Fn::GetAtt"], known or {})
    if set(value) == {"Fn::If"}:
        return as_sent(value["Fn::If"][1], known)
    if set(value) == {"Ref"}:
        return None if value["Ref"] == "AWS::NoValue" else "id0001"
    if set(value) == {"Fn::Sub"}:
        text = re.sub(r"\$\{AWS::(\w+)\}", lambda found: PSEUDO[found[1]], value["Fn::Sub"])
        return text.replace("${!", "${")
    return {name: as_sent(part, known) for name, part in value.items()}


def look_up(logical_id, attribute, known):
    if logical_id.endswith("Function"):
        return name_function(logical_id) if attribute == "Arn" else name_function(logical_id).rpartition(":")[2]
    if logical_id.endswith("Gateway"):
        return known[logical_id][attribute]
    return "arn:aws:logs:eu-west-1:123456789012:log-group:hits"


def name_function(logical_id):
    return FUNCTION.replace("Visits", logical_id)


def read_resources(path):
    return read_source(str(path)).template["Resources"]


def bring_all(companion, resources, bring):
    """The gateways' answers, in the order of their dependencies."""
    answers = {}
    for key, each in resources.items():
        if each["Type"] == TYPE:
            data = {name: answer["Data"] for name, answer in answers.items()}
            answers[key] = bring(as_sent(each["Properties"], data), key)
    return answers


def start(resources):
    functions = [name_function(key) for key, each in resources.items() if each["Type"] == "Custom::LambdaFunction"]
    companion = GatewayCompanion(functions=tuple(functions))
    if any("RestApiId" in each.get("Properties", {}) for each in resources.values()):
        companion.gateways.new_api()
    return companion


@pytest.mark.parametrize(
    "path", sorted(CASES), ids=lambda path: path.stem if path.stem != "expanded" else path.parent.name
)
def test_a_counters_gateways_are_created_and_an_update_without_changes_makes_no_call(path):
    resources = read_resources(path)
    companion = start(resources)

    made = bring_all(companion, resources, companion.create)
    changes = list(companion.gateways.changes)
    again = bring_all(companion, resources, companion.update)

    assert {answer["Status"] for answer in [*made.values(), *again.values()]} == {"SUCCESS"}, [made, again]
    assert companion.gateways.changes == changes
    assert find_uncalled(companion, resources) == {}


def find_uncalled(companion, resources):
    """For each counter's stage that calls another function than its own: the called function."""
    found = {}
    for key, each in resources.items():
        given = each.get("Properties", {})
        if each["Type"] == TYPE and "Path" in given:
            api = companion.known[key][0]
            stages = as_sent(given.get("Stages", {})) or {given["StageName"]: {}}
            for stage in stages:
                part = stage.capitalize() if "Stages" in given else ""
                (number,) = [name for name in companion.gateways.apis if is_of(companion, name, api)]
                called = companion.gateways.called(number, stage, f"/{given['Path']}", given["Method"])
                if called != name_function(f"{key.removesuffix('Gateway')}{part}Function"):
                    found[key, stage] = called
    return found


def is_of(companion, number, physical_id):
    name = companion.gateways.apis[number]["answer"]["name"]
    return physical_id.startswith((f"api:{number}/", f"api-name:{name}/"))


def test_counters_share_one_api_with_all_its_stages_and_one_deployment():
    resources = read_resources(TESTS / "golden" / "shared_custom" / "expanded.yaml")
    companion = start(resources)

    bring_all(companion, resources, companion.create)

    (api,) = companion.gateways.apis
    assert companion.gateways.methods(api) == ["GET /likes/{name}", "GET /visits/{name}"]
    assert list(companion.gateways.apis[api]["stages"]) == ["dev", "prod"]
    assert companion.gateways.changes.count("CreateDeployment") == 1
