import json
from copy import deepcopy

import pytest

from tests.support.archives import Entry, make_archive
from tests.support.companion import CODE, ENV, ROLE, Companion, wanted
from transform_lambda.contract import ResourceError
from transform_lambda.function.code import Source, Target, open_code
from transform_lambda.function.payload import DIRECT_LIMIT, make_payload
from transform_lambda.function.properties import RIGHT_CODE, read_wanted
from transform_lambda.ports import Pinned
from transform_lambda.protocol.event import parse_request
from transform_lambda.staging.archive import Archive
from transform_lambda.zip.source import BytesSource

WHERE = "s3://code/app.zip"
KNOWN_CODE = "ImageUri, S3Bucket, S3Key, S3ObjectStorageMode, S3ObjectVersion, SourceKMSKeyArn, ZipFile"
DISAGREE = "readers of env files disagree about"


def without(*names):
    return {name: value for name, value in wanted().items() if name not in names}


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        (wanted(MemroySize="128"), "Properties.MemroySize: unknown; did you mean MemorySize?"),
        (wanted(EnvFlie=".env"), "Properties.EnvFlie: unknown; did you mean EnvFile?"),
        (wanted(KmsKeyArn="arn"), "Properties.KmsKeyArn: unknown; did you mean KMSKeyArn?"),
        (wanted(Timeout="soon"), "Properties.Timeout: must be a whole number, got other text"),
        (wanted(Layers="a"), "Properties.Layers: must be a list, got other text"),
        (wanted(Publish="yes"), "Properties.Publish: must be true or false, got other text"),
        (wanted(Tags=[{"Key": "a"}]), "Properties.Tags: must be a map, got a list"),
        (
            wanted(Tags={"hitcounter:x": "a"}),
            "Properties.Tags.hitcounter:x: must not start with 'hitcounter:', the prefix of the ownership tags",
        ),
        (wanted(Env="table=a"), "Properties.Env: must be a map, got other text"),
        (wanted(Env={"table": ["a"]}), "Properties.Env.table: must be text, got a list"),
        (
            wanted(Env={"1st": "a"}),
            "Properties.Env.1st: a name must be letters, digits and _, and not start with a digit",
        ),
        (
            wanted(Env={"table": "a#b"}),
            f"Properties.Env.table: {DISAGREE} a value with '#'; 'EnvEncoding: base64' carries it",
        ),
        (
            wanted(Env={"a": "b\nc", "d": " e"}),
            f"Properties.Env.a: {DISAGREE} a value with a line break; 'EnvEncoding: base64' carries it "
            f"Properties.Env.d: {DISAGREE} a value that starts or ends with white space; "
            "'EnvEncoding: base64' carries it",
        ),
        (wanted(EnvEncoding="rot13"), "Properties.EnvEncoding: must be one of raw, base64, got 'rot13'"),
        (
            wanted(EnvFile="../.env"),
            "Properties.EnvFile: '../.env' cannot be a file in the archive: give a path like '.env' or 'app/.env'",
        ),
        (without("Code"), f"Properties.Code: must be given, as {RIGHT_CODE}"),
        (without("Role"), "Properties.Role: must be given"),
        (without("Handler", "Runtime"), "Properties.Handler: must be given Properties.Runtime: must be given"),
        (wanted(Code="app.zip"), f"Properties.Code: must be {RIGHT_CODE}, got other text"),
        (wanted(Code=["a"]), "Properties.Code: must be a map, got a list"),
        (wanted(Code={"S3Key": "a"}), "Properties.Code.S3Bucket: must be given"),
        (wanted(Code={"S3Bucket": "a"}), "Properties.Code.S3Key: must be given"),
        (wanted(Code={"S3Bucket": "", "S3Key": ""}), f"Properties.Code: must be {RIGHT_CODE}"),
        (wanted(Code={**CODE, "ZipFile": "x"}), f"Properties.Code: must be {RIGHT_CODE}"),
        (wanted(Code={"Bucket": "a"}), "Properties.Code.Bucket: unknown; did you mean S3Bucket?"),
        (wanted(Code={"Where": "a"}), f"Properties.Code.Where: unknown; known are {KNOWN_CODE}"),
        (
            wanted(Code={"ZipFile": "x"}, Runtime="java21"),
            "Properties.Code.ZipFile: needs a python or nodejs runtime, got java21; put the code in S3 instead",
        ),
        (
            wanted(Code={"ZipFile": "x", "S3ObjectStorageMode": "REFERENCE"}),
            "Properties.Code.S3ObjectStorageMode: needs code in S3, not ZipFile",
        ),
        (
            wanted(Code={"ImageUri": "repo:1"}),
            "Properties.PackageType: must be Image if Code has ImageUri, else Zip or omitted",
        ),
        (
            wanted(Code={"ImageUri": "repo:1"}, PackageType="Image"),
            "Properties.Env: needs an archive, which a container image does not have; use Environment",
        ),
        (
            wanted(FunctionName="arn:aws:lambda:eu-west-1:123456789012:function:x"),
            "Properties.FunctionName: must be 1 to 64 letters, digits, - and _, not an ARN",
        ),
        (
            wanted(Publish="true", KeepVersions="0"),
            "Properties.KeepVersions: must be a whole number of at least 1",
        ),
        (
            wanted(KeepVersions="2"),
            "Properties.KeepVersions: needs 'Publish: true'; without it there are no versions to keep",
        ),
        (
            wanted(PublishTo="LATEST_PUBLISHED"),
            "Properties.PublishTo: needs 'Publish: true'; without it nothing is published",
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_bad_input_gets_one_failed_answer_that_names_it_and_changes_nothing(properties, reason, kind):
    companion = Companion()
    if kind == "Update":
        companion.create()
    before = deepcopy(companion.functions.stored)
    companion.functions.calls.clear()
    companion.outbox.answers.clear()

    companion.create(properties) if kind == "Create" else companion.update(properties)

    (answer,) = companion.outbox.answers
    assert (answer["Status"], answer["Reason"]) == ("FAILED", reason)
    assert companion.functions.kinds == []
    assert companion.functions.stored == before
    assert companion.store.staged == []


@pytest.mark.parametrize("service", ["secretsmanager", "ssm-secure"])
@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("Env.password", lambda text: {"Env": {"password": text}}),
        ("Env.url", lambda text: {"Env": {"url": f"postgres://user:{text}@host"}}),
        ("Description", lambda text: {"Description": text}),
        ("Layers[1]", lambda text: {"Layers": ["arn:layer", text]}),
        ("Tags.owner", lambda text: {"Tags": {"owner": text}}),
        ("Environment.Variables.A", lambda text: {"Environment": {"Variables": {"A": text}}}),
        ("Code.S3Key", lambda text: {"Code": {"S3Bucket": "code", "S3Key": text}}),
        ("Code.S3Key", lambda text: {"Code": f"s3://code/{text}"}),
    ],
)
def test_a_secure_dynamic_reference_is_refused_because_cloudformation_leaves_it_as_text(name, make, service):
    companion = Companion()

    answer = companion.create(wanted(**make(f"{{{{resolve:{service}:prod/db:1}}}}")))

    assert answer["Status"] == "FAILED"
    expected = f"Properties.{name}: CloudFormation does not resolve {{{{resolve:{service}:…}}}} in a custom resource; "
    assert answer["Reason"].startswith(expected)
    assert "prod/db" not in answer["Reason"]
    assert companion.functions.kinds == []


