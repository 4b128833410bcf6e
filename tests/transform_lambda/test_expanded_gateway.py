"""The gateways of counters as the macro writes them and CloudFormation sends them, on the strict API Gateway in memory."""

from pathlib import Path

import pytest

from macro.local.files import read_source
from tests.gateway_companion import TYPE, GatewayCompanion
from tests.gateways import FUNCTION

TESTS = Path(__file__).parents[1]
CASES = [
    *TESTS.glob("golden_combinations/custom_*.yaml"),
    *(TESTS / "golden" / name / "expanded.yaml" for name in ("gateway_custom_adjusted", "shared_custom")),
]


def as_sent(value):
    """References are resolved, in some way, and all else becomes text."""
    if isinstance(value, list):
        return [as_sent(part) for part in value]
    if not isinstance(value, dict):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if set(value) == {"Fn::GetAtt"}:
        is_function = value["Fn::GetAtt"][0].endswith("Function")
        return FUNCTION if is_function else "arn:aws:logs:eu-west-1:123456789012:log-group:hits"
    if set(value) == {"Fn::Sub"}:
        return value["Fn::Sub"].replace("${AWS::StackName}", "app").replace("${", "").replace("}", "")
    return {name: as_sent(part) for name, part in value.items()}


def read_gateways(path):
    resources = read_source(str(path)).template["Resources"]
    return {key: as_sent(each["Properties"]) for key, each in resources.items() if each["Type"] == TYPE}


@pytest.mark.parametrize(
    "path", sorted(CASES), ids=lambda path: path.stem if path.stem != "expanded" else path.parent.name
)
def test_a_counters_gateways_are_made_and_an_update_without_changes_makes_no_call(path):
    companion, gateways = GatewayCompanion(), read_gateways(path)

    made = {key: companion.create(properties, key) for key, properties in gateways.items()}
    changes = list(companion.gateways.changes)
    again = {key: companion.update(properties, key) for key, properties in gateways.items()}

    assert {answer["Status"] for answer in [*made.values(), *again.values()]} == {"SUCCESS"}, [made, again]
    assert companion.gateways.changes == changes
    for key, properties in gateways.items():
        url = f".execute-api.eu-west-1.amazonaws.com/{properties['StageName']}/{properties['Path']}"
        assert made[key]["Data"]["Url"].endswith(url)


def test_counters_that_share_an_api_share_one_for_each_stage():
    companion = GatewayCompanion()
    gateways = read_gateways(TESTS / "golden" / "shared_custom" / "expanded.yaml")

    apis = {key: companion.create(properties, key)["Data"]["RestApiId"] for key, properties in gateways.items()}

    assert apis["VisitsDevGateway"] == apis["LikesDevGateway"] != apis["VisitsProdGateway"] == apis["LikesProdGateway"]
