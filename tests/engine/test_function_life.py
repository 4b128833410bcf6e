"""Create, update and delete of a function on the engine, through the companion's handler."""

import io
import os
import random
import re
import zipfile
from pathlib import Path

import pytest

from tests.engine.fixtures import ROLE

pytestmark = pytest.mark.thorough

README = Path(__file__).parents[2] / "samples" / "README.md"
READ = """
import os
def read_env():
    with open(os.path.join(os.path.dirname(__file__), ".env")) as file:
        return dict(line.strip().split("=", 1) for line in file if "=" in line)
"""
SHOW = READ + "def handler(event, context):\n    return read_env()\n"
SHOW_MORE = READ + "def handler(event, context):\n    return {**read_env(), 'more': True}\n"
SKETCH = """
import os
import boto3

with open(os.path.join(os.path.dirname(__file__), '.env')) as file:
    env = dict(line.split('=', 1) for line in file)

table = boto3.resource('dynamodb').Table(env['table'].strip())

def handler(event, context):
    answer = table.update_item(
        Key={'name': event['name']},
        AttributeUpdates={'counter': {'Action': 'ADD', 'Value': 1}},
        ReturnValues='UPDATED_NEW',
    )
    return int(answer['Attributes']['counter'])
"""
ENV = b"other=kept\ntable=at deployment\nlast=too\n"


def make_zip(code, *, env=ENV, padding=0, more=b""):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {
            "index.py": code.encode(),
            ".env": env,
            "data.bin": random.Random(1).randbytes(padding) + more,
        }.items():
            member = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            member.external_attr = 0o100644 << 16
            archive.writestr(member, data)
    return target.getvalue()


@pytest.fixture
def stack(new_stack):
    return new_stack()


def put(stack, key, data):
    bucket = os.environ["HITCOUNTER_STAGING_BUCKET"].replace("staging", "code")
    stack.client("s3").put_object(Bucket=bucket, Key=key, Body=data)
    return {"S3Bucket": bucket, "S3Key": key}


def properties(code, **more):
    return {
        "ServiceToken": "x",
        "Code": code,
        "Handler": "index.handler",
        "Runtime": "python3.11",
        "Role": ROLE,
        **more,
    }


def functions(stack):
    return [each["FunctionName"] for each in stack.client("lambda").list_functions()["Functions"]]


def staged(stack):
    return stack.client("s3").list_objects_v2(Bucket=os.environ["HITCOUNTER_STAGING_BUCKET"]).get("Contents", [])


def test_a_function_is_created_updated_and_deleted_twice(stack):
    code = put(stack, "code.zip", make_zip(SHOW))
    first = stack.create(properties(code, Env={"table": "visits"}, MemorySize="256"))
    assert first["Status"] == "SUCCESS", first
    name = first["Data"]["FunctionName"]
    assert stack.invoke(name, {}) == {"other": "kept", "table": "visits", "last": "too"}
    assert first["PhysicalResourceId"] == name

    other_env = stack.update(properties(code, Env={"table": "more-visits"}, MemorySize="256"))
    assert stack.invoke(name, {})["table"] == "more-visits"
    assert other_env["Data"]["SourceSha256"] == first["Data"]["SourceSha256"]
    assert other_env["Data"]["CodeSha256"] != first["Data"]["CodeSha256"]

    put(stack, "code.zip", make_zip(SHOW_MORE))
    other_code = stack.update(properties(code, Env={"table": "more-visits"}, MemorySize="128"))
    assert stack.invoke(name, {})["more"] is True
    assert other_code["Data"]["SourceSha256"] != first["Data"]["SourceSha256"]

    revision = stack.client("lambda").get_function(FunctionName=name)["Configuration"]["RevisionId"]
    nothing = stack.update(properties(code, Env={"table": "more-visits"}, MemorySize="128"))
    assert nothing["Data"] == other_code["Data"]
    assert stack.client("lambda").get_function(FunctionName=name)["Configuration"]["RevisionId"] == revision

    renamed = stack.update(properties(code, Env={"table": "v"}, FunctionName=f"{name[:50]}-new"))
    assert renamed["Status"] == "SUCCESS", renamed
    assert {name, renamed["PhysicalResourceId"]} <= set(functions(stack))
    assert stack.delete(known=renamed["old"])["Status"] == "SUCCESS"
    assert name not in functions(stack)

    back = stack.update(properties(code, Env={"table": "more-visits"}, MemorySize="128"))
    assert back["PhysicalResourceId"] == name
    assert stack.invoke(name, {})["table"] == "more-visits"
    stack.delete(known=back["old"])

    assert [stack.delete()["Status"], stack.delete()["Status"]] == ["SUCCESS", "SUCCESS"]
    assert not {name, renamed["PhysicalResourceId"]} & set(functions(stack))
    assert staged(stack) == []


