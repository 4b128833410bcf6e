"""Every gateway with every integration, stages and shards. Each combination has a golden file or a message."""

import itertools
from pathlib import Path

import pytest

from macro.cli.text.files import parse_source
from macro.errors import InvalidTemplate
from macro.expand import expand
from tests.support.plain import find_dangling, refuse_by_api
from tests.support.thorough import mark_thorough

GOLDEN = Path(__file__).parent / "golden_combinations"
GATEWAYS, INTEGRATIONS = ("rest", "http", "custom"), ("mapped", "proxy")
STAGES, SHARDS = ((), ("dev", "prod")), (1, 8)
REFUSED = {("http", "mapped")}
ALL = list(itertools.product(GATEWAYS, INTEGRATIONS, STAGES, SHARDS))
ALLOWED = [combination for combination in ALL if combination[:2] not in REFUSED]
# Parts of the types that belong to a gateway. No other resource depends on the gateway.
GATEWAY = ("ApiGateway", "APIGatewayResource", "Lambda::Permission")


def name(combination):
    gateway, integration, stages, shards = combination
    return "_".join([gateway, integration, *(["stages"] if stages else []), *(["shards"] if shards > 1 else [])])


def describe(gateway, integration, stages, shards):
    """The compact template of a combination."""
    lines = [f"Gateway: {gateway}", f"Integration: {integration}"]
    lines += [f"Stages: [{', '.join(stages)}]"] if stages else []
    lines += [f"Shards: {shards}"] if shards > 1 else []
    properties = "".join(f"      {line}\n" for line in lines)
    return (
        "Transform: HitCounterMacro\nResources:\n  Visits:\n    Type: HitCounter\n    Properties:\n"
        f"{properties}Outputs:\n  Url: {{Value: !GetAtt Visits.Url}}\n"
    )


def expand_combination(combination):
    return expand(parse_source("compact.yaml", describe(*combination).partition("\n")[2]).template)


@pytest.mark.parametrize("combination", ALLOWED, ids=name)
def test_an_allowed_combination_becomes_its_golden_file(combination, command, tmp_path, update_golden):
    compact, golden = tmp_path / "compact.yaml", GOLDEN / f"{name(combination)}.yaml"
    compact.write_text(describe(*combination), "utf-8")

    code, text, errors = command("expand", compact)

    if update_golden:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, "utf-8")
    assert (code, errors) == (0, "")
    assert text == golden.read_text("utf-8")


@pytest.mark.parametrize(
    "combination", mark_thorough(ALLOWED, quick=["custom_mapped_stages_shards"], name=name), ids=name
)
def test_cfn_lint_finds_nothing_in_an_allowed_combination(combination, command, tmp_path):
    compact = tmp_path / "compact.yaml"
    compact.write_text(describe(*combination), "utf-8")

    assert command("lint", compact, "-c", "I", "E", "W", "-e", "-i", "I4010") == (0, "", "")


@pytest.mark.parametrize("combination", ALLOWED, ids=name)
def test_the_apis_of_aws_accept_an_allowed_combination(combination):
    plain = expand_combination(combination)

    refused = {key: report for key, each in plain["Resources"].items() if (report := refuse_by_api(each))}
    assert (refused, find_dangling(plain)) == ({}, [])


@pytest.mark.parametrize("combination", [each for each in ALL if each not in ALLOWED], ids=name)
def test_the_message_for_another_combination_has_a_remedy(combination):
    with pytest.raises(InvalidTemplate) as error:
        expand_combination(combination)

    assert str(error.value) == (
        "Resources.Visits.Properties.Integration: must be proxy with Gateway http, because an HTTP API can't map requests; "
        "or use Gateway rest"
    )


@pytest.mark.parametrize(("stages", "shards"), list(itertools.product(STAGES, SHARDS)))
@pytest.mark.parametrize("integration", INTEGRATIONS)
def test_the_gateway_does_not_change_the_rest_of_a_combination(integration, stages, shards):
    served = [gateway for gateway in GATEWAYS if (gateway, integration) not in REFUSED]

    expanded = {gateway: expand_combination((gateway, integration, stages, shards)) for gateway in served}

    rests = {gateway: leave_out_gateway(plain["Resources"]) for gateway, plain in expanded.items()}
    assert len(rests) >= 2
    assert len(set(rests.values())) == 1
    assert all(name_outputs(expanded["rest"]) == name_outputs(plain) for plain in expanded.values())


def leave_out_gateway(resources):
    """The text of all resources that don't belong to the gateway."""
    rest = {key: each for key, each in resources.items() if not any(word in each["Type"] for word in GATEWAY)}
    return "\n".join(f"{key}: {each}" for key, each in sorted(rest.items()))


def name_outputs(plain):
    """The URL in the outputs, without the API's ID."""
    text = plain["Outputs"]["Url"]["Value"]["Fn::Sub"]
    return text.partition(".execute-api.")[2]


@pytest.mark.parametrize("integration", INTEGRATIONS)
def test_the_custom_gateway_makes_seven_resources(integration):
    resources = expand_combination(("custom", integration, (), 1))["Resources"]

    assert {key: each["Type"] for key, each in resources.items()} == {
        "VisitsTable": "AWS::DynamoDB::Table",
        "VisitsLogGroup": "AWS::Logs::LogGroup",
        "VisitsRole": "AWS::IAM::Role",
        "VisitsPolicy": "AWS::IAM::ManagedPolicy",
        "VisitsFunction": "Custom::LambdaFunction",
        "VisitsAccessLog": "AWS::Logs::LogGroup",
        "VisitsGateway": "Custom::APIGatewayResource",
    }
