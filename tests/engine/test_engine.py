import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from macro.cli.engine.engine import EngineError, check_engine, run_engine, start_on
from macro.cli.engine.url import to_engine_url
from tests.support.ministack import client_for

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parent.parent.parent
LAMBDA_MAY_USE = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}
ANSWER_ENVIRONMENT = """
import json, os
def handler(event, context):
    print(event)
    return {"statusCode": 200, "body": json.dumps([os.getpid(), dict(os.environ)])}
"""
READ_A_BUCKET = """
import boto3
def handler(event, context):
    try:
        boto3.client("s3").list_objects_v2(Bucket="things")
        return "allowed"
    except Exception as error:
        return error.response["Error"]["Code"]
"""
SLEEP = """
import time
def handler(event, context):
    time.sleep(600)
"""
PARENT = """
import json, sys, time
from pathlib import Path
from macro.cli.engine.engine import run_engine
from tests.engine.test_engine import call_function, make_function

with run_engine(state=Path(sys.argv[1]) if sys.argv[1:] else None) as engine:
    make_function(engine)
    worker = call_function(engine)[0]
    print(json.dumps([str(engine.log.parent), [engine.pid, engine.guard.pid, worker]]), flush=True)
    time.sleep(600)
"""


def make_function(engine, name="hits", code=ANSWER_ENVIRONMENT):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", code)
    role = client_for(engine.url, service="iam").create_role(
        RoleName=f"{name}-role", AssumeRolePolicyDocument=json.dumps(LAMBDA_MAY_USE)
    )
    client_for(engine.url, service="lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="index.handler",
        Timeout=60,
        Role=role["Role"]["Arn"],
        Code={"ZipFile": packed.getvalue()},
    )


def invoke(engine, name="hits", event=None):
    call = {"FunctionName": name, "Payload": json.dumps(event or {})}
    return json.load(client_for(engine.url, service="lambda").invoke(**call)["Payload"])


def call_function(engine):
    return json.loads(invoke(engine)["body"])


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    if not Path("/proc/self/stat").exists():
        return True
    try:
        # A zombie has ended, but whoever adopted it has not asked how.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(is_so):
    deadline = time.monotonic() + 30
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.05)


def is_gone(folder, pids):
    return not Path(folder).exists() and not any(is_running(pid) for pid in pids)


def assert_is_gone(folder, pids):
    """Wait until no process is left. A killed worker ends a moment later."""
    *ours, worker = pids
    assert is_gone(folder, ours)
    wait_until(lambda: not is_running(worker))
    assert not is_running(worker)


def list_own(engine):
    worker = call_function(engine)[0]
    return engine.log.parent, [engine.pid, engine.guard.pid, worker]


