import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import NoRegionError

import transform_lambda
from tests.support.cloudformation import STACK_ID, make_event
from tests.support.sink import RESET, Sink
from transform_lambda import handler as door
from transform_lambda.contract import ResourceError
from transform_lambda.protocol import answer_url
from transform_lambda.protocol.answer_url import AnswerError, check_answer_url
from transform_lambda.protocol.registry import Registry

PACKAGE = Path(transform_lambda.__file__).parent
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


def test_a_request_is_answered_by_a_resource_that_another_package_registers(installed):
    with Sink() as sink:
        event = make_event(url=sink.url, ResourceType="Custom::Greeting", ResourceProperties={"Who": "you"})
        ran = invoke(installed, event, HITCOUNTER_ANSWER_HOSTS=sink.host)

    assert ran.returncode == 0, ran.stderr
    assert [(answer["Status"], answer.get("Data")) for answer in sink.answers] == [("SUCCESS", {"Text": "Hello you"})]


def test_a_registered_resource_that_cannot_be_imported_fails_its_own_requests_alone(installed):
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


@pytest.mark.parametrize(
    "module",
    sorted(
        path.relative_to(PACKAGE).with_suffix("").as_posix()
        for path in [*PACKAGE.glob("*.py"), *PACKAGE.glob("protocol/*.py"), *PACKAGE.glob("idempotency/*.py")]
        if path.parent != PACKAGE or path.stem not in ("handler", "__init__", "__main__")
    ),
)
def test_every_request_is_answered_whichever_module_is_broken(installed, module):
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


def test_a_broken_sdk_is_answered_too(installed):
    (installed / "boto3.py").write_text("raise SyntaxError('not for this Python')\n")

    with Sink() as sink:
        event = make_event("Update", url=sink.url, PhysicalResourceId="x")
        ran = invoke(installed, event, HITCOUNTER_ANSWER_HOSTS=sink.host, HITCOUNTER_RECORDS_TABLE="records")

    assert ran.returncode == 0, ran.stderr
    assert (sink.answers[0]["Status"], sink.answers[0]["PhysicalResourceId"]) == ("FAILED", "x")
    assert sink.answers[0]["Reason"] == "the companion could not start: SyntaxError: not for this Python"


def test_a_failed_start_is_answered_within_cloudformations_size_after_errors_of_the_server(installed):
    (installed / "transform_lambda" / "protocol" / "wrapper.py").write_text(f"raise ImportError({'x' * 9000!r})\n")

    with Sink(500, "reset") as sink:
        ran = invoke(installed, make_event(url=sink.url), HITCOUNTER_ANSWER_HOSTS=sink.host)

    assert ran.returncode == 0, ran.stderr
    assert len(sink.requests) == 3
    assert len(sink.requests[-1][3]) <= 4096
    assert sink.requests[-1][2]["Content-Type"] == ""


def test_a_failed_start_that_cannot_be_answered_is_raised_so_that_lambda_delivers_again(installed):
    (installed / "transform_lambda" / "protocol" / "wrapper.py").write_text("raise ImportError('broken')\n")

    with Sink(500, 500, 500) as sink:
        ran = invoke(installed, make_event(url=sink.url), HITCOUNTER_ANSWER_HOSTS=sink.host)

    assert ran.returncode == 1
    assert ran.stderr.rstrip().endswith("ImportError: broken")


@pytest.mark.parametrize("is_broken", [True, False])
def test_a_url_that_is_not_cloudformations_gets_no_request(installed, is_broken):
    if is_broken:
        (installed / "transform_lambda" / "protocol" / "wrapper.py").write_text("raise ImportError('broken')\n")

    with Sink() as sink:
        ran = invoke(installed, make_event(url=sink.url, ResourceType="Custom::Greeting"))

    assert ran.returncode == 1
    assert sink.requests == []
    assert "s3cr3t" not in ran.stdout + ran.stderr


