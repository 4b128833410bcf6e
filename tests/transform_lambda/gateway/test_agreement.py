"""Macro and companion agree on the paths that both accept, and on the ARN of a log group."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macro.counter.validate import check_properties, load_schema
from tests.support.gateway_companion import GatewayCompanion, wanted
from transform_lambda.gateway.problems import find_problems

LOG = "arn:aws:logs:eu-west-1:123456789012:log-group:hits"


@given(st.from_regex(load_schema()["properties"]["Path"]["pattern"], fullmatch=True))
def test_the_companion_accepts_every_path_that_a_counter_may_have(path):
    problems = find_problems({"RestApiId": "abc", "Path": path, "IntegrationRequest": {"Type": "Mock"}})

    assert [each for each in problems if "512 characters" not in each] == []


@pytest.mark.parametrize(("path", "is_good"), [("v1:hits/{name}", True), ("a/..b/{name}", True), ("a~b/{name}", False)])
def test_a_counters_path_has_only_characters_that_api_gateway_accepts(path, is_good):
    assert (check_properties({"Path": path}, ()) == []) is is_good


@pytest.mark.parametrize("path", ["./{name}", "/../{name}", "a/./{name}", "{name}/..", "a/{name}/."])
def test_a_path_that_clients_normalize_is_refused(path):
    (problem,) = check_properties({"Path": path}, ())

    assert problem.text == (
        "must be a path of letters, digits and . _ : - with {name} as one of its parts, such as 'hits/{name}', "
        f"got '{path}'"
    )


def test_api_gateway_gets_a_log_groups_arn_without_the_suffix_that_iam_needs():
    companion = GatewayCompanion()
    properties = wanted(StageName="prod", Stage={"AccessLog": {"DestinationArn": f"{LOG}:*", "Format": "x"}})

    api = companion.create(properties)["Data"]["RestApiId"]
    changes = len(companion.gateways.changes)
    companion.update(properties)

    assert companion.gateways.apis[api]["stages"]["prod"]["accessLogSettings"]["destinationArn"] == LOG
    assert len(companion.gateways.changes) == changes
