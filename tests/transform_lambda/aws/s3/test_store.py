"""The S3 code store with two S3 emulators, each strict where the other is lax, and its requests."""

import hashlib
import random
from io import BytesIO

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import BotoCoreError, ClientError
from moto.server import ThreadedMotoServer

from tests.support.archives import Entry, check_rewrite, make_archive
from tests.support.ministack import ACCOUNT, client_for, ministack
from tests.support.thorough import mark_thorough
from transform_lambda.aws.s3.store import S3CodeStore
from transform_lambda.contract import ResourceError
from transform_lambda.ports import CodeStore, CopyError, Place, Upload
from transform_lambda.staging.archive import open_archive
from transform_lambda.staging.parts import SMALLEST
from transform_lambda.staging.prepare import Staging
from transform_lambda.zip.refused import REPACK

MIB = 1 << 20
OWNERS = {"moto": "123456789012", "ministack": ACCOUNT}
NEW = b"TABLE=visits\n"
ENV = Entry(b".env", b"TABLE=\n")
PLACE = Place("code", "app/größe 1.zip")


def blob(name, size):
    return Entry(name, random.Random(name).randbytes(size))


LARGE = make_archive(blob(b"a.bin", 6 * MIB), ENV, blob(b"b.bin", 6 * MIB))
SMALL = make_archive(blob(b"a.bin", 2 * MIB), ENV)


@pytest.fixture(scope="session")
def moto_url():
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def ministack_url(tmp_path_factory):
    with ministack(tmp_path_factory.mktemp("ministack")) as url:
        yield url


@pytest.fixture(params=mark_thorough(OWNERS, quick=["moto"]))
def engine(request):
    return request.param


@pytest.fixture
def s3(engine, request):
    """A client with the new, empty buckets `code` and `staging`."""
    client = client_for(request.getfixturevalue(f"{engine}_url"))
    for bucket in ("code", "staging"):
        client.create_bucket(Bucket=bucket)
    yield client
    for bucket in client.list_buckets()["Buckets"]:
        empty_and_delete(client, bucket["Name"])


def empty_and_delete(client, bucket):
    for upload in client.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
        client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    versions = client.list_object_versions(Bucket=bucket)
    for each in versions.get("Versions", []) + versions.get("DeleteMarkers", []):
        client.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])
    client.delete_bucket(Bucket=bucket)


@pytest.fixture
def store(s3, engine):
    return S3CodeStore(s3, "staging", OWNERS[engine])


@pytest.fixture
def requests(s3):
    """A list that gets each later request: its operation and its parameters, before boto3 validates them."""
    made = []

    def note(params, model, **_):
        made.append((model.name, {name: value for name, value in params.items() if name != "Body"}))

    s3.meta.events.register("provide-client-params.s3", note)
    return made


def put(s3, data, place=PLACE, **options):
    return s3.put_object(Bucket=place.bucket, Key=place.key, Body=data, **options)


def get(s3, place):
    version = {"VersionId": place.version} if place.version else {}
    return s3.get_object(Bucket=place.bucket, Key=place.key, **version)["Body"].read()


def prepare(store, place=PLACE):
    return Staging(store, lambda line: None).prepare(open_archive(store, place), NEW)


def answer_with(s3, operation, status, code, headers=()):
    """Let S3 answer the operation with an error."""
    body = f"<Error><Code>{code}</Code><Message>It says {code}.</Message></Error>".encode()
    reply(s3, operation, lambda url: AWSResponse(url, status, dict(headers), Raw(body)))


def reply(s3, operation, make):
    s3.meta.events.register(f"before-send.s3.{operation}", lambda request, **_: make(request.url))


class Raw(BytesIO):
    """A response body with urllib3's interface."""

    def stream(self, *_, **__):
        yield self.read()


def test_the_s3_store_implements_the_port(store):
    typed: CodeStore = store

    assert typed


def test_a_large_archive_is_staged(s3, store):
    put(s3, LARGE)

    code = prepare(store)

    assert code.way == "copied"
    check_rewrite(LARGE, get(s3, code.archive), ".env", NEW)
    assert get(s3, PLACE) == LARGE
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="staging")


