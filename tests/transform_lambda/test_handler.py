import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import NoRegionError

import transform_lambda
from tests.support.cloudformation import make_event
from tests.support.sink import RESET, Sink
from transform_lambda import handler
from transform_lambda.contract import ResourceError
from transform_lambda.protocol.answer_url import AnswerError
from transform_lambda.protocol.registry import Registry

PACKAGE = Path(transform_lambda.__file__).parent
MODULES = {
    path.relative_to(PACKAGE).with_suffix("").as_posix()
    for path in [*PACKAGE.glob("*.py"), *PACKAGE.glob("protocol/*.py"), *PACKAGE.glob("idempotency/*.py")]
    if path.parent != PACKAGE or path.stem not in ("handler", "__init__", "__main__")
}
ANSWERING = {"contract", "identity", "protocol/__init__", "protocol/answer", "protocol/answer_url", "protocol/event"}
"""The modules that an answer needs. They import only the standard library."""
CALL = """
import json, sys
from types import SimpleNamespace
from transform_lambda.handler import handler
context = SimpleNamespace(get_remaining_time_in_millis=lambda: 5000)
for event in json.load(sys.stdin):
    handler(event, context)
"""
RESOURCE = """
from transform_lambda.contract import Result
class Greeting:
    def create(self, request):
        return Result(request.physical_id, {"Text": "Hello " + request.properties["Who"]})
    update = create
    def delete(self, request):
        pass
"""


def invoke(folder, *events, **environment):
    return subprocess.run(
        [sys.executable, "-c", CALL],
        input=json.dumps(events),
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder), **environment},
        check=False,
    )


@pytest.fixture
def installed(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "transform_lambda", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "greeting.py").write_text(RESOURCE)
    metadata = tmp_path / "greeting-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: greeting\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(
        "[hitcounter_macro.resources]\nGreeting = greeting:Greeting\nBroken = not_there:Broken\n"
    )
    return tmp_path


def test_a_resource_of_another_package_answers_its_requests(installed):
    with Sink() as sink:
        event = make_event(url=sink.url, ResourceType="Custom::Greeting", ResourceProperties={"Who": "you"})
        ran = invoke(installed, event, HITCOUNTER_ANSWER_HOSTS=sink.host)

    assert ran.returncode == 0, ran.stderr
    assert [(answer["Status"], answer.get("Data")) for answer in sink.answers] == [("SUCCESS", {"Text": "Hello you"})]


def test_a_registered_resource_that_cannot_be_imported_fails_only_its_own_requests(installed):
    with Sink() as sink:
        events = [
            make_event(request_id="1", url=sink.url, ResourceType="Custom::Broken"),
            make_event(
                request_id="2", url=sink.url, ResourceType="Custom::Greeting", ResourceProperties={"Who": "you"}
            ),
            make_event(request_id="3", url=sink.url, ResourceType="Custom::Unknown"),
        ]
        ran = invoke(installed, *events, HITCOUNTER_ANSWER_HOSTS=sink.host)

    assert ran.returncode == 0, ran.stderr
    broken, greeting, unknown = sink.answers
    assert broken["Status"] == "FAILED"
    assert broken["Reason"].startswith("ModuleNotFoundError: ")
    assert "not_there" in broken["Reason"]
    assert greeting["Status"] == "SUCCESS"
    assert unknown["Reason"].startswith("Visits: unknown type 'Custom::Unknown'; known are Custom::")
    assert {"Custom::Broken", "Custom::Greeting"} <= set(unknown["Reason"].split("known are ")[1].split(", "))


@pytest.mark.parametrize("module", sorted(MODULES - ANSWERING))
def test_a_request_gets_one_answer_if_a_module_is_broken(installed, module):
    (installed / "transform_lambda" / f"{module}.py").write_text("import no_such_module\n")

    with Sink() as sink:
        event = make_event(url=sink.url, ResourceType="Custom::Greeting", ResourceProperties={"Who": "you"})
        ran = invoke(installed, event, HITCOUNTER_ANSWER_HOSTS=sink.host)

    assert ran.returncode == 0, ran.stderr
    assert len(sink.answers) == 1
    if "no_such_module" in ran.stdout:
        reason = sink.answers[0]["Reason"]
        assert reason.startswith("the companion could not start: ModuleNotFoundError: ")
        assert "no_such_module" in reason


