"""The port ``Gateways``, with boto3. API Gateway's errors become problems for the author, or reasons to retry."""

from collections.abc import Mapping
from contextlib import AbstractContextManager

from botocore import xform_name
from botocore.exceptions import ClientError

from transform_lambda.aws.client import Client, code_of, explained, message_of
from transform_lambda.contract import Json, ResourceError
from transform_lambda.ports import DeniedError, TryAgain
from transform_lambda.typed import Shape

READS = (
    *("GetRestApi", "GetRestApis", "GetResources", "GetMethod", "GetRequestValidators"),
    *("GetStage", "GetStages", "GetDeployment", "GetDeployments"),
)
CHANGES = (
    *("CreateRestApi", "UpdateRestApi", "DeleteRestApi", "CreateResource", "DeleteResource"),
    *("PutMethod", "UpdateMethod", "DeleteMethod", "PutIntegration", "UpdateIntegration"),
    *("PutMethodResponse", "UpdateMethodResponse", "DeleteMethodResponse"),
    *("PutIntegrationResponse", "UpdateIntegrationResponse", "DeleteIntegrationResponse"),
    *("CreateRequestValidator", "DeleteRequestValidator", "CreateDeployment", "DeleteDeployment"),
    *("CreateStage", "UpdateStage", "DeleteStage", "TagResource", "UntagResource"),
)
OF_LAMBDA = ("GetPolicy", "AddPermission", "RemovePermission")
"""With `READS` and `CHANGES`, all operations that are ever called. The companion's role must allow them."""

_GONE = {"NotFoundException", "ResourceNotFoundException"}
_PASSING = {
    *("ConflictException", "ResourceConflictException", "PreconditionFailedException", "TooManyRequestsException"),
    *("ThrottlingException", "Throttling", "LimitExceededException", "ServiceUnavailableException"),
    *("InternalFailure", "InternalServerError", "ServiceException", "RequestTimeout"),
}
_UNFINISHED = "No integration defined for method"
"""The error text of a deployment while another resource's method is incomplete."""
_QUOTAS = ("maximum number", "exceeds the limit", "limit exceeded for")
"""Texts of quota errors, which do not pass with time. Errors of a rate limit have the same error code."""
_WRONG_NAMES = ("Invalid parameter name specified", "Invalid Response status code specified")
"""Texts with which API Gateway answers a wrong name as NotFoundException. They do not pass with time."""
_DENIED = {"AccessDeniedException", "AccessDenied", "ForbiddenException", "UnauthorizedException"}


class ApiGateways:
    """`Gateways` with a client of API Gateway and a client of Lambda."""

    def __init__(self, gateways: Client, functions: Client) -> None:
        self._gateways, self._functions = gateways, functions

    def takes(self, operation: str) -> Shape:
        """The operation's input shape in the client's own model."""
        return self._client(operation).meta.service_model.operation_model(operation).input_shape

    def read(self, operation: str, call: Mapping[str, Json]) -> Mapping[str, Json] | None:
        """The operation's response, all pages. GetResources may only name methods; those are read one by one."""
        with _explained(operation, call):
            try:
                answer = self._read(operation, call)
                return self._with_methods(call, answer) if operation == "GetResources" else answer
            except ClientError as error:
                if code_of(error) in _GONE:
                    return None
                raise

    def change(self, operation: str, call: Mapping[str, Json]) -> Mapping[str, Json]:
        """The operation's response. Empty if the thing to delete does not exist."""
        with _explained(operation, call):
            try:
                return self._call(operation, call)
            except ClientError as error:
                if code_of(error) in _GONE and operation.startswith(("Delete", "Remove", "Untag")):
                    return {}
                raise

    def _client(self, operation: str) -> Client:
        return self._functions if operation in OF_LAMBDA else self._gateways

    def _call(self, operation: str, call: Mapping[str, Json]) -> Mapping[str, Json]:
        answer: Mapping[str, Json] = getattr(self._client(operation), xform_name(operation))(**call)
        return answer

    def _read(self, operation: str, call: Mapping[str, Json]) -> Mapping[str, Json]:
        client, name = self._client(operation), xform_name(operation)
        if not client.can_paginate(name):
            return self._call(operation, call)
        pages = client.get_paginator(name).paginate(**call)
        return {"items": [item for page in pages for item in page.get("items", [])]}

    def _with_methods(self, call: Mapping[str, Json], answer: Mapping[str, Json]) -> Mapping[str, Json]:
        for item in answer["items"]:
            for verb, method in item.get("resourceMethods", {}).items():
                if not method:
                    where = {"restApiId": call["restApiId"], "resourceId": item["id"], "httpMethod": verb}
                    item["resourceMethods"][verb] = self._call("GetMethod", where)
        return answer


def _explained(operation: str, call: Mapping[str, Json]) -> AbstractContextManager[None]:
    where = f"{operation} of {_name(operation, call)}"
    return explained(where, lambda error: _explain(error, operation, where))


def _name(operation: str, call: Mapping[str, Json]) -> str:
    if operation in OF_LAMBDA:
        return f"function {call['FunctionName']}"
    if "restApiId" in call:
        return f"API {call['restApiId']}"
    return str(call.get("resourceArn") or call.get("name") or "all APIs")


def _explain(error: ClientError, operation: str, where: str) -> ResourceError:
    code, said = code_of(error), message_of(error)
    service = "Lambda" if operation in OF_LAMBDA else "API Gateway"
    text = f"{where}: {service} answered {code}: {said}"
    if operation == "AddPermission" and code in _GONE:
        return ResourceError(f"{where}: there is no such function")
    if code in _DENIED:
        return DeniedError(text)
    is_quota = any(each in said.lower() for each in _QUOTAS)
    is_passing = code in _PASSING and not is_quota
    is_gone = code in _GONE and not any(each in said for each in _WRONG_NAMES)
    if is_passing or is_gone or _UNFINISHED in said:
        return TryAgain(text)
    return ResourceError(text)
