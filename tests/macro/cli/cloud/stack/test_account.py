"""The account that options and environment select, and its name in messages."""

import pytest

from macro.cli.cloud.stack.account import Place, connect, connect_to_engine
from tests.support.fake_aws import ACCOUNT, CALLER, Raw


def test_an_account_is_named_by_id_and_region(account):
    assert account.name() == "account 123456789012, eu-central-1"
    assert (account.id, account.region, account.partition) == (ACCOUNT, "eu-central-1", "aws")
    assert account.is_shared


def test_an_engine_is_named_by_its_url(aws):
    account = connect(Place(endpoint=aws.url))

    assert account.name() == f"the engine at {aws.url}"


def test_the_partition_comes_from_the_callers_arn(as_account, aws):
    aws.answer("GetCallerIdentity", {**CALLER, "Arn": "arn:aws-cn:iam::123456789012:user/me"})

    assert connect(Place(region="cn-north-1")).partition == "aws-cn"


@pytest.mark.parametrize("given", ["us-west-2", None])
def test_the_region_option_has_priority_over_the_environment(as_account, given):
    assert connect(Place(region=given)).region == (given or "eu-central-1")


def test_options_select_the_same_account_again(as_account, tmp_path):
    (tmp_path / "credentials").write_text("[work]\naws_access_key_id = AKID\naws_secret_access_key = key\n")

    assert connect(Place(region="us-west-2")).options() == " --region us-west-2"
    assert connect(Place(profile="work")).options() == " --profile work --region eu-central-1"


def test_options_select_the_same_engine_again(aws):
    assert connect(Place(endpoint=aws.url)).options() == f" --endpoint-url {aws.url}"


def test_a_client_is_created_once(account):
    assert account.client("cloudformation") is account.client("cloudformation")


@pytest.mark.parametrize(("status", "is_one"), [(200, True), (204, False), (404, False)])
def test_ministack_is_recognized_by_its_health_page(aws, status, is_one):
    aws.answer("GET /_ministack/health", Raw(b"{}", status))

    assert connect(Place(endpoint=f"{aws.url}/")).is_ministack() is is_one


def test_an_account_is_not_ministack(account):
    assert not account.is_ministack()


def test_a_local_engine_is_called_without_the_users_settings(aws, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")

    account = connect_to_engine(aws.url)

    assert (account.region, account.is_shared, account.profile) == ("us-east-1", False, None)


def test_a_local_engine_is_called_with_an_unknown_profile_set(aws, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "gone")

    assert connect_to_engine(aws.url).id == ACCOUNT


def test_a_local_engine_is_called_without_a_proxy(aws, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    aws.answer("GET /_ministack/health", Raw(b"{}"))

    account = connect(Place(endpoint=aws.url))

    assert account.is_ministack()


def test_an_account_is_called_through_the_proxy(as_account, aws, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", aws.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://sts.example.com")
    monkeypatch.delenv("no_proxy", raising=False)

    assert connect(Place()).id == ACCOUNT