def test_a_large_archive_is_staged_once(s3, store):
    put(s3, LARGE)

    ways = [prepare(store).way for _ in range(2)]

    assert ways == ["copied", "reused"]


def test_a_small_archive_becomes_bytes(s3, store):
    put(s3, SMALL)

    code = prepare(store)

    check_rewrite(SMALL, code.archive, ".env", NEW)
    assert s3.list_objects_v2(Bucket="staging")["KeyCount"] == 0


def test_requests_are_pinned_and_name_the_owner(s3, store, requests, engine):
    etag = put(s3, LARGE)["ETag"]
    requests.clear()

    code = prepare(store)

    staged = {"Bucket": "staging", "Key": code.archive.key, "ExpectedBucketOwner": OWNERS[engine]}
    names = [name for name, _ in requests]
    assert names == [
        *("GetObject", "GetObject", "HeadObject", "HeadBucket", "CreateMultipartUpload"),
        *("UploadPartCopy", "UploadPartCopy", "UploadPart", "CompleteMultipartUpload"),
    ]
    tail, env, head, _, create, first, second, last, complete = (params for _, params in requests)
    source = {"Bucket": PLACE.bucket, "Key": PLACE.key}
    assert tail == {**source, "Range": "bytes=-1048576"}
    assert env == {**source, "IfMatch": etag, "Range": f"bytes={6 * MIB + 35}-{6 * MIB + 35 + 65535}"}
    assert head == staged
    assert create == {
        **staged,
        "ContentType": "application/zip",
        "ChecksumAlgorithm": "CRC32",
        "Metadata": {
            "source-sha256": open_archive(store, PLACE).source_sha256,
            "env-sha256": hashlib.sha256(NEW).hexdigest(),
        },
    }
    upload = {**staged, "UploadId": last["UploadId"]}
    ranges = [f"bytes=0-{6 * MIB + 34}", f"bytes={6 * MIB + 76}-{12 * MIB + 110}"]
    for number, (part, part_range) in enumerate(zip((first, second), ranges, strict=True), 1):
        assert part == {
            **upload,
            "PartNumber": number,
            "CopySource": source,
            "CopySourceIfMatch": etag,
            "CopySourceRange": part_range,
        }
    assert last == {**upload, "PartNumber": 3, "ChecksumAlgorithm": "CRC32"}
    parts = complete.pop("MultipartUpload")["Parts"]
    assert complete == {**upload, "MpuObjectSize": code.size}
    assert [part["PartNumber"] for part in parts] == [1, 2, 3]
    assert "ChecksumCRC32" in parts[-1]


def test_an_older_version_is_read_and_copied(s3, store, requests):
    s3.put_bucket_versioning(Bucket="code", VersioningConfiguration={"Status": "Enabled"})
    version = put(s3, LARGE)["VersionId"]
    put(s3, SMALL)

    code = prepare(store, PLACE._replace(version=version))

    check_rewrite(LARGE, get(s3, code.archive), ".env", NEW)
    copies = [params["CopySource"]["VersionId"] for name, params in requests if name == "UploadPartCopy"]
    assert copies == [version, version]


def test_the_newest_version_stays_pinned_while_another_one_arrives(s3, store):
    s3.put_bucket_versioning(Bucket="code", VersioningConfiguration={"Status": "Enabled"})
    version = put(s3, LARGE)["VersionId"]
    archive = open_archive(store, PLACE)
    put(s3, SMALL)

    code = Staging(store, print).prepare(archive, NEW)

    assert archive.pinned.place.version == version
    check_rewrite(LARGE, get(s3, code.archive), ".env", NEW)


def test_a_staged_object_is_named_with_its_version(s3, store):
    s3.put_bucket_versioning(Bucket="staging", VersioningConfiguration={"Status": "Enabled"})
    put(s3, LARGE)

    first, second = prepare(store), prepare(store)

    assert first.archive.version == second.archive.version
    assert first.archive.version == s3.head_object(Bucket="staging", Key=first.archive.key)["VersionId"]


def test_a_bucket_without_versions_has_no_version(s3, store):
    put(s3, LARGE)

    assert open_archive(store, PLACE).pinned.place.version is None
    assert prepare(store).archive.version is None
    assert prepare(store).archive.version is None


