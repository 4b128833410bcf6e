"""Explain S3's errors to the author of a template."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from transform_lambda.aws.client import code_of, message_of
from transform_lambda.contract import ResourceError

MISSING, FORBIDDEN = {"NoSuchKey", "404"}, {"AccessDenied", "403"}
UNCOPIABLE = FORBIDDEN | {
    *("PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"),
    *("InvalidRequest", "MethodNotAllowed", "NotImplemented"),
}
"""Error codes that concern only copies. Other errors would also occur in a download and upload."""

_DENIED = (
    "access denied, or the object does not exist; allow s3:GetObject (with a version s3:GetObjectVersion, with a KMS "
    "key kms:Decrypt), and s3:ListBucket so that S3 can tell which"
)
_NO_VERSION_ID = "Code.S3ObjectVersion must have the form of an S3 version ID"
_CHANGED = "the object changed while it was read; try again"
_REASONS = {
    "NoSuchBucket": "there is no such bucket",
    "NoSuchKey": "there is no such object",
    "404": "there is no such object",
    "NoSuchVersion": "the object has no such version",
    "InvalidRange": "the object is empty",
    "AccessDenied": _DENIED,
    "403": _DENIED,
    "PreconditionFailed": _CHANGED,
    "412": _CHANGED,
    "InvalidObjectState": "the object is archived; restore it first",
}


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Explain the errors of a block.

    Raises:
        ResourceError: a call in the block failed. The text says "cannot", `what` and the reason.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise explain(error, what) from error


def explain(error: Exception, what: str, kind: type[ResourceError] = ResourceError) -> ResourceError:
    """The error to raise, of class `kind`. The text says "cannot", `what` and the reason."""
    if not isinstance(error, ClientError):
        return kind(f"cannot {what}: {error}")
    code, said = code_of(error), message_of(error)
    if code == "InvalidArgument" and "version id" in said.lower():
        return kind(f"cannot {what}: {_NO_VERSION_ID}")
    return kind(f"cannot {what}: {_REASONS.get(code, f'S3 answered {code}: {said}')}")
