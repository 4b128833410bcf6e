"""Connect to the account and region, or to the local engine, that a command works in."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

from macro.cli.cloud.stack.errors import CloudError, explained

Client = Any
LOOPBACK = ("127.0.0.1", "localhost")
"""The names of this machine that an engine can listen on."""


class Place(NamedTuple):
    """The user's choice of account. The SDK finds its own default for a field that is ``None``."""

    profile: str | None = None
    region: str | None = None
    endpoint: str | None = None


class Account:
    """Clients for one account and region. Each client is created once.

    ``is_shared`` says that other people may work in the same account.
    """

    def __init__(self, session: Any, place: Place, is_shared: bool = True) -> None:
        self._session = session
        self.is_shared = is_shared
        self._clients: dict[str, Client] = {}
        self.endpoint = place.endpoint
        self.profile = place.profile
        self.region: str = session.region_name
        # Few attempts, to report a wrong region or endpoint at once.
        caller = self._make("sts", attempts=2).get_caller_identity()
        self.id: str = caller["Account"]
        self.partition: str = caller["Arn"].split(":")[1]

    def client(self, service: str) -> Client:
        """The client for a service, such as ``cloudformation``."""
        if service not in self._clients:
            # An engine on this machine that doesn't answer at once has ended.
            self._clients[service] = self._make(service, attempts=5 if self.is_shared else 2)
        return self._clients[service]

    def is_ministack(self) -> bool:
        """Whether the endpoint is MiniStack. Only MiniStack serves the page ``/_ministack/health``."""
        if not self.endpoint:
            return False
        try:
            opener = build_opener(ProxyHandler({}) if is_loopback(self.endpoint) else ProxyHandler())
            with opener.open(f"{self.endpoint.rstrip('/')}/_ministack/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def name(self) -> str:
        """The account's name in messages: ``account 123456789012, eu-central-1``, or the engine with its URL."""
        return f"the engine at {self.endpoint}" if self.endpoint else f"account {self.id}, {self.region}"

    def options(self) -> str:
        """The command-line options that select this account again, each with a leading space."""
        given = {"--profile": self.profile, "--endpoint-url": self.endpoint}
        if not self.endpoint:
            given["--region"] = self.region
        return "".join(f" {name} {value}" for name, value in given.items() if value)

    def _make(self, service: str, attempts: int) -> Client:
        return self._session.client(service, endpoint_url=self.endpoint, config=_config(self.endpoint, attempts))


def connect(place: Place) -> Account:
    """The account for the user's choice. One call to STS checks the credentials.

    Raises:
        CloudError: the endpoint is no URL, the profile is unknown, or there is no region.
        ClientError, BotoCoreError: the call to STS fails. :func:`macro.cli.cloud.stack.errors.explained` turns these
            errors into :class:`CloudError`.
    """
    import boto3
    from botocore.exceptions import ProfileNotFound

    if place.endpoint and not _is_url(place.endpoint):
        raise CloudError(f"--endpoint-url {place.endpoint}: must be a URL such as http://127.0.0.1:4566")
    try:
        # boto3 reads only AWS_DEFAULT_REGION. AWS's other tools also read AWS_REGION.
        region = place.region or os.environ.get("AWS_REGION")
        session = boto3.Session(profile_name=place.profile, region_name=region)
    except ProfileNotFound:
        raise CloudError(_explain_profile(place.profile or os.environ.get("AWS_PROFILE"))) from None
    if not session.region_name:
        raise CloudError("there is no region; add --region, or set AWS_REGION")
    return Account(session, place)


def connect_to_engine(url: str) -> Account:
    """An engine on this machine, with credentials that the engine accepts. The user's AWS settings are not read."""
    import boto3
    from botocore.session import Session

    # Each setting keeps its default: the session reads neither environment variables nor configuration files.
    defaults = {name: (None, None, *rest) for name, (_, _, *rest) in Session.SESSION_VARIABLES.items()}
    nowhere = (None, None, os.devnull, None)
    alone = Session({**defaults, "config_file": nowhere, "credentials_file": nowhere})
    session = boto3.Session("test", "test", region_name="us-east-1", botocore_session=alone)
    return Account(session, Place(endpoint=url), is_shared=False)


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine. Requests to this machine use no proxy."""
    return urlsplit(url).hostname in (*LOOPBACK, "::1")


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    try:
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _explain_profile(name: str | None) -> str:
    from botocore.session import Session

    # A new botocore session, because boto3's session would look up the unknown profile again.
    known = ", ".join(sorted(Session().full_config.get("profiles", {}))) or "none"
    return f"there is no profile {name!r}; the profiles are: {known}"


def _config(endpoint: str | None, attempts: int) -> Any:
    from botocore.config import Config

    return Config(
        # With None, botocore takes the proxies from the environment.
        proxies={} if endpoint and is_loopback(endpoint) else None,
        retries={"mode": "standard", "max_attempts": attempts},
        connect_timeout=10,
        s3={"addressing_style": "auto"},
        user_agent_extra="hitcounter-macro",
    )


@contextmanager
def in_account(arguments: argparse.Namespace) -> Iterator[Account]:
    """The account that the arguments name. The SDK's errors inside the block become :class:`CloudError`."""
    # An engine's URL may come from the option or the environment. Both are handled alike.
    endpoint = arguments.endpoint_url or os.environ.get("AWS_ENDPOINT_URL") or None
    place = Place(arguments.profile, arguments.region, endpoint)
    with explained(place.endpoint):
        yield connect(place)