@pytest.mark.parametrize("engine", ["ministack"], indirect=True)
def test_a_source_that_changes_before_the_copy_is_an_error_and_leaves_nothing(s3, store):
    put(s3, LARGE)
    archive = open_archive(store, PLACE)
    put(s3, make_archive(blob(b"other", 13 * MIB)))

    with pytest.raises(ResourceError) as caught:
        Staging(store, print).prepare(archive, NEW)

    assert str(caught.value).endswith(": the object changed while it was read; try again")
    assert str(caught.value).startswith(f"cannot copy {PLACE} to s3://staging/staged/")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="staging")
    assert s3.list_objects_v2(Bucket="staging")["KeyCount"] == 0


def test_a_source_that_changes_before_the_read_is_an_error(s3, store):
    put(s3, LARGE)
    pinned, _ = store.read_tail(PLACE, 100)
    put(s3, SMALL)

    with pytest.raises(ResourceError) as caught:
        store.read_range(pinned, 0, 10)

    assert str(caught.value) == f"cannot read {PLACE}: the object changed while it was read; try again"


@pytest.mark.parametrize("engine", ["ministack"], indirect=True)
def test_s3_creates_no_object_of_an_unexpected_size(s3, store):
    upload = store.start_upload("staged/x.zip", {})
    part = store.upload_part(upload, 1, b"123")

    with pytest.raises(ResourceError) as caught:
        store.complete_upload(upload, [part], 4)

    assert str(caught.value).startswith("cannot stage s3://staging/staged/x.zip: S3 answered InvalidRequest: ")
    assert store.find_staged("staged/x.zip") is None


@pytest.mark.parametrize("engine", ["moto"], indirect=True)
def test_s3_refuses_parts_below_the_smallest_size_and_none_is_planned(s3, store):
    upload = store.start_upload("staged/x.zip", {})
    parts = [store.upload_part(upload, number, b"123") for number in (1, 2)]

    with pytest.raises(ResourceError, match="EntityTooSmall"):
        store.complete_upload(upload, parts, 6)


@pytest.mark.parametrize("engine", ["moto"], indirect=True)
def test_s3_accepts_parts_of_the_smallest_size(s3, store):
    upload = store.start_upload("staged/x.zip", {})
    parts = [store.upload_part(upload, number, data) for number, data in enumerate((bytes(SMALLEST), b"123"), 1)]

    place = store.complete_upload(upload, parts, SMALLEST + 3)

    assert store.find_staged(place.key).size == SMALLEST + 3


def test_archives_are_read_from_and_staged_in_encrypted_buckets(s3, store):
    key = client_for(s3.meta.endpoint_url, service="kms").create_key()["KeyMetadata"]["Arn"]
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    for bucket in ("code", "staging"):
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    put(s3, LARGE)

    code = prepare(store)

    check_rewrite(LARGE, get(s3, code.archive), ".env", NEW)
    assert s3.head_object(Bucket=PLACE.bucket, Key=PLACE.key)["ServerSideEncryption"] == "aws:kms"


def test_requests_to_the_staging_bucket_name_its_owner(s3, store, requests, engine):
    place = Place("staging", "handlers/code.zip")
    put(s3, LARGE, place)

    code = prepare(store, place)

    check_rewrite(LARGE, get(s3, code.archive), ".env", NEW)
    for name, params in requests:
        assert params.get("ExpectedBucketOwner") == OWNERS[engine] or name in ("PutObject", "HeadBucket", "GetObject")
        assert name != "UploadPartCopy" or params["ExpectedSourceBucketOwner"] == OWNERS[engine]


