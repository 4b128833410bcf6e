import json
import random

import pytest

from tests.support.archives import Entry, make_archive
from tests.support.cloudformation import STACK_ID
from tests.support.companion import ARCHIVE, CODE, ENV, Companion, wanted
from tests.support.fakes import Outbox
from tests.support.functions import ARN
from transform_lambda.contract import ResourceError
from transform_lambda.identity import is_marker, physical_id_for
from transform_lambda.ports import DeniedError, Replicated, TryAgain

NAME = physical_id_for(STACK_ID, "Visits")
MIB = 1 << 20
LARGE = make_archive(
    Entry(b"index.py"), Entry(b"a.bin", random.Random(1).randbytes(11 * MIB)), Entry(b".env", b"table=\n")
)


@pytest.fixture
def companion():
    return Companion()


def succeed(answer):
    assert answer["Status"] == "SUCCESS", answer
    return answer


def refuse(answer):
    assert answer["Status"] == "FAILED", answer
    return answer["Reason"]


def env_of(companion, name=NAME):
    return companion.functions.files(name)[".env"]


def test_a_create_adds_the_values_to_the_functions_env_file(companion):
    answer = succeed(companion.create(wanted(MemorySize="256", Tags={"team": "web"})))

    (_, call) = next(each for each in companion.functions.calls if each[0] == "create")
    assert env_of(companion) == b"other=kept\ntable=visits-table\n"
    assert (call["FunctionName"], call["MemorySize"], call["Runtime"]) == (NAME, 256, "python3.13")
    assert call["Tags"]["team"] == "web"
    assert call["Tags"]["hitcounter:stack-id"] == STACK_ID
    assert call["Tags"]["hitcounter:logical-id"] == "Visits"
    assert call["Tags"]["hitcounter:source"] == "s3://code/app.zip"
    assert not {"Env", "Publish", "EnvFile", "ServiceToken"} & set(call)
    assert answer["PhysicalResourceId"] == NAME
    assert set(answer["Data"]) == {
        *("Arn", "FunctionName", "Version", "VersionArn"),
        *("CodeSha256", "SourceSha256", "Runtime", "LastModified"),
    }
    assert answer["Data"]["Arn"] == answer["Data"]["VersionArn"] == ARN + NAME
    assert answer["Data"]["Version"] == "$LATEST"
    assert companion.functions.kinds == ["create"]
    assert companion.store.staged == []


def test_an_update_without_changes_makes_no_writing_call(companion):
    companion.create(wanted(MemorySize="256", Layers=["arn:layer:1"], VpcConfig={"SubnetIds": ["b", "a"]}))
    companion.functions.calls.clear()

    succeed(companion.update(wanted(MemorySize="256", Layers=["arn:layer:1"], VpcConfig={"SubnetIds": ["a", "b"]})))

    assert companion.functions.kinds == []


def test_an_update_of_values_sends_only_code_and_logs_the_reason(companion, capsys):
    first = succeed(companion.create())

    second = succeed(companion.update(wanted(Env={"table": "another-table"})))

    assert companion.functions.kinds == ["create", "update_code", "tag"]
    assert env_of(companion) == b"other=kept\ntable=another-table\n"
    assert first["Data"]["SourceSha256"] == second["Data"]["SourceSha256"]
    assert first["Data"]["CodeSha256"] != second["Data"]["CodeSha256"]
    assert "the code's identity differs" in capsys.readouterr().out


def test_an_update_of_the_configuration_sends_only_differences(companion, capsys):
    companion.create(wanted(MemorySize="256", Timeout="5"))

    succeed(companion.update(wanted(MemorySize="512", Timeout="5", Environment={"Variables": {"A": "s3cr3t-value"}})))

    changes = companion.functions.calls[-2][1]
    assert companion.functions.kinds == ["create", "update_configuration"]
    assert {name: changes[name] for name in changes if name not in ("FunctionName", "RevisionId")} == {
        "MemorySize": 512,
        "Environment": {"Variables": {"A": "s3cr3t-value"}},
    }
    said = capsys.readouterr().out
    assert "MemorySize, Environment differ" in said
    assert "s3cr3t" not in said


def test_an_omitted_property_returns_to_its_default_and_a_rollback_restores_it(companion):
    old = wanted(MemorySize="256", Description="counts", Layers=["arn:layer:1"])
    companion.create(old)

    succeed(companion.update(wanted()))
    gone = dict(companion.functions.stored[NAME].configuration)
    succeed(companion.update(old))

    assert (gone["MemorySize"], gone["Description"], gone["Layers"]) == (128, "", [])
    back = companion.functions.stored[NAME].configuration
    assert (back["MemorySize"], back["Description"], back["Layers"]) == (256, "counts", ["arn:layer:1"])


