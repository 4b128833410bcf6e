"""A stack of the engine's CloudFormation, whose custom resource is served by the companion as a Lambda function."""

import io
import json
import os
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

import transform_lambda
from tests.engine.fixtures import ROLE
from tests.engine.test_function_life import SHOW, make_zip, put

pytestmark = pytest.mark.thorough

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


def properties(code, table, **more):
    return {
        "ServiceToken": COMPANION,
        "ServiceTimeout": 60,
        "Code": code,
        "Handler": "index.handler",
        "Runtime": "python3.11",
        "Role": ROLE,
        "Env": {"table": table},
        **more,
    }


def template(code, table, *, also=None, **more):
    """A stack with a function. If `also` has properties, another function is created or updated after it."""
    visits = {"Type": "Custom::LambdaFunction", "Properties": properties(code, table, **more)}
    after = {"Type": "Custom::LambdaFunction", "DependsOn": "Visits", "Properties": also}
    names = ("FunctionName", "SourceSha256", "VersionArn")
    outputs = {name: {"Value": {"Fn::GetAtt": ["Visits", name]}} for name in names}
    outputs["Id"] = {"Value": {"Ref": "Visits"}}
    return json.dumps({"Resources": {"Visits": visits, **({"After": after} if also else {})}, "Outputs": outputs})


def wait(client, name):
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        (found,) = client.describe_stacks(StackName=name)["Stacks"]
        if not found["StackStatus"].endswith("IN_PROGRESS"):
            return found["StackStatus"], {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
        time.sleep(0.2)
    raise AssertionError(found["StackStatus"])


def test_a_stack_creates_updates_rolls_back_and_deletes_its_function(stack, companion):
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
    assert gone(stack, function)


@pytest.fixture
def cloudformation(stack, companion):
    """A stack whose operations are awaited. `create` and `update` return the status and the outputs."""
    client, name = stack.client("cloudformation"), f"app-{uuid4().hex[:8]}"

    def act(action, body):
        action(StackName=name, TemplateBody=body)
        return wait(client, name)

    def events():
        found = client.describe_stack_events(StackName=name)["StackEvents"]
        return [f"{each['LogicalResourceId']} {each['ResourceStatus']}" for each in reversed(found)]

    yield SimpleNamespace(
        create=lambda body: act(client.create_stack, body),
        update=lambda body: act(client.update_stack, body),
        events=events,
    )
    client.delete_stack(StackName=name)
    client.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})


BROKEN = {"S3Bucket": "no-such-bucket-here", "S3Key": "none.zip"}


@pytest.mark.parametrize("publish", [{}, {"Publish": "true"}], ids=["unpublished", "published"])
def test_a_change_is_rolled_back_if_another_resource_fails_later(stack, cloudformation, publish):
    code = put(stack, "code.zip", make_zip(SHOW))
    status, made = cloudformation.create(template(code, "first", **publish))
    assert status == "CREATE_COMPLETE"
    broken = properties(BROKEN, "x")

    status, back = cloudformation.update(template(code, "second", also=broken, MemorySize="256", **publish))

    assert (status, back) == ("UPDATE_ROLLBACK_COMPLETE", made)
    assert is_changed_before_the_failure(cloudformation.events())
    assert stack.invoke(made["VersionArn"], {})["table"] == "first"
    assert stack.invoke(made["FunctionName"], {})["table"] == "first"
    assert memory(stack, made["FunctionName"]) == 128
    status, changed = cloudformation.update(template(code, "third", MemorySize="256", **publish))

    assert (status, changed["Id"]) == ("UPDATE_COMPLETE", made["Id"])
    assert stack.invoke(changed["VersionArn"], {})["table"] == "third"
    assert memory(stack, made["FunctionName"]) == 256
    assert changed["VersionArn"] == (f"{made['VersionArn'].rpartition(':')[0]}:3" if publish else made["VersionArn"])


def test_a_rename_is_rolled_back_if_another_resource_fails_later(stack, cloudformation):
    code = put(stack, "code.zip", make_zip(SHOW))
    _, made = cloudformation.create(template(code, "first"))
    other = f"{made['Id'][:50]}-renamed"
    before = names(stack)

    status, back = cloudformation.update(template(code, "second", also=properties(BROKEN, "x"), FunctionName=other))

    assert (status, back) == ("UPDATE_ROLLBACK_COMPLETE", made)
    assert is_changed_before_the_failure(cloudformation.events())
    assert stack.invoke(made["Id"], {})["table"] == "first"
    assert gone(stack, other)
    assert names(stack) == before

    status, renamed = cloudformation.update(template(code, "third", FunctionName=other))

    assert (status, renamed["Id"]) == ("UPDATE_COMPLETE", other)
    assert stack.invoke(other, {})["table"] == "third"
    assert gone(stack, made["Id"])


def is_changed_before_the_failure(events):
    failure = next(at for at, event in enumerate(events) if event.startswith("After") and event.endswith("FAILED"))
    return "Visits UPDATE_COMPLETE" in events[:failure]


def memory(stack, name):
    return stack.client("lambda").get_function(FunctionName=name)["Configuration"]["MemorySize"]


def gone(stack, name):
    deadline = time.monotonic() + 60
    while name in names(stack) and time.monotonic() < deadline:
        time.sleep(0.2)
    return name not in names(stack)


def names(stack):
    return [each["FunctionName"] for each in stack.client("lambda").list_functions()["Functions"]]
