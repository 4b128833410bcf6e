"""What IAM is asked for each call that tests recorded, as the "Service Authorization Reference" has it."""

import re
from functools import cache
from typing import NamedTuple
from urllib.parse import quote, unquote

import botocore.session

from tests.support.ministack import ACCOUNT as ENGINE
from tests.support.ministack import REGION as ENGINES_REGION
from tests.support.resolved import ACCOUNT, REGION

HERE = f"{REGION}:{ACCOUNT}"
FUNCTION = f"arn:aws:lambda:{HERE}:function:"
BUCKETS = {"staging": f"hitcountermacro-{ACCOUNT}-{REGION}", "code": "my-code"}
TABLES = {"records": "app-RecordsTable", "counters": "app-VisitsTable"}


class Asked(NamedTuple):
    """An action on a resource, and the keys that tell more."""

    action: str
    resource: str
    context: dict[str, str] = {}


def ask_iam(call):
    """All that IAM decides on before a recorded call is carried out."""
    operation, given = call["operation"], call["parameters"]
    yield from _SERVICES[call["service"]](operation, given)
    if "Role" in given:
        yield Asked("iam:PassRole", _place(given["Role"]), {"iam:PassedToService": "lambda.amazonaws.com"})
    if "credentials" in given:
        yield Asked("iam:PassRole", _place(given["credentials"]), {"iam:PassedToService": "apigateway.amazonaws.com"})


def _ask_for_lambda(operation, given):
    function = _name_function(given)
    yield Asked(f"lambda:{operation}", function)
    if operation == "GetFunction":
        # It shows tags to those who may list them.
        yield Asked("lambda:ListTags", function)
    if operation == "CreateFunction" and given.get("Tags"):
        yield Asked("lambda:TagResource", function)
    if operation == "PutFunctionCodeSigningConfig":
        yield Asked(f"lambda:{operation}", _place(given["CodeSigningConfigArn"]))
    for layer in given.get("Layers", ()):
        yield Asked("lambda:GetLayerVersion", _place(layer))
    if given.get("VpcConfig"):
        yield from (Asked(f"ec2:Describe{each}", "*") for each in ("SecurityGroups", "Subnets", "Vpcs"))
    for each in given.get("FileSystemConfigs", ()):
        system = _place(each["Arn"]).replace("access-point/fsap", "file-system/fs")
        yield Asked("elasticfilesystem:DescribeMountTargets", system)
    code = given.get("Code", given)
    if code.get("S3Key"):
        # Lambda reads the object as whoever calls it.
        action = "s3:GetObjectVersion" if code.get("S3ObjectVersion") else "s3:GetObject"
        yield Asked(action, _name_object(code["S3Bucket"], code["S3Key"]))


def _ask_for_s3(operation, given):
    for action in _ACTIONS[operation]:
        is_of_bucket = action.startswith("s3:ListBucket")
        name = f"{action}Version" if given.get("VersionId") and action in _VERSIONED else action
        yield Asked(name, _name_object(given["Bucket"], None if is_of_bucket else given["Key"]))
    if "CopySource" in given:
        # botocore has made text of it by now: bucket/key?versionId=…
        path, _, version = given["CopySource"].partition("?")
        bucket, _, key = unquote(path).partition("/")
        yield Asked("s3:GetObjectVersion" if version else "s3:GetObject", _name_object(bucket, key))


def _ask_for_dynamodb(operation, given):
    if operation == "TransactWriteItems":
        items = [(kind, each[kind]["TableName"]) for each in given["TransactItems"] for kind in each]
        yield from (Asked(f"dynamodb:{kind}Item", _name_table(table)) for kind, table in items)
        return
    for table in given.get("RequestItems", [given.get("TableName")]):
        yield Asked(f"dynamodb:{operation}", _name_table(table))


def _ask_for_apigateway(operation, given):
    http = _model(operation).http
    path = re.sub(
        r"\{(\w+)\+?\}", lambda match: _fill(operation, match[1], given), http["requestUri"].partition("?")[0]
    )
    yield Asked(f"apigateway:{http['method']}", f"arn:aws:apigateway:{REGION}::{path}")
    if operation.startswith("Create") and given.get("tags"):
        made = quote(f"arn:aws:apigateway:{REGION}::{path}/new", safe="")
        yield from (
            Asked(f"apigateway:{each}", f"arn:aws:apigateway:{REGION}::/tags/{made}") for each in ("POST", "PUT")
        )
    changed = [each["path"] for each in given.get("patchOperations", ())] if operation == "UpdateRestApi" else []
    if (operation == "CreateRestApi" and "policy" in given) or "/policy" in changed:
        yield Asked("apigateway:UpdateRestApiPolicy", f"arn:aws:apigateway:{REGION}::{path}")


_SERVICES = {
    "apigateway": _ask_for_apigateway,
    "dynamodb": _ask_for_dynamodb,
    "lambda": _ask_for_lambda,
    "s3": _ask_for_s3,
}
_VERSIONED = {"s3:GetObject", "s3:DeleteObject"}
# With s3:ListBucket S3 tells what is missing from what is forbidden.
_ACTIONS = {
    "AbortMultipartUpload": ["s3:AbortMultipartUpload"],
    "CompleteMultipartUpload": ["s3:PutObject"],
    "CreateMultipartUpload": ["s3:PutObject"],
    "DeleteObject": ["s3:DeleteObject"],
    "GetObject": ["s3:GetObject", "s3:ListBucket"],
    "HeadBucket": ["s3:ListBucket"],
    "HeadObject": ["s3:GetObject", "s3:ListBucket"],
    "ListObjectVersions": ["s3:ListBucketVersions"],
    "UploadPart": ["s3:PutObject"],
    "UploadPartCopy": ["s3:PutObject"],
}


def _name_function(given):
    name = given.get("FunctionName") or given["Resource"]
    arn = _place(name) if name.startswith("arn:") else f"{FUNCTION}{name}"
    return f"{arn}:{given['Qualifier']}" if "Qualifier" in given else arn


def _name_object(bucket, key):
    name = f"arn:aws:s3:::{BUCKETS.get(bucket.partition('-')[0], bucket)}"
    return name if key is None else f"{name}/{key}"


def _name_table(table):
    return f"arn:aws:dynamodb:{HERE}:table/{TABLES.get(table.partition('-')[0], table)}"


def _place(arn):
    """An ARN of the engine's where the policies are resolved."""
    return arn.replace(ENGINE, ACCOUNT).replace(ENGINES_REGION, REGION)


def _fill(operation, place, given):
    members = _model(operation).input_shape.members.items()
    name = next(name for name, member in members if member.serialization.get("name") == place)
    return quote(_place(str(given[name])), safe="")


@cache
def _service():
    return botocore.session.Session().get_service_model("apigateway")


def _model(operation):
    return _service().operation_model(operation)