def test_an_update_of_the_code_is_detected_by_its_directory(companion):
    first = succeed(companion.create())
    companion.store.objects["code", "app.zip"] = make_archive(Entry(b"index.py", b"other"), Entry(b".env", ENV))

    second = succeed(companion.update(wanted()))

    assert companion.functions.files(NAME)["index.py"] == b"other"
    assert first["Data"]["SourceSha256"] != second["Data"]["SourceSha256"]


def test_code_that_was_changed_by_hand_is_restored(companion):
    companion.create()
    companion.functions.stored[NAME].configuration["CodeSha256"] = "changed by hand"

    succeed(companion.update(wanted()))

    assert companion.functions.kinds == ["create", "update_code"]
    assert env_of(companion) == b"other=kept\ntable=visits-table\n"


def test_other_architectures_are_sent_with_the_code(companion):
    companion.create()

    succeed(companion.update(wanted(Architectures=["arm64"])))

    assert companion.functions.stored[NAME].configuration["Architectures"] == ["arm64"]


def test_the_templates_tags_are_set_and_removed_and_other_tags_of_the_function_stay(companion):
    companion.create(wanted(Tags={"team": "web", "stage": "test"}))
    companion.functions.stored[NAME].tags["cost-centre"] = "12"

    succeed(companion.update(wanted(Tags={"team": "api"})))

    tags = companion.functions.stored[NAME].tags
    assert (tags["team"], tags["cost-centre"]) == ("api", "12")
    assert "stage" not in tags
    assert companion.functions.kinds == ["create", "tag"]


def test_lambda_reads_code_without_values_from_its_own_object(companion):
    succeed(companion.create(wanted(Code={**CODE, "S3ObjectVersion": "1"}, Env={})))

    (_, call) = companion.functions.calls[1]
    assert call["Code"] == {**CODE, "S3ObjectVersion": "1"}
    assert companion.functions.kinds == ["create", "tag"]
    assert ("read_range" in " ".join(companion.store.calls)) is False


@pytest.mark.parametrize("is_near", [True, False])
@pytest.mark.parametrize("version", [{}, {"S3ObjectVersion": "1"}])
@pytest.mark.parametrize("archive", [ARCHIVE, LARGE], ids=["small", "large"])
def test_code_without_values_is_passed_on_if_lambda_could_read_another_version(companion, archive, version, is_near):
    companion.store.is_near = is_near
    companion.store.objects["code", "app.zip"] = archive

    answer = succeed(companion.create(wanted(Code={**CODE, **version}, Env={})))

    is_taken = is_near and bool(version)
    (_, call) = next(each for each in companion.functions.calls if each[0] == "create")
    assert (call["Code"].get("S3Bucket") == "code") is is_taken
    assert len(companion.store.staged) == (archive is LARGE and not is_taken)
    assert companion.functions.stored[NAME].code["bytes"] == archive
    assert answer["Data"]["SourceSha256"]


def test_an_object_that_changes_while_it_is_staged_is_refused(companion):
    companion.store.objects["code", "app.zip"] = LARGE

    def change(call):
        if call.startswith("copy_part"):
            companion.store.objects["code", "app.zip"] = ARCHIVE

    companion.store.before = change

    assert "changed while it was read" in refuse(companion.create(wanted(Env={})))
    assert companion.store.staged == []
    assert companion.functions.stored == {}


def test_code_may_be_an_s3_url(companion):
    succeed(companion.create(wanted(Code="s3://code/app.zip")))

    assert env_of(companion) == b"other=kept\ntable=visits-table\n"


@pytest.mark.parametrize(("runtime", "file"), [("python3.13", "index.py"), ("nodejs22.x", "index.js")])
@pytest.mark.parametrize("env", [{}, {"table": "visits"}])
def test_inline_code_becomes_a_file_named_by_its_runtime_with_stable_bytes(companion, runtime, file, env):
    given = wanted(Code={"ZipFile": "code"}, Runtime=runtime, Env=env)
    succeed(companion.create(given))
    succeed(companion.update(given))

    expected = {file: b"code", **({".env": b"table=visits"} if env else {})}
    assert companion.functions.files(NAME) == expected
    assert companion.functions.kinds == ["create"]


def test_a_container_image_is_passed_on_unchanged(companion):
    given = {"Code": {"ImageUri": "repo:1"}, "PackageType": "Image", "Role": "r", "ImageConfig": {"Command": ["a"]}}
    first = succeed(companion.create(given))
    second = succeed(companion.update({**given, "Code": {"ImageUri": "repo:2"}}))

    assert first["PhysicalResourceId"] == second["PhysicalResourceId"] != NAME
    assert companion.functions.kinds == ["create", "tag", "update_code", "tag"]
    assert second["Data"]["SourceSha256"] == second["Data"]["CodeSha256"]
    assert second["Data"]["Runtime"] == ""


def test_a_fixed_property_replaces_the_function_under_another_generated_name(companion):
    companion.create()

    answer = succeed(companion.update({"Code": {"ImageUri": "repo:1"}, "PackageType": "Image", "Role": "r"}))

    assert answer["PhysicalResourceId"] != NAME
    assert set(companion.functions.stored) == {NAME, answer["PhysicalResourceId"]}


