import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

import transform_lambda
from tests.support.cloudformation import STACK_ID, make_event
from tests.support.fakes import Outbox
from transform_lambda.identity import physical_id_for
from transform_lambda.protocol.companion import Companion
from transform_lambda.protocol.registry import GROUP, Registry

SAMPLE = Path(transform_lambda.__file__).parents[1] / "samples" / "resource"
NAME = physical_id_for(STACK_ID, "Visits")


class Parameters:
    """The calls of Parameter Store that the sample makes."""

    def __init__(self):
        self.values = {}

    def put_parameter(self, Name, Value, Type, Overwrite):  # noqa: N803 - boto3's own names
        self.values[Name] = Value

    def delete_parameters(self, Names):  # noqa: N803 - boto3's own names
        for name in Names:
            self.values.pop(name, None)


@pytest.fixture
def greeting(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(SAMPLE))
    import greeting

    yield greeting.Greeting
    sys.modules.pop("greeting")


def test_the_sample_handles_create_update_and_delete(greeting):
    parameters, outbox = Parameters(), Outbox()
    handlers = {"Custom::Greeting": greeting(parameters)}
    first = {"ResourceType": "Custom::Greeting", "ResourceProperties": {"Who": "World"}}
    second = {"ResourceType": "Custom::Greeting", "ResourceProperties": {"Who": "you"}, "PhysicalResourceId": NAME}

    Companion(handlers).process(make_event("Create", "1", **first), outbox)
    Companion(handlers).process(make_event("Update", "2", **second), outbox)
    made = dict(parameters.values)
    Companion(handlers).process(make_event("Delete", "3", **second), outbox)

    assert [answer.get("Data") for answer in outbox.answers] == [{"Text": "Hello, World"}, {"Text": "Hello, you"}, {}]
    assert (made, parameters.values) == ({NAME: "Hello, you"}, {})


def test_the_sample_names_a_missing_property(greeting):
    outbox = Outbox()

    companion = Companion({"Custom::Greeting": greeting(Parameters())})
    companion.process(make_event(ResourceType="Custom::Greeting"), outbox)

    assert outbox.answers[0]["Reason"] == "Properties.Who: must be text, such as World"


def test_the_samples_package_registers_its_type(tmp_path, monkeypatch):
    installing = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    sample = tmp_path / "source"
    sample.mkdir()
    for name in ("greeting.py", "pyproject.toml"):
        (sample / name).write_text((SAMPLE / name).read_text())
    subprocess.run([*installing, "--target", str(tmp_path / "site"), str(sample)], check=True)

    monkeypatch.syspath_prepend(str(tmp_path / "site"))

    assert [entry.name for entry in distribution("hitcounter-greeting").entry_points.select(group=GROUP)] == [
        "Greeting"
    ]
    assert "Custom::Greeting" in list(Registry({}))