def test_a_plain_dynamic_reference_is_text_like_any_other():
    # CloudFormation resolves it before the request, so only another engine sends it.
    assert Companion().create(wanted(Env={"a": "{{resolve:ssm:/prod/a:1}}"}))["Status"] == "SUCCESS"


def test_all_problems_of_the_properties_are_reported_together():
    answer = Companion().create({"ServiceToken": "x", "Code": {"S3Key": "a"}, "Env": {"a": "b"}})

    assert answer["Reason"] == (
        "Properties.Role: must be given Properties.Handler: must be given Properties.Runtime: must be given "
        "Properties.Code.S3Bucket: must be given"
    )


@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        (b"\x1f\x8b" + b"x" * 100, "not a zip archive"),
        (make_archive(Entry(b"index.py"), Entry(b".env/")), ".env"),
        (make_archive(Entry(b".env", b"\xff\xfe")), "not UTF-8"),
    ],
    ids=["a tar", "a folder in its place", "an env file that is no text"],
)
def test_a_file_of_another_kind_is_refused_by_its_place(archive, reason):
    companion = Companion()
    companion.store.objects["code", "app.zip"] = archive

    answer = companion.create()

    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith(f"Properties.Code: {WHERE}: ")
    assert reason in answer["Reason"]
    assert companion.functions.kinds == []


