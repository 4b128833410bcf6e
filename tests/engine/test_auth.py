"""Installation, deployment and counting on an engine that enforces IAM, with the generated policies and roles.

The engine authorises ``lambda:CreateFunction`` against ``*``, so that alone is given beyond the template. It speaks plain
http, which the policies of bucket and queue refuse, so these two are left out. It knows a boundary only by its own API,
not by a stack's; and ``iam:PassRole`` not at all, which is decided in ``tests/macro/test_policies.py``.
"""

import json
import time
from types import SimpleNamespace
from urllib.parse import urlsplit
from urllib.request import urlopen

import boto3
import pytest
from botocore.exceptions import ClientError

from macro.builtin.digest import SHA256
from macro.cli.package.bundle import zip_builtin
from macro.cli.preview.preview import preview
from macro.cli.text.files import parse_source
from macro.plugins import find_plugin
from tests.engine.test_stack import pack_companion
from tests.support.deploying import SAMPLES
from tests.support.installation import read_template
from tests.support.ministack import ACCOUNT, REGION, client_for, ministack

pytestmark = pytest.mark.thorough

NOT_HERE = ("Macro", "BucketPolicy", "DeadLettersPolicy")
BUCKET = f"hitcountermacro-{ACCOUNT}-{REGION}"
KINDS = ("AWS::DynamoDB::Table", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role", "AWS::Logs::LogGroup")
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
CREATE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "lambda:CreateFunction", "Resource": "*"}],
}
OWN_ACCOUNT = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
TRUST = {"Version": "2012-10-17", "Statement": [OWN_ACCOUNT]}


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with ministack(tmp_path_factory.mktemp("engine"), AUTH="true") as url:
        yield url


@pytest.fixture(scope="module")
def installed(engine):
    s3 = client_for(engine)
    s3.create_bucket(Bucket="artifacts")
    s3.put_object(Bucket="artifacts", Key="code.zip", Body=pack_companion())
    template = json.loads(json.dumps(read_template()))
    template["Resources"] = {name: each for name, each in template["Resources"].items() if name not in NOT_HERE}
    for name in ("MacroFunction", "CompanionFunction"):
        template["Resources"][name]["Properties"]["Code"] = {"S3Bucket": "artifacts", "S3Key": "code.zip"}
    resources = deploy(engine, "HitCounterMacro", template, AnswerHosts=urlsplit(engine).netloc)
    s3.put_object(Bucket=BUCKET, Key=f"handlers/hit-counter-{SHA256}.zip", Body=zip_builtin())
    iam = client_for(engine, service="iam")
    iam.put_role_policy(RoleName=resources["CompanionRole"], PolicyName="create", PolicyDocument=json.dumps(CREATE))
    return resources


@pytest.fixture(scope="module")
def stacks(engine, installed):
    counters = expand("two_counters")["Resources"]
    parts = {"Resources": {name: each for name, each in counters.items() if each["Type"] in KINDS}}
    return {**installed, **deploy(engine, "app", parts)}


def expand(sample):
    path = SAMPLES / f"{sample}.yaml"
    source = parse_source(path.name, path.read_text("utf-8"))
    return preview(source.template, {}, find_plugin).template


def deploy(engine, name, template, **parameters):
    client = client_for(engine, service="cloudformation")
    begin(client.create_stack, name, template, parameters)
    return finish(client, name, "CREATE_COMPLETE")