def test_a_source_whose_bucket_is_in_another_region_is_streamed(s3, store, request, engine):
    abroad = client_for(request.getfixturevalue(f"{engine}_url"), "eu-west-1")
    abroad.create_bucket(Bucket="abroad", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    place, log = Place("abroad", "code.zip"), []
    put(abroad, LARGE, place)

    code = Staging(store, log.append).prepare(open_archive(store, place), NEW)

    assert code.way == "streamed"
    assert log[-1].endswith("streamed through the companion, because S3 cannot copy from there")
    check_rewrite(LARGE, get(s3, code.archive), ".env", NEW)


@pytest.mark.parametrize(
    ("region", "can_copy"), [("us-east-1", True), ("eu-west-1", False), (None, True)], ids=["same", "other", "unknown"]
)
@pytest.mark.parametrize("status", [200, 403])
def test_the_region_is_known_even_if_the_bucket_may_not_be_listed(s3, store, region, can_copy, status):
    put(s3, SMALL)
    pinned, _ = store.read_tail(PLACE, 100)
    headers = {"x-amz-bucket-region": region} if region else {}
    reply(s3, "HeadBucket", lambda url: AWSResponse(url, status, headers, Raw(b"")))

    assert store.can_copy(pinned) is can_copy


def test_an_unknown_region_counts_as_near(s3, store):
    put(s3, SMALL)
    pinned, _ = store.read_tail(PLACE, 100)

    def lost(request, **_):
        raise BotoCoreError

    s3.meta.events.register("before-send.s3.HeadBucket", lost)

    assert store.can_copy(pinned)


@pytest.mark.parametrize(("status", "code"), [(403, "AccessDenied"), (501, "NotImplemented"), (400, "InvalidRequest")])
def test_an_archive_is_streamed_if_s3_refuses_only_the_copy(s3, store, status, code):
    put(s3, LARGE)
    answer_with(s3, "UploadPartCopy", status, code)

    prepared = prepare(store)

    assert prepared.way == "streamed"
    check_rewrite(LARGE, get(s3, prepared.archive), ".env", NEW)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="staging")


def test_another_error_during_the_copy_is_an_error(s3, store):
    put(s3, LARGE)
    answer_with(s3, "UploadPartCopy", 503, "SlowDown")

    with pytest.raises(ResourceError, match=r"S3 answered SlowDown: It says SlowDown\.$") as caught:
        prepare(store)

    assert not isinstance(caught.value, CopyError)


DENIED = (
    "access denied, or the object does not exist; allow s3:GetObject (with a version s3:GetObjectVersion, with a KMS key "
    "kms:Decrypt), and s3:ListBucket so that S3 can tell which"
)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (Place("no-bucket", "code.zip"), "cannot read s3://no-bucket/code.zip: there is no such bucket"),
        (Place("code", "no.zip"), "cannot read s3://code/no.zip: there is no such object"),
    ],
    ids=["bucket", "key"],
)
def test_a_missing_bucket_or_object_is_named(s3, store, place, message):
    with pytest.raises(ResourceError) as caught:
        open_archive(store, place)

    assert str(caught.value) == message


def test_a_missing_version_is_named(s3, store):
    s3.put_bucket_versioning(Bucket="code", VersioningConfiguration={"Status": "Enabled"})
    first = put(s3, SMALL)["VersionId"]
    s3.delete_object(Bucket=PLACE.bucket, Key=PLACE.key, VersionId=first)
    put(s3, SMALL)

    with pytest.raises(ResourceError) as caught:
        open_archive(store, PLACE._replace(version=first))

    assert str(caught.value) == f"cannot read {PLACE} (version {first}): the object has no such version"


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (403, "AccessDenied", DENIED),
        (403, "InvalidObjectState", "the object is archived; restore it first"),
        (412, "PreconditionFailed", "the object changed while it was read; try again"),
        (500, "InternalError", "S3 answered InternalError: It says InternalError."),
    ],
)
def test_a_refusal_of_s3_names_the_remedy(s3, store, status, code, reason):
    answer_with(s3, "GetObject", status, code)

    with pytest.raises(ResourceError) as caught:
        open_archive(store, PLACE)

    assert str(caught.value) == f"cannot read {PLACE}: {reason}"
    assert isinstance(caught.value.__cause__, ClientError)


def test_an_empty_object_is_named(s3, store):
    put(s3, b"")

    with pytest.raises(ResourceError) as caught:
        open_archive(store, PLACE)

    # S3 refuses a range of nothing; an emulator gives nothing.
    assert str(caught.value) in (
        f"cannot read {PLACE}: the object is empty",
        f"{PLACE}: this is not a zip archive: it has no end record; {REPACK}",
    )


def test_a_network_failure_is_an_error(s3, store):
    def lost(request, **_):
        raise BotoCoreError

    s3.meta.events.register("before-send.s3.GetObject", lost)

    with pytest.raises(ResourceError, match=f"^cannot read {PLACE}: "):
        open_archive(store, PLACE)


