"""A refused update leaves the function, its tags, its versions and staged objects unchanged."""

import copy
import json
import random

import pytest

from tests.support.archives import Entry, make_archive
from tests.support.cloudformation import STACK_ID
from tests.support.companion import ARCHIVE, CODE, Companion, wanted
from transform_lambda.contract import ResourceError
from transform_lambda.identity import physical_id_for
from transform_lambda.ports import DeniedError, TryAgain

NAME = physical_id_for(STACK_ID, "Visits")
SIGNING = "arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-0123456789abcdef"
LARGE = make_archive(
    Entry(b"index.py"), Entry(b"a.bin", random.Random(1).randbytes(11 << 20)), Entry(b".env", b"table=\n")
)
REFERENCE = {**CODE, "S3ObjectStorageMode": "REFERENCE"}
OLD = {
    "Publish": "true",
    "MemorySize": "256",
    "Description": "old",
    "Environment": {"Variables": {"A": "old-value"}},
    "Layers": ["arn:aws:lambda:eu-west-1:123456789012:layer:tools:1"],
    "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    "Tags": {"team": "web", "stage": "test"},
    "CodeSigningConfigArn": f"{SIGNING}a",
    "Env": {"table": "old"},
}
NEW = {
    "Publish": "true",
    "MemorySize": "512",
    "Handler": "other.handler",
    "Environment": {"Variables": {"A": "new-value"}},
    "Architectures": ["arm64"],
    "Tags": {"team": "api", "more": "1"},
    "CodeSigningConfigArn": f"{SIGNING}b",
    "Env": {"table": "new"},
}
USUAL = {
    "MemorySize": 128,
    "Handler": "",
    "Description": "",
    "Layers": [],
    "Environment": {"Variables": {}},
    "VpcConfig": {},
    "Architectures": ["x86_64"],
    "CodeSha256": "",
}
REASONS = {
    "sign": "Properties.CodeSigningConfigArn: no",
    "update_code": "Properties.Code: no",
    "tag": "Properties.Tags: no",
    "publish": "Properties.Publish: no",
    "versions": "Properties.Publish: no",
}


@pytest.fixture
def companion():
    return Companion()


def state(companion):
    """Everything that an update could change, except revision and time."""
    stored = copy.deepcopy(companion.functions.stored[NAME])
    settings = {name: stored.configuration.get(name, usual) for name, usual in USUAL.items()}
    settings["VpcConfig"] = {"Ipv6AllowedForDualStack": False, **settings["VpcConfig"]}
    return settings, stored.tags, stored.code["bytes"], stored.versions, stored.signing, dict(companion.store.objects)


@pytest.mark.parametrize("call", REASONS)
@pytest.mark.parametrize("archive", [ARCHIVE, LARGE], ids=["in memory", "staged"])
@pytest.mark.parametrize("code", [CODE, REFERENCE], ids=["copied", "by reference"])
@pytest.mark.parametrize("is_lost_first", [False, True], ids=["", "after a lost answer"])
def test_an_update_refused_at_any_call_leaves_the_function_unchanged(companion, call, archive, code, is_lost_first):
    companion.store.objects["code", "app.zip"] = archive
    companion.create(wanted(Code=code, **OLD))
    before = state(companion)
    companion.outbox.answers.clear()
    if is_lost_first:
        for each in ("sign", "update_configuration", "update_code", "tag"):
            companion.functions.lost[each] = [TryAgain("ReadTimeoutError")] * (each != call)
    companion.functions.faults[call] = [ResourceError("no")]

    companion.update(wanted(Code=code, **NEW))

    (answer,) = companion.outbox.answers
    assert (answer["Status"], answer["Reason"]) == ("FAILED", REASONS[call])
    assert answer["PhysicalResourceId"] == NAME
    assert state(companion) == before


@pytest.mark.parametrize("call", ["sign", "update_configuration", "update_code", "tag", "publish"])
def test_the_rollback_of_a_refused_update_makes_no_change_and_the_next_update_works(companion, call):
    companion.create(wanted(**OLD))
    companion.functions.faults[call] = [ResourceError("no")]
    companion.update(wanted(**NEW))
    calls = len(companion.functions.kinds)

    rolled_back = companion.update(wanted(**OLD), OldResourceProperties=wanted(**NEW))
    rollback = [kind for kind in companion.functions.kinds[calls:] if kind != "versions"]
    changed = companion.update(wanted(**NEW))

    assert rolled_back["Data"]["Version"] == "1"
    assert set(rollback) <= {"sign"}
    assert (changed["Status"], changed["Data"]["Version"]) == ("SUCCESS", "2")
    assert companion.functions.files(NAME)[".env"] == b"other=kept\ntable=new\n"