def begin(operation, name, template, parameters):
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    body = json.dumps(template)
    operation(StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"], Parameters=given)


def finish(client, name, expected):
    deadline = time.monotonic() + 60
    while (status := client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]).endswith("IN_PROGRESS"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert status == expected
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


def test_a_counter_cannot_count_in_another_counters_table(counter, stacks):
    assert refusal(lambda: count(counter, stacks["DownloadsTable"])) == "AccessDeniedException"


def test_a_counter_has_no_other_permission_on_its_table(counter, stacks):
    client, table = counter.client("dynamodb"), stacks["VisitsTable"]

    refusals = [refusal(lambda: client.scan(TableName=table)), refusal(lambda: client.delete_table(TableName=table))]

    assert refusals == ["AccessDeniedException"] * 2


def test_the_boundary_allows_the_permissions_of_a_counters_role(greedy, stacks):
    assert count(greedy, stacks["DownloadsTable"]) == "1"


def test_the_boundary_denies_everything_else_that_a_role_allows(greedy, stacks):
    iam, dynamodb, sqs = (greedy.client(service) for service in ("iam", "dynamodb", "sqs"))

    refusals = [
        refusal(lambda: iam.create_user(UserName="eve")),
        refusal(lambda: iam.delete_role_permissions_boundary(RoleName="greedy")),
        refusal(lambda: dynamodb.delete_table(TableName=stacks["DownloadsTable"])),
        refusal(lambda: dynamodb.get_item(TableName=stacks["RecordsTable"], Key={"id": {"S": "a"}})),
        refusal(lambda: sqs.receive_message(QueueUrl=stacks["DeadLetters"])),
    ]

    assert [code.partition(":")[0].removesuffix("Exception") for code in refusals] == ["AccessDenied"] * 5


def get_hits(engine, api, name):
    with urlopen(f"{engine}/_aws/execute-api/{api}/prod/{name}") as answer:
        return answer.read()


def test_a_stack_is_created_counts_is_updated_and_deleted(engine, installed):
    client, functions = client_for(engine, service="cloudformation"), client_for(engine, service="lambda")
    template = expand("minimal")

    made = deploy(engine, "visits", template)
    hits = [get_hits(engine, made["VisitsApi"], name) for name in ("home", "home", "news")]
    before = functions.get_function(FunctionName=made["VisitsFunction"])["Configuration"]["CodeSha256"]
    template["Resources"]["VisitsFunction"]["Properties"]["Env"]["LEVEL"] = "debug"
    begin(client.update_stack, "visits", template, {})
    finish(client, "visits", "UPDATE_COMPLETE")
    after = functions.get_function(FunctionName=made["VisitsFunction"])["Configuration"]["CodeSha256"]
    hits.append(get_hits(engine, made["VisitsApi"], "home"))
    client.delete_stack(StackName="visits")
    wait_until_gone(functions, made["VisitsFunction"])

    assert hits == [b"1", b"2", b"1", b"3"]
    assert before != after
    assert made["VisitsTable"] in client_for(engine, service="dynamodb").list_tables()["TableNames"]


def wait_until_gone(functions, name):
    deadline = time.monotonic() + 60
    while name in [each["FunctionName"] for each in functions.list_functions()["Functions"]]:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_the_companion_cannot_change_functions_with_other_names(engine, installed):
    client, template = client_for(engine, service="cloudformation"), expand("minimal")
    template["Resources"]["VisitsFunction"]["Properties"]["FunctionName"] = "payments"

    begin(client.create_stack, "denied", template, {})
    finish(client, "denied", "ROLLBACK_COMPLETE")

    events = client.describe_stack_events(StackName="denied")["StackEvents"]
    reasons = [each["ResourceStatusReason"] for each in events if each["ResourceStatus"] == "CREATE_FAILED"]
    assert any("is not authorized to perform: lambda:GetFunction" in reason for reason in reasons), reasons


def test_the_companion_creates_gateways_only_for_functions_with_its_names(engine, installed):
    client = client_for(engine, service="cloudformation")
    template = expand("minimal")
    function = {"Fn::GetAtt": ["VisitsFunction", "Arn"]}
    kept = {name: each for name, each in template["Resources"].items() if "ApiGateway" not in each["Type"]}
    kept.pop("VisitsPermission")
    kept["Gateway"] = {
        "Type": "Custom::APIGatewayResource",
        "Properties": {
            "ServiceToken": kept["VisitsFunction"]["Properties"]["ServiceToken"],
            "ServiceTimeout": 60,
            "ApiName": {"Fn::Sub": "${AWS::StackName}-Api"},
            "Path": "{name}",
            "IntegrationRequest": {"Type": "LambdaProxy", "FunctionArn": function},
            "StageName": "prod",
            "Stage": {"Tags": {"team": "web"}},
        },
    }
    outputs = {"Api": {"Value": {"Fn::GetAtt": ["Gateway", "RestApiId"]}}}

    made = deploy(engine, "custom", {"Resources": kept, "Outputs": outputs})
    (output,) = client.describe_stacks(StackName="custom")["Stacks"][0]["Outputs"]
    hits = [get_hits(engine, output["OutputValue"], name) for name in ("home", "home")]
    client.delete_stack(StackName="custom")
    wait_until_gone(client_for(engine, service="lambda"), made["VisitsFunction"])

    assert made["Gateway"] == "api-name:custom-Api/GET/{name}"
    assert hits == [b"1", b"2"]
    apis = client_for(engine, service="apigateway").get_rest_apis()["items"]
    assert output["OutputValue"] not in [each["id"] for each in apis]