@pytest.mark.parametrize(("status", "code"), [(404, "404"), (403, "403")])
def test_an_unreadable_staged_object_counts_as_missing(s3, store, status, code):
    reply(s3, "HeadObject", lambda url: AWSResponse(url, status, {}, Raw(b"")))

    assert store.find_staged("staged/x.zip") is None


def test_an_error_in_the_search_for_a_staged_object_is_raised(s3, store):
    reply(s3, "HeadObject", lambda url: AWSResponse(url, 400, {}, Raw(b"")))

    with pytest.raises(ResourceError) as caught:
        store.find_staged("staged/x.zip")

    assert str(caught.value) == "cannot look for s3://staging/staged/x.zip: S3 answered 400: Bad Request"


def test_aborting_a_missing_upload_is_an_error_that_names_it(s3, store):
    with pytest.raises(ResourceError) as caught:
        store.abort_upload(Upload("staged/x.zip", "no-upload"))

    assert str(caught.value).startswith("cannot abort staging s3://staging/staged/x.zip: S3 answered NoSuchUpload: ")


def cut_answers(s3, count):
    """Break off the first responses to GetObject, and return the list that gets all its requests."""
    asked = []

    def cut(request, **_):
        asked.append(request.url)
        if len(asked) <= count:
            headers = {"Content-Length": "100", "ETag": '"e"', "Content-Range": "bytes 0-99/100"}
            return AWSResponse(request.url, 206, headers, Raw(b"half of it"))
        return None

    s3.meta.events.register("before-send.s3.GetObject", cut)
    return asked


def test_an_incomplete_response_is_requested_again(s3, store):
    put(s3, SMALL)
    asked = cut_answers(s3, 2)

    pinned, tail = store.read_tail(PLACE, 100)

    assert (pinned.size, tail) == (len(SMALL), SMALL[-100:])
    assert len(asked) == 3


def test_only_incomplete_responses_are_an_error(s3, store):
    put(s3, SMALL)
    asked = cut_answers(s3, 9)

    with pytest.raises(ResourceError, match=f"^cannot read {PLACE}: .*10.*100"):
        store.read_tail(PLACE, 100)

    assert len(asked) == 3


def change_answers(s3, count, change):
    """Give the first responses to GetObject another body, and return the list that gets all its requests."""
    asked = []

    def changed(parsed, **_):
        asked.append(parsed)
        if len(asked) <= count:
            parsed["Body"] = BytesIO(change(parsed["Body"].read()))

    s3.meta.events.register("after-call.s3.GetObject", changed)
    return asked


def flip_the_last_bit(data):
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize("change", [lambda data: data[1:], flip_the_last_bit], ids=["short", "damaged"])
def test_a_short_or_damaged_response_is_requested_again(s3, store, change):
    put(s3, SMALL[-100:])
    asked = change_answers(s3, 2, change)

    _, tail = store.read_tail(PLACE, 100)

    assert tail == SMALL[-100:]
    assert len(asked) == 3


def test_only_short_responses_are_an_error(s3, store):
    put(s3, SMALL)
    asked = change_answers(s3, 9, lambda data: data[1:])

    with pytest.raises(ResourceError, match=f"^cannot read {PLACE}: .*99.*100"):
        store.read_tail(PLACE, 100)

    assert len(asked) == 3


def test_only_damaged_responses_are_an_error(s3, store):
    put(s3, SMALL[-100:])
    asked = change_answers(s3, 9, flip_the_last_bit)

    with pytest.raises(ResourceError) as caught:
        store.read_tail(PLACE, 100)

    assert str(caught.value) == f"cannot read {PLACE}: the MD5 of the received bytes differs from the object's MD5"
    assert len(asked) == 3


@pytest.mark.parametrize(
    "answer",
    [{"ETag": '"0123456789abcdef0123456789abcdef-2"'}, {"ServerSideEncryption": "aws:kms"}],
    ids=["of parts", "with a key of KMS"],
)
def test_an_etag_that_is_no_md5_is_ignored(s3, store, answer):
    put(s3, SMALL[-100:])
    s3.meta.events.register("after-call.s3.GetObject", lambda parsed, **_: parsed.update(answer))
    change_answers(s3, 9, flip_the_last_bit)

    pinned, tail = store.read_tail(PLACE, 100)

    assert (pinned.md5, tail) == ("", flip_the_last_bit(SMALL[-100:]))


