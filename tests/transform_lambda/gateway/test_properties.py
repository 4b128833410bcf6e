"""A gateway's properties: their types, their names in API Gateway, and all problems at once."""

from dataclasses import replace

import pytest

from tests.support.gateway_companion import GatewayCompanion, wanted
from tests.support.gateways import FUNCTION, MemoryGateways
from transform_lambda.contract import ResourceError
from transform_lambda.gateway.place import Place, read_place
from transform_lambda.gateway.properties import read_wanted
from transform_lambda.gateway.wanted_stages import WantedStage
from transform_lambda.protocol.event import parse_request

LAMBDA = {"Type": "Lambda", "FunctionArn": FUNCTION}
URI = f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"


def read(**properties):
    request = parse_request(GatewayCompanion().event("Create", wanted(**properties)))
    return read_wanted(MemoryGateways(), request)


def problems(**properties):
    with pytest.raises(ResourceError) as refused:
        read(**properties)
    return str(refused.value).split("\n")


def test_few_properties_are_enough():
    found = read(Path="/", StageName=None)

    assert found.place == Place("", "Shared", "GET", "/")
    assert found.api == {}
    assert found.method == {
        "authorizationType": "NONE",
        "apiKeyRequired": False,
        "requestParameters": {},
        "requestModels": {},
    }
    assert found.integration == {"type": "AWS_PROXY", "uri": URI, "integrationHttpMethod": "POST"}
    assert (found.validator, found.stages, found.method_responses, found.integration_responses) == ("", (), {}, {})


def test_text_becomes_the_names_and_types_of_api_gateway():
    found = read(
        IntegrationRequest={
            **LAMBDA,
            "TimeoutInMillis": "5000",
            "PassthroughBehavior": "WHEN_NO_TEMPLATES",
            "TlsConfig": {"InsecureSkipVerification": "true"},
            "Parameters": {"integration.request.header.X": "'x'"},
            "CacheKeyParameters": ["method.request.path.name"],
        },
        RequestParameters={"method.request.path.name": "true"},
        ApiKeyRequired="true",
        Authorization={"Type": "CUSTOM", "AuthorizerId": "a1", "Scopes": ["s"]},
        Responses={"200": {"Parameters": {"method.response.header.X": "'x'"}, "Models": {"a/b": "Empty"}}},
        Stage={"ThrottlingRateLimit": "1.5", "ThrottlingBurstLimit": "3", "MetricsEnabled": "true"},
        Api={"MinimumCompressionSize": "0", "EndpointConfiguration": {"Types": ["EDGE"]}, "Policy": {"b": 1, "a": 2}},
    )

    assert found.integration == {
        "type": "AWS",
        "uri": URI,
        "integrationHttpMethod": "POST",
        "timeoutInMillis": 5000,
        "passthroughBehavior": "WHEN_NO_TEMPLATES",
        "tlsConfig": {"insecureSkipVerification": True},
        "requestParameters": {"integration.request.header.X": "'x'"},
        "cacheKeyParameters": ["method.request.path.name"],
    }
    assert found.method == {
        "authorizationType": "CUSTOM",
        "authorizerId": "a1",
        "authorizationScopes": ["s"],
        "apiKeyRequired": True,
        "requestParameters": {"method.request.path.name": True},
        "requestModels": {},
    }
    assert found.method_responses == {
        "200": {"responseParameters": {"method.response.header.X": False}, "responseModels": {"a/b": "Empty"}}
    }
    assert found.integration_responses == {"200": {"responseParameters": {"method.response.header.X": "'x'"}}}
    settings = {"ThrottlingRateLimit": 1.5, "ThrottlingBurstLimit": 3, "MetricsEnabled": True}
    assert found.stages == (WantedStage("prod", settings),)
    assert found.api == {
        "endpointConfiguration": {"types": ["EDGE"]},
        "minimumCompressionSize": 0,
        "policy": '{"a": 2, "b": 1}',
    }


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"Body": "true", "Parameters": "true"}, "hitcounter-body-and-parameters"),
        ({"Body": "true"}, "hitcounter-body"),
        ({"Parameters": "true"}, "hitcounter-parameters"),
        ({"Parameters": "false"}, ""),
    ],
)
def test_a_validators_name_says_what_it_checks(given, name):
    assert read(RequestValidation=given).validator == name


