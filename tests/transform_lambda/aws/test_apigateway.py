"""The adapter of API Gateway: its requests, as botocore validates and sends them, and the meaning of answers."""

import json
from urllib.parse import parse_qsl, unquote, urlsplit

import boto3
import pytest
from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ReadTimeoutError

from tests.support.gateways import FUNCTION, MemoryGateways
from transform_lambda.aws.apigateway import CHANGES, OF_LAMBDA, READS, ApiGateways
from transform_lambda.contract import ResourceError
from transform_lambda.ports import DeniedError, Gateways, TryAgain

API = "arn:aws:apigateway:eu-west-1::/restapis/abc"
ROLE = "arn:aws:iam::123456789012:role/hitcounter/gateway"


class Raw:
    def __init__(self, body):
        self._body = body

    def stream(self, **_):
        yield self._body


class Service:
    """An HTTP server for API Gateway and Lambda: it gives its answers in turn, and records the requests."""

    def __init__(self):
        config = Config(retries={"max_attempts": 0, "mode": "standard"})
        keys = {"region_name": "eu-west-1", "aws_access_key_id": "x", "aws_secret_access_key": "x", "config": config}
        self.clients = [boto3.client(name, **keys) for name in ("apigateway", "lambda")]
        for client in self.clients:
            client.meta.events.register("before-send", self._answer)
        self.answers, self.requests = [], []
        self.gateways: Gateways = ApiGateways(*self.clients)

    def gives(self, body=None, status=200, error=None):
        headers = {"x-amzn-ErrorType": error} if error else {}
        self.answers.append((status if not error else max(status, 400), headers, body or {}))

    def _answer(self, request, **_):
        parts = urlsplit(request.url)
        body = json.loads(request.body) if request.body else {}
        self.requests.append((request.method, unquote(parts.path), dict(parse_qsl(parts.query)), body))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, headers, body = answer
        return AWSResponse(request.url, status, headers, Raw(json.dumps(body).encode()))


@pytest.fixture
def service():
    made = Service()
    yield made
    for client in made.clients:
        client.close()


def test_the_parts_of_an_api_come_from_all_pages_and_with_their_methods(service):
    service.gives({"item": [{"id": "r", "path": "/"}], "position": "next"})
    service.gives({"item": [{"id": "a", "path": "/a", "resourceMethods": {"GET": {}, "PUT": {"httpMethod": "PUT"}}}]})
    service.gives({"httpMethod": "GET", "operationName": "mark"})

    found = service.gateways.read("GetResources", {"restApiId": "abc", "embed": ["methods"], "limit": 500})

    methods = found["items"][1]["resourceMethods"]
    assert [each["path"] for each in found["items"]] == ["/", "/a"]
    assert (methods["GET"]["operationName"], methods["PUT"]) == ("mark", {"httpMethod": "PUT"})
    assert service.requests == [
        ("GET", "/restapis/abc/resources", {"embed": "methods", "limit": "500"}, {}),
        ("GET", "/restapis/abc/resources", {"embed": "methods", "limit": "500", "position": "next"}, {}),
        ("GET", "/restapis/abc/resources/a/methods/GET", {}, {}),
    ]


def test_each_change_is_a_request_to_api_gateway(service):
    for _ in range(4):
        service.gives()
    patch = [{"op": "replace", "path": "/operationName", "value": "x"}]

    keys = {"restApiId": "abc", "resourceId": "r", "httpMethod": "GET"}
    service.gateways.change("UpdateMethod", {**keys, "patchOperations": patch})
    service.gateways.change("PutIntegration", {**keys, "type": "AWS", "integrationHttpMethod": "POST"})
    service.gateways.change("DeleteStage", {"restApiId": "abc", "stageName": "prod"})
    service.gateways.change("RemovePermission", {"FunctionName": "visits", "StatementId": "s"})

    assert service.requests == [
        ("PATCH", "/restapis/abc/resources/r/methods/GET", {}, {"patchOperations": patch}),
        ("PUT", "/restapis/abc/resources/r/methods/GET/integration", {}, {"type": "AWS", "httpMethod": "POST"}),
        ("DELETE", "/restapis/abc/stages/prod", {}, {}),
        ("DELETE", "/2015-03-31/functions/visits/policy/s", {}, {}),
    ]


def test_members_that_need_their_own_permission_are_sent_unchanged(service):
    for _ in range(4):
        service.gives()
    patch = [{"op": "replace", "path": "/policy", "value": "{}"}]
    method = {"restApiId": "abc", "resourceId": "r", "httpMethod": "GET"}

    service.gateways.change("CreateRestApi", {"name": "api", "policy": "{}"})
    service.gateways.change("UpdateRestApi", {"restApiId": "abc", "patchOperations": patch})
    service.gateways.change("PutIntegration", {**method, "type": "AWS", "credentials": ROLE})
    service.gateways.change("UntagResource", {"resourceArn": API, "tagKeys": ["a"]})

    assert service.requests == [
        ("POST", "/restapis", {}, {"name": "api", "policy": "{}"}),
        ("PATCH", "/restapis/abc", {}, {"patchOperations": patch}),
        ("PUT", "/restapis/abc/resources/r/methods/GET/integration", {}, {"type": "AWS", "credentials": ROLE}),
        ("DELETE", f"/tags/{API}", {"tagKeys": "a"}, {}),
    ]


