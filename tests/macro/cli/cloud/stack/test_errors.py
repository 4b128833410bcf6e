"""Errors between the command and an account, each with a text that says what helps."""

import socket
import sys

import pytest
from botocore.exceptions import LoginRefreshRequired, LoginTokenLoadError

from macro.cli.cloud.stack.account import Place, connect
from macro.cli.cloud.stack.errors import CloudError, explained
from tests.support.fake_aws import Raw, Refusal

REMEDY = "add --profile, or set AWS_PROFILE or AWS_ACCESS_KEY_ID; 'aws configure' creates a profile"


def explain(place=None, then=lambda account: None):
    place = place or Place()
    with pytest.raises(CloudError) as caught, explained(place.endpoint):
        then(connect(place))
    return str(caught.value)


def test_no_credentials(monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    assert explain() == f"there are no credentials for AWS; {REMEDY}"


def test_partial_credentials(monkeypatch):
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    said = explain()

    assert "AWS_SECRET_ACCESS_KEY" in said
    assert said.endswith(f"; {REMEDY}")


def test_a_credential_process_without_credentials(tmp_path, monkeypatch):
    (tmp_path / "config").write_text(
        f"[profile work]\ncredential_process = {sys.executable} -c 'raise SystemExit(3)'\n"
    )
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    assert explain(Place(profile="work")).endswith(f"; {REMEDY}")


@pytest.mark.parametrize("is_given", [True, False])
def test_an_unknown_profile(tmp_path, monkeypatch, is_given):
    (tmp_path / "config").write_text("[profile work]\nregion = us-east-1\n[default]\n")
    if not is_given:
        monkeypatch.setenv("AWS_PROFILE", "wrok")

    assert (
        explain(Place(profile="wrok" if is_given else None))
        == "there is no profile 'wrok'; the profiles are: default, work"
    )


def test_an_unknown_profile_without_any_profiles():
    assert explain(Place(profile="work")) == "there is no profile 'work'; the profiles are: none"


def test_an_unreadable_configuration(tmp_path):
    (tmp_path / "config").write_text("broken\n[x")

    assert str(tmp_path / "config") in explain()


def test_an_expired_sso_sign_in(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    (tmp_path / "config").write_text(
        "[profile work]\nsso_session = us\nsso_account_id = 123456789012\nsso_role_name = dev\n"
        "[sso-session us]\nsso_start_url = https://us.example.com/start\nsso_region = us-east-1\n"
    )

    assert explain(Place(profile="work")) == "the sign-in has expired; run: aws sso login"


@pytest.mark.parametrize("error", [LoginRefreshRequired(), LoginTokenLoadError(error_msg="there is no token")])
def test_an_expired_login(error):
    with pytest.raises(CloudError) as caught, explained():
        raise error

    assert str(caught.value) == "the sign-in has expired; run: aws login"


def test_no_region(monkeypatch):
    monkeypatch.delenv("AWS_REGION")

    assert explain() == "there is no region; add --region, or set AWS_REGION"


def test_a_region_with_an_invalid_name():
    said = explain(Place(region="Frankfurt am Main"))

    assert "Frankfurt am Main" in said
    assert said.endswith("; a region has a name such as eu-central-1")


@pytest.mark.parametrize("url", ["127.0.0.1:4566", "http://", "ftp://host", "http://host:port", "http://host:0"])
def test_an_endpoint_that_is_not_a_url(url):
    assert explain(Place(endpoint=url)) == f"--endpoint-url {url}: must be a URL such as http://127.0.0.1:4566"


def test_nothing_listens_at_the_endpoint():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"

        assert explain(Place(endpoint=url)) == f"nothing answers at {url}; is the engine running there?"


def test_a_region_where_nothing_listens(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)

        said = explain()

    assert url in said
    assert said.endswith("; check --region and the network")


@pytest.mark.parametrize("is_named", [True, False])
def test_an_endpoint_that_is_not_an_engine(aws, monkeypatch, is_named):
    aws.answer("GetCallerIdentity", Raw(b"<!DOCTYPE html><p>501"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", aws.url)

    assert explain(Place(endpoint=aws.url if is_named else None)) == (
        f"{aws.url if is_named else 'the service'} doesn't answer like AWS; is it AWS, or an engine such as MiniStack?"
    )


@pytest.mark.parametrize("code", ["InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"])
def test_unknown_keys(as_account, aws, code):
    aws.answer("GetCallerIdentity", Refusal(code, "The security token included in the request is invalid.", 403))

    assert explain() == (
        f"AWS doesn't accept these credentials ({code}), or the region isn't enabled for them; {REMEDY}"
    )


def test_a_wrong_secret_key(as_account, aws):
    said = "The request signature we calculated does not match. The Canonical String should have been 'POST ...'"
    aws.answer("GetCallerIdentity", Refusal("SignatureDoesNotMatch", said, 403))

    assert explain() == f"the secret key doesn't match the key ID, or this machine's clock is wrong; {REMEDY}"


@pytest.mark.parametrize("code", ["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"])
def test_an_expired_token(as_account, aws, code):
    aws.answer("GetCallerIdentity", Refusal(code, "The security token included in the request is expired", 403))

    assert explain() == "the credentials have expired; sign in again with 'aws sso login', or set new keys"


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])
def test_a_denied_call(as_account, aws, code):
    said = "User: arn:aws:iam::123456789012:user/me is not authorized to perform: cloudformation:DescribeStacks."
    aws.answer("DescribeStacks", Refusal(code, said, 403))

    assert explain(then=lambda account: account.client("cloudformation").describe_stacks()) == (
        "DescribeStacks is not allowed: User: arn:aws:iam::123456789012:user/me is not authorized to perform: "
        "cloudformation:DescribeStacks; ask for that permission, or use another --profile"
    )


def test_a_region_that_is_not_enabled(as_account, aws):
    aws.answer("DescribeStacks", Refusal("OptInRequired", "You are not subscribed to this service", 403))

    assert explain(then=lambda account: account.client("cloudformation").describe_stacks()) == (
        "DescribeStacks: this region isn't enabled for the account; enable it, or choose another with --region"
    )


@pytest.mark.parametrize(
    ("refusal", "text"),
    [
        (Refusal("InsufficientCapabilitiesException", "Requires capabilities"), "Requires capabilities"),
        (Refusal("SomethingNew"), "SomethingNew"),
    ],
)
def test_any_other_error_is_reported_in_the_services_words(as_account, aws, refusal, text):
    aws.answer("DescribeStacks", refusal)

    said = explain(then=lambda account: account.client("cloudformation").describe_stacks())

    assert said == f"DescribeStacks: {text}"


def test_a_call_with_invalid_parameters(as_account):
    said = explain(then=lambda account: account.client("cloudformation").describe_change_set())

    assert "ChangeSetName" in said


def test_throttled_calls_are_retried(as_account, aws):
    aws.answer("DescribeStacks", Refusal("Throttling", "Rate exceeded"), {"Stacks": []})

    found = connect(Place()).client("cloudformation").describe_stacks()

    assert found["Stacks"] == []
    assert aws.actions() == ["DescribeStacks", "DescribeStacks"]