def test_the_door_knows_the_partitions_that_the_rest_does():
    assert door._SUFFIXES == answer_url._SUFFIXES


BUCKET = "cloudformation-custom-resource-response-euwest1"


@pytest.mark.parametrize(
    ("region", "url", "may"),
    [
        ("eu-west-1", "https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/x", True),
        ("eu-west-1", "https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com/x", True),
        ("us-east-1", "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/x", True),
        ("cn-north-1", "https://cloudformation-custom-resource-response-cnnorth1.s3.amazonaws.com.cn/x", True),
        ("us-iso-east-1", "https://cloudformation-custom-resource-response-usisoeast1.s3.c2s.ic.gov/x", True),
        ("us-isob-east-1", "https://cloudformation-custom-resource-response-usisobeast1.s3.sc2s.sgov.gov/x", True),
        ("us-isof-south-1", "https://cloudformation-custom-resource-response-usisofsouth1.s3.csp.hci.ic.gov/x", True),
        ("eu-isoe-west-1", "https://cloudformation-custom-resource-response-euisoewest1.s3.cloud.adc-e.uk/x", True),
        ("eusc-de-east-1", "https://cloudformation-custom-resource-response-euscdeeast1.s3.amazonaws.eu/x", True),
        ("us-iso-east-1", "https://cloudformation-custom-resource-response-usisoeast1.s3.amazonaws.com/x", False),
        ("eu-west-1", f"https://{BUCKET}.s3.dualstack.eu-west-1.amazonaws.com/x", True),
        ("us-gov-west-1", "https://cloudformation-custom-resource-response-usgovwest1.s3.amazonaws.com/x", True),
        ("eu-west-1", "http://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/x", False),
        ("eu-west-1", "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/x", False),
        ("eu-west-1", "https://x@cloudformation-custom-resource-response-euwest1.s3.amazonaws.com/x", False),
        ("eu-west-1", "https://cloudformation-custom-resource-response-euwest1.s3.amazonaws.com:99/x", False),
        ("eu-west-1", "https://cloudformation-custom-resource-response-euwest1.s3.amazonaws.com.evil.example/x", False),
        ("eu-west-1", "https://169.254.169.254/x", False),
        ("eu-west-1", "file:///etc/passwd", False),
        ("", "https://cloudformation-custom-resource-response-.s3.amazonaws.com/x", False),
    ],
)
def test_the_door_answers_nowhere_else_than_the_rest_does(monkeypatch, region, url, may):
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("HITCOUNTER_ANSWER_HOSTS", raising=False)
    event = {"StackId": STACK_ID.replace("eu-west-1", region)}
    parts = door.urlsplit(url)

    assert door._may_be_answered(event, parts.scheme, parts.netloc) is may
    if may:
        assert check_answer_url(url, region)


def test_in_one_process_the_environment_is_read_once(monkeypatch):
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("HITCOUNTER_RECORDS_TABLE", raising=False)
    with Sink() as sink:
        monkeypatch.setenv("HITCOUNTER_ANSWER_HOSTS", sink.host)
        door._start.cache_clear()
        door.handler(make_event(request_id="1", url=sink.url, ResourceType="Custom::Nothing"), None)
        with pytest.raises(AnswerError):
            door.handler(make_event(url="https://evil.example/"), None)
        with pytest.raises(ResourceError):
            door.handler({"ResponseURL": sink.url}, None)
        monkeypatch.delenv("HITCOUNTER_ANSWER_HOSTS")
        door.handler(make_event(request_id="2", url=sink.url, ResourceType="Custom::Nothing"), None)
        door._start.cache_clear()

    assert [(answer["RequestId"], answer["Status"]) for answer in sink.answers] == [("1", "FAILED"), ("2", "FAILED")]