def test_an_object_is_pinned_with_its_md5(s3, store):
    put(s3, SMALL)

    pinned, _ = store.read_tail(PLACE, 100)

    assert pinned.md5 == hashlib.md5(SMALL, usedforsecurity=False).hexdigest()


def test_an_upload_that_s3_completed_without_an_answer_succeeds(s3, store):
    put(s3, LARGE)
    s3.meta.events.register(
        "after-call.s3.CompleteMultipartUpload",
        lambda parsed, http_response, **_: (
            http_response.__setattr__("status_code", 404),
            parsed.update(Error={"Code": "NoSuchUpload", "Message": "no"}),
        ),
    )

    code = prepare(store)

    check_rewrite(LARGE, get(s3, code.archive), ".env", NEW)


def test_a_missing_upload_without_an_object_is_an_error(s3, store):
    with pytest.raises(ResourceError) as caught:
        store.complete_upload(Upload("staged/x.zip", "no-upload"), [], 1)

    assert str(caught.value).startswith("cannot stage s3://staging/staged/x.zip: S3 answered ")


def test_a_short_range_is_an_error(s3, store):
    put(s3, SMALL)
    pinned, _ = store.read_tail(PLACE, 100)
    headers = {"Content-Length": "3", "ETag": pinned.etag}
    reply(s3, "GetObject", lambda url: AWSResponse(url, 206, headers, Raw(b"123")))

    with pytest.raises(ResourceError) as caught:
        store.read_range(pinned, 0, 10)

    assert str(caught.value) == f"cannot read {PLACE}: must receive 10 bytes, got 3"


def test_an_empty_object_is_named_for_the_error_that_s3_returns(s3, store):
    answer_with(s3, "GetObject", 416, "InvalidRange")

    with pytest.raises(ResourceError) as caught:
        open_archive(store, PLACE)

    assert str(caught.value) == f"cannot read {PLACE}: the object is empty"


def test_a_response_with_the_whole_object_is_cut_to_the_range(s3, store):
    put(s3, SMALL)
    pinned, _ = store.read_tail(PLACE, 100)
    headers = {"Content-Length": str(len(SMALL)), "ETag": pinned.etag}
    reply(s3, "GetObject", lambda url: AWSResponse(url, 200, headers, Raw(SMALL)))

    assert store.read_range(pinned, 10, 20) == SMALL[10:30]


def test_an_object_shorter_than_the_tail_is_read_whole(s3, store):
    put(s3, b"short")

    pinned, tail = store.read_tail(PLACE, 100)

    assert (pinned.size, tail) == (5, b"short")


@pytest.mark.parametrize("versioned", [False, True])
def test_staged_objects_are_listed_and_removed_with_all_their_versions(s3, store, versioned):
    if versioned:
        s3.put_bucket_versioning(Bucket="staging", VersioningConfiguration={"Status": "Enabled"})
    for key in ("kept/a/1.zip", "kept/a/1.zip", "kept/a/1.zip.more", "kept/b/1.zip"):
        s3.put_object(Bucket="staging", Key=key, Body=b"x")
    if versioned:
        s3.delete_object(Bucket="staging", Key="kept/a/1.zip")

    listed = store.list_staged("kept/a/")
    store.remove_staged("kept/a/1.zip")
    store.remove_staged("kept/never-there.zip")

    assert sorted(listed) == ["kept/a/1.zip", "kept/a/1.zip.more"]
    assert store.list_staged("kept/") == ["kept/a/1.zip.more", "kept/b/1.zip"]


def test_listing_and_removing_name_the_owner(s3, store, requests, engine):
    s3.put_object(Bucket="staging", Key="kept/1.zip", Body=b"x")
    requests.clear()

    store.remove_staged("kept/1.zip")

    assert [name for name, _ in requests] == ["ListObjectVersions", "DeleteObject"]
    assert {params["ExpectedBucketOwner"] for _, params in requests} == {OWNERS[engine]}
