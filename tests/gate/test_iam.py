"""IAM twice more: another evaluator decides what ours decides, and the calls that tests make are those that are allowed."""

import json
import os
import subprocess
import sys

import pytest

from tests.gate.calls import Asked, ask_iam
from tests.gate.simulate import UNDECIDED, simulate
from tests.gate.tools import check_tools
from tests.macro.test_policies import BUCKET, QUEUE, ROOT, ROWS, find_actions, get_principal, read_policies
from tests.support.iam_decision import ALLOWED, decide
from tests.support.installation import install
from tests.support.resolved import ACCOUNT

pytestmark = pytest.mark.gate

ON_THE_ENGINE = "tests/engine/test_function_life.py", "tests/engine/test_gateway_resource.py"
OF_THE_ADAPTERS = (
    *("tests/transform_lambda/aws/s3/test_store.py", "tests/transform_lambda/aws/test_lambda.py"),
    *("tests/transform_lambda/aws/test_apigateway.py", "tests/transform_lambda/aws/test_records.py"),
)
BUILT_IN = ("minimal", "exact", "shards")
# Lambda's own calls with a function's role, and those of services on a key.
NO_CALL_SHOWS = ("kms:", "logs:", "sqs:")


def make_request(who, action, resource, context):
    asked = {"aws:SecureTransport": "true", "aws:ResourceAccount": ACCOUNT, **context}
    of_resource = {BUCKET: [install().policy("BucketPolicy")], QUEUE: [install().policy("DeadLettersPolicy")]}
    return get_principal(who), action, resource, asked, of_resource.get(resource.partition("/")[0], [])


def record(path, *tests):
    """The calls that the project's functions make in these tests, each with what it asks IAM for."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "0",
        "-p",
        "tests.support.recorded",
        "--record-calls",
        path,
        *tests,
    ]
    ran = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout
    calls = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [(call, asked) for call in calls for asked in ask_iam(call)]


def is_seen(action):
    return not action.startswith(NO_CALL_SHOWS)


def test_another_evaluator_decides_each_request_alike(tmp_path, tally):
    check_tools()

    decided = simulate([make_request(*row[:4]) for row in ROWS], tmp_path)

    tally("requests on which two evaluators of IAM agree", len(ROWS))
    assert [(row, each) for row, each in zip(ROWS, decided, strict=True) if row[4] != each] == []


def test_the_companion_may_make_the_calls_that_tests_make_and_no_other(tmp_path, tally):
    check_tools()

    calls = record(tmp_path / "calls", *ON_THE_ENGINE, *OF_THE_ADAPTERS)

    on_the_engine = {str(asked): asked for call, asked in calls if "engine/" in call["test"]}
    requests = [make_request("companion", *asked) for asked in on_the_engine.values()]
    ours, theirs = [decide(*each) for each in requests], simulate(requests, tmp_path)
    decided = [(*each[1:3], *said) for each, *said in zip(requests, ours, theirs, strict=True)]
    others = [each for each in decided if each[2:] != (ALLOWED, ALLOWED)]
    tally("requests of the companion's recorded and allowed", len(requests))
    assert [each for each in others if (each[0], *each[2:]) != ("apigateway:POST", ALLOWED, UNDECIDED)] == []
    assert {asked.action for _, asked in calls} == {action for action in find_actions() if is_seen(action)}


def test_a_counter_may_make_the_calls_that_tests_make_and_no_other(tmp_path):
    calls = record(tmp_path / "calls", "tests/macro/builtin/test_index.py")

    allowed = [
        action
        for name in BUILT_IN
        for policy in read_policies(name)
        for statement in policy["Statement"]
        for action in statement["Action"]
    ]
    assert {call["who"] for call, _ in calls} == {"counter"}
    assert {asked.action for _, asked in calls} == {action for action in allowed if is_seen(action)}


def test_what_no_call_shows_is_asked_for_in_the_table():
    asked = {action for who, action, _, _, decision in ROWS if "companion" in who and decision == ALLOWED}

    assert {action for action in find_actions() if not is_seen(action)} <= asked


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "asked"),
    [
        (
            "s3",
            "UploadPartCopy",
            {"Bucket": "staging-1", "Key": "staged/a.zip", "CopySource": "code-1/a%20b.zip?versionId=3"},
            [
                Asked("s3:PutObject", f"{BUCKET}/staged/a.zip"),
                Asked("s3:GetObjectVersion", "arn:aws:s3:::my-code/a b.zip"),
            ],
        ),
        (
            "s3",
            "DeleteObject",
            {"Bucket": "staging-1", "Key": "kept/a.zip", "VersionId": "null"},
            [Asked("s3:DeleteObjectVersion", f"{BUCKET}/kept/a.zip")],
        ),
        (
            "dynamodb",
            "TransactWriteItems",
            {"TransactItems": [{"Update": {"TableName": "hits"}}]},
            [Asked("dynamodb:UpdateItem", f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/hits")],
        ),
        (
            "apigateway",
            "DeleteStage",
            {"restApiId": "abc", "stageName": "prod"},
            [Asked("apigateway:DELETE", "arn:aws:apigateway:eu-west-1::/restapis/abc/stages/prod")],
        ),
        (
            "apigateway",
            "UpdateRestApi",
            {"restApiId": "abc", "patchOperations": [{"op": "replace", "path": "/policy"}]},
            [
                Asked("apigateway:PATCH", "arn:aws:apigateway:eu-west-1::/restapis/abc"),
                Asked("apigateway:UpdateRestApiPolicy", "arn:aws:apigateway:eu-west-1::/restapis/abc"),
            ],
        ),
    ],
)
def test_a_call_asks_iam_for_its_actions(service, operation, parameters, asked):
    call = {"service": service, "operation": operation, "parameters": parameters}

    assert list(ask_iam(call)) == asked