def test_registered_resources_are_made_once_and_only_when_needed(installed, monkeypatch):
    monkeypatch.syspath_prepend(str(installed))
    registry = Registry({"Custom::Own": object})

    assert set(registry) == {"Custom::Greeting", "Custom::Broken", "Custom::Own"}
    assert registry.get("Custom::Greeting") is registry.get("Custom::Greeting")
    assert registry.get("Custom::Other") is None
    with pytest.raises(ModuleNotFoundError):
        registry.get("Custom::Broken")
    sys.modules.pop("greeting")


def test_with_a_table_requests_are_remembered_in_it(monkeypatch):
    monkeypatch.setenv("HITCOUNTER_RECORDS_TABLE", "records")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")

    records = door._records()

    assert records._table == "records"
    assert records._client.meta.region_name == "eu-west-1"


@pytest.fixture
def without_region(monkeypatch, tmp_path):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("HITCOUNTER_RECORDS_TABLE", "records")
    door._start.cache_clear()


@pytest.mark.parametrize("statuses", [(), (500,), (RESET, 500)])
def test_in_one_process_a_failed_start_is_answered(without_region, monkeypatch, statuses):
    with Sink(*statuses) as sink:
        monkeypatch.setenv("HITCOUNTER_ANSWER_HOSTS", sink.host)
        door.handler(make_event("Delete", url=sink.url, PhysicalResourceId="x"), None)

    answer = json.loads(sink.requests[-1][3])
    assert len(sink.requests) == len(statuses) + 1
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", "x")
    assert answer["Reason"].startswith("the companion could not start: NoRegionError: ")


def test_in_one_process_a_failed_start_without_an_answer_is_raised(without_region, monkeypatch):
    with Sink(403, 403, 403) as sink:
        monkeypatch.setenv("HITCOUNTER_ANSWER_HOSTS", sink.host)
        with pytest.raises(NoRegionError):
            door.handler(make_event(url=sink.url), None)
        monkeypatch.delenv("HITCOUNTER_ANSWER_HOSTS")
        with pytest.raises(NoRegionError):
            door.handler(make_event(url=sink.url), None)

    assert len(sink.requests) == 3


def test_the_answer_of_a_failed_start_fits_whatever_its_reason():
    event = make_event("Update", PhysicalResourceId="y" * 1024)

    body = door._failed_answer(event, "\U0001f600" * 3000)

    assert 512 < len(body) <= 4096
    assert json.loads(body)["PhysicalResourceId"] == "y" * 1024


@pytest.mark.parametrize("missing", ["HITCOUNTER_STAGING_BUCKET", "HITCOUNTER_ACCOUNT"])
def test_an_installation_that_lacks_a_setting_says_which(monkeypatch, missing):
    monkeypatch.delenv("HITCOUNTER_RECORDS_TABLE", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("HITCOUNTER_STAGING_BUCKET", "staging")
    monkeypatch.setenv("HITCOUNTER_ACCOUNT", "123456789012")
    monkeypatch.delenv(missing)
    with Sink() as sink:
        monkeypatch.setenv("HITCOUNTER_ANSWER_HOSTS", sink.host)
        door._start.cache_clear()
        door.handler(make_event(url=sink.url, ResourceType="Custom::LambdaFunction"), None)
        door._start.cache_clear()

    assert [answer["Reason"] for answer in sink.answers] == [
        f"RuntimeError: the installation is incomplete: the companion's environment has no {missing}"
    ]


def test_gateways_need_no_setting_beyond_the_table(monkeypatch):
    monkeypatch.delenv("HITCOUNTER_RECORDS_TABLE", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")

    resource = door._built_in()["Custom::APIGatewayResource"]()

    assert type(resource).__name__ == "ApiGatewayResource"


@pytest.mark.parametrize("event", [None, [], "text", 5])
def test_what_is_no_map_is_no_request(event):
    door._start.cache_clear()
    with pytest.raises(ResourceError) as refused:
        door.handler(event, None)

    assert str(refused.value) == "not a request of CloudFormation's: the event must be a map"