def test_a_fixed_property_cannot_change_under_a_given_name(companion):
    companion.create(wanted(FunctionName="visits"))

    image = {"Code": {"ImageUri": "repo:1"}, "PackageType": "Image", "Role": "r", "FunctionName": "visits"}
    reason = refuse(companion.update(image))

    assert reason == (
        "Properties.PackageType: cannot be changed in place; change or omit FunctionName in the same update"
    )


PROVIDER = {"CapacityProviderArn": "arn:aws:lambda:eu-west-1:123456789012:capacity-provider:visits"}
MANAGED = {"CapacityProviderConfig": {"LambdaManagedInstancesCapacityProviderConfig": PROVIDER}}
DURABLE = {"DurableConfig": {"ExecutionTimeout": "60"}}


@pytest.mark.parametrize("config", [MANAGED, DURABLE], ids=lambda config: next(iter(config)))
def test_a_property_cannot_be_added_or_removed_in_place_under_a_given_name(companion, config):
    given = {"FunctionName": "visits"}
    companion.create(wanted(**given, **config))
    companion.functions.calls.clear()

    gone = refuse(companion.update(wanted(**given)))
    same = succeed(companion.update(wanted(**given, **config)))
    replaced = companion.update(wanted())

    reason = "cannot be added or removed in place; change or omit FunctionName in the same update"
    assert gone == f"Properties.{next(iter(config))}: {reason}"
    assert same["PhysicalResourceId"] == "visits"
    assert succeed(replaced)["PhysicalResourceId"] == NAME
    assert companion.functions.kinds == ["create"]


def test_a_durable_function_is_changed_in_place(companion):
    companion.create(wanted(**DURABLE))

    succeed(companion.update(wanted(DurableConfig={"ExecutionTimeout": "90"})))

    assert companion.functions.kinds == ["create", "update_configuration"]


def test_a_function_keeps_an_earlier_generated_name(companion):
    companion.create()
    companion.functions.stored["hitcounter-of-old"] = companion.functions.stored.pop(NAME)

    answer = succeed(companion.update(wanted(MemorySize="512"), PhysicalResourceId="hitcounter-of-old"))

    assert answer["PhysicalResourceId"] == "hitcounter-of-old"
    assert set(companion.functions.stored) == {"hitcounter-of-old"}


def test_another_name_is_a_replacement_and_the_old_function_stays_until_its_delete(companion):
    companion.create(wanted(FunctionName="old"))
    old = companion.properties

    answer = succeed(companion.update(wanted(FunctionName="new", Env={"table": "new-table"})))
    both = set(companion.functions.stored)
    succeed(companion.delete("old", old))

    assert answer["PhysicalResourceId"] == "new"
    assert both == {"old", "new"}
    assert set(companion.functions.stored) == {"new"}


def test_a_rollback_after_a_replacement_keeps_the_old_function(companion):
    companion.create(wanted(FunctionName="old"))
    old = companion.properties
    companion.update(wanted(FunctionName="new"))
    companion.functions.calls.clear()

    answer = succeed(companion.update(old))

    assert answer["PhysicalResourceId"] == "old"
    assert companion.functions.kinds == []


def test_a_function_deleted_by_hand_is_created_again(companion):
    companion.create()
    del companion.functions.stored[NAME]

    answer = succeed(companion.update(wanted(Env={"table": "again"})))

    assert answer["PhysicalResourceId"] == NAME
    assert env_of(companion) == b"other=kept\ntable=again\n"


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_a_foreign_function_is_never_modified(companion, kind):
    companion.create(wanted(FunctionName="theirs"))
    stored = companion.functions.stored["theirs"]
    stored.tags = {"hitcounter:stack-id": "another stack", "hitcounter:logical-id": "Visits"}
    before = json.dumps([stored.configuration, stored.tags])
    companion.functions.calls.clear()

    fields = {} if kind == "Create" else {"PhysicalResourceId": "theirs", "OldResourceProperties": {}}
    answer = companion.send(kind, wanted(FunctionName="theirs"), **fields)

    if kind == "Delete":
        succeed(answer)
    else:
        assert refuse(answer) == (
            "Properties.FunctionName: function theirs already exists and, by its tags, does not belong to this resource; "
            "give another FunctionName, or delete the function"
        )
    assert companion.functions.kinds == []
    assert json.dumps([stored.configuration, stored.tags]) == before


def test_a_delete_removes_the_function_and_a_second_delete_succeeds(companion):
    companion.create()

    succeed(companion.delete())
    succeed(companion.delete())

    assert companion.functions.stored == {}
    assert companion.functions.kinds == ["create", "delete"]


@pytest.mark.parametrize("known", ["app-Visits-1ABCDEF2GHIJK", "no function:name", "x" * 65])
def test_a_delete_of_a_foreign_function_succeeds_without_a_change(companion, known):
    succeed(companion.delete(known))

    assert "delete" not in companion.functions.kinds


