"""The installation's template, made fit for one account."""

import pytest

from macro.cli.cloud.installation.names import read_template
from macro.cli.cloud.installation.template import fill_in, keep_only, leave_out, name_answer_hosts


@pytest.mark.parametrize(("endpoint", "hosts"), [
    ("http://127.0.0.1:4566", "127.0.0.1:4566,localhost:4566"),
    ("http://localhost:4566/", "127.0.0.1:4566,localhost:4566"),
    ("http://engine.test:4566", "engine.test:4566"),
    ("https://engine.example", "engine.example"),
])  # fmt: skip
def test_the_hosts_of_an_engine_are_its_own_by_each_name(endpoint, hosts):
    assert name_answer_hosts(endpoint) == hosts


def test_a_template_is_filled_in_without_changing_it():
    template = read_template()

    filled = fill_in(template, {"MacroFunction": "m", "CompanionFunction": "c"}, "bucket")

    assert template == read_template()
    assert filled["Resources"]["MacroFunction"]["Properties"]["Code"] == {"S3Bucket": "bucket", "S3Key": "m"}
    assert filled["Resources"]["Bucket"]["Properties"]["BucketName"] == "bucket"


def test_one_resource_is_kept_without_outputs():
    kept = keep_only(read_template(), "Bucket")

    assert (list(kept["Resources"]), "Outputs" in kept, "Parameters" in kept) == (["Bucket"], False, True)


def test_outputs_go_with_the_resources_that_they_tell_of():
    before, after = read_template(), leave_out(read_template(), "AWS::CloudFormation::Macro")

    assert set(before["Resources"]) - set(after["Resources"]) == {"Macro"}
    assert set(before["Outputs"]) - set(after["Outputs"]) == {"MacroName"}
