"""Explain errors between the command and an account, each with a remedy."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from macro.errors import MacroError, Problem

_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_UNKNOWN = {"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"}
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}
"""Error codes that services return for a call without permission."""

_CREDENTIALS = "add --profile, or set AWS_PROFILE or AWS_ACCESS_KEY_ID; 'aws configure' creates a profile"


class CloudError(MacroError):
    """The account or the engine doesn't do what the command needs. The text says what would help."""

    def __init__(self, text: str) -> None:
        super().__init__([Problem((), text)])


@contextmanager
def explained(endpoint: str | None = None) -> Iterator[None]:
    """Turn the SDK's errors inside the block into :class:`CloudError` with a remedy.

    The text never shows a request's parameters. From a response, the text shows only the service's code and message.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        raise CloudError(_explain_answer(error)) from None
    except BotoCoreError as error:
        raise CloudError(_explain_call(error, endpoint)) from None
    except ResponseParserError:
        who = endpoint or "the service"
        raise CloudError(f"{who} doesn't answer like AWS; is it AWS, or an engine such as MiniStack?") from None


def code_of(error: Any) -> str:
    """The code of a ``ClientError``, such as ``AccessDenied``, or the HTTP status if the response has no body."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: Any) -> str:
    """The service's message in a ``ClientError``."""
    return str(error.response.get("Error", {}).get("Message") or "")


def _explain_answer(error: Any) -> str:
    code, said, call = code_of(error), message_of(error), error.operation_name
    if code in _EXPIRED:
        return "the credentials have expired; sign in again with 'aws sso login', or set new keys"
    if code == "SignatureDoesNotMatch":
        return f"the secret key doesn't match the key ID, or this machine's clock is wrong; {_CREDENTIALS}"
    if code in _UNKNOWN:
        # AWS returns the same code for correct credentials if the account hasn't enabled the region.
        return f"AWS doesn't accept these credentials ({code}), or the region isn't enabled for them; {_CREDENTIALS}"
    if code in DENIED:
        return f"{call} is not allowed: {said.rstrip('.')}; ask for that permission, or use another --profile"
    if code == "OptInRequired":
        return f"{call}: this region isn't enabled for the account; enable it, or choose another with --region"
    return f"{call}: {said or code}"


def _explain_call(error: Any, endpoint: str | None) -> str:
    name = type(error).__name__
    if name == "NoCredentialsError":
        return f"there are no credentials for AWS; {_CREDENTIALS}"
    if name in ("PartialCredentialsError", "CredentialRetrievalError"):
        return f"{error}; {_CREDENTIALS}"
    if name in ("SSOTokenLoadError", "UnauthorizedSSOTokenError", "TokenRetrievalError"):
        return "the sign-in has expired; run: aws sso login"
    if name in ("LoginRefreshRequired", "LoginTokenLoadError"):
        return "the sign-in has expired; run: aws login"
    if name == "NoRegionError":
        return "there is no region; add --region, or set AWS_REGION"
    if name == "InvalidRegionError":
        return f"{str(error).rstrip('.')}; a region has a name such as eu-central-1"
    if name in ("EndpointConnectionError", "ConnectTimeoutError", "ConnectionClosedError", "ReadTimeoutError"):
        if endpoint:
            return f"nothing answers at {endpoint}; is the engine running there?"
        return f"{error}; check --region and the network"
    return str(error)
