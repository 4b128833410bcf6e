import pytest

from tests.support.cloudformation import STACK_ID, URL
from transform_lambda.protocol.answer_url import AnswerError, check_answer_url, issue_time, region_of

BUCKET = "cloudformation-custom-resource-response-"


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", f"{BUCKET}useast1.s3.amazonaws.com"),
        ("us-east-1", f"{BUCKET}useast1.s3.us-east-1.amazonaws.com"),
        ("eu-west-1", f"{BUCKET}euwest1.s3-eu-west-1.amazonaws.com"),
        ("eu-north-1", f"{BUCKET}eunorth1.s3.eu-north-1.amazonaws.com"),
        ("eu-north-1", f"{BUCKET}eunorth1.s3.dualstack.eu-north-1.amazonaws.com"),
        ("us-gov-west-1", f"{BUCKET}usgovwest1.s3.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", f"{BUCKET}cnnorth1.s3.cn-north-1.amazonaws.com.cn"),
        ("us-iso-east-1", f"{BUCKET}usisoeast1.s3.us-iso-east-1.c2s.ic.gov"),
        ("us-isob-east-1", f"{BUCKET}usisobeast1.s3.us-isob-east-1.sc2s.sgov.gov"),
        ("us-isof-south-1", f"{BUCKET}usisofsouth1.s3.us-isof-south-1.csp.hci.ic.gov"),
        ("eu-isoe-west-1", f"{BUCKET}euisoewest1.s3.eu-isoe-west-1.cloud.adc-e.uk"),
        ("eusc-de-east-1", f"{BUCKET}euscdeeast1.s3.eusc-de-east-1.amazonaws.eu"),
    ],
)
def test_the_buckets_of_every_partition_get_answers(region, host):
    assert check_answer_url(f"https://{host}/x?y=z", region).hostname == host
    assert check_answer_url(f"https://{host}:443/x", region).port == 443


@pytest.mark.parametrize(
    "url",
    [
        "http://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/x",
        "file:///etc/passwd",
        "ftp://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/x",
        "https://169.254.169.254/latest/meta-data/",
        "http://169.254.169.254/latest/meta-data/",
        "https://[fd00:ec2::254]/latest/meta-data/",
        "https://localhost/x",
        "https://127.0.0.1:9001/2018-06-01/runtime/invocation/next",
        "https://evil.s3.eu-west-1.amazonaws.com/x",
        "https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com.evil.example/x",
        "https://cloudformation-custom-resource-response-euwest1-evil.s3.eu-west-1.amazonaws.com/x",
        "https://cloudformation-custom-resource-response-euwest1.evil.s3.eu-west-1.amazonaws.com/x",
        "https://cloudformation-custom-resource-response-uswest1.s3.us-west-1.amazonaws.com/x",
        "https://cloudformation-custom-resource-response-euwest1.s3.us-west-1.amazonaws.com/x",
        "https://s3.eu-west-1.amazonaws.com/cloudformation-custom-resource-response-euwest1/x",
        "https://cloudformation-custom-resource-response-euwest1.s3-website-eu-west-1.amazonaws.com/x",
        "https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com:8443/x",
        "https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com:x/",
        "https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com@evil.example/x",
        "https://user:pw@cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/x",
        "https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com\\@evil.example/x",
        "https://evil.example\\cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/x",
        "https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com./x",
        "https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/x\r\nHost: evil.example",
        "https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/x#y",
        "https://cloudformation\u2010custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/x",
        "https://[/",
        "",
        "None",
    ],
)
def test_no_other_url_gets_a_request(url):
    with pytest.raises(AnswerError):
        check_answer_url(url, "eu-west-1")


def test_an_invalid_region_has_no_bucket():
    with pytest.raises(AnswerError) as refused:
        check_answer_url("https://cloudformation-custom-resource-response-evil.s3.amazonaws.com/x", "evil")

    assert str(refused.value) == (
        "the answer URL must be one of CloudFormation's in this region, got https, "
        "host 'cloudformation-custom-resource-response-evil.s3.amazonaws.com'"
    )


def test_a_partition_has_only_its_own_domain():
    with pytest.raises(AnswerError):
        check_answer_url(f"https://{BUCKET}usisoeast1.s3.amazonaws.com/x", "us-iso-east-1")


def test_an_allowed_host_gets_answers_only_at_its_port():
    assert check_answer_url("http://127.0.0.1:4566/x", "", ["127.0.0.1:4566"]).port == 4566
    with pytest.raises(AnswerError):
        check_answer_url("http://127.0.0.1:4567/x", "", ["127.0.0.1:4566"])
    with pytest.raises(AnswerError):
        check_answer_url("file://127.0.0.1:4566/x", "", ["127.0.0.1:4566"])


def test_a_refusal_does_not_show_the_query():
    with pytest.raises(AnswerError) as refused:
        check_answer_url("https://evil.example/x?Signature=s3cr3t", "eu-west-1")

    assert "s3cr3t" not in str(refused.value)


def test_the_region_is_the_companions_own_if_lambda_sets_it(monkeypatch):
    monkeypatch.delenv("AWS_REGION", raising=False)
    from_stack = region_of(STACK_ID)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")

    assert (from_stack, region_of(STACK_ID), region_of("x")) == ("eu-west-1", "eu-central-1", "eu-central-1")


def test_an_invalid_stack_id_has_no_region(monkeypatch):
    monkeypatch.delenv("AWS_REGION", raising=False)

    assert region_of("x") == ""


@pytest.mark.parametrize(
    ("query", "issued"),
    [
        ("X-Amz-Date=20231114T221320Z&X-Amz-Expires=7200", 1_700_000_000),
        ("AWSAccessKeyId=A&Expires=1700000000", 1_700_000_000),
        ("X-Amz-Date=yesterday", None),
        ("Expires=soon", None),
        ("", None),
    ],
)
def test_the_answer_url_has_the_issue_time(query, issued):
    assert issue_time(f"https://host/x?{query}") == issued


def test_an_invalid_url_has_no_issue_time():
    assert issue_time("https://[") is None
    assert issue_time(URL) is None