def fail_within(engine, own):
    make_function(engine)
    own += list_own(engine)
    raise OSError("ours")


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.fixture
def parent():
    started = []

    def start(*arguments):
        command = [sys.executable, "-c", PARENT, *map(str, arguments)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        started.append(process)
        return process, *json.loads(process.stdout.readline())

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


def test_an_engine_answers_within_the_block_and_leaves_nothing():
    with run_engine() as engine:
        make_function(engine)
        own = list_own(engine)
        assert not is_gone(*own)
        check_engine(engine)

    assert_is_gone(*own)


def test_an_engine_ends_with_an_error_in_the_block():
    own = []

    with pytest.raises(OSError, match="ours"), run_engine() as engine:
        fail_within(engine, own)

    assert_is_gone(*own)


def test_an_engine_listens_on_one_address_only():
    with run_engine() as engine:
        assert engine.url == f"http://127.0.0.1:{engine.port}"
        assert get(f"{engine.url}/_ministack/health") == 200
        with pytest.raises(OSError), socket.create_connection(("127.0.0.2", engine.port), timeout=2):  # noqa: PT011
            pass


def test_a_function_does_not_see_the_environment_of_the_command(monkeypatch):
    with ExitStack() as stack:
        with monkeypatch.context() as ours:
            ours.setenv("AWS_ACCESS_KEY_ID", "AKIA-very-own")
            ours.setenv("AWS_SESSION_TOKEN", "very-own")
            ours.setenv("AWS_PROFILE", "very-own")
            ours.setenv("AWS_ENDPOINT_URL", "http://very-own")
            ours.setenv("PYTHONPATH", "very-own")
            ours.setenv("PASSWORD", "very-own")
            engine = stack.enter_context(run_engine())
        make_function(engine)
        seen = call_function(engine)[1]

    inherited = {"PATH", "HOME", "TMPDIR", "LC_CTYPE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONUSERBASE"}
    settings = {"BIND_HOST", "GATEWAY_PORT", "LOG_LEVEL", "AUTH", "DOCKER_HOST", "IOT_MTLS_ENABLED", "SFTP_ENABLED"}
    given = {name for name in seen if name.startswith(("AWS_", "LAMBDA_", "_", "MINISTACK_"))}
    assert set(seen) - inherited - settings - given == set()
    assert [name for name, value in seen.items() if "very-own" in value] == []
    assert seen["AWS_ENDPOINT_URL"] == engine.url
    assert seen["AWS_SECRET_ACCESS_KEY"] == "test"
    assert Path(seen["HOME"]) == Path(seen["TMPDIR"]) == engine.log.parent


def test_a_decimal_in_an_answer_is_a_number_and_another_type_is_an_error():
    code = """
from decimal import Decimal
def handler(event, context):
    return {"count": Decimal(event["text"])} if "text" in event else {1, 2}
"""
    with run_engine() as engine:
        make_function(engine, code=code)
        assert json.dumps(invoke(engine, event={"text": "5"})) == '{"count": 5}'
        assert invoke(engine, event={"text": "2.5"}) == {"count": 2.5}
        assert "not JSON serializable" in invoke(engine)["errorMessage"]


def test_an_engine_ends_when_its_parent_is_killed(parent):
    process, folder, pids = parent()

    process.kill()
    wait_until(lambda: is_gone(folder, pids))

    assert is_gone(folder, pids)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGHUP, 128 + signal.SIGHUP), (signal.SIGINT, -signal.SIGINT)],
    ids=["SIGTERM", "SIGHUP", "ctrl-c"],
)
def test_nothing_is_left_after_a_signal_ends_the_parent(parent, number, code):
    process, folder, pids = parent()

    process.send_signal(number)
    left_with = process.wait(30)

    assert left_with == code
    assert_is_gone(folder, pids)


def test_a_killed_engine_is_reported():
    with run_engine() as engine:
        make_function(engine)
        own = list_own(engine)
        engine.log.write_text("one\ntwo\n")

        os.kill(engine.pid, signal.SIGKILL)
        with pytest.raises(EngineError) as error:
            check_engine(engine, 30)

    text = "the engine ended by itself (signal 9); run the command again; the end of its log:\n  one\n  two"
    assert str(error.value) == text
    assert_is_gone(*own)


def test_only_the_last_lines_of_a_log_are_quoted():
    with run_engine() as engine:
        engine.log.write_text("".join(f"{number}\n" for number in range(1000)))
        os.kill(engine.pid, signal.SIGKILL)
        with pytest.raises(EngineError) as error:
            check_engine(engine, 30)

    assert str(error.value).splitlines()[1:] == [f"  {number}" for number in range(990, 1000)]


def test_a_killed_guard_is_reported_and_leaves_nothing():
    with run_engine() as engine:
        make_function(engine)
        folder, pids = list_own(engine)

        os.kill(engine.guard.pid, signal.SIGKILL)
        with pytest.raises(EngineError) as error:
            check_engine(engine, 30)

    wait_until(lambda: is_gone(folder, pids))
    assert str(error.value) == "the engine lost its guarding process; run the command again"
    assert is_gone(folder, pids)


