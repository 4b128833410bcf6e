"""A real stack of the engine's CloudFormation, whose custom resource the companion serves as a function of its own."""

import io
import json
import os
import time
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import transform_lambda
from tests.engine.conftest import ROLE
from tests.engine.test_function_life import SHOW, make_zip, put

PACKAGE = Path(transform_lambda.__file__).parent
COMPANION = "arn:aws:lambda:us-east-1:000000000000:function:companion"


@pytest.fixture
def stack(new_stack):
    return new_stack()


@pytest.fixture
def companion(stack):
    client = stack.client("lambda")
    names = ("HITCOUNTER_STAGING_BUCKET", "HITCOUNTER_ACCOUNT", "HITCOUNTER_RECORDS_TABLE", "AWS_ENDPOINT_URL")
    settings = {name: os.environ[name] for name in names}
    client.create_function(
        FunctionName="companion",
        Runtime="python3.11",
        Handler="transform_lambda.handler.handler",
        Role=ROLE,
        Timeout=120,
        Code={"ZipFile": pack_companion()},
        Environment={"Variables": {**settings, "HITCOUNTER_ANSWER_HOSTS": urlsplit(stack.url).netloc}},
    )
    client.get_waiter("function_active_v2").wait(FunctionName="companion", WaiterConfig={"Delay": 1})
    yield COMPANION
    client.delete_function(FunctionName="companion")


def pack_companion():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(PACKAGE.rglob("*.py")):
            archive.write(path, f"transform_lambda/{path.relative_to(PACKAGE)}")
    return target.getvalue()


def template(code, table, **more):
    properties = {
        "ServiceToken": COMPANION,
        "ServiceTimeout": 60,
        "Code": code,
        "Handler": "index.handler",
        "Runtime": "python3.11",
        "Role": ROLE,
        "Env": {"table": table},
        **more,
    }
    outputs = {name: {"Value": {"Fn::GetAtt": ["Visits", name]}} for name in ("FunctionName", "SourceSha256")}
    resource = {"Type": "Custom::LambdaFunction", "Properties": properties}
    return json.dumps({"Resources": {"Visits": resource}, "Outputs": outputs})


def wait(client, name):
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        (found,) = client.describe_stacks(StackName=name)["Stacks"]
        if not found["StackStatus"].endswith("IN_PROGRESS"):
            return found["StackStatus"], {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
        time.sleep(0.2)
    raise AssertionError(found["StackStatus"])


def test_a_stack_makes_changes_rolls_back_and_deletes_its_function(stack, companion):
    client, code = stack.client("cloudformation"), put(stack, "code.zip", make_zip(SHOW))
    name = "visits-of-a-stack"

    client.create_stack(StackName=name, TemplateBody=template(code, "first"))
    status, made = wait(client, name)
    assert status == "CREATE_COMPLETE"
    function = made["FunctionName"]
    assert stack.invoke(function, {})["table"] == "first"

    client.update_stack(StackName=name, TemplateBody=template(code, "second"))
    status, changed = wait(client, name)
    assert (status, changed) == ("UPDATE_COMPLETE", made)
    assert stack.invoke(function, {})["table"] == "second"

    client.update_stack(StackName=name, TemplateBody=template({**code, "S3Key": "none.zip"}, "third"))
    status, back = wait(client, name)
    assert (status, back) == ("UPDATE_ROLLBACK_COMPLETE", made)
    assert stack.invoke(function, {})["table"] == "second"

    client.delete_stack(StackName=name)
    deadline = time.monotonic() + 60
    while function in names(stack) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert function not in names(stack)


def names(stack):
    return [each["FunctionName"] for each in stack.client("lambda").list_functions()["Functions"]]
