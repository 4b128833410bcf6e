"""A fake account with the answers that a test sets, and an environment without the user's settings."""

import boto3
import pytest

from macro.cli.cloud.stack.account import Account, Place
from macro.cli.cloud.stack.session import Session
from tests.support.fake_aws import REGION, FakeAws
from tests.support.recorder import Recorder


@pytest.fixture(autouse=True)
def clean_environment(tmp_path, monkeypatch):
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    settings = {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI",
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def aws():
    with FakeAws() as fake:
        yield fake


@pytest.fixture
def as_account(aws, monkeypatch):
    """Clients call the fake as they would call AWS, without an endpoint in the session."""
    services = "STS CLOUDFORMATION S3 SSM API_GATEWAY LAMBDA DYNAMODB CLOUDWATCH_LOGS RESOURCE_GROUPS_TAGGING_API"
    for service in services.split():
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", aws.url)


@pytest.fixture(scope="session")
def sdk():
    """One SDK session for all tests, because reading the SDK's data about a service takes long."""
    return boto3.Session("AKIDEXAMPLE", "wJalrXUtnFEMI", region_name=REGION)


@pytest.fixture
def account(as_account, sdk):
    return Account(sdk, Place())


@pytest.fixture
def session(account):
    return Session(account, Recorder())