@pytest.mark.parametrize(
    ("operation", "call", "error"),
    [
        ("GetStage", {"restApiId": "abc", "stageName": "prod"}, "NotFoundException"),
        ("GetPolicy", {"FunctionName": FUNCTION}, "ResourceNotFoundException"),
    ],
)
def test_a_missing_api_resource_is_none(service, operation, call, error):
    service.gives({"message": "Invalid stage identifier specified"}, 404, error)

    assert service.gateways.read(operation, call) is None


def test_deleting_a_missing_api_resource_succeeds(service):
    service.gives({"message": "Invalid API identifier specified"}, 404, "NotFoundException")

    assert service.gateways.change("DeleteRestApi", {"restApiId": "abc"}) == {}


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (
            "ConflictException",
            409,
            "Unable to complete operation due to concurrent modification. Please try again later.",
        ),
        ("TooManyRequestsException", 429, "Too Many Requests"),
        ("LimitExceededException", 429, "The request exceeded the rate limit. Retry after the specified time period."),
        ("NotFoundException", 404, "Invalid Resource identifier specified"),
        ("BadRequestException", 400, "No integration defined for method"),
        ("ServiceUnavailableException", 503, "busy"),
    ],
)
def test_a_temporary_error_is_retried(service, error, status, said):
    service.gives({"message": said}, status, error)

    with pytest.raises(TryAgain) as refused:
        service.gateways.change("CreateDeployment", {"restApiId": "abc"})

    assert str(refused.value) == f"CreateDeployment of API abc: API Gateway answered {error}: {said}"


@pytest.mark.parametrize(
    "said", ["Invalid parameter name specified", "Invalid Response status code specified for the method"]
)
def test_a_wrong_name_is_refused_at_once_although_the_code_says_not_found(service, said):
    service.gives({"message": said}, 404, "NotFoundException")

    with pytest.raises(ResourceError) as refused:
        service.gateways.change("CreateDeployment", {"restApiId": "abc"})

    assert not isinstance(refused.value, TryAgain)
    assert str(refused.value) == f"CreateDeployment of API abc: API Gateway answered NotFoundException: {said}"


@pytest.mark.parametrize(
    ("operation", "call", "error", "reason"),
    [
        (
            "CreateRestApi",
            {"name": "Shared"},
            "BadRequestException",
            "CreateRestApi of Shared: API Gateway answered BadRequestException: no",
        ),
        (
            "TagResource",
            {"resourceArn": "arn:aws:apigateway:eu-west-1::/restapis/abc", "tags": {"a": "b"}},
            "BadRequestException",
            "TagResource of arn:aws:apigateway:eu-west-1::/restapis/abc: API Gateway answered BadRequestException: no",
        ),
        (
            "AddPermission",
            {"FunctionName": FUNCTION, "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "p"},
            "ResourceNotFoundException",
            f"AddPermission of function {FUNCTION}: there is no such function",
        ),
        (
            "AddPermission",
            {"FunctionName": FUNCTION, "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "p"},
            "PolicyLengthExceededException",
            f"AddPermission of function {FUNCTION}: Lambda answered PolicyLengthExceededException: no",
        ),
    ],
)
def test_a_permanent_error_names_the_operation_and_its_target(service, operation, call, error, reason):
    service.gives({"message": "no", "Message": "no"}, 400, error)

    with pytest.raises(ResourceError) as refused:
        service.gateways.change(operation, call)

    assert str(refused.value) == reason
    assert not isinstance(refused.value, TryAgain)


@pytest.mark.parametrize("code", ["TooManyRequestsException", "LimitExceededException"])
def test_a_quota_error_is_not_retried(service, code):
    service.gives({"message": "Maximum number of resources for this API has been reached."}, 429, code)

    with pytest.raises(ResourceError) as refused:
        service.gateways.change("CreateResource", {"restApiId": "abc", "parentId": "r", "pathPart": "a"})

    assert not isinstance(refused.value, TryAgain)


def test_a_missing_permission_is_a_denied_error(service):
    service.gives({"message": "not authorized to perform: apigateway:PATCH"}, 403, "AccessDeniedException")

    with pytest.raises(DeniedError):
        service.gateways.read("GetRestApis", {"limit": 500})


@pytest.mark.parametrize(
    "error", [ReadTimeoutError(endpoint_url="https://x"), EndpointConnectionError(endpoint_url="https://x")]
)
def test_a_call_without_an_answer_is_retried(service, error):
    service.answers.append(error)

    with pytest.raises(TryAgain) as refused:
        service.gateways.change("DeleteRestApi", {"restApiId": "abc"})

    assert str(refused.value) == f"DeleteRestApi of API abc: {type(error).__name__}"


def test_a_value_that_botocore_refuses_is_named(service):
    with pytest.raises(ResourceError) as refused:
        service.gateways.change("DeleteRestApi", {"restApiId": 3})

    assert str(refused.value).startswith("DeleteRestApi of API 3: ")
    assert "restApiId" in str(refused.value)
    assert service.requests == []


def test_missing_credentials_are_not_retried(service):
    service.answers.append(NoCredentialsError())

    with pytest.raises(ResourceError, match="GetRestApis of all APIs: "):
        service.gateways.read("GetRestApis", {})


def test_takes_returns_the_input_shape_of_an_operation(service):
    assert "pathPart" in service.gateways.takes("CreateResource").members


def test_the_fake_serves_exactly_the_operations_that_the_role_allows():
    served = {name for name in dir(MemoryGateways) if name.startswith("_") and not name.startswith("__")}

    # A method that a list of parts only names is read by the adapter itself.
    needed = {f"_{xform_name(operation)}" for operation in (*READS, *CHANGES, *OF_LAMBDA) if operation != "GetMethod"}
    assert needed <= served
