"""Finds all properties in a template that API Gateway would refuse or misread."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from transform_lambda.gateway.place import prefixes
from transform_lambda.gateway.stage_problems import (
    find_stage_problems,
    is_function,
    names_functions,
    one_of,
    problems_of_tags,
)

TYPES = {
    "Lambda": "AWS",
    "LambdaProxy": "AWS_PROXY",
    "Http": "HTTP",
    "HttpProxy": "HTTP_PROXY",
    "Mock": "MOCK",
    "Aws": "AWS",
}
"""The integration types in templates, each with API Gateway's own name."""

_VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY")
_WITH_URI = ("Http", "HttpProxy", "Aws")
_AUTHORIZATIONS = ("NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS")
_BY_AUTHORIZER = ("CUSTOM", "COGNITO_USER_POOLS")
_OF_A_METHOD = (
    *("Path", "Method", "IntegrationRequest", "RequestParameters", "RequestModels", "RequestValidation"),
    *("Authorization", "ApiKeyRequired", "Responses", "PermissionFor", "Deploy"),
)
_PART = re.compile(r"[A-Za-z0-9._:-]+|\{[A-Za-z0-9._:-]+\+?\}")
_LONGEST_ID = 1024

Typed = Mapping[str, Any]


def is_lambda(integration: Typed) -> bool:
    """Whether the integration calls a function by its ARN."""
    return integration.get("Type") in ("Lambda", "LambdaProxy")


def find_problems(typed: Typed) -> Iterator[str]:
    """All problems. Each one says where it is, what is wrong and what would be right."""
    yield from _problems_of_the_api(typed)
    yield from (_problems_of_the_deployer(typed) if "Methods" in typed else _problems_of_the_method(typed))
    yield from find_stage_problems(typed)


def _problems_of_the_method(typed: Typed) -> Iterator[str]:
    yield from _problems_of_the_path(str(typed.get("Path", "/")))
    yield from one_of("Properties.Method", typed.get("Method", "GET"), _VERBS)
    yield from _problems_of_the_integration(typed)
    yield from _problems_of_the_authorization(typed.get("Authorization", {}))
    yield from _problems_of_the_responses(typed)
    named = [name.split(".", 3)[-1] for name in typed.get("RequestParameters", {})]
    for name in sorted({name for name in named if named.count(name) > 1}):
        yield f"Properties.RequestParameters: the name {name} must be unique across path, querystring and header"
    if "PermissionFor" in typed and not is_lambda(typed.get("IntegrationRequest", {})):
        yield "Properties.PermissionFor: needs an IntegrationRequest of Type Lambda or LambdaProxy"
    for function in typed.get("PermissionFor", []):
        if not is_function(function):
            yield "Properties.PermissionFor: must be ARNs of functions, without stage variables"


def _problems_of_the_deployer(typed: Typed) -> Iterator[str]:
    for name in _OF_A_METHOD:
        if name in typed:
            yield f"Properties.{name}: must be omitted; a resource with Methods only deploys the methods of others"
    if not typed.get("StageName") and "Stages" not in typed:
        yield "Properties.Methods: needs StageName or Stages"


def _problems_of_the_api(typed: Typed) -> Iterator[str]:
    if bool(typed.get("RestApiId")) == bool(typed.get("ApiName")):
        yield "Properties.RestApiId: must be given, or ApiName instead, but not both"
    if "Api" in typed and not typed.get("ApiName"):
        yield "Properties.Api: needs ApiName, because an API given by RestApiId is never changed"
    if not re.fullmatch(r"[A-Za-z0-9_-]*", typed.get("RestApiId", "")):
        yield "Properties.RestApiId: must be an API's ID, as Ref returns it"
    if len(quote(typed.get("ApiName", ""), safe="")) > _LONGEST_ID // 2:
        yield f"Properties.ApiName: must have at most {_LONGEST_ID // 2} characters in its URL-encoded form"
    yield from problems_of_tags("Properties.Api.Tags", typed.get("Api", {}).get("Tags", {}))


def _problems_of_the_path(path: str) -> Iterator[str]:
    parts = path.strip("/").split("/") if path.strip("/") else []
    for part in parts:
        if not _PART.fullmatch(part):
            yield (
                "Properties.Path: each part must be letters, digits and . _ : -, or a name of these in braces, got "
                f"{part!r}"
            )
    if any(part.endswith("+}") for part in parts[:-1]):
        yield "Properties.Path: a greedy part such as {proxy+} must be the last part"
    names = [part.strip("{}+") for part in parts if part.startswith("{")]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"Properties.Path: {{{name}}} must occur only once"
    if len("".join(prefixes(path)[-1:])) > _LONGEST_ID // 2:
        yield f"Properties.Path: must have at most {_LONGEST_ID // 2} characters"


def _problems_of_the_integration(typed: Typed) -> Iterator[str]:
    where, integration = "Properties.IntegrationRequest", typed.get("IntegrationRequest")
    if integration is None:
        yield f"{where}: must be given, for example as {{Type, FunctionArn}}"
        return
    kind = integration.get("Type")
    yield from one_of(f"{where}.Type", kind, tuple(TYPES))
    function = integration.get("FunctionArn", "")
    is_needed = function or not names_functions(typed)
    if is_lambda(integration) and is_needed and not is_function(re.sub(r"\$\{[^}]*\}", "x", function)):
        yield f"{where}.FunctionArn: must be the ARN of a function, a version or an alias"
    if not is_lambda(integration) and function:
        yield f"{where}.FunctionArn: needs Type Lambda or LambdaProxy"
    for name in ("Uri", "HttpMethod"):
        if kind in _WITH_URI and not integration.get(name):
            yield f"{where}.{name}: must be given for Type {kind}"
        if kind in TYPES and kind not in _WITH_URI and name in integration:
            yield f"{where}.{name}: needs Type Http, HttpProxy or Aws"
    if integration.get("ConnectionType") == "VPC_LINK" and not integration.get("ConnectionId"):
        yield f"{where}.ConnectionId: must be given for ConnectionType VPC_LINK"
    for name in integration.get("Parameters", {}):
        if not name.startswith("integration.request."):
            yield f"{where}.Parameters.{name}: must start with integration.request."


def _problems_of_the_authorization(authorization: Typed) -> Iterator[str]:
    kind = authorization.get("Type", "NONE")
    yield from one_of("Properties.Authorization.Type", kind, _AUTHORIZATIONS)
    if (kind in _BY_AUTHORIZER) != bool(authorization.get("AuthorizerId")):
        kinds = " and ".join(_BY_AUTHORIZER)
        yield f"Properties.Authorization.AuthorizerId: must be given for Type {kinds}, and for no other"


def _problems_of_the_responses(typed: Typed) -> Iterator[str]:
    is_proxy = str(typed.get("IntegrationRequest", {}).get("Type")).endswith("Proxy")
    for status, response in typed.get("Responses", {}).items():
        where = f"Properties.Responses.{status}"
        if not re.fullmatch(r"[1-5][0-9][0-9]", str(status)):
            yield f"{where}: must be a status of three digits"
        for name in ("SelectionPattern", "Templates", "ContentHandling"):
            if is_proxy and name in response:
                yield f"{where}.{name}: must be omitted for a proxy integration; or use Type Lambda or Http"
        for name in response.get("Parameters", {}):
            if not name.startswith("method.response."):
                yield f"{where}.Parameters.{name}: must start with method.response."
