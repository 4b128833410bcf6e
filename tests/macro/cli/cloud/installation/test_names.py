"""The names of an installation, and how it is found."""

import pytest

from macro.cli.cloud.installation.names import (
    install_command,
    is_older,
    name_companion,
    name_stack,
    need_installation,
    open_bucket,
)
from macro.cli.cloud.stack.account import Place, connect
from macro.cli.cloud.stack.errors import CloudError
from tests.support.fake_aws import Refusal

MISSING = Refusal("ValidationError", "Stack with id HitCounterMacroBeta does not exist")


def stack(status="CREATE_COMPLETE", **outputs):
    told = [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()]
    return {"Stacks": [{"StackName": "HitCounterMacroBeta", "StackId": "id", "StackStatus": status, "Outputs": told}]}


@pytest.mark.parametrize(
    ("version", "than", "older"),
    [
        ("0.1.0", "0.1.0", False),
        ("0.1.0", "0.1.1", True),
        ("0.9.0", "0.10.0", True),
        ("0.10.0", "0.9.0", False),
        ("1.0", "1.0.1", True),
        ("2", "1.9.9", False),
        ("", "0.1.0", True),
    ],
)
def test_releases_are_compared_number_by_number(version, than, older):
    assert is_older(version, than) is older


def test_the_suffix_is_in_all_names(account):
    assert (name_stack(""), name_stack("Beta")) == ("HitCounterMacro", "HitCounterMacroBeta")
    assert name_companion("Beta") == "HitCounterMacroBeta-Companion"
    assert open_bucket(account, "Beta").name == "hitcountermacrobeta-123456789012-eu-central-1"


@pytest.mark.parametrize(
    ("outputs", "runs_macros"),
    [({"Version": "0.1.0", "MacroName": "HitCounterMacroBeta"}, True), ({"Version": "0.1.0"}, False)],
)
def test_an_installation_is_read_from_the_outputs_of_its_stack(account, aws, outputs, runs_macros):
    aws.answer("DescribeStacks", stack(**outputs))

    found = need_installation(account, "Beta")

    assert (found.suffix, found.version, found.runs_macros) == ("Beta", "0.1.0", runs_macros)
    assert aws.sent("DescribeStacks")[0]["StackName"] == "HitCounterMacroBeta"


@pytest.mark.parametrize("answer", [MISSING, stack("REVIEW_IN_PROGRESS"), stack(BucketName="only the beginning")])
def test_a_missing_or_incomplete_installation_is_reported_with_the_command_that_installs_it(account, aws, answer):
    aws.answer("DescribeStacks", answer)

    with pytest.raises(CloudError) as caught:
        need_installation(account, "Beta")

    assert str(caught.value) == (
        "HitCounterMacroBeta isn't installed in account 123456789012, eu-central-1; "
        "run: hitcounter install --suffix Beta --region eu-central-1"
    )


def test_the_install_command_names_the_same_engine(aws):
    assert install_command(connect(Place(endpoint=aws.url)), "") == f"hitcounter install --endpoint-url {aws.url}"