def test_an_invented_physical_id_that_the_role_denies_fails_no_delete(companion):
    companion.functions.faults["read"] = [DeniedError("not authorized to perform: lambda:GetFunction")]

    succeed(companion.delete("app-Visits-1ABCDEF2GHIJK"))

    assert "delete" not in companion.functions.kinds


def test_a_delete_that_the_role_denies_fails(companion):
    companion.create()
    companion.functions.faults["read"] = [DeniedError("not authorized to perform: lambda:GetFunction")]

    assert refuse(companion.delete()) == "not authorized to perform: lambda:GetFunction"
    assert NAME in companion.functions.stored


def test_an_object_that_lambda_may_already_use_stays(companion):
    code = {**CODE, "S3ObjectStorageMode": "REFERENCE"}
    companion.functions.lost["create"] = [TryAgain("ReadTimeoutError")]
    companion.functions.before = lambda kind: kind == "read" and companion.functions.stored and fail()

    def fail():
        raise TryAgain("Rate exceeded")

    answer = companion.create(wanted(Code=code, ServiceTimeout="60"))
    kept = companion.store.staged
    companion.functions.before = None
    succeed(companion.delete(answer["PhysicalResourceId"], wanted(Code=code)))

    assert answer["Status"] == "FAILED"
    assert len(kept) == 1
    assert companion.store.staged == []
    assert companion.functions.stored == {}


def test_versions_are_published_on_change_and_old_ones_are_deleted(companion):
    given = {"Publish": "true", "KeepVersions": "2"}
    numbers = [succeed(companion.create(wanted(**given, Env={"table": "0"})))["Data"]["Version"]]
    for table in ("1", "1", "2", "3"):
        answer = succeed(companion.update(wanted(**given, Env={"table": table})))
        numbers.append(answer["Data"]["Version"])

    assert numbers == ["1", "2", "2", "3", "4"]
    assert sorted(companion.functions.stored[NAME].versions) == [2, 3, 4]
    assert answer["Data"]["VersionArn"] == f"{ARN}{NAME}:4"


def publish(companion, table, keep="1", **more):
    given = wanted(Publish="true", KeepVersions=keep, Env={"table": table}, **more)
    answer = succeed(companion.update(given) if companion.known else companion.create(given))
    return answer["Data"]["Version"]


def test_the_two_versions_before_stay_until_the_next_change(companion):
    for table in ("0", "1", "2", "3"):
        publish(companion, table)

    assert sorted(companion.functions.stored[NAME].versions) == [2, 3, 4]


@pytest.mark.parametrize("keep", ["1", "2"])
def test_a_rollback_answers_the_stacks_earlier_version_and_keeps_both(companion, keep):
    numbers = [publish(companion, table, keep) for table in ("old", "new", "old")]

    assert numbers == ["1", "2", "1"]
    assert sorted(companion.functions.stored[NAME].versions) == [1, 2]
    assert companion.functions.kinds.count("publish") == 2


def test_the_version_in_use_survives_many_rolled_back_updates(companion):
    publish(companion, "0")
    publish(companion, "in use")
    for table in ("1", "2", "3", "4", "5"):
        publish(companion, table)
        assert 2 in companion.functions.stored[NAME].versions
        assert publish(companion, "in use") == "2"

    assert sorted(companion.functions.stored[NAME].versions) == [2, 5, 6, 7]


@pytest.mark.parametrize(
    "other",
    [
        {"MemorySize": "512"},
        {"Layers": ["arn:layer:1"]},
        {"Environment": {"Variables": {"A": "1"}}},
        {"Role": "r2"},
        {"Architectures": ["arm64"]},
        {"Runtime": "nodejs22.x"},
        {"Handler": "other.handler"},
        {"Timeout": "9"},
        {"EphemeralStorage": {"Size": "1024"}},
        {"TracingConfig": {"Mode": "Active"}},
    ],
    ids=str,
)
def test_a_version_with_other_settings_is_not_reused(companion, other):
    numbers = [publish(companion, "x"), publish(companion, "y"), publish(companion, "x", **other)]

    assert numbers == ["1", "2", "3"]


def test_a_failed_version_is_not_reused(companion):
    publish(companion, "old")
    publish(companion, "new")
    companion.functions.stored[NAME].versions[1]["State"] = "Failed"

    assert publish(companion, "old") == "3"


def test_publish_to_publishes_its_version_again_after_a_change(companion):
    given = {"Publish": "true", "PublishTo": "LATEST_PUBLISHED"}
    answers = [succeed(companion.create(wanted(**given, Env={"table": "0"})))]
    for table in ("0", "1", "1", "0"):
        answers.append(succeed(companion.update(wanted(**given, Env={"table": table}))))

    assert companion.functions.kinds.count("publish") == 3
    assert "versions" not in [kind for kind, _ in companion.functions.calls]
    assert {answer["Data"]["VersionArn"] for answer in answers} == {f"{ARN}{NAME}:$LATEST.PUBLISHED"}
    assert companion.functions.stored[NAME].versions == {}


