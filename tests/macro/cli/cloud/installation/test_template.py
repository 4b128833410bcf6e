"""The installation's template, adapted to one account."""

import pytest

from macro.cli.cloud.installation.names import read_template
from macro.cli.cloud.installation.template import fill_in, keep_only, leave_out, name_answer_hosts


@pytest.mark.parametrize(("endpoint", "hosts"), [
    ("http://127.0.0.1:4566", "127.0.0.1:4566,localhost:4566"),
    ("http://localhost:4566/", "127.0.0.1:4566,localhost:4566"),
    ("http://engine.test:4566", "engine.test:4566"),
    ("https://engine.example", "engine.example"),
])  # fmt: skip
def test_the_answer_hosts_are_all_names_of_the_engines_host(endpoint, hosts):
    assert name_answer_hosts(endpoint) == hosts


def test_filling_in_does_not_change_the_given_template():
    template = read_template()

    filled = fill_in(template, {"MacroFunction": "m", "CompanionFunction": "c"}, "bucket")

    assert template == read_template()
    assert filled["Resources"]["MacroFunction"]["Properties"]["Code"] == {"S3Bucket": "bucket", "S3Key": "m"}
    assert filled["Resources"]["Bucket"]["Properties"]["BucketName"] == "bucket"


def test_keeping_one_resource_drops_the_outputs():
    kept = keep_only(read_template(), "Bucket")

    assert (list(kept["Resources"]), "Outputs" in kept, "Parameters" in kept) == (["Bucket"], False, True)


def test_outputs_of_left_out_resources_are_left_out():
    before, after = read_template(), leave_out(read_template(), "AWS::CloudFormation::Macro")

    assert set(before["Resources"]) - set(after["Resources"]) == {"Macro"}
    assert set(before["Outputs"]) - set(after["Outputs"]) == {"MacroName"}
