"""The installation's bucket: every call names the owner, content is uploaded once, and CloudFormation accepts the URLs."""

import boto3
import pytest
from botocore.stub import ANY, Stubber

from macro.cli.cloud.installation.bucket import Bucket, digest_of
from macro.cli.cloud.stack.account import Account, Place
from macro.cli.cloud.stack.errors import CloudError
from tests.support.fake_aws import ACCOUNT

NAME = "hitcountermacro-123456789012-eu-central-1"
MINE = {"Bucket": NAME, "ExpectedBucketOwner": ACCOUNT}


@pytest.fixture
def bucket(account):
    return Bucket(account, NAME)


@pytest.fixture
def s3(account, bucket):
    with Stubber(account.client("s3")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def test_a_bucket_of_the_account_exists(bucket, s3):
    s3.add_response("head_bucket", {}, MINE)

    assert bucket.exists()


def test_a_bucket_that_nobody_owns_does_not_exist(bucket, s3):
    s3.add_client_error("head_bucket", "404", expected_params=MINE)

    assert not bucket.exists()


@pytest.mark.parametrize("code", ["403", "AccessDenied", "301", "PermanentRedirect", "400"])
def test_a_bucket_of_another_account_is_an_error(bucket, s3, code):
    s3.add_client_error("head_bucket", code, expected_params=MINE)

    with pytest.raises(CloudError) as caught:
        bucket.exists()

    assert str(caught.value) == (
        f"the bucket {NAME} exists, but account 123456789012 doesn't own it or you may not read it; "
        "if someone else owns it, choose another name with --suffix"
    )


@pytest.mark.parametrize(
    ("call", "ask"), [("head_bucket", Bucket.exists), ("head_object", lambda it: it.put("k", b""))]
)
def test_any_other_error_is_raised(bucket, s3, account, call, ask):
    s3.add_client_error(call, "SlowDown", http_status_code=503)

    with pytest.raises(account.client("s3").exceptions.ClientError, match="SlowDown"):
        ask(bucket)


def test_missing_content_is_uploaded(bucket, s3):
    s3.add_client_error("head_object", "404", expected_params={**MINE, "Key": "code/1"})
    s3.add_response("put_object", {}, {**MINE, "Key": "code/1", "Body": b"content", "ChecksumAlgorithm": "SHA256"})

    assert bucket.put("code/1", b"content")


def test_existing_content_is_not_uploaded_again(bucket, s3):
    s3.add_response("head_object", {"ContentLength": 7}, {**MINE, "Key": "code/1"})

    assert not bucket.put("code/1", b"content")


def test_content_of_another_size_is_uploaded_again(bucket, s3):
    s3.add_response("head_object", {"ContentLength": 6}, {**MINE, "Key": "code/1"})
    s3.add_response("put_object", {}, {**MINE, "Key": "code/1", "Body": ANY, "ChecksumAlgorithm": "SHA256"})

    assert bucket.put("code/1", b"content")


def test_all_versions_are_removed_page_by_page(bucket, s3):
    first = {
        "Versions": [{"Key": "a", "VersionId": "1"}, {"Key": "a", "VersionId": "2"}],
        "DeleteMarkers": [{"Key": "b", "VersionId": "3"}],
        "IsTruncated": True,
        "NextKeyMarker": "b",
        "NextVersionIdMarker": "3",
    }
    gone = [{"Key": "a", "VersionId": "1"}, {"Key": "a", "VersionId": "2"}, {"Key": "b", "VersionId": "3"}]
    s3.add_response("list_object_versions", first, MINE)
    s3.add_response("delete_objects", {}, {**MINE, "Delete": {"Objects": gone, "Quiet": True}})
    s3.add_response("list_object_versions", {}, {**MINE, "KeyMarker": "b", "VersionIdMarker": "3"})

    assert bucket.remove_all() == 3


@pytest.mark.parametrize(("errors", "text"), [
    (
        [{"Key": "a", "Code": "AccessDenied", "Message": "Access Denied"}],
        f"the bucket {NAME} can't be emptied: 1 object left; a: Access Denied",
    ),
    (
        [{"Key": "b", "Code": "InternalError"}, {"Key": "a", "Code": "AccessDenied", "Message": "Access Denied"}],
        f"the bucket {NAME} can't be emptied: 2 objects left; b: InternalError",
    ),
])  # fmt: skip
def test_objects_that_cannot_be_removed_are_reported(bucket, s3, errors, text):
    s3.add_response("list_object_versions", {"Versions": [{"Key": "a", "VersionId": "1"}]}, MINE)
    s3.add_response("delete_objects", {"Errors": errors})

    with pytest.raises(CloudError) as caught:
        bucket.remove_all()

    assert str(caught.value) == text


@pytest.mark.parametrize("count", [1, 0])
def test_a_prefix_is_checked_with_one_key(bucket, s3, count):
    s3.add_response("list_objects_v2", {"KeyCount": count}, {**MINE, "Prefix": "kept/", "MaxKeys": 1})

    assert bucket.holds("kept/") is bool(count)


def test_the_bucket_is_deleted_with_its_expected_owner(bucket, s3):
    s3.add_response("delete_bucket", {}, MINE)

    bucket.delete()

    s3.assert_no_pending_responses()


def test_an_objects_url_on_an_engine(bucket, aws):
    assert bucket.url_of("templates/1") == f"{aws.url}/{NAME}/templates/1"


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-central-1", "s3.eu-central-1.amazonaws.com"),
        ("us-east-1", "s3.amazonaws.com"),
        ("cn-north-1", "s3.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "s3.us-gov-west-1.amazonaws.com"),
    ],
)
def test_an_objects_url_in_a_region(aws, monkeypatch, region, host):
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", aws.url)
    bucket = Bucket(Account(boto3.Session("key", "secret", region_name=region), Place()), "things")

    assert bucket.url_of("templates/1") == f"https://things.{host}/templates/1"


def test_a_digest_is_sha_256():
    assert digest_of(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