@pytest.mark.parametrize("call", ["versions", "delete"])
def test_a_version_that_cannot_be_deleted_stays_and_is_logged(companion, capsys, call):
    for table in ("0", "1", "2"):
        publish(companion, table)
    error = [ResourceError("an alias points to it")]
    companion.functions.before = lambda kind: companion.functions.faults.update(
        {call: list(error) if kind == "publish" else companion.functions.faults[call]}
    )

    publish(companion, "3")

    assert sorted(companion.functions.stored[NAME].versions) == [1, 2, 3, 4]
    assert "an alias points to it" in capsys.readouterr().out


def test_an_update_waits_for_its_version(companion):
    companion.functions.outcome = {"publish": {"State": "Pending"}}
    states = iter([{"State": "Pending"}] * 3 + [{"State": "Active"}])

    def settle(kind):
        stored = companion.functions.stored.get(NAME)
        if kind == "read" and stored and stored.versions:
            stored.versions[1].update(next(states, {}))

    companion.functions.before = settle
    succeed(companion.create(wanted(Publish="true", SnapStart={"ApplyOn": "PublishedVersions"})))

    assert companion.functions.stored[NAME].versions[1]["State"] == "Active"
    assert companion.time.slept


def test_the_second_delivery_waits_for_the_version_of_the_first(companion):
    given = wanted(Publish="true", SnapStart={"ApplyOn": "PublishedVersions"})
    states = iter([{"State": "Pending"}] * 6 + [{"State": "Active"}])

    def settle(kind):
        stored = companion.functions.stored.get(NAME)
        if kind == "read" and stored and stored.versions:
            stored.versions[1].update(next(states, {}))

    succeed(companion.create(wanted()))
    companion.functions.stored[NAME].versions[1] = {
        **companion.functions.stored[NAME].configuration,
        "Version": "1",
        "FunctionArn": f"{ARN}{NAME}:1",
        "SnapStart": {"ApplyOn": "PublishedVersions"},
        "State": "Pending",
    }
    companion.functions.before = settle
    answer = succeed(companion.update(given))

    assert answer["Data"]["VersionArn"] == f"{ARN}{NAME}:1"
    assert companion.functions.stored[NAME].versions[1]["State"] == "Active"
    assert companion.time.slept


def test_code_signing_is_set_and_removed(companion):
    signing = "arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-0123456789abcdefa"
    companion.create()

    succeed(companion.update(wanted(CodeSigningConfigArn=signing)))
    was = companion.functions.stored[NAME].signing
    succeed(companion.update(wanted()))

    assert (was, companion.functions.stored[NAME].signing) == (signing, "")


def test_a_large_archive_reaches_lambda_through_s3(companion):
    companion.store.objects["code", "app.zip"] = LARGE

    succeed(companion.create())

    (key,) = companion.store.staged
    (_, call) = companion.functions.calls[1]
    assert call["Code"] == {"S3Bucket": "staging", "S3Key": key, "S3ObjectVersion": "v1"}
    assert key.startswith("staged/")
    assert env_of(companion) == b"table=visits-table\n"


def test_code_by_reference_is_kept_for_its_function_and_deleted_with_it(companion):
    code = {**CODE, "S3ObjectStorageMode": "REFERENCE"}
    succeed(companion.create(wanted(Code=code)))
    (first,) = companion.store.staged
    succeed(companion.update(wanted(Code=code, Env={"table": "another"})))
    (second,) = companion.store.staged
    sent = companion.functions.stored[NAME].code

    succeed(companion.delete())

    assert first.startswith(f"kept/{physical_id_for(STACK_ID, 'Visits', NAME)}/")
    assert second != first
    assert (sent["S3Key"], sent["S3ObjectStorageMode"]) == (second, "REFERENCE")
    assert companion.store.staged == []


def unversioned(companion, data=ARCHIVE):
    companion.store.objects["code", "app.zip"] = data
    return wanted(Code={**CODE, "S3ObjectStorageMode": "REFERENCE"}, Env={})


@pytest.mark.parametrize("archive", [ARCHIVE, LARGE], ids=["small", "large"])
def test_code_by_reference_without_a_version_is_kept_in_its_read_state(companion, archive):
    given = unversioned(companion, archive)
    first = succeed(companion.create(given))
    second = succeed(companion.update(given))
    sent = companion.functions.stored[NAME].code
    (key,) = companion.store.staged

    assert key.startswith(f"kept/{physical_id_for(STACK_ID, 'Visits', NAME)}/")
    assert {name: sent[name] for name in sent if name.startswith("S3")} == {
        "S3Bucket": "staging",
        "S3Key": key,
        "S3ObjectVersion": "v1",
        "S3ObjectStorageMode": "REFERENCE",
    }
    assert sent["bytes"] == archive
    assert first["Data"] == second["Data"]
    assert companion.functions.kinds == ["create", "tag"]


