"""The port ``Functions``, with boto3. Lambda's errors become problems for the author, or reasons to retry."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

from botocore.exceptions import ClientError

from transform_lambda.aws.client import Client, code_of, explained, message_of
from transform_lambda.contract import Json, ResourceError
from transform_lambda.ports import DeniedError, Found, Replicated, TryAgain
from transform_lambda.typed import Shape

_PASSING = {
    *("ResourceConflictException", "PreconditionFailedException", "ResourceNotReadyException"),
    *("TooManyRequestsException", "ThrottlingException", "Throttling", "RequestLimitExceeded", "RequestTimeout"),
    *("EC2ThrottledException", "ServiceException", "ServiceUnavailableException", "InternalFailure"),
}
_PASSING_TEXTS = (
    "cannot be assumed by Lambda",
    "does not have permissions to call",
    "KMS key is invalid for CreateGrant",
    "has been throttled by EC2",
    "Please try the request again",
    "Please try again",
)
"""Temporary texts of InvalidParameterValueException. For example, a new role is not known everywhere at once."""
_REPLICATED = "replicated function"
_GONE = "ResourceNotFoundException"
_DENIED = {"AccessDeniedException", "AccessDenied"}
_SIGNATURE = {"CodeVerificationFailedException", "InvalidCodeSignatureException"}
_SIGNED = (
    "the function's code signing configuration refuses the code; putting Env into the archive ends its signature, so "
    "leave Env out, or let the configuration warn (UntrustedArtifactOnDeployment: Warn)"
)


class LambdaFunctions:
    """`Functions` with a Lambda client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def takes(self, operation: str) -> Shape:
        """The operation's input shape in the client's own model."""
        return self._client.meta.service_model.operation_model(operation).input_shape

    def read(self, name: str, version: str = "") -> Found | None:
        """GetFunction.

        Raises:
            ResourceError: the tags cannot be read, so the owner is unknown, or Lambda refuses the call.
        """
        with _explained("read", name):
            try:
                answer = self._client.get_function(FunctionName=name, **_qualifier(version))
            except ClientError as error:
                if code_of(error) == _GONE:
                    return None
                raise
        if answer.get("TagsError") and not version:
            said = answer["TagsError"].get("Message", "")
            raise ResourceError(f"function {name}: cannot read its tags; allow lambda:ListTags: {said}")
        return Found(answer["Configuration"], answer.get("Tags", {}))

    def create(self, call: Mapping[str, Json]) -> None:
        """CreateFunction."""
        with _explained("create", str(call["FunctionName"])):
            self._client.create_function(**call)

    def update_configuration(self, name: str, changes: Mapping[str, Json], revision: str) -> None:
        """UpdateFunctionConfiguration, only of this revision."""
        with _explained("update", name):
            self._client.update_function_configuration(FunctionName=name, **changes, **_revision(revision))

    def update_code(self, name: str, code: Mapping[str, Json], revision: str) -> None:
        """UpdateFunctionCode, only of this revision."""
        with _explained("update the code of", name):
            self._client.update_function_code(FunctionName=name, **code, **_revision(revision))

    def sign(self, name: str, arn: str) -> None:
        """PutFunctionCodeSigningConfig, or DeleteFunctionCodeSigningConfig if the ARN is empty."""
        with _explained("set the code signing of", name):
            if arn:
                self._client.put_function_code_signing_config(FunctionName=name, CodeSigningConfigArn=arn)
            else:
                self._client.delete_function_code_signing_config(FunctionName=name)

    def tag(self, arn: str, tags: Mapping[str, str], gone: Sequence[str]) -> None:
        """TagResource and UntagResource."""
        with _explained("tag", arn):
            if tags:
                self._client.tag_resource(Resource=arn, Tags=dict(tags))
            if gone:
                self._client.untag_resource(Resource=arn, TagKeys=list(gone))

    def publish(self, name: str, options: Mapping[str, Json], revision: str) -> Mapping[str, Json]:
        """PublishVersion, only of this revision. Lambda publishes no version if nothing has changed."""
        with _explained("publish a version of", name):
            answer: Mapping[str, Json] = self._client.publish_version(
                FunctionName=name, **options, **_revision(revision)
            )
        return answer

    def versions(self, name: str) -> list[Mapping[str, Json]]:
        """ListVersionsByFunction, all pages, without $LATEST."""
        with _explained("list the versions of", name):
            pages = self._client.get_paginator("list_versions_by_function").paginate(FunctionName=name)
            found = [version for page in pages for version in page["Versions"] if version["Version"].isdecimal()]
        return sorted(found, key=lambda version: int(version["Version"]))

    def delete(self, name: str, version: str = "") -> None:
        """DeleteFunction. Succeeds if the function or version does not exist."""
        with _explained("delete", f"{name}:{version}" if version else name):
            try:
                self._client.delete_function(FunctionName=name, **_qualifier(version))
            except ClientError as error:
                if code_of(error) != _GONE:
                    raise


def _qualifier(version: str) -> dict[str, str]:
    return {"Qualifier": version} if version else {}


def _revision(revision: str) -> dict[str, str]:
    return {"RevisionId": revision} if revision else {}


def _explained(what: str, name: str) -> AbstractContextManager[None]:
    return explained(f"cannot {what} function {name}", lambda error: _explain(error, what, name))


def _explain(error: ClientError, what: str, name: str) -> ResourceError:
    code, said = code_of(error), message_of(error)
    where = f"cannot {what} function {name}"
    if _REPLICATED in said:
        return Replicated(
            f"{where}: CloudFront still has replicas of it, which go some hours after the last distribution left them; "
            "delete the stack again then"
        )
    if code in _PASSING or any(text in said for text in _PASSING_TEXTS):
        return TryAgain(f"{where}: {said or code}")
    if code == _GONE and what != "create":
        return TryAgain(f"{where}: it was deleted in the meantime")
    if code in _SIGNATURE:
        return ResourceError(f"{where}: {_SIGNED}")
    kind = DeniedError if code in _DENIED else ResourceError
    return kind(f"{where}: Lambda answered {code}: {said}")