@pytest.mark.parametrize("module", sorted(ANSWERING))
def test_a_request_fails_its_invocation_if_a_module_of_the_answer_is_broken(installed, module):
    (installed / "transform_lambda" / f"{module}.py").write_text("import no_such_module\n")

    with Sink() as sink:
        ran = invoke(installed, make_event(url=sink.url), HITCOUNTER_ANSWER_HOSTS=sink.host)

    assert ran.returncode == 1
    assert "no_such_module" in ran.stderr
    assert sink.requests == []


def test_a_request_gets_one_answer_if_the_sdk_is_broken(installed):
    (installed / "boto3.py").write_text("raise SyntaxError('not for this Python')\n")

    with Sink() as sink:
        event = make_event("Update", url=sink.url, PhysicalResourceId="x")
        ran = invoke(installed, event, HITCOUNTER_ANSWER_HOSTS=sink.host, HITCOUNTER_RECORDS_TABLE="records")

    assert ran.returncode == 0, ran.stderr
    assert (sink.answers[0]["Status"], sink.answers[0]["PhysicalResourceId"]) == ("FAILED", "x")
    assert sink.answers[0]["Reason"] == "the companion could not start: SyntaxError: not for this Python"


def test_the_answer_of_a_failed_start_fits_the_size_limit_and_is_sent_again_after_errors(installed):
    (installed / "transform_lambda" / "protocol" / "delivery.py").write_text(f"raise ImportError({'x' * 9000!r})\n")

    with Sink(500, "reset") as sink:
        ran = invoke(installed, make_event(url=sink.url), HITCOUNTER_ANSWER_HOSTS=sink.host)

    assert ran.returncode == 0, ran.stderr
    assert len(sink.requests) == 3
    assert len(sink.requests[-1][3]) <= 4096
    assert sink.requests[-1][2]["Content-Type"] == ""


def test_a_failed_start_without_an_answer_fails_the_invocation(installed):
    (installed / "transform_lambda" / "protocol" / "delivery.py").write_text("raise ImportError('broken')\n")

    with Sink(403) as sink:
        ran = invoke(installed, make_event(url=sink.url), HITCOUNTER_ANSWER_HOSTS=sink.host)

    assert ran.returncode == 1
    assert "ImportError: broken" in ran.stderr
    assert "AnswerError: not delivered: status 403" in ran.stderr.splitlines()[-1]


@pytest.mark.parametrize("is_broken", [True, False])
def test_a_foreign_answer_url_gets_no_request(installed, is_broken):
    if is_broken:
        (installed / "transform_lambda" / "protocol" / "delivery.py").write_text("raise ImportError('broken')\n")

    with Sink() as sink:
        ran = invoke(installed, make_event(url=sink.url, ResourceType="Custom::Greeting"))

    assert ran.returncode == 1
    assert sink.requests == []
    assert "s3cr3t" not in ran.stdout + ran.stderr


def test_one_process_reads_the_environment_once(monkeypatch):
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("HITCOUNTER_RECORDS_TABLE", raising=False)
    with Sink() as sink:
        monkeypatch.setenv("HITCOUNTER_ANSWER_HOSTS", sink.host)
        handler._start.cache_clear()
        handler.handler(make_event(request_id="1", url=sink.url, ResourceType="Custom::Nothing"), None)
        with pytest.raises(AnswerError):
            handler.handler(make_event(url="https://evil.example/"), None)
        with pytest.raises(ResourceError):
            handler.handler({"ResponseURL": sink.url}, None)
        monkeypatch.delenv("HITCOUNTER_ANSWER_HOSTS")
        handler.handler(make_event(request_id="2", url=sink.url, ResourceType="Custom::Nothing"), None)
        handler._start.cache_clear()

    assert [(answer["RequestId"], answer["Status"]) for answer in sink.answers] == [("1", "FAILED"), ("2", "FAILED")]