def test_kept_code_without_a_version_follows_its_object_and_is_deleted_with_the_function(companion):
    succeed(companion.create(unversioned(companion)))
    (first,) = companion.store.staged

    succeed(companion.update(unversioned(companion, make_archive(Entry(b"index.py", b"other")))))
    (second,) = companion.store.staged
    changed = companion.functions.stored[NAME].code["S3Key"]
    succeed(companion.delete())

    assert first != second == changed
    assert companion.store.staged == []
    assert ("code", "app.zip") in companion.store.objects


def test_kept_objects_are_removed_when_lambda_copies_the_code_again(companion):
    code = {**CODE, "S3ObjectStorageMode": "REFERENCE"}
    succeed(companion.create(wanted(Code=code)))

    succeed(companion.update(wanted()))

    assert companion.store.staged == []
    assert env_of(companion) == b"other=kept\ntable=visits-table\n"


def test_kept_objects_are_removed_with_a_published_function_whose_code_is_now_copied(companion):
    reference = {**CODE, "S3ObjectStorageMode": "REFERENCE"}
    succeed(companion.create(wanted(Code=reference, Publish="true")))
    succeed(companion.update(wanted(Publish="true")))
    kept = companion.store.staged

    succeed(companion.delete())

    assert len(kept) == 1
    assert companion.store.staged == []


def test_kept_objects_are_removed_with_a_leftover_function(companion):
    reference = {**CODE, "S3ObjectStorageMode": "REFERENCE"}
    succeed(companion.create(wanted(FunctionName="old")))
    companion.functions.busy = 1000
    refuse(companion.update(wanted(FunctionName="new", Code=reference, ServiceTimeout="60")))
    companion.functions.busy = 0
    left = set(companion.functions.stored), len(companion.store.staged)

    succeed(companion.update(wanted(FunctionName="old")))

    assert left == ({"old", "new"}, 1)
    assert set(companion.functions.stored) == {"old"}
    assert companion.store.staged == []


def test_an_object_that_cannot_be_removed_does_not_fail_an_update(companion, capsys):
    code = {**CODE, "S3ObjectStorageMode": "REFERENCE"}
    succeed(companion.create(wanted(Code=code)))
    companion.store.faults["list_staged"] = lambda: ResourceError("cannot list")

    succeed(companion.update(wanted()))

    assert "cannot list" in capsys.readouterr().out


def test_the_templates_own_object_is_passed_on_by_reference_and_never_removed(companion):
    code = {**CODE, "S3ObjectStorageMode": "REFERENCE", "S3ObjectVersion": "1"}
    succeed(companion.create(wanted(Code=code, Env={})))
    succeed(companion.update(wanted(Code={**code, "S3ObjectVersion": "2"}, Env={})))
    sent = companion.functions.stored[NAME].code
    succeed(companion.delete())

    assert sent["S3ObjectVersion"] == "2"
    assert companion.store.objects["code", "app.zip"] == ARCHIVE


def test_each_change_waits_until_the_function_is_ready(companion):
    companion.functions.busy = 3

    succeed(companion.create())
    succeed(companion.update(wanted(MemorySize="512", Env={"table": "x"})))

    assert companion.functions.kinds == ["create", "update_configuration", "update_code", "tag"]
    assert len(companion.time.slept) == 12


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (
            {"State": "Failed", "StateReason": "no such subnet", "StateReasonCode": "InvalidSubnet"},
            f"Properties.VpcConfig: function {NAME}: failed: no such subnet (InvalidSubnet)",
        ),
        ({"State": "Failed"}, f"function {NAME}: failed: Lambda gives no reason"),
    ],
)
def test_a_function_that_fails_is_reported_and_deleted(companion, outcome, reason):
    companion.functions.outcome = {"create": outcome}

    answer = companion.create()

    assert refuse(answer) == reason
    assert is_marker(answer["PhysicalResourceId"])
    assert companion.functions.stored == {}


def test_a_failed_update_is_reported_and_the_rollback_repairs_it(companion):
    companion.create()
    failed = {"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "no such layer"}
    companion.functions.outcome = {"update_configuration": failed}

    reason = refuse(companion.update(wanted(MemorySize="512")))
    companion.functions.outcome = {"update_configuration": {"LastUpdateStatus": "Successful"}}
    succeed(companion.update(wanted(), OldResourceProperties=wanted(MemorySize="512")))

    assert reason == f"function {NAME}: the update failed: no such layer"
    assert companion.functions.stored[NAME].configuration["MemorySize"] == 128


def test_an_earlier_failure_is_reported(companion):
    companion.create()
    companion.functions.stored[NAME].configuration.update(State="Failed", StateReason="gone wrong")

    assert refuse(companion.update(wanted())) == f"function {NAME}: failed: gone wrong"
    assert NAME in companion.functions.stored


@pytest.mark.parametrize("call", ["read", "create"])
def test_a_temporary_refusal_is_retried(companion, call):
    companion.functions.faults[call] = [TryAgain("cannot be assumed by Lambda")] * 4

    succeed(companion.create())

    assert len(companion.time.slept) == 4
    assert companion.time.slept[-1] > companion.time.slept[0]


def test_the_first_retried_refusal_is_logged_without_values(companion, capsys):
    companion.functions.busy = 2
    companion.functions.faults["create"] = [TryAgain("cannot be assumed by Lambda: visits-table")] * 3

    succeed(companion.create())

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["note"] for line in lines if line["phase"] == "retry"] == ["cannot be assumed by Lambda: ***"]


