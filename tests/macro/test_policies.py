"""The generated policies allow only what they must. Each row of the table is a request with IAM's decision."""

import ast
import re
from functools import cache
from pathlib import Path

import botocore.session
import pytest

from macro.cli.text.files import parse_source
from tests.support.iam_decision import ALLOWED, DENIED, NOT_ALLOWED, Principal, decide
from tests.support.installation import EVERYTHING, KEY, install
from tests.support.resolved import ACCOUNT, Resolved
from transform_lambda.aws.apigateway import CHANGES, OF_LAMBDA, READS

ROOT = Path(__file__).parent.parent.parent
HERE = f"eu-west-1:{ACCOUNT}"
FUNCTION = f"arn:aws:lambda:{HERE}:function"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"
TABLE = f"arn:aws:dynamodb:{HERE}:table"
GATEWAY = "arn:aws:apigateway:eu-west-1::"
LOGS = f"arn:aws:logs:{HERE}:log-group"
BUCKET = f"arn:aws:s3:::hitcountermacro-{ACCOUNT}-eu-west-1"
QUEUE = f"arn:aws:sqs:{HERE}:app-DeadLetters"
ANYTHING = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
TO_LAMBDA = {"iam:PassedToService": "lambda.amazonaws.com"}
BY_LAMBDA = {"kms:ViaService": "lambda.eu-west-1.amazonaws.com"}
BY_S3 = {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}
FOREIGN = {"aws:ResourceAccount": "999999999999"}
FOR_COUNTER = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": f"{FUNCTION}:hitcounter-app-Visits-1"}
HTTP = {"aws:SecureTransport": "false"}