def test_a_port_in_use_is_reported(taken_port):
    with pytest.raises(EngineError) as error, run_engine(port=taken_port):
        pass

    text = f"port {taken_port} can't be used: Address already in use; choose another, or omit --port to get a free one"
    assert str(error.value) == text


@pytest.mark.parametrize("port", [-1, 0, 65_536])
def test_a_port_must_be_a_valid_number(port):
    with pytest.raises(EngineError) as error, run_engine(port=port):
        pass

    assert str(error.value) == f"port {port}: must be an integer from 1 to 65535"


def test_a_free_port_that_another_process_takes_is_skipped(taken_port):
    with run_engine() as first:
        free = first.port

    with start_on([taken_port, free]) as engine:
        assert engine.port == free


def test_another_engine_on_the_port_is_recognized():
    with run_engine() as other, pytest.raises(EngineError) as error, start_on([other.port]):
        pass

    text = f"port {other.port} can't be used: Address already in use; choose another, or omit --port to get a free one"
    assert str(error.value) == text


def test_a_missing_engine_is_reported_with_the_install_command():
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom macro.cli.engine.engine import run_engine, EngineError\n"
    )
    code += "try:\n    run_engine().__enter__()\nexcept EngineError as error:\n    print(error)"

    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)

    expected = "the embedded engine is not installed; run: pip install 'hitcounter-macro[local]'\n"
    assert (done.stdout, done.stderr) == (expected, "")


def test_a_missing_temporary_folder_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))

    with pytest.raises(EngineError) as error, run_engine():
        pass

    start = "the engine can't be started: [Errno 2] No such file or directory: "
    assert str(error.value).startswith(f"{start}'{tmp_path / 'none'}{os.sep}hitcounter-")


def test_an_engine_enforces_policies_on_request():
    with run_engine(auth=True) as engine:
        client_for(engine.url).create_bucket(Bucket="things")
        make_function(engine, "allowed", READ_A_BUCKET)
        make_function(engine, "denied", READ_A_BUCKET)
        may_list = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::things"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [may_list]})
        iam = client_for(engine.url, service="iam")
        iam.put_role_policy(RoleName="allowed-role", PolicyName="list", PolicyDocument=policy)

        answers = [invoke(engine, "allowed"), invoke(engine, "denied")]

    assert answers == ["allowed", "AccessDenied"]


def proxy(api, function):
    return {
        "Type": "AWS_PROXY",
        "IntegrationHttpMethod": "POST",
        "Uri": f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations",
    }


@pytest.fixture
def new_apis():
    def make(engine):
        function = client_for(engine.url, service="lambda").get_function(FunctionName="hits")
        arn = function["Configuration"]["FunctionArn"]
        return make_rest_api(engine, arn), make_http_api(engine, arn, "prod"), make_http_api(engine, arn, "$default")

    return make