@pytest.mark.parametrize("said", ["there is no such bucket", "there is no such object", "access denied"])
def test_an_unreadable_object_fails_before_any_change(said):
    companion = Companion()
    companion.store.faults["read_tail"] = lambda: ResourceError(f"cannot read {WHERE}: {said}")

    answer = companion.create()

    assert answer["Reason"] == f"Properties.Code: cannot read {WHERE}: {said}"
    assert companion.functions.kinds == []


@pytest.mark.parametrize("env", [{}, {"table": "a"}])
def test_code_beyond_lambdas_limit_is_refused_with_the_limit(env):
    companion = Companion()
    big = (250 << 20) + 1
    companion.store.objects["code", "app.zip"] = make_archive(
        Entry(b"index.py", record={9: big}, local={8: big}, deflated=True), Entry(b".env", ENV)
    )

    answer = companion.create(wanted(Env=env))

    assert answer["Status"] == "FAILED"
    assert "the unpacked code must have at most 262144000 bytes (250 MiB), got " in answer["Reason"]
    assert companion.functions.kinds == []


def test_an_archive_that_is_too_large_to_send_is_refused_with_the_limit():
    size = DIRECT_LIMIT + 1
    place = open_code(Companion().store, read(Code={"ZipFile": "x"}, Env={})).archive.pinned.place
    archive = Archive(Pinned(place, "", size), BytesSource(bytes(size)), None, ".env", None, "")

    with pytest.raises(ResourceError) as refused:
        make_payload(Companion().store, Target(None, None, Source("", "", archive, None, {}), ""))

    assert str(refused.value) == (
        "Properties.Code: the archive must have at most 52428800 bytes (50 MiB) to be sent in a call, got 52428801; "
        "put the code in S3"
    )


def read(**properties):
    companion = Companion()
    request = parse_request(companion.event("Create", wanted(**properties)))
    return read_wanted(companion.functions.takes("CreateFunction"), request)


def test_typed_values_of_an_engine_equal_cloudformations_text():
    companion = Companion()

    answer = companion.create(wanted(Env={"port": 80, "on": True}, MemorySize=256))

    assert answer["Status"] == "SUCCESS", answer
    name = answer["PhysicalResourceId"]
    assert companion.functions.files(name)[".env"] == ENV + b"port=80\non=true\n"


def test_base64_carries_values_that_readers_disagree_about():
    companion = Companion()

    answer = companion.create(wanted(Env={"key": "a\nb#c"}, EnvEncoding="base64", EnvFile="app/.env"))

    assert companion.functions.files(answer["PhysicalResourceId"])["app/.env"] == b"key=YQpiI2M="


def test_every_property_of_the_api_is_passed_on_by_its_name_and_type():
    companion = Companion()
    given = {
        "Timeout": "20",
        "Layers": ["arn:aws:lambda:eu-west-1:123456789012:layer:a:1"],
        "EphemeralStorage": {"Size": "1024"},
        "LoggingConfig": {"LogFormat": "JSON", "LogGroup": "visits"},
        "TracingConfig": {"Mode": "Active"},
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:eu-west-1:123456789012:dead"},
        "FileSystemConfigs": [{"Arn": "arn:efs", "LocalMountPath": "/mnt/a"}],
        "VpcConfig": {"SubnetIds": ["s"], "SecurityGroupIds": ["g"], "Ipv6AllowedForDualStack": "true"},
        "Environment": {"Variables": {"PORT": "080"}},
        "Architectures": ["arm64"],
    }

    answer = companion.create(wanted(**given))

    (_, call) = companion.functions.calls[1]
    assert answer["Status"] == "SUCCESS", answer
    assert {**given, "Timeout": 20, "EphemeralStorage": {"Size": 1024}} | {
        "VpcConfig": {"SubnetIds": ["s"], "SecurityGroupIds": ["g"], "Ipv6AllowedForDualStack": True}
    } == {name: call[name] for name in given}
    assert call["Role"] == ROLE
    assert companion.functions.kinds == ["create"]
    assert json.dumps(answer)