@pytest.mark.parametrize("call", ["update_configuration", "update_code", "tag", "publish"])
def test_an_update_is_retried_after_each_call(companion, call):
    companion.create()
    companion.functions.faults[call] = [TryAgain("Rate exceeded")] * 2

    succeed(companion.update(wanted(MemorySize="512", Env={"table": "x"}, Publish="true")))

    assert env_of(companion) == b"other=kept\ntable=x\n"
    assert companion.functions.stored[NAME].configuration["MemorySize"] == 512


@pytest.mark.parametrize("call", ["update_configuration", "update_code", "tag", "publish"])
def test_an_update_call_with_a_lost_answer_counts_as_done(companion, call):
    companion.create()
    companion.functions.lost[call] = [TryAgain("ReadTimeoutError")]

    answer = succeed(companion.update(wanted(MemorySize="512", Env={"table": "x"}, Publish="true")))

    assert answer["Data"]["Version"] == "1"
    assert companion.functions.kinds.count("update_configuration") == 1


def test_a_create_whose_answer_is_lost_adopts_its_own_function(companion):
    companion.functions.lost["create"] = [TryAgain("ReadTimeoutError")]

    answer = succeed(companion.create())

    assert answer["PhysicalResourceId"] == NAME
    assert companion.functions.kinds == ["create"]


def test_another_revision_is_read_again_before_the_update(companion):
    companion.create()
    done = []

    def change_meanwhile(kind):
        if kind == "update_configuration" and not done:
            done.append(kind)
            companion.functions.stored[NAME].configuration.update(RevisionId="another", Timeout=60)

    companion.functions.before = change_meanwhile
    succeed(companion.update(wanted(MemorySize="512")))

    calls = [call for kind, call in companion.functions.calls if kind == "update_configuration"]
    assert [call["RevisionId"] for call in calls] == ["r1", "another"]
    assert "Timeout" in calls[1]
    assert "Timeout" not in calls[0]


def test_an_update_that_is_overtaken_while_it_reads_changes_nothing(companion):
    companion.create()
    new, known = wanted(MemorySize="512"), {"PhysicalResourceId": NAME}
    update = companion.event("Update", new, OldResourceProperties=wanted(), **known)
    rollback = companion.event("Update", wanted(), OldResourceProperties=new, **known)

    def roll_back(kind):
        companion.functions.before = None
        companion.deliver(rollback, Outbox())

    companion.functions.before = roll_back
    reason = refuse(companion.deliver(update))

    assert reason == "a newer request for Visits has begun; this Update changes nothing more"
    assert companion.functions.stored[NAME].configuration.get("MemorySize", 128) == 128


@pytest.mark.parametrize("call", ["read", "create"])
def test_an_endless_throttle_is_answered_before_the_deadline(companion, call):
    companion.functions.faults[call] = [TryAgain("Rate exceeded")] * 1000

    reason = refuse(companion.create(wanted(ServiceTimeout="60")))

    assert reason == "Rate exceeded; gave up, because the time for this request is over"
    assert 20 < companion.time.passed < 60
    assert companion.functions.stored == {}


def test_a_delete_waits_for_edge_replicas(companion):
    companion.create()
    companion.functions.faults["delete"] = [Replicated("still has replicas")] * 3

    succeed(companion.delete())

    assert companion.functions.stored == {}
    assert len(companion.time.slept) == 3


def test_the_reason_of_a_delete_retry_is_logged_once(companion, capsys):
    companion.create()
    companion.functions.faults["delete"] = [Replicated("still has replicas")] * 3

    succeed(companion.delete())

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = [(line["type"], line["note"]) for line in lines if line["phase"] == "retry"]
    assert told == [("Delete", "still has replicas")]


def test_edge_replicas_that_stay_fail_the_delete_by_name(companion):
    companion.create()
    companion.functions.faults["delete"] = [Replicated(f"cannot delete function {NAME}: still has replicas")] * 1000

    answer = companion.delete(properties=wanted(ServiceTimeout="300"))

    assert refuse(answer) == (
        f"cannot delete function {NAME}: still has replicas; gave up, because the time for this request is over"
    )
    assert answer["PhysicalResourceId"] == NAME
    assert NAME in companion.functions.stored