COUNTERS = {
    "minimal": "golden_samples/minimal.yaml",
    "everything": "golden_samples/everything.yaml",
    "plugin": "golden_samples/plugin.yaml",
    "exact": "golden/exact/expanded.yaml",
    "shards": "golden/shards/expanded.yaml",
}
ROWS = [
    ("companion", "lambda:CreateFunction", f"{FUNCTION}:hitcounter-app-Visits-1", {}, ALLOWED),
    ("companion", "lambda:UpdateFunctionCode", f"{FUNCTION}:hitcounter-app-Visits-1", {}, ALLOWED),
    ("companion", "lambda:DeleteFunction", f"{FUNCTION}:hitcounter-app-Visits-1:3", {}, ALLOWED),
    ("companion", "lambda:UpdateFunctionCode", f"{FUNCTION}:payments", {}, NOT_ALLOWED),
    ("companion", "lambda:DeleteFunction", f"{FUNCTION}:HitCounterMacro-Companion", {}, NOT_ALLOWED),
    ("companion", "lambda:UpdateFunctionCode", f"{FUNCTION}:HitCounterMacro", {}, NOT_ALLOWED),
    ("companion", "lambda:CreateFunction", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:hitcounter-a", {}, NOT_ALLOWED),
    ("companion", "lambda:InvokeFunction", f"{FUNCTION}:hitcounter-app-Visits-1", {}, NOT_ALLOWED),
    ("companion", "lambda:AddPermission", f"{FUNCTION}:hitcounter-app-Visits-1", {}, ALLOWED),
    ("companion", "lambda:RemovePermission", f"{FUNCTION}:hitcounter-app-Visits-1", {}, ALLOWED),
    ("companion", "lambda:AddPermission", f"{FUNCTION}:payments", {}, NOT_ALLOWED),
    ("companion", "lambda:AddPermission", f"{FUNCTION}:HitCounterMacro-Companion", {}, NOT_ALLOWED),
    ("companion", "apigateway:POST", f"{GATEWAY}/restapis", {}, ALLOWED),
    ("companion", "apigateway:PATCH", f"{GATEWAY}/restapis/abc123/stages/prod", {}, ALLOWED),
    ("companion", "apigateway:PUT", f"{GATEWAY}/tags/arn%3Aaws%3Aapigateway", {}, ALLOWED),
    ("companion", "apigateway:PATCH", f"{GATEWAY}/account", {}, NOT_ALLOWED),
    ("companion", "apigateway:POST", f"{GATEWAY}/apikeys", {}, NOT_ALLOWED),
    ("companion", "apigateway:DELETE", f"{GATEWAY}/domainnames/example.com", {}, NOT_ALLOWED),
    ("companion", "apigateway:POST", "arn:aws:apigateway:us-east-1::/restapis", {}, NOT_ALLOWED),
    ("companion", "lambda:GetLayerVersion", "arn:aws:lambda:eu-west-1:770693421928:layer:Klayers:2", {}, ALLOWED),
    ("companion", "lambda:PutFunctionCodeSigningConfig", f"arn:aws:lambda:{HERE}:code-signing-config:csc-1", {}, ALLOWED),
    ("companion", "lambda:DeleteCodeSigningConfig", f"arn:aws:lambda:{HERE}:code-signing-config:csc-1", {}, NOT_ALLOWED),
    ("companion", "iam:PassRole", f"{ROLE}/hitcounter/app-VisitsRole-1", TO_LAMBDA, ALLOWED),
    ("companion", "iam:PassRole", f"{ROLE}/hitcounter/x", {"iam:PassedToService": "ec2.amazonaws.com"}, NOT_ALLOWED),
    ("companion", "iam:PassRole", f"{ROLE}/hitcounter/x", {"iam:PassedToService": "apigateway.amazonaws.com"}, ALLOWED),
    ("companion", "iam:PassRole", f"{ROLE}/hitcounter/app-VisitsRole-1", {}, NOT_ALLOWED),
    ("companion", "iam:PassRole", f"{ROLE}/admin", TO_LAMBDA, NOT_ALLOWED),
    ("companion", "iam:PassRole", f"{ROLE}/hitcounter-installation/app-CompanionRole", TO_LAMBDA, NOT_ALLOWED),
    ("companion", "iam:CreateRole", f"{ROLE}/hitcounter/x", {}, NOT_ALLOWED),
    ("companion", "sts:AssumeRole", f"{ROLE}/hitcounter/x", {}, NOT_ALLOWED),
    ("companion", "s3:GetObject", f"{BUCKET}/handlers/hit-counter-1.zip", {}, ALLOWED),
    ("companion", "s3:PutObject", f"{BUCKET}/staged/1.zip", {}, ALLOWED),
    ("companion", "s3:PutObject", f"{BUCKET}/kept/hitcounter-app-Visits-1/1.zip", {}, ALLOWED),
    ("companion", "s3:DeleteObjectVersion", f"{BUCKET}/kept/hitcounter-app-Visits-1/1.zip", {}, ALLOWED),
    ("companion", "s3:PutObject", f"{BUCKET}/handlers/hit-counter-1.zip", {}, NOT_ALLOWED),
    ("companion", "s3:PutObject", f"{BUCKET}/macro/companion.zip", {}, NOT_ALLOWED),
    ("companion", "s3:DeleteObject", f"{BUCKET}/kept/hitcounter-app-Visits-1/1.zip", {}, NOT_ALLOWED),
    ("companion", "s3:DeleteObjectVersion", f"{BUCKET}/code/1.zip", {}, NOT_ALLOWED),
    ("companion", "s3:PutObject", "arn:aws:s3:::my-code/staged/1.zip", {}, NOT_ALLOWED),
    ("companion", "s3:PutBucketPolicy", BUCKET, {}, NOT_ALLOWED),
    ("companion", "s3:GetObjectVersion", "arn:aws:s3:::my-code/hit-counter.zip", {}, ALLOWED),
    ("companion", "s3:GetObject", "arn:aws:s3:::their-code/hit-counter.zip", FOREIGN, NOT_ALLOWED),
    ("companion", "s3:ListBucket", "arn:aws:s3:::my-code", {}, ALLOWED),
    ("companion", "s3:ListBucket", "arn:aws:s3:::their-code", FOREIGN, NOT_ALLOWED),
    ("companion", "s3:ListBucketVersions", "arn:aws:s3:::my-code", {}, NOT_ALLOWED),
    ("companion", "s3:PutObject", f"{BUCKET}/staged/1.zip", HTTP, DENIED),
    ("companion", "kms:Decrypt", KEY, BY_S3, ALLOWED),
    ("companion", "kms:Decrypt", KEY, {}, NOT_ALLOWED),
    ("companion", "kms:Decrypt", KEY, {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"}, NOT_ALLOWED),
    ("companion", "kms:GenerateDataKey", KEY, BY_S3, NOT_ALLOWED),
    ("companion", "kms:CreateGrant", KEY, BY_LAMBDA, ALLOWED),
    ("companion", "kms:CreateGrant", KEY, BY_S3, NOT_ALLOWED),
    ("companion", "kms:DescribeKey", KEY, BY_LAMBDA, ALLOWED),
    ("companion", "kms:Encrypt", KEY, BY_LAMBDA, ALLOWED),
    ("companion", "kms:GenerateDataKey", KEY, BY_LAMBDA, ALLOWED),
    ("companion", "kms:ScheduleKeyDeletion", KEY, BY_LAMBDA, NOT_ALLOWED),
    ("companion", "dynamodb:PutItem", f"{TABLE}/app-RecordsTable", {}, ALLOWED),
    ("companion", "dynamodb:DeleteTable", f"{TABLE}/app-RecordsTable", {}, NOT_ALLOWED),
    ("companion", "dynamodb:GetItem", f"{TABLE}/app-VisitsTable", {}, NOT_ALLOWED),
    ("companion", "sqs:SendMessage", QUEUE, {}, ALLOWED),
    ("companion", "sqs:SendMessage", QUEUE, HTTP, DENIED),
    ("companion", "sqs:ReceiveMessage", QUEUE, {}, NOT_ALLOWED),
    ("companion", "logs:CreateLogStream", f"{LOGS}:app-CompanionLog:log-stream:a", {}, ALLOWED),
    ("companion", "logs:PutLogEvents", f"{LOGS}:app-CompanionLog:log-stream:a", {}, ALLOWED),
    ("companion", "logs:PutLogEvents", f"{LOGS}:app-MacroLog:log-stream:a", {}, NOT_ALLOWED),
    ("companion", "ec2:DescribeSubnets", "*", {}, ALLOWED),
    ("companion", "ec2:CreateNetworkInterface", "*", {}, NOT_ALLOWED),
    ("companion with everything", "s3:GetObject", "arn:aws:s3:::my-code/hit-counter.zip", {}, ALLOWED),
    ("companion with everything", "s3:GetObject", "arn:aws:s3:::partners-code/a/b.zip", FOREIGN, ALLOWED),
    ("companion with everything", "s3:ListBucket", "arn:aws:s3:::partners-code", FOREIGN, ALLOWED),
    ("companion with everything", "s3:GetObject", "arn:aws:s3:::payroll/2026.zip", {}, NOT_ALLOWED),
    ("companion with everything", "kms:GenerateDataKey", KEY, BY_S3, ALLOWED),
    ("companion with everything", "kms:GenerateDataKey", KEY, {}, NOT_ALLOWED),
    ("companion with everything", "kms:GenerateDataKey", KEY.replace("1234", "5678"), BY_S3, NOT_ALLOWED),
    ("macro", "logs:PutLogEvents", f"{LOGS}:app-MacroLog:log-stream:a", {}, ALLOWED),
    ("macro", "logs:PutLogEvents", f"{LOGS}:app-CompanionLog:log-stream:a", {}, NOT_ALLOWED),
    ("macro", "dynamodb:GetItem", f"{TABLE}/app-VisitsTable", {}, NOT_ALLOWED),
    ("macro", "s3:GetObject", f"{BUCKET}/macro/macro.zip", {}, NOT_ALLOWED),
    ("minimal", "dynamodb:UpdateItem", f"{TABLE}/app-VisitsTable", {}, ALLOWED),
    ("minimal", "dynamodb:UpdateItem", f"{TABLE}/app-OthersTable", {}, NOT_ALLOWED),
    ("minimal", "dynamodb:GetItem", f"{TABLE}/app-VisitsTable", {}, NOT_ALLOWED),
    ("minimal", "dynamodb:Scan", f"{TABLE}/app-VisitsTable", {}, NOT_ALLOWED),
    ("minimal", "dynamodb:DeleteTable", f"{TABLE}/app-VisitsTable", {}, NOT_ALLOWED),
    ("minimal", "logs:CreateLogStream", f"{LOGS}:app-VisitsLogGroup:log-stream:a", {}, ALLOWED),
    ("minimal", "logs:PutLogEvents", f"{LOGS}:app-VisitsLogGroup:log-stream:a", {}, ALLOWED),
    ("minimal", "logs:PutLogEvents", f"{LOGS}:app-OthersLogGroup:log-stream:a", {}, NOT_ALLOWED),
    ("minimal", "logs:DeleteLogGroup", f"{LOGS}:app-VisitsLogGroup:*", {}, NOT_ALLOWED),
    ("minimal", "s3:GetObject", f"{BUCKET}/staged/1.zip", {}, DENIED),
    ("minimal", "lambda:InvokeFunction", f"{FUNCTION}:HitCounterMacro-Companion", {}, DENIED),
    ("exact", "dynamodb:BatchGetItem", f"{TABLE}/app-VisitsTable", {}, ALLOWED),
    ("exact", "dynamodb:BatchGetItem", f"{TABLE}/app-OthersTable", {}, NOT_ALLOWED),
    ("shards", "dynamodb:BatchGetItem", f"{TABLE}/app-VisitsTable", {}, ALLOWED),
    ("everything", "dynamodb:UpdateItem", f"{TABLE}/app-VisitsTable", {}, ALLOWED),
    ("everything", "dynamodb:PutItem", f"{TABLE}/app-VisitsTable", {}, NOT_ALLOWED),
    ("plugin", "sns:Publish", f"arn:aws:sns:{HERE}:app-VisitsTopic", {}, ALLOWED),
    ("plugin", "sns:Publish", f"arn:aws:sns:{HERE}:app-OthersTopic", {}, NOT_ALLOWED),
    ("greedy counter", "dynamodb:Query", f"{TABLE}/others", {}, ALLOWED),
    ("greedy counter", "secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{HERE}:secret:own-1", {}, ALLOWED),
    ("greedy counter", "xray:PutTraceSegments", "*", {}, ALLOWED),
    ("greedy counter", "ec2:CreateNetworkInterface", "*", {}, ALLOWED),
    ("greedy counter", "iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/eve", {}, NOT_ALLOWED),
    ("greedy counter", "iam:PassRole", f"{ROLE}/hitcounter/x", TO_LAMBDA, NOT_ALLOWED),
    ("greedy counter", "iam:DeleteRolePermissionsBoundary", f"{ROLE}/hitcounter/x", {}, NOT_ALLOWED),
    ("greedy counter", "sts:AssumeRole", f"{ROLE}/admin", {}, NOT_ALLOWED),
    ("greedy counter", "lambda:UpdateFunctionCode", f"{FUNCTION}:payments", {}, NOT_ALLOWED),
    ("greedy counter", "lambda:InvokeFunction", f"{FUNCTION}:next-step", {}, ALLOWED),
    ("greedy counter", "lambda:InvokeFunction", f"{FUNCTION}:HitCounterMacroBeta-Companion", {}, DENIED),
    ("greedy counter", "cloudformation:CreateStack", f"arn:aws:cloudformation:{HERE}:stack/x/1", {}, NOT_ALLOWED),
    ("greedy counter", "organizations:LeaveOrganization", "*", {}, NOT_ALLOWED),
    ("greedy counter", "dynamodb:DeleteTable", f"{TABLE}/app-VisitsTable", {}, NOT_ALLOWED),
    ("greedy counter", "dynamodb:PutItem", f"{TABLE}/app-RecordsTable", {}, DENIED),
    ("greedy counter", "s3:GetObject", f"{BUCKET}/kept/hitcounter-other-1/1.zip", {}, DENIED),
    ("greedy counter", "s3:PutObject", f"{BUCKET}/handlers/hit-counter-1.zip", {}, DENIED),
    ("greedy counter", "s3:PutBucketPolicy", "arn:aws:s3:::my-data", {}, NOT_ALLOWED),
    ("greedy counter", "kms:PutKeyPolicy", KEY, {}, NOT_ALLOWED),
    ("greedy counter", "sqs:ReceiveMessage", QUEUE, {}, DENIED),
    ("anyone", "s3:GetObject", f"{BUCKET}/handlers/hit-counter-1.zip", HTTP, DENIED),
    ("anyone", "s3:ListBucket", BUCKET, HTTP, DENIED),
    ("anyone", "s3:GetObject", f"{BUCKET}/handlers/hit-counter-1.zip", {}, ALLOWED),
    ("lambda", "s3:GetObjectVersion", f"{BUCKET}/kept/hitcounter-app-Visits-1/1.zip", FOR_COUNTER, ALLOWED),
    ("lambda", "s3:GetObject", f"{BUCKET}/code/1.zip", FOR_COUNTER, ALLOWED),
    ("lambda", "s3:GetObject", f"{BUCKET}/staged/1.zip", FOR_COUNTER, NOT_ALLOWED),
    ("lambda", "s3:PutObject", f"{BUCKET}/kept/hitcounter-app-Visits-1/1.zip", FOR_COUNTER, NOT_ALLOWED),
    ("lambda", "s3:GetObject", f"{BUCKET}/kept/1.zip", {**FOR_COUNTER, "aws:SourceAccount": "999999999999"}, NOT_ALLOWED),
    ("lambda", "s3:GetObject", f"{BUCKET}/kept/1.zip", {**FOR_COUNTER, "aws:SourceArn": f"{FUNCTION}:payments"}, NOT_ALLOWED),
    ("lambda", "s3:GetObject", f"{BUCKET}/kept/hitcounter-app-Visits-1/1.zip", {**FOR_COUNTER, **HTTP}, DENIED),
]  # fmt: skip


@cache
def get_principal(name):
    stack = install(**EVERYTHING) if name == "companion with everything" else install()
    if "companion" in name:
        return Principal(attached(stack, "CompanionRole"))
    if name == "macro":
        return Principal(attached(stack, "MacroRole"))
    if name == "lambda":
        return Principal(service="lambda.amazonaws.com")
    if name == "anyone":
        return Principal([ANYTHING])
    boundary = stack.policy("Boundary")
    return Principal([ANYTHING] if name == "greedy counter" else read_policies(name), boundary)


def attached(stack, role):
    arns = stack.properties(role)["ManagedPolicyArns"]
    return [stack.policy(name) for name in stack.ids("AWS::IAM::ManagedPolicy") if stack.arn(name) in arns]


@cache
def read_counter(name):
    path = ROOT / "tests" / COUNTERS[name]
    return Resolved(parse_source(path.name, path.read_text("utf-8")).template)


def read_policies(name):
    stack = read_counter(name)
    return [stack.policy(each) for each in stack.ids("AWS::IAM::ManagedPolicy")]


@pytest.mark.parametrize(("who", "action", "resource", "context", "decision"), ROWS)
def test_iam_decides(who, action, resource, context, decision):
    stack = install()
    asked = {"aws:SecureTransport": "true", "aws:ResourceAccount": ACCOUNT, **context}
    of_resource = {BUCKET: [stack.policy("BucketPolicy")], QUEUE: [stack.policy("DeadLettersPolicy")]}

    decided = decide(get_principal(who), action, resource, asked, of_resource.get(resource.partition("/")[0], []))

    assert decided == decision


@pytest.mark.parametrize("counter", COUNTERS)
def test_a_counters_role_has_the_boundary(counter):
    stack = read_counter(counter)

    bounds = {stack.properties(name)["PermissionsBoundary"] for name in stack.ids("AWS::IAM::Role")}

    assert bounds == {install().arn("Boundary")}


CALLS = {
    "get_object": ["s3:GetObject", "s3:GetObjectVersion"],
    "head_object": ["s3:GetObject"],
    "head_bucket": ["s3:ListBucket"],
    "create_multipart_upload": ["s3:PutObject"],
    "upload_part": ["s3:PutObject"],
    "upload_part_copy": ["s3:PutObject", "s3:GetObject", "s3:GetObjectVersion"],
    "complete_multipart_upload": ["s3:PutObject"],
    "abort_multipart_upload": ["s3:AbortMultipartUpload"],
    # The companion always reads a version of the object.
    "delete_object": ["s3:DeleteObjectVersion"],
    "list_object_versions": ["s3:ListBucketVersions"],
    "get_item": ["dynamodb:GetItem"],
    "put_item": ["dynamodb:PutItem"],
    # GetFunction returns tags only with permission to list them.
    "get_function": ["lambda:GetFunction", "lambda:ListTags"],
    # CreateFunction accepts tags, a role, layers, networks and file systems.
    "create_function": [
        *("lambda:CreateFunction", "lambda:TagResource", "iam:PassRole", "lambda:GetLayerVersion"),
        *("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"),
        "elasticfilesystem:DescribeMountTargets",
    ],
    "update_function_configuration": ["lambda:UpdateFunctionConfiguration", "iam:PassRole"],
    "update_function_code": ["lambda:UpdateFunctionCode"],
    "put_function_code_signing_config": ["lambda:PutFunctionCodeSigningConfig"],
    "delete_function_code_signing_config": ["lambda:DeleteFunctionCodeSigningConfig"],
    "tag_resource": ["lambda:TagResource"],
    "untag_resource": ["lambda:UntagResource"],
    "publish_version": ["lambda:PublishVersion"],
    "list_versions_by_function": ["lambda:ListVersionsByFunction"],
    "delete_function": ["lambda:DeleteFunction"],
}
"""The actions that each call of the companion requires (AWS: "Service Authorization Reference")."""
OWN = {"logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage"}
RECORDS = {"dynamodb:GetItem", "dynamodb:PutItem"}


def find_calls():
    for path in (ROOT / "transform_lambda").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr == "get_paginator" and isinstance(node.args[0], ast.Constant):
                    yield node.args[0].value
                elif ast.unparse(node.func.value) == "self._client":
                    yield node.func.attr


def find_gateway_actions():
    """The actions of API Gateway's operations, by HTTP method. Lambda's actions have their own names."""
    model = botocore.session.Session().get_service_model("apigateway")
    for operation in (*READS, *CHANGES):
        yield f"apigateway:{model.operation_model(operation).http['method']}"
    # CreateRestApi and UpdateRestApi accept a policy.
    yield "apigateway:UpdateRestApiPolicy"
    yield from (f"lambda:{operation}" for operation in OF_LAMBDA)


def find_actions():
    for policy in get_principal("companion with everything").policies:
        for statement in policy["Statement"]:
            actions = statement["Action"]
            yield from [actions] if isinstance(actions, str) else actions


def test_the_companion_is_allowed_its_own_calls_and_no_others():
    needed = {action for call in set(find_calls()) for action in CALLS[call]} | set(find_gateway_actions())

    assert {action for action in find_actions() if not action.startswith("kms:")} == needed | OWN


def test_the_companions_readme_lists_what_its_role_allows():
    text = (ROOT / "transform_lambda" / "README.md").read_text("utf-8")
    table = text.partition("**The companion's role** needs")[2].partition("\n\nObjects under")[0]

    rows = re.findall(r"^\|[^|]+\|([^|]+)\|$", table, re.MULTILINE)
    listed = {action for row in rows for action in read_actions(row)}

    assert listed == set(find_actions()) - OWN - RECORDS


def read_actions(row):
    """The actions in a cell of the README's table: ``s3:GetObject``, or ``lambda:`` before a list of names."""
    service = ""
    for service_of_all, name in re.findall(r"`(\w+:)?(\w+)?`", row):
        service = service_of_all or service
        if name:
            yield service + name