def test_the_function_of_the_first_design_counts_in_the_table_of_its_env_file(stack):
    table = make_table(stack, "counts")
    made = stack.create(properties(put(stack, "sketch.zip", make_zip(SKETCH)), Env={"table": table}))

    assert made["Status"] == "SUCCESS", made
    assert [stack.invoke(made["PhysicalResourceId"], {"name": "a"}) for _ in range(3)] == [1, 2, 3]
    assert stack.invoke(made["PhysicalResourceId"], {"name": "b"}) == 1
    assert read_env(stack, made) == ENV.replace(b"at deployment", table.encode())


def test_two_functions_with_the_same_code_object_count_in_their_own_tables(stack):
    code = put(stack, "shared.zip", make_zip(SKETCH))
    made = [
        stack.create(properties(code, Env={"table": make_table(stack, stage)}), logical_id=stage)
        for stage in ("Test", "Prod")
    ]

    counts = [[stack.invoke(each["PhysicalResourceId"], {"name": "a"}) for _ in range(2)] for each in made]

    assert counts == [[1, 2], [1, 2]]
    assert len({each["Data"]["SourceSha256"] for each in made}) == 1
    assert len({each["Data"]["CodeSha256"] for each in made}) == 2


def test_a_large_archive_is_staged_inside_s3(stack):
    made = stack.create(properties(put(stack, "large.zip", make_zip(SHOW, padding=12 << 20)), Env={"table": "large"}))

    assert made["Status"] == "SUCCESS", made
    assert stack.invoke(made["PhysicalResourceId"], {})["table"] == "large"
    assert [each["Key"].startswith("staged/") for each in staged(stack)] == [True]


def test_inline_code_reads_its_env_file(stack):
    made = stack.create(properties({"ZipFile": SHOW}, Env={"table": "inline"}))

    assert made["Status"] == "SUCCESS", made
    assert stack.invoke(made["PhysicalResourceId"], {}) == {"table": "inline"}


def test_an_update_recreates_a_function_that_was_deleted_by_hand(stack):
    code = put(stack, "code.zip", make_zip(SHOW))
    name = stack.create(properties(code, Env={"table": "a"}))["PhysicalResourceId"]
    stack.client("lambda").delete_function(FunctionName=name)

    healed = stack.update(properties(code, Env={"table": "b"}))

    assert (healed["Status"], healed["PhysicalResourceId"]) == ("SUCCESS", name)
    assert stack.invoke(name, {})["table"] == "b"


def test_only_changes_publish_versions_and_old_versions_are_deleted(stack):
    code = put(stack, "code.zip", make_zip(SHOW))
    answers = [stack.create(properties(code, Env={"table": "0"}, Publish="true", KeepVersions="2"))]
    for table in ("1", "1", "2", "3"):
        answers.append(stack.update(properties(code, Env={"table": table}, Publish="true", KeepVersions="2")))

    name = answers[0]["PhysicalResourceId"]
    versions = stack.client("lambda").list_versions_by_function(FunctionName=name)["Versions"]
    assert [answer["Data"]["Version"] for answer in answers] == ["1", "2", "2", "3", "4"]
    assert answers[-1]["Data"]["VersionArn"].endswith(f":{name}:4")
    assert [each["Version"] for each in versions] == ["$LATEST", "2", "3", "4"]


