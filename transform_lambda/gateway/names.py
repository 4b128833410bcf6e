"""The names of a gateway's properties in templates, and API Gateway's own names for them."""

from collections.abc import Mapping

from transform_lambda.contract import Json
from transform_lambda.ports import Gateways
from transform_lambda.typed import Members, Shape

Names = Mapping[str, str]

API: Names = {
    "Description": "description",
    "EndpointConfiguration": "endpointConfiguration",
    "BinaryMediaTypes": "binaryMediaTypes",
    "MinimumCompressionSize": "minimumCompressionSize",
    "ApiKeySource": "apiKeySource",
    "DisableExecuteApiEndpoint": "disableExecuteApiEndpoint",
    "Policy": "policy",
    "Tags": "tags",
}
INTEGRATION: Names = {
    "Uri": "uri",
    "HttpMethod": "integrationHttpMethod",
    "Credentials": "credentials",
    "RequestTemplates": "requestTemplates",
    "Parameters": "requestParameters",
    "PassthroughBehavior": "passthroughBehavior",
    "ContentHandling": "contentHandling",
    "TimeoutInMillis": "timeoutInMillis",
    "ConnectionType": "connectionType",
    "ConnectionId": "connectionId",
    "TlsConfig": "tlsConfig",
    "CacheKeyParameters": "cacheKeyParameters",
    "CacheNamespace": "cacheNamespace",
    "ResponseTransferMode": "responseTransferMode",
    "IntegrationTarget": "integrationTarget",
}
AUTHORIZATION: Names = {"Type": "authorizationType", "AuthorizerId": "authorizerId", "Scopes": "authorizationScopes"}
RESPONSE: Names = {
    "SelectionPattern": "selectionPattern",
    "Templates": "responseTemplates",
    "Parameters": "responseParameters",
    "ContentHandling": "contentHandling",
}
STAGE: Names = {"Variables": "variables", "Description": "description", "TracingEnabled": "tracingEnabled"}
"""The stage settings that CreateStage takes."""
ACCESS_LOG: Names = {"DestinationArn": "destinationArn", "Format": "format"}
METHOD_SETTINGS: Names = {
    "ThrottlingRateLimit": "throttling/rateLimit",
    "ThrottlingBurstLimit": "throttling/burstLimit",
    "LoggingLevel": "logging/loglevel",
    "MetricsEnabled": "metrics/enabled",
    "DataTraceEnabled": "logging/dataTrace",
}
"""A stage's method settings, each with its path in UpdateStage (AWS: "Patch operations", UpdateStage)."""


TEXT, BOOLEAN, WHOLE, NUMBER = (Members(name) for name in ("string", "boolean", "integer", "double"))
TEXTS = Members("map", value=TEXT)


def properties_shape(gateways: Gateways) -> Members:
    """The shape of the resource's properties, with the types of API Gateway's own model."""
    method, stage = gateways.takes("PutMethod"), gateways.takes("CreateStage")
    integration = _renamed(gateways.takes("PutIntegration"), INTEGRATION)
    response = _renamed(gateways.takes("PutIntegrationResponse"), RESPONSE)
    model = gateways.takes("PutMethodResponse").members["responseModels"]
    members = {
        **dict.fromkeys(("RestApiId", "ApiName", "Path", "Method", "StageName"), TEXT),
        "Api": Members("structure", _renamed(gateways.takes("CreateRestApi"), API)),
        "IntegrationRequest": Members("structure", {**integration, "Type": TEXT, "FunctionArn": TEXT}),
        "RequestParameters": method.members["requestParameters"],
        "RequestModels": method.members["requestModels"],
        "RequestValidation": Members("structure", {"Body": BOOLEAN, "Parameters": BOOLEAN}),
        "Authorization": Members("structure", _renamed(method, AUTHORIZATION)),
        "ApiKeyRequired": method.members["apiKeyRequired"],
        "Responses": Members("map", value=Members("structure", {**response, "Models": model})),
        "Stage": Members("structure", _stage_members(stage)),
        "Stages": Members("map", value=Members("structure", {**_stage_members(stage), "FunctionArn": TEXT})),
        "Deploy": BOOLEAN,
        "Methods": Members("list", member=TEXT),
        "PermissionFor": Members("list", member=TEXT),
    }
    return Members("structure", members)


def renamed(given: Mapping[str, Json], names: Names) -> dict[str, Json]:
    """The given values under API Gateway's names instead of the template's. Drops names that `names` lacks."""
    return {names[name]: value for name, value in given.items() if name in names}


def part_of(stage: str) -> str:
    """The stage's part in names of attributes: `Prodeu` for `prod-eu`."""
    part = "".join(letter for letter in stage if letter.isalnum())
    return part[:1].upper() + part[1:]


def _renamed(shape: Shape, names: Names) -> dict[str, Shape]:
    # An older SDK lacks the newest members.
    return {name: _capital(shape.members[own]) for name, own in names.items() if own in shape.members}


def _capital(shape: Shape) -> Shape:
    """A structure with its members named as in a template: with a capital first letter."""
    if shape.type_name != "structure":
        return shape
    return Members("structure", {name[:1].upper() + name[1:]: part for name, part in shape.members.items()})


def _stage_members(stage: Shape) -> dict[str, Shape]:
    return {
        **_renamed(stage, STAGE),
        "Tags": stage.members["tags"],
        "AccessLog": Members("structure", dict.fromkeys(ACCESS_LOG, TEXT)),
        "ThrottlingRateLimit": NUMBER,
        "ThrottlingBurstLimit": WHOLE,
        "LoggingLevel": TEXT,
        "MetricsEnabled": BOOLEAN,
        "DataTraceEnabled": BOOLEAN,
    }
