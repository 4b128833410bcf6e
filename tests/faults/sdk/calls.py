"""Functions and faults for the tests of SDK calls, and the state that a companion leaves in the engine."""

import base64
import hashlib
import io
import json
import os
import zipfile
from urllib.request import urlopen

from tests.engine.test_function_life import SHOW, make_zip, properties
from transform_lambda.tags import CODE_SHA256

CODE = make_zip(SHOW)
# So large that the companion copies the zip inside S3, part by part.
LARGE = make_zip(SHOW, padding=11 << 20)
FEW = {"Env": {"table": "before"}, "MemorySize": "128"}
MORE = {"Env": {"table": "after"}, "MemorySize": "256"}

# The possible faults of each call. A fault depends on the error codes of the call's service.
KINDS = {
    "throttled": lambda codes: {"error": {"code": codes["throttled"], "status": codes.get("status", 429)}},
    "failed with a 5xx": lambda codes: {"error": {"code": codes["failed with a 5xx"], "status": 500}},
    "reset before": lambda _: {"reset": True},
    "answer lost": lambda _: {"response": {"abort_bytes": 0}},
}


def inventory(stack):
    """Everything that a companion can leave: functions, APIs, kept objects, and the names in the ledger."""
    staging = {"Bucket": os.environ["HITCOUNTER_STAGING_BUCKET"]}
    objects = stack.client("s3").list_objects_v2(**staging, Prefix="kept/").get("Contents", [])
    records = stack.client("dynamodb").scan(TableName=os.environ["HITCOUNTER_RECORDS_TABLE"], ConsistentRead=True)
    names = [json.loads(item["record"]["S"])["names"] for item in records["Items"]]
    return {
        "functions": functions(stack),
        "apis": sorted(each["id"] for each in stack.client("apigateway").get_rest_apis(limit=500)["items"]),
        "objects": [each["Key"] for each in objects],
        "names": [name for each in names for name, held in each.items() if held],
    }


def functions(stack):
    """The names of all functions."""
    pages = stack.client("lambda").get_paginator("list_functions").paginate()
    return sorted(each["FunctionName"] for page in pages for each in page["Functions"])


def uploads(stack):
    """The keys of incomplete uploads."""
    bucket = os.environ["HITCOUNTER_STAGING_BUCKET"]
    return [each["Key"] for each in stack.client("s3").list_multipart_uploads(Bucket=bucket).get("Uploads", [])]


def staged(stack):
    """The keys of staged objects."""
    objects = stack.client("s3").list_objects_v2(Bucket=os.environ["HITCOUNTER_STAGING_BUCKET"])
    return [each["Key"] for each in objects.get("Contents", [])]


def look(stack, name):
    """The table in the function's env file, and its memory. Asserts that the function's code is complete."""
    found = stack.client("lambda").get_function(FunctionName=name)
    with urlopen(found["Code"]["Location"]) as download:
        data = download.read()
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    assert found["Configuration"]["CodeSha256"] == found["Tags"].get(CODE_SHA256, digest) == digest
    source = LARGE if len(data) > len(LARGE) // 2 else CODE
    assert _members(data) == _members(source)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        env = dict(line.split("=", 1) for line in archive.read(".env").decode().splitlines())
    assert (env["other"], env["last"]) == ("kept", "too")
    return env["table"], found["Configuration"]["MemorySize"]


def _members(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist() if name != ".env"}


def warm_up(stack, code):
    """Send a request that creates the companion's clients. The next request then spends its time on its own calls."""
    stack.delete("Other", known=("hitcounter-nothing", wanted(code, FEW)))


def wanted(code, given):
    """Properties of a function with this code."""
    return properties(code, **given)


def check_hanging_create(stack, code, proxy, fault):
    """Assert that a Create is answered in time although the call of ``fault`` hangs, and that its Delete succeeds."""
    warm_up(stack, code)
    proxy.arm({**fault, "times": 1})
    stack.seconds = 4

    failed = stack.create(wanted(code, FEW))
    stack.seconds = 60
    deleted = stack.delete(known=(failed["PhysicalResourceId"], wanted(code, FEW)))

    assert proxy.fired == [fault["operation"]]
    assert (failed["Status"], deleted["Status"]) == ("FAILED", "SUCCESS")
    assert failed["Reason"] == "the Create did not finish within 3 seconds"