def test_another_stacks_function_is_neither_adopted_nor_deleted(stack):
    code = put(stack, "code.zip", make_zip(SHOW))
    other = stack.create(
        properties(code, FunctionName=f"hitcounter-foreign-{random.random()}".replace(".", "-")), logical_id="Other"
    )
    name = other["PhysicalResourceId"]

    refused = stack.create(properties(code, FunctionName=name))
    deleted = stack.delete(known=(name, properties(code)))

    assert refused["Status"] == "FAILED"
    assert refused["Reason"] == (
        f"Properties.FunctionName: function {name} already exists and, by its tags, does not belong to this resource; "
        "give another FunctionName, or delete the function"
    )
    assert deleted["Status"] == "SUCCESS"
    assert name in functions(stack)


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ({"S3Bucket": "no-such-bucket-here"}, "there is no such bucket"),
        ({"S3Key": "none.zip"}, "there is no such object"),
        ({"S3ObjectVersion": "none"}, "the object has no such version"),
    ],
)
def test_missing_code_fails_create_and_update_and_changes_nothing(stack, place, problem):
    code = put(stack, "code.zip", make_zip(SHOW))
    refused = [stack.create(properties({**code, **place}, Env={"table": "a"}))]
    name = stack.create(properties(code, Env={"table": "a"}))["PhysicalResourceId"]
    refused.append(stack.update(properties({**code, **place}, Env={"table": "b"})))

    for answer in refused:
        assert answer["Status"] == "FAILED"
        assert answer["Reason"].startswith("Properties.Code: cannot read s3://")
        assert answer["Reason"].endswith(problem)
    assert stack.invoke(name, {})["table"] == "a"
    assert staged(stack) == []


def test_an_update_with_refused_code_leaves_the_function_unchanged(stack):
    given = {"Env": {"table": "old"}, "Layers": [make_layer(stack, bytes(200 << 20))], "Publish": "true"}
    made = stack.create(properties(put(stack, "code.zip", make_zip(SHOW)), **given))
    too_large = put(stack, "large.zip", make_zip(SHOW, more=bytes(60 << 20)))

    refused = stack.update(
        properties(too_large, **{**given, "Env": {"table": "new"}}, MemorySize="512", Tags={"a": "b"})
    )

    name = made["PhysicalResourceId"]
    assert (refused["Status"], refused["PhysicalResourceId"]) == ("FAILED", name)
    assert refused["Reason"] == (
        f"Properties.Code: cannot update the code of function {name}: Lambda answered InvalidParameterValueException: "
        "Unzipped size must be smaller than 262144000 bytes"
    )
    found = stack.client("lambda").get_function(FunctionName=name)
    assert (found["Configuration"]["MemorySize"], found["Tags"].get("a")) == (128, None)
    assert found["Configuration"]["CodeSha256"] == made["Data"]["CodeSha256"]
    assert stack.invoke(name, {})["table"] == "old"
    assert staged(stack) == []
    assert stack.update(properties(put(stack, "code.zip", make_zip(SHOW)), **given))["Data"] == {
        **made["Data"],
        "LastModified": found["Configuration"]["LastModified"],
    }


def test_referenced_code_is_kept_as_long_as_its_function(stack):
    code = {**put(stack, "code.zip", make_zip(SHOW)), "S3ObjectStorageMode": "REFERENCE"}
    made = stack.create(properties(code, Env={"table": "first"}))
    (first,) = staged(stack)
    changed = stack.update(properties(code, Env={"table": "second"}))
    (second,) = staged(stack)
    unchanged = stack.update(properties(code))
    (third,) = staged(stack)

    assert [each["Status"] for each in (made, changed, unchanged)] == ["SUCCESS"] * 3
    assert len({each["Key"] for each in (first, second, third)}) == 3
    assert all(each["Key"].startswith("kept/") for each in (first, second, third))
    assert stack.invoke(made["PhysicalResourceId"], {})["table"] == "at deployment"
    assert stack.delete()["Status"] == "SUCCESS"
    assert staged(stack) == []


def test_the_example_of_the_readme_reads_a_base64_value(stack):
    (line,) = re.findall(r"^ *(table = base64.*)$", README.read_text("utf-8"), re.MULTILINE)
    code = f"import base64\n{READ}\ndef handler(event, context):\n    env = read_env()\n    {line}\n    return table\n"
    value = "two\nlines, 'quotes\" and # ${more}"

    made = stack.create(properties({"ZipFile": code}, Env={"table": value}, EnvEncoding="base64"))

    assert stack.invoke(made["PhysicalResourceId"], {}) == value


def make_layer(stack, data):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("layer.bin", data)
    layer = stack.client("lambda").publish_layer_version(LayerName="large", Content={"ZipFile": target.getvalue()})
    return layer["LayerVersionArn"]


def make_table(stack, name):
    table = f"{os.environ['HITCOUNTER_STAGING_BUCKET']}-{name}"
    stack.client("dynamodb").create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return table


def read_env(stack, answer):
    from urllib.request import urlopen

    place = stack.client("lambda").get_function(FunctionName=answer["PhysicalResourceId"])["Code"]["Location"]
    with urlopen(place) as download, zipfile.ZipFile(io.BytesIO(download.read())) as archive:
        return archive.read(".env")