def make_rest_api(engine, arn):
    template = {
        "Resources": {
            "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "hits"}},
            "Path": {
                "Type": "AWS::ApiGateway::Resource",
                "Properties": {
                    "RestApiId": {"Ref": "Api"},
                    "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
                    "PathPart": "{name}",
                },
            },
            "Method": {
                "Type": "AWS::ApiGateway::Method",
                "Properties": {
                    "RestApiId": {"Ref": "Api"},
                    "ResourceId": {"Ref": "Path"},
                    "HttpMethod": "GET",
                    "AuthorizationType": "NONE",
                    "Integration": proxy("Api", arn),
                },
            },
            "Deployment": {
                "Type": "AWS::ApiGateway::Deployment",
                "DependsOn": "Method",
                "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "prod"},
            },
        },
        "Outputs": {
            "Url": {"Value": {"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/prod/{name}"}}
        },
    }
    formation = client_for(engine.url, service="cloudformation")
    formation.create_stack(StackName="rest", TemplateBody=json.dumps(template))
    wait_until(lambda: formation.describe_stacks(StackName="rest")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE")
    return formation.describe_stacks(StackName="rest")["Stacks"][0]["Outputs"][0]["OutputValue"]


def make_http_api(engine, arn, stage):
    gateway = client_for(engine.url, service="apigatewayv2")
    api = gateway.create_api(Name="hits", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    gateway.create_route(ApiId=api, RouteKey="GET /{name}", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName=stage, AutoDeploy=True)
    path = "" if stage == "$default" else f"/{stage}"
    return f"https://{api}.execute-api.us-east-1.amazonaws.com{path}/{{name}}"


def test_the_url_of_an_api_becomes_a_url_of_the_engine(new_apis):
    with run_engine() as engine:
        make_function(engine)
        urls = [to_engine_url(engine.url, url) for url in new_apis(engine)]

        statuses = [get(url.replace("{name}", "a%20page")) for url in urls]

    assert all(url.startswith(f"{engine.url}/_aws/execute-api/") for url in urls)
    assert statuses == [200, 200, 200]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://a1.execute-api.eu-west-1.amazonaws.com/prod/{name}", "http://e:1/_aws/execute-api/a1/prod/{name}"),
        ("https://a1.execute-api.cn-north-1.amazonaws.com.cn/prod", "http://e:1/_aws/execute-api/a1/prod"),
        ("https://a1.execute-api.us-east-1.amazonaws.com", "http://e:1/_aws/execute-api/a1/"),
        ("http://a1.execute-api.127.0.0.1:45/x", "http://e:1/_aws/execute-api/a1/x"),
        (
            "https://a1.execute-api.us-east-1.amazonaws.com/a (kept in hits)",
            "http://e:1/_aws/execute-api/a1/a (kept in hits)",
        ),
        ("https://a1.execute-api.us-east-1.amazonaws.com.evil.org/a", None),
        ("https://example.org/a1.execute-api", None),
        ("arn:aws:execute-api:us-east-1:000000000000:a1/prod", None),
    ],
)
def test_only_urls_of_apis_are_changed(text, expected):
    assert to_engine_url("http://e:1", text) == (expected or text)


def test_state_is_kept_between_runs(tmp_path, new_apis):
    with run_engine(state=tmp_path / "kept") as first:
        make_function(first)
        url = new_apis(first)[0].replace("{name}", "page")
        fill(first)

    with run_engine(state=tmp_path / "kept") as engine:
        assert (engine.port, engine.is_set_back) == (first.port, False)
        assert read(engine) == ("3", b"stored")
        assert get(to_engine_url(engine.url, url)) == 200
        stacks = client_for(engine.url, service="cloudformation").describe_stacks()["Stacks"]
        assert [stack["StackStatus"] for stack in stacks] == ["CREATE_COMPLETE"]