WRONG = {
    "no API": (
        {"ApiName": None},
        "Properties.RestApiId: must be given, or ApiName instead, but not both",
    ),
    "two APIs": (
        {"RestApiId": "abc"},
        "Properties.RestApiId: must be given, or ApiName instead, but not both",
    ),
    "an ARN as id": (
        {"ApiName": None, "RestApiId": "arn:aws:x/y"},
        "Properties.RestApiId: must be an API's ID, as Ref returns it",
    ),
    "settings of another API": (
        {"ApiName": None, "RestApiId": "abc", "Api": {}},
        "Properties.Api: needs ApiName, because an API given by RestApiId is never changed",
    ),
    "a long name": (
        {"ApiName": "a" * 513},
        "Properties.ApiName: must have at most 512 characters in its URL-encoded form",
    ),
    "our tag on the API": (
        {"Api": {"Tags": {"hitcounter:x": "y"}}},
        "Properties.Api.Tags.hitcounter:x: must not start with 'hitcounter:', the prefix of the ownership tags",
    ),
    "a part with a blank": (
        {"Path": "a b/c"},
        "Properties.Path: each part must be letters, digits and . _ : -, or a name of these in braces, got 'a b'",
    ),
    "an empty part": (
        {"Path": "a//c"},
        "Properties.Path: each part must be letters, digits and . _ : -, or a name of these in braces, got ''",
    ),
    "greedy in the middle": (
        {"Path": "{proxy+}/a"},
        "Properties.Path: a greedy part such as {proxy+} must be the last part",
    ),
    "a parameter in two places": (
        {"RequestParameters": {"method.request.path.a.b": "true", "method.request.header.a.b": "false"}},
        "Properties.RequestParameters: the name a.b must be unique across path, querystring and header",
    ),
    "a name twice": ({"Path": "{a}/{a}"}, "Properties.Path: {a} must occur only once"),
    "a long path": ({"Path": "a" * 512}, "Properties.Path: must have at most 512 characters"),
    "a method": (
        {"Method": "get"},
        "Properties.Method: must be GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS or ANY, got 'get'",
    ),
    "no integration": (
        {"IntegrationRequest": None},
        "Properties.IntegrationRequest: must be given, for example as {Type, FunctionArn}",
    ),
    "no type": (
        {"IntegrationRequest": {}},
        "Properties.IntegrationRequest.Type: must be Lambda, LambdaProxy, Http, HttpProxy, Mock or Aws, got nothing",
    ),
    "no function": (
        {"IntegrationRequest": {"Type": "Lambda"}},
        "Properties.IntegrationRequest.FunctionArn: must be the ARN of a function, a version or an alias",
    ),
    "a function's name": (
        {"IntegrationRequest": {"Type": "Lambda", "FunctionArn": "visits"}},
        "Properties.IntegrationRequest.FunctionArn: must be the ARN of a function, a version or an alias",
    ),
    "a function for a mock": (
        {"IntegrationRequest": {"Type": "Mock", "FunctionArn": FUNCTION}},
        "Properties.IntegrationRequest.FunctionArn: needs Type Lambda or LambdaProxy",
    ),
    "no URI": (
        {"IntegrationRequest": {"Type": "Http", "HttpMethod": "GET"}},
        "Properties.IntegrationRequest.Uri: must be given for Type Http",
    ),
    "no method of the backend": (
        {"IntegrationRequest": {"Type": "Aws", "Uri": "arn:x"}},
        "Properties.IntegrationRequest.HttpMethod: must be given for Type Aws",
    ),
    "a URI for a function": (
        {"IntegrationRequest": {**LAMBDA, "Uri": "x"}},
        "Properties.IntegrationRequest.Uri: needs Type Http, HttpProxy or Aws",
    ),
    "no link": (
        {"IntegrationRequest": {**LAMBDA, "ConnectionType": "VPC_LINK"}},
        "Properties.IntegrationRequest.ConnectionId: must be given for ConnectionType VPC_LINK",
    ),
    "a parameter of the method": (
        {"IntegrationRequest": {**LAMBDA, "Parameters": {"method.request.path.a": "x"}}},
        "Properties.IntegrationRequest.Parameters.method.request.path.a: must start with integration.request.",
    ),
    "a number": (
        {"IntegrationRequest": {**LAMBDA, "TimeoutInMillis": "soon"}},
        "Properties.IntegrationRequest.TimeoutInMillis: must be a whole number, got other text",
    ),
    "a near miss": (
        {"IntegrationRequest": {**LAMBDA, "RequestTemplate": {}}},
        "Properties.IntegrationRequest.RequestTemplate: unknown; did you mean RequestTemplates?",
    ),
    "authorization": (
        {"Authorization": {"Type": "None"}},
        "Properties.Authorization.Type: must be NONE, AWS_IAM, CUSTOM or COGNITO_USER_POOLS, got 'None'",
    ),
    "no authorizer": (
        {"Authorization": {"Type": "CUSTOM"}},
        "Properties.Authorization.AuthorizerId: must be given for Type CUSTOM and COGNITO_USER_POOLS, and for no other",
    ),
    "a status": (
        {"Responses": {"2xx": {}}},
        "Properties.Responses.2xx: must be a status of three digits",
    ),
    "a pattern for a proxy": (
        {"Responses": {"500": {"SelectionPattern": ".+"}}},
        "Properties.Responses.500.SelectionPattern: must be omitted for a proxy integration; or use Type Lambda or Http",
    ),
    "a parameter of the integration": (
        {"Responses": {"200": {"Parameters": {"integration.response.header.a": "x"}}}},
        "Properties.Responses.200.Parameters.integration.response.header.a: must start with method.response.",
    ),
    "a stage without a name": (
        {"StageName": None, "Stage": {}},
        "Properties.Stage: needs StageName",
    ),
    "a stage's name": (
        {"StageName": "a.b"},
        "Properties.StageName: must be 1 to 128 letters, digits, - and _",
    ),
    "a level": (
        {"Stage": {"LoggingLevel": "DEBUG"}},
        "Properties.Stage.LoggingLevel: must be OFF, ERROR or INFO, got 'DEBUG'",
    ),
    "half an access log": (
        {"Stage": {"AccessLog": {"DestinationArn": "arn:x"}}},
        "Properties.Stage.AccessLog.Format: must be given",
    ),
    "a negative rate": (
        {"Stage": {"ThrottlingRateLimit": "-1"}},
        "Properties.Stage.ThrottlingRateLimit: must be a number of at least 0",
    ),
    "our tag on the stage": (
        {"Stage": {"Tags": {"hitcounter:x": "y"}}},
        "Properties.Stage.Tags.hitcounter:x: must not start with 'hitcounter:', the prefix of the ownership tags",
    ),
    "a permission without a function": (
        {"IntegrationRequest": {"Type": "Mock"}, "PermissionFor": [FUNCTION]},
        "Properties.PermissionFor: needs an IntegrationRequest of Type Lambda or LambdaProxy",
    ),
    "a permission for no function": (
        {"PermissionFor": ["visits"]},
        "Properties.PermissionFor: must be ARNs of functions, without stage variables",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_problem_says_what_would_be_right(name):
    properties, problem = WRONG[name]

    assert problems(**properties) == [problem]


@pytest.mark.parametrize("service", ["secretsmanager", "ssm-secure"])
@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("Api.Policy", lambda text: {"Api": {"Policy": {"Statement": [{"Principal": {"AWS": text}}]}}}),
        ("Stage.Variables.password", lambda text: {"Stage": {"Variables": {"password": text}}}),
        ("IntegrationRequest.RequestTemplates.a/b", lambda text: {
            "IntegrationRequest": {**LAMBDA, "RequestTemplates": {"a/b": text}}
        }),
        ("ApiName", lambda text: {"ApiName": text}),
    ],
)  # fmt: skip
def test_a_secure_dynamic_reference_is_refused_because_cloudformation_leaves_it_as_text(name, make, service):
    with pytest.raises(ResourceError) as caught:
        read(**make(f"{{{{resolve:{service}:prod/db:1}}}}"))

    expected = f"Properties.{name}: CloudFormation does not resolve {{{{resolve:{service}:…}}}} in a custom resource; "
    assert str(caught.value).startswith(expected)
    assert "prod/db" not in str(caught.value)