@pytest.mark.parametrize(
    ("changes", "said", "reason"),
    [
        ({"MemorySize": "512"}, "no", "Properties.MemorySize: no"),
        ({"MemorySize": "512", "Timeout": "5"}, "no", "Properties.Timeout, Properties.MemorySize: no"),
        (
            {"MemorySize": "512", "Timeout": "5"},
            "Value '512' at 'memorySize' failed",
            "Properties.MemorySize: Value '512' at 'memorySize' failed",
        ),
        (
            {"MemorySize": "512", "Layers": ["arn:layer:none:1"]},
            "Layer version arn:layer:none:1 does not exist",
            "Properties.Layers: Layer version arn:layer:none:1 does not exist",
        ),
        (
            {"MemorySize": "512", "VpcConfig": {"SubnetIds": ["subnet-none"], "SecurityGroupIds": []}},
            "The subnet ID 'subnet-none' does not exist",
            "Properties.VpcConfig: The subnet ID 'subnet-none' does not exist",
        ),
    ],
)
def test_a_refused_configuration_names_the_offending_properties(companion, changes, said, reason):
    companion.create(wanted())
    before = state(companion)
    companion.functions.faults["update_configuration"] = [ResourceError(said)]

    answer = companion.update(wanted(**changes))

    assert answer["Reason"] == reason
    assert state(companion) == before


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            DeniedError(f"not authorized to perform: iam:PassRole on resource: {wanted()['Role']}"),
            f"Properties.Role: not authorized to perform: iam:PassRole on resource: {wanted()['Role']}",
        ),
        (
            DeniedError("User: arn:aws:sts::1:assumed-role/a/b is not authorized to perform: lambda:CreateFunction"),
            "Properties.FunctionName: User: arn:aws:sts::1:assumed-role/a/b is not authorized to perform: "
            "lambda:CreateFunction",
        ),
        (ResourceError("no such thing"), "no such thing"),
    ],
    ids=["role", "name", "not told"],
)
def test_a_refused_create_names_the_offending_property(companion, error, reason):
    companion.functions.faults["create"] = [error]

    answer = companion.create()

    assert answer["Reason"] == reason
    assert companion.functions.stored == {}
    assert companion.store.staged == []


