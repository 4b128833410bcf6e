"""The sketch that the project comes from counts, with nothing changed but what AWS refuses."""

import json

import pytest

from macro.cli.cloud.deployment.deploy import Deployment, prepare
from macro.cli.cloud.installation.install import InstallOptions, install
from macro.cli.cloud.stack.account import connect_to_engine
from macro.cli.cloud.stack.operation import carry_out
from macro.cli.cloud.stack.reporter import Silence
from macro.cli.cloud.stack.session import Session
from macro.cli.engine.engine import run_engine
from macro.cli.engine.run.request import request
from macro.cli.engine.url import to_engine_url
from macro.cli.package.bundle import make_bundles
from macro.cli.text.files import read_source
from tests.support.deploying import SAMPLES, hit
from transform_lambda.env.file import merge_env

SKETCH = SAMPLES / "sketch"


@pytest.mark.thorough
def test_the_sketch_counts_each_name_and_answers_500_for_an_error():
    with run_engine() as engine:
        session = Session(connect_to_engine(engine.url), Silence())
        install(session, InstallOptions(), make_bundles(()))
        _, change_set = prepare(session, Deployment("sketch", read_source(str(SKETCH / "template.yaml"))))
        url = to_engine_url(engine.url, carry_out(session, change_set).outputs["Url"])

        assert [hit(url, "home"), hit(url, "home"), hit(url, "a%20b")] == [1, 2, 1]

        # Without its table, the handler fails.
        resources = session.account.client("cloudformation").describe_stack_resources(StackName="sketch")
        ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources["StackResources"]}
        items = session.account.client("dynamodb").scan(TableName=ids["table"])["Items"]
        session.account.client("dynamodb").delete_table(TableName=ids["table"])
        answer = request("GET", url.replace("{name}", "home"))

    assert {item["name"]["S"]: item["counter"]["N"] for item in items} == {"home": "2", "a b": "1"}
    assert (answer.status, json.loads(answer.body)) == (500, {"message": "Internal Server Error"})


def test_the_sketchs_reader_finds_the_table_in_a_new_env_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(merge_env("", {"table": "visits"}), "utf-8")
    names = {}

    exec((SKETCH / "handler" / "index.py").read_text("utf-8"), names)

    assert names["get_env"]() == {"table": "visits"}