def test_all_problems_are_reported_together():
    found = problems(
        Path="a b", Method="get", IntegrationRequest={"Type": "Mock"}, Stage={"LoggingLevel": "x"}, StageName=""
    )

    assert [each.partition(":")[0] for each in found] == [
        *("Properties.Path", "Properties.Method", "Properties.Stage", "Properties.StageName"),
        "Properties.Stage.LoggingLevel",
    ]


def test_an_older_sdk_refuses_the_properties_that_it_does_not_know():
    class Older(MemoryGateways):
        def takes(self, operation):
            shape = super().takes(operation)
            members = {name: part for name, part in shape.members.items() if name != "responseTransferMode"}
            return type("Shape", (), {"type_name": "structure", "members": members})

    request = parse_request(GatewayCompanion().event("Create", wanted()))
    properties = {**request.properties, "IntegrationRequest": {**LAMBDA, "ResponseTransferMode": "STREAM"}}

    assert read_wanted(Older(), request).place.verb == "GET"
    with pytest.raises(ResourceError, match=r"^Properties\.IntegrationRequest\.ResponseTransferMode: unknown"):
        read_wanted(Older(), replace(request, properties=properties))


@pytest.mark.parametrize(
    "place",
    [
        Place("abc123", "", "GET", "/"),
        Place("abc123", "", "ANY", "/a/{b}/{proxy+}"),
        Place("", "My API/GET/ü:%", "GET", "/a:b"),
    ],
)
def test_a_physical_id_names_the_place(place):
    assert read_place(place.physical_id) == place