@pytest.mark.parametrize("call", ["update_configuration", "update_code"])
def test_an_accepted_update_that_fails_later_is_undone(companion, call):
    companion.create(wanted(**OLD))
    before = state(companion)
    failed = {"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "no", "LastUpdateStatusReasonCode": "EFSIOError"}
    companion.functions.outcome = {call: failed}

    answer = companion.update(wanted(**NEW))

    assert answer["Reason"] == f"Properties.FileSystemConfigs: function {NAME}: the update failed: no (EFSIOError)"
    assert state(companion) == before


def test_a_failed_version_is_deleted_and_its_update_is_undone(companion):
    companion.create(wanted(**OLD))
    before = state(companion)
    companion.functions.outcome = {"publish": {"State": "Pending"}}

    def fail(kind):
        versions = companion.functions.stored[NAME].versions
        if kind == "read" and 2 in versions:
            versions[2].update(State="Failed", StateReason="init failed", StateReasonCode="FunctionError")

    companion.functions.before = fail
    answer = companion.update(wanted(**NEW))

    assert answer["Reason"] == f"function {NAME}: failed: init failed (FunctionError)"
    assert state(companion) == before


def test_code_that_cannot_be_restored_is_logged_and_left_to_the_rollback(companion, capsys):
    companion.create(wanted(**OLD))
    companion.store.objects["code", "app.zip"] = make_archive(Entry(b"index.py", b"other"))
    companion.functions.faults["publish"] = [ResourceError("no")]

    answer = companion.update(wanted(**NEW))

    assert answer["Reason"] == "Properties.Publish: no"
    assert (
        f"function {NAME}: its earlier code does not exist any more; the next request tries again"
        in capsys.readouterr().out
    )


@pytest.mark.parametrize("kind", ["create", "update"])
def test_code_that_cannot_be_staged_fails_before_any_change(companion, kind):
    if kind == "update":
        companion.create(wanted(**OLD))
    companion.store.objects["code", "app.zip"] = LARGE
    before = copy.deepcopy(companion.functions.stored)
    companion.functions.calls.clear()
    companion.store.faults["start_upload"] = lambda: ResourceError("cannot stage s3://staging/a.zip: access denied")

    answer = companion.create() if kind == "create" else companion.update(wanted(**NEW))

    assert answer["Reason"] == "Properties.Code: cannot stage s3://staging/a.zip: access denied"
    assert companion.functions.stored == before
    assert companion.functions.kinds == []
    assert companion.store.staged == []


def test_an_undo_waits_for_the_function_and_retries(companion):
    companion.create(wanted(**OLD))
    before = state(companion)
    companion.functions.busy = 3
    companion.functions.faults["publish"] = [ResourceError("no")]

    def throttle(kind):
        if kind == "publish":
            companion.functions.faults.update(update_code=[TryAgain("Rate exceeded")], tag=[TryAgain("Rate exceeded")])

    companion.functions.before = throttle
    answer = companion.update(wanted(**NEW))

    assert answer["Reason"] == "Properties.Publish: no"
    assert state(companion) == before


def test_an_undo_without_time_is_logged_and_left_to_the_rollback(companion, capsys):
    companion.create(wanted(**OLD))
    companion.functions.faults["publish"] = [ResourceError("no")]
    companion.functions.before = lambda kind: (
        kind == "publish" and companion.functions.faults.update(update_configuration=[TryAgain("Rate exceeded")] * 1000)
    )

    answer = companion.update(wanted(**NEW, ServiceTimeout="60"))
    companion.functions.faults.clear()
    rolled_back = companion.update(wanted(**OLD), OldResourceProperties=wanted(**NEW))

    assert answer["Reason"] == "Properties.Publish: no"
    assert (
        "Rate exceeded; gave up, because the time for this request is over; the next request" in capsys.readouterr().out
    )
    assert rolled_back["Status"] == "SUCCESS"
    assert companion.functions.stored[NAME].configuration["MemorySize"] == 256


def test_an_undo_removes_the_object_that_it_staged(companion):
    companion.store.objects["code", "app.zip"] = LARGE
    companion.create(wanted(**OLD))
    for key in companion.store.staged:
        del companion.store.objects["staging", key]
    before = state(companion)
    companion.functions.faults["publish"] = [ResourceError("no")]

    companion.update(wanted(**NEW))

    assert state(companion) == before
    assert companion.store.staged == []


def test_unreadable_variables_are_left_to_the_rollback(companion):
    companion.create(wanted(**OLD))
    configuration = companion.functions.stored[NAME].configuration
    configuration["Environment"] = {"Error": {"ErrorCode": "KMSAccessDenied"}}
    companion.functions.faults["update_code"] = [ResourceError("no")]

    companion.update(wanted(**NEW))

    assert configuration["Environment"] == NEW["Environment"]
    assert configuration["MemorySize"] == 256


def test_members_that_lambda_adds_are_not_sent_back(companion):
    companion.create(wanted(**OLD, SnapStart={"ApplyOn": "PublishedVersions"}))
    configuration = companion.functions.stored[NAME].configuration
    configuration["VpcConfig"]["VpcId"] = "vpc-1"
    configuration["SnapStart"]["OptimizationStatus"] = "Off"
    companion.functions.faults["update_code"] = [ResourceError("no")]

    companion.update(wanted(**NEW))

    (_, call) = [each for each in companion.functions.calls if each[0] == "update_configuration"][-1]
    assert call["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    assert call["VpcConfig"] == OLD["VpcConfig"] | {"Ipv6AllowedForDualStack": False}


def test_a_refused_replacement_leaves_the_old_function_unchanged(companion):
    companion.create(wanted(FunctionName="old", Env={"table": "old"}))
    before = copy.deepcopy(companion.functions.stored["old"])
    companion.functions.faults["publish"] = [ResourceError("no")]

    answer = companion.update(wanted(FunctionName="new", Env={"table": "new"}, Publish="true"))

    assert (answer["Reason"], answer["PhysicalResourceId"]) == ("Properties.Publish: no", "old")
    assert companion.functions.stored == {"old": before}
    assert companion.store.staged == []


def test_a_newer_request_stops_the_undo(companion):
    companion.create(wanted(**OLD))
    companion.functions.faults["publish"] = [ResourceError("no")]
    deleted = []

    def delete(kind):
        if kind == "sign" and "publish" in companion.functions.kinds and not deleted:
            deleted.append(companion.event("Delete", wanted(**OLD), PhysicalResourceId=NAME))
            companion.deliver(deleted[0])

    companion.functions.before = delete
    companion.update(wanted(**NEW))

    assert companion.functions.stored == {}
    assert len(companion.outbox.answers) == 3


def test_an_undo_does_not_create_a_deleted_function_again(companion):
    companion.create(wanted(**OLD))
    companion.functions.faults["publish"] = [ResourceError("no")]
    companion.functions.before = lambda kind: kind == "publish" and companion.functions.stored.clear()

    answer = companion.update(wanted(**NEW))

    assert answer["Reason"] == "Properties.Publish: no"
    assert companion.functions.stored == {}


def test_neither_reason_nor_log_of_a_refused_update_has_a_value(companion, capsys):
    companion.create(wanted(**OLD))
    companion.functions.faults["update_configuration"] = [ResourceError("new-value is no value for A")]

    answer = companion.update(wanted(**NEW))

    assert answer["Reason"] == "Properties.Environment: *** is no value for A"
    assert "new-value" not in capsys.readouterr().out + json.dumps(companion.outbox.answers)
