"""The roles of counters as they are expanded, on an engine that enforces IAM."""

import json
import time
from types import SimpleNamespace

import boto3
import pytest
from botocore.exceptions import ClientError

from macro.local.files import parse_source
from macro.local.preview import preview
from macro.plugins import find_plugin
from tests.conftest import ROOT
from tests.installation import read_template
from tests.ministack import ACCOUNT, REGION, client_for, ministack

COUNTERS = ROOT / "samples" / "two_counters.yaml"
KINDS = ("AWS::DynamoDB::Table", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role", "AWS::Logs::LogGroup")
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
OWN_ACCOUNT = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
TRUST = {"Version": "2012-10-17", "Statement": [OWN_ACCOUNT]}


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with ministack(tmp_path_factory.mktemp("engine"), AUTH="true") as url:
        yield url


@pytest.fixture(scope="module")
def stacks(engine):
    installation = read_template()
    parts = {"Boundary", "RecordsTable", "DeadLetters"}
    resources = {name: each for name, each in installation["Resources"].items() if name in parts}
    source = parse_source(COUNTERS.name, COUNTERS.read_text("utf-8"))
    counters = preview(source.template, {}, find_plugin).template["Resources"]
    client = client_for(engine, service="cloudformation")
    installed = deploy(client, "HitCounterMacro", {**installation, "Resources": resources, "Outputs": {}, "Rules": {}})
    app = deploy(client, "app", {"Resources": {name: each for name, each in counters.items() if each["Type"] in KINDS}})
    return {**installed, **app}


def deploy(client, name, template):
    client.create_stack(StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"])
    deadline = time.monotonic() + 60
    while (status := client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]) == "CREATE_IN_PROGRESS":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert status == "CREATE_COMPLETE"
    found = client.describe_stack_resources(StackName=name)["StackResources"]
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}


@pytest.fixture
def counter(engine, stacks):
    return become(engine, stacks["VisitsRole"])


@pytest.fixture
def greedy(engine, stacks):
    iam = client_for(engine, service="iam")
    name = "greedy"
    iam.create_role(
        RoleName=name,
        Path="/hitcounter/",
        AssumeRolePolicyDocument=json.dumps(TRUST),
        PermissionsBoundary=stacks["Boundary"],
    )
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(ALL))
    yield become(engine, name)
    iam.delete_role_policy(RoleName=name, PolicyName="all")
    iam.delete_role(RoleName=name)


def become(engine, role):
    arn = f"arn:aws:iam::{ACCOUNT}:role/hitcounter/{role}"
    keys = client_for(engine, service="sts").assume_role(RoleArn=arn, RoleSessionName="counter")["Credentials"]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], REGION)
    return SimpleNamespace(client=lambda service: session.client(service, endpoint_url=engine))


def count(who, table):
    return who.client("dynamodb").update_item(
        TableName=table,
        Key={"name": {"S": "home"}},
        UpdateExpression="ADD hits :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
        ReturnValues="UPDATED_NEW",
    )["Attributes"]["hits"]["N"]


def refusal(call):
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"]


def test_a_counter_counts_in_its_own_table(counter, stacks):
    assert [count(counter, stacks["VisitsTable"]) for _ in range(3)] == ["1", "2", "3"]


def test_a_counter_does_not_count_in_anothers_table(counter, stacks):
    assert refusal(lambda: count(counter, stacks["DownloadsTable"])) == "AccessDeniedException"


def test_a_counter_does_nothing_else_with_its_own_table(counter, stacks):
    client, table = counter.client("dynamodb"), stacks["VisitsTable"]

    refusals = [refusal(lambda: client.scan(TableName=table)), refusal(lambda: client.delete_table(TableName=table))]

    assert refusals == ["AccessDeniedException"] * 2


def test_the_boundary_lets_through_what_a_role_is_given(greedy, stacks):
    assert count(greedy, stacks["DownloadsTable"]) == "1"


def test_the_boundary_holds_whatever_a_role_is_given(greedy, stacks):
    iam, dynamodb, sqs = (greedy.client(service) for service in ("iam", "dynamodb", "sqs"))

    refusals = [
        refusal(lambda: iam.create_user(UserName="eve")),
        refusal(lambda: iam.delete_role_permissions_boundary(RoleName="greedy")),
        refusal(lambda: dynamodb.delete_table(TableName=stacks["DownloadsTable"])),
        refusal(lambda: dynamodb.get_item(TableName=stacks["RecordsTable"], Key={"id": {"S": "a"}})),
        refusal(lambda: sqs.receive_message(QueueUrl=stacks["DeadLetters"])),
    ]

    assert [code.partition(":")[0].removesuffix("Exception") for code in refusals] == ["AccessDenied"] * 5
