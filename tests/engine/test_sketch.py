"""The sketch that the project comes from counts, with nothing changed but what AWS refuses."""

import json

import pytest

from macro.cli.engine.run.request import request
from tests.support.deploying import SAMPLES, hit, new_name
from transform_lambda.env.file import merge_env

pytestmark = pytest.mark.thorough

SKETCH = SAMPLES / "sketch"


def test_the_sketch_counts_each_name_and_its_error_is_no_200(cloud):
    stack = new_name()
    cloud.deploy(SKETCH / "template.yaml", stack)
    url = cloud.outputs(stack)["Url"]

    assert [hit(url, "home"), hit(url, "home"), hit(url, "other")] == [1, 2, 1]

    # Without its table, the handler fails as its author would see it in an account.
    resources = cloud.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    (table,) = [each["PhysicalResourceId"] for each in resources if each["ResourceType"] == "AWS::DynamoDB::Table"]
    cloud.client("dynamodb").delete_table(TableName=table)
    answer = request("GET", url.replace("{name}", "home"))
    assert (answer.status, json.loads(answer.body)) == (500, {"message": "Internal Server Error"})


def test_the_sketchs_reader_finds_the_table_in_a_new_env_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(merge_env("", {"table": "visits"}), "utf-8")
    names = {}
    exec(compile((SKETCH / "handler" / "index.py").read_text("utf-8"), "index.py", "exec"), names)
    assert names["get_env"]() == {"table": "visits"}