def fill(engine):
    client_for(engine.url).create_bucket(Bucket="things")
    client_for(engine.url).put_object(Bucket="things", Key="a/thing é", Body=b"stored")
    database = client_for(engine.url, service="dynamodb")
    database.create_table(
        TableName="hits",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    database.put_item(TableName="hits", Item={"id": {"S": "page"}, "count": {"N": "3"}})


def read(engine):
    item = client_for(engine.url, service="dynamodb").get_item(TableName="hits", Key={"id": {"S": "page"}})["Item"]
    thing = client_for(engine.url).get_object(Bucket="things", Key="a/thing é")["Body"].read()
    return item["count"]["N"], thing


def test_a_relative_state_folder_is_relative_to_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with run_engine(state=Path("kept")) as engine:
        fill(engine)

    with run_engine(state=tmp_path / "kept") as engine:
        assert read(engine) == ("3", b"stored")


def test_state_is_served_on_another_port_if_its_port_is_taken(tmp_path):
    with run_engine(state=tmp_path) as first:
        fill(first)

    with socket.create_server(("127.0.0.1", first.port)), run_engine(state=tmp_path) as engine:
        assert engine.port != first.port
        assert read(engine) == ("3", b"stored")


def test_no_state_is_lost_if_the_parent_is_killed(tmp_path, parent):
    process, _, _ = parent(tmp_path)
    process.kill()

    with run_engine(state=tmp_path) as engine:
        assert not engine.is_set_back
        assert call_function(engine)[1]["AWS_LAMBDA_FUNCTION_NAME"] == "hits"


def test_a_running_function_does_not_delay_the_end(tmp_path):
    with run_engine(state=tmp_path) as engine:
        fill(engine)
        make_function(engine, "slow", SLEEP)
        client_for(engine.url, service="lambda").invoke(FunctionName="slow", InvocationType="Event")
        wait_until(lambda: list(engine.log.parent.glob("ministack-lambda-slow-*")))

    with run_engine(state=tmp_path) as engine:
        assert not engine.is_set_back
        assert read(engine) == ("3", b"stored")


def test_a_killed_engine_leaves_the_state_from_before_its_run(tmp_path):
    with run_engine(state=tmp_path) as engine:
        fill(engine)
    with run_engine(state=tmp_path) as engine:
        client_for(engine.url).delete_object(Bucket="things", Key="a/thing é")
        os.kill(engine.pid, signal.SIGKILL)

    with run_engine(state=tmp_path) as third:
        assert third.is_set_back
        assert read(third) == ("3", b"stored")
    with run_engine(state=tmp_path) as fourth:
        assert not fourth.is_set_back


def test_a_function_that_was_changing_is_ready_in_the_next_run(tmp_path):
    with run_engine(state=tmp_path) as engine:
        make_function(engine)
        functions = client_for(engine.url, service="lambda")
        before = functions.update_function_configuration(FunctionName="hits", Timeout=61)

    with run_engine(state=tmp_path) as engine:
        after = client_for(engine.url, service="lambda").get_function_configuration(FunctionName="hits")

        assert (before["State"], before["LastUpdateStatus"]) == ("Pending", "InProgress")
        assert (after["State"], after["LastUpdateStatus"], after["Timeout"]) == ("Active", "Successful", 61)
        assert call_function(engine)[1]["AWS_LAMBDA_FUNCTION_NAME"] == "hits"


def test_an_engine_saves_its_state_on_sigterm(tmp_path):
    with run_engine(state=tmp_path) as engine:
        fill(engine)
        os.kill(engine.pid, signal.SIGTERM)
        with pytest.raises(EngineError) as error:
            check_engine(engine, 30)

    with run_engine(state=tmp_path) as again:
        assert str(error.value) == "the engine ended by itself (exit code 0); run the command again"
        assert not again.is_set_back
        assert read(again) == ("3", b"stored")


def test_two_engines_cannot_use_the_same_state(tmp_path):
    with run_engine(state=tmp_path), pytest.raises(EngineError) as error, run_engine(state=tmp_path):
        pass

    text = "another engine uses the state in this folder; end it, or choose another folder"
    assert str(error.value) == f"{tmp_path}: {text}"


def test_damaged_state_is_reported_and_kept(tmp_path):
    with run_engine(state=tmp_path) as engine:
        fill(engine)
    (tmp_path / "next" / "dynamodb.json").write_text('{"half": ')

    errors = []
    for _ in range(2):
        with pytest.raises(EngineError) as error, run_engine(state=tmp_path):
            pass
        errors.append(str(error.value))

    text = f"{tmp_path / 'kept' / 'dynamodb.json'}: is damaged; remove the folder {tmp_path} to start again"
    assert errors == [text, text]


def test_an_unusable_state_folder_is_reported(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(EngineError) as error, run_engine(state=tmp_path / "file"):
        pass

    assert str(error.value) == f"{tmp_path / 'file'}: state can't be kept there: File exists"