def test_the_registry_creates_a_resource_once_and_only_when_needed(installed, monkeypatch):
    monkeypatch.syspath_prepend(str(installed))
    registry = Registry({"Custom::Own": object})

    assert set(registry) == {"Custom::Greeting", "Custom::Broken", "Custom::Own"}
    assert registry.get("Custom::Greeting") is registry.get("Custom::Greeting")
    assert registry.get("Custom::Other") is None
    with pytest.raises(ModuleNotFoundError):
        registry.get("Custom::Broken")
    sys.modules.pop("greeting")


def test_the_installations_table_stores_the_records(monkeypatch):
    monkeypatch.setenv("HITCOUNTER_RECORDS_TABLE", "records")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")

    records = handler._records()

    assert records._table == "records"
    assert records._client.meta.region_name == "eu-west-1"


@pytest.fixture
def without_region(monkeypatch, tmp_path):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("HITCOUNTER_RECORDS_TABLE", "records")
    handler._start.cache_clear()


@pytest.mark.parametrize("statuses", [(), (500,), (RESET, 500)])
def test_one_process_answers_a_failed_start(without_region, monkeypatch, statuses):
    with Sink(*statuses) as sink:
        monkeypatch.setenv("HITCOUNTER_ANSWER_HOSTS", sink.host)
        handler.handler(make_event("Delete", url=sink.url, PhysicalResourceId="x"), None)

    answer = json.loads(sink.requests[-1][3])
    assert len(sink.requests) == len(statuses) + 1
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", "x")
    assert answer["Reason"].startswith("the companion could not start: NoRegionError: ")


def test_one_process_raises_if_a_failed_start_gets_no_answer(without_region, monkeypatch):
    with Sink(403) as sink:
        monkeypatch.setenv("HITCOUNTER_ANSWER_HOSTS", sink.host)
        with pytest.raises(AnswerError) as refused:
            handler.handler(make_event(url=sink.url), None)
        monkeypatch.delenv("HITCOUNTER_ANSWER_HOSTS")
        with pytest.raises(AnswerError):
            handler.handler(make_event(url=sink.url), None)

    assert len(sink.requests) == 1
    assert isinstance(refused.value.__context__, NoRegionError)


@pytest.mark.parametrize("missing", ["HITCOUNTER_STAGING_BUCKET", "HITCOUNTER_ACCOUNT"])
def test_the_answer_names_the_missing_setting(monkeypatch, missing):
    monkeypatch.delenv("HITCOUNTER_RECORDS_TABLE", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("HITCOUNTER_STAGING_BUCKET", "staging")
    monkeypatch.setenv("HITCOUNTER_ACCOUNT", "123456789012")
    monkeypatch.delenv(missing)
    with Sink() as sink:
        monkeypatch.setenv("HITCOUNTER_ANSWER_HOSTS", sink.host)
        handler._start.cache_clear()
        handler.handler(make_event(url=sink.url, ResourceType="Custom::LambdaFunction"), None)
        handler._start.cache_clear()

    assert [answer["Reason"] for answer in sink.answers] == [
        f"RuntimeError: the installation is incomplete: the companion's environment has no {missing}"
    ]


def test_gateways_need_no_setting_except_the_table(monkeypatch):
    monkeypatch.delenv("HITCOUNTER_RECORDS_TABLE", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")

    resource = handler._built_in()["Custom::APIGatewayResource"]()

    assert type(resource).__name__ == "ApiGatewayResource"


@pytest.mark.parametrize("event", [None, [], "text", 5])
def test_an_event_that_is_no_map_is_refused(event):
    handler._start.cache_clear()
    with pytest.raises(ResourceError) as refused:
        handler.handler(event, None)

    assert str(refused.value) == "the event is no request from CloudFormation: must be a map"