@pytest.mark.parametrize("archive", [ARCHIVE, LARGE], ids=["in memory", "staged"])
@pytest.mark.parametrize("kind", ["create", "update"])
def test_a_refusal_of_lambda_leaves_nothing_behind(companion, archive, kind):
    if kind == "update":
        companion.create()
    before = json.dumps(companion.functions.stored.get(NAME) and companion.functions.stored[NAME].configuration)
    companion.store.objects["code", "app.zip"] = archive
    companion.functions.faults["create"] = [ResourceError("access denied")]
    companion.functions.faults["update_code"] = [ResourceError("access denied")]

    answer = companion.create() if kind == "create" else companion.update(wanted(Env={"table": "2"}))

    assert refuse(answer) == ("access denied" if kind == "create" else "Properties.Code: access denied")
    assert companion.store.staged == []
    now = companion.functions.stored.get(NAME)
    assert json.dumps(now and now.configuration) == before


def test_the_undo_of_a_create_leaves_a_foreign_function_of_the_name(companion):
    def replace_by_anothers(kind):
        if kind == "read" and NAME in companion.functions.stored:
            companion.functions.stored[NAME].tags = {"owner": "another"}

    companion.functions.before = replace_by_anothers

    reason = refuse(companion.create())

    assert "does not belong to this resource" in reason
    assert NAME in companion.functions.stored


def test_a_failed_undo_is_logged_and_the_delete_removes_the_leftovers(companion, capsys):
    companion.functions.outcome = {"create": {"State": "Failed"}}
    companion.functions.faults["delete"] = [ResourceError("cannot delete")]

    answer = companion.create()
    left = set(companion.functions.stored)
    succeed(companion.delete(answer["PhysicalResourceId"]))

    assert left == {NAME}
    assert "cannot delete; the next request tries again" in capsys.readouterr().out
    assert companion.functions.stored == {}


def test_the_delete_removes_a_create_that_ran_out_of_time(companion):
    companion.functions.busy = 1000
    answer = companion.create(wanted(ServiceTimeout="60"))
    companion.functions.busy = 0

    succeed(companion.delete(answer["PhysicalResourceId"]))

    assert answer["Status"] == "FAILED"
    assert companion.functions.stored == {}


def test_a_delete_with_an_invented_id_leaves_no_orphan_at_any_point_of_the_create():
    calls = trace_create()

    assert {"read_tail", "read", "create", "tag", "publish"} <= {call.split()[0] for call in calls}
    for at in range(len(calls)):
        companion, outbox = Companion(), Outbox()
        companion.store.objects["code", "app.zip"] = LARGE
        companion.functions.before = companion.store.before = interrupt(companion, outbox, at)
        companion.create(wanted(Publish="true"))
        assert [answer["Status"] for answer in outbox.answers] == ["SUCCESS"], at
        assert companion.functions.stored == {}, f"left by a Delete before call {at}, {calls[at]}"


def trace_create():
    companion, calls = Companion(), []
    companion.store.objects["code", "app.zip"] = LARGE
    companion.functions.before = companion.store.before = calls.append
    companion.create(wanted(Publish="true"))
    return calls


def interrupt(companion, outbox, at):
    seen = []

    def before(kind):
        seen.append(kind)
        if len(seen) == at + 1:
            delete = companion.event("Delete", wanted(), PhysicalResourceId="app-Visits-1ABCDEF2GHIJK")
            companion.deliver(delete, outbox)

    return before


def test_late_deliveries_of_answered_requests_change_nothing(companion):
    create = companion.event("Create", wanted())
    companion.deliver(create)
    companion.known, companion.properties = NAME, wanted()
    update = companion.event(
        "Update", wanted(MemorySize="512"), PhysicalResourceId=NAME, OldResourceProperties=wanted()
    )
    companion.deliver(update)
    rollback = companion.event("Update", wanted(), PhysicalResourceId=NAME, OldResourceProperties=wanted())
    companion.deliver(rollback)
    companion.functions.calls.clear()

    copies = [companion.deliver(event) for event in (update, create, rollback)]
    succeed(companion.delete())
    more = [companion.deliver(event) for event in (create, update, rollback)]

    assert copies == more == [None, None, None]
    assert companion.functions.kinds == ["delete"]
    assert companion.functions.stored == {}


def test_no_secret_is_in_any_log_reason_or_data(companion, capsys):
    secret = "s3cr3t-value"
    properties = wanted(Env={"table": secret}, Environment={"Variables": {"A": f"{secret}-2"}})
    answers = [companion.create(properties)]
    companion.functions.faults["update_code"] = [ResourceError(f"cannot take {secret}")]
    answers.append(companion.update(wanted(Env={"table": f"{secret}-3"}, Environment={"Variables": {"A": secret}})))
    answers.append(companion.update(wanted(Env={"table": f"{secret}#"})))
    answers.append(companion.delete())

    captured = capsys.readouterr()
    assert "s3cr3t" not in json.dumps(answers) + captured.out + captured.err
