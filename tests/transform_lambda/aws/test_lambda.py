"""The adapter of Lambda: its requests, as botocore validates and sends them, and the meaning of answers."""

import json
from urllib.parse import parse_qsl, urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ReadTimeoutError

from transform_lambda.aws.lambda_ import LambdaFunctions
from transform_lambda.contract import ResourceError
from transform_lambda.ports import DeniedError, Functions, Replicated, TryAgain

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:visits"
ROLE = "arn:aws:iam::123456789012:role/hitcounter/r"
ACCESS_POINT = "arn:aws:elasticfilesystem:eu-west-1:123456789012:access-point/fsap-0123456789abcdef0"
SIGNING = "arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-0123456789abcdefa"


class Raw:
    def __init__(self, body):
        self._body = body

    def stream(self, **_):
        yield self._body


class Service:
    """An HTTP server for Lambda: it gives its answers in turn, and records the requests."""

    def __init__(self):
        config = Config(retries={"max_attempts": 0, "mode": "standard"})
        self.client = boto3.client(
            "lambda", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x", config=config
        )
        self.client.meta.events.register("before-send.lambda", self._answer)
        self.answers, self.requests = [], []
        self.functions: Functions = LambdaFunctions(self.client)

    def gives(self, body=None, status=200, error=None):
        headers = {"x-amzn-ErrorType": error} if error else {}
        self.answers.append((status if not error else max(status, 400), headers, body or {}))

    def _answer(self, request, **_):
        parts = urlsplit(request.url)
        body = json.loads(request.body) if request.body else {}
        self.requests.append((request.method, parts.path, dict(parse_qsl(parts.query)), body))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, headers, body = answer
        return AWSResponse(request.url, status, headers, Raw(json.dumps(body).encode()))


@pytest.fixture
def service():
    made = Service()
    yield made
    made.client.close()


def test_a_function_is_read_with_its_tags(service):
    service.gives({"Configuration": {"FunctionName": "visits", "RevisionId": "r1"}, "Tags": {"a": "b"}})
    service.gives({"Configuration": {"Version": "3"}})

    found, version = service.functions.read("visits"), service.functions.read("visits", "3")

    assert (found.configuration["RevisionId"], found.tags) == ("r1", {"a": "b"})
    assert version.configuration == {"Version": "3"}
    assert service.requests == [
        ("GET", "/2015-03-31/functions/visits", {}, {}),
        ("GET", "/2015-03-31/functions/visits", {"Qualifier": "3"}, {}),
    ]


def test_a_missing_function_is_none(service):
    service.gives({"Message": "Function not found"}, 404, "ResourceNotFoundException")

    assert service.functions.read("visits") is None


def test_a_function_with_unreadable_tags_is_an_error(service):
    service.gives({"Configuration": {}, "TagsError": {"ErrorCode": "AccessDenied", "Message": "no lambda:ListTags"}})

    with pytest.raises(ResourceError) as refused:
        service.functions.read("visits")

    assert str(refused.value) == ("function visits: cannot read its tags; allow lambda:ListTags: no lambda:ListTags")


def test_each_change_is_one_request_to_lambda(service):
    for body in ({}, {}, {}, {"Version": "4"}, {}, {}, {}, {}, {}):
        service.gives(body, 204 if body is None else 200)
    functions = service.functions

    functions.create({"FunctionName": "visits", "Role": "arn:aws:iam::123456789012:role/r", "Code": {"ZipFile": b"x"}})
    functions.update_configuration("visits", {"MemorySize": 256}, "r1")
    functions.update_code("visits", {"S3Bucket": "b-c", "S3Key": "k", "Architectures": ["arm64"]}, "r2")
    published = functions.publish("visits", {"PublishTo": "LATEST_PUBLISHED"}, "r3")
    functions.tag(ARN, {"a": "b"}, ["c"])
    functions.sign("visits", SIGNING)
    functions.delete("visits", "3")
    functions.delete("visits")

    said = [(method, path.rpartition("functions/")[2], query, body) for method, path, query, body in service.requests]
    assert published == {"ResponseMetadata": published["ResponseMetadata"], "Version": "4"}
    assert said[0][3] == {
        "FunctionName": "visits", "Role": "arn:aws:iam::123456789012:role/r", "Code": {"ZipFile": "eA=="}
    }  # fmt: skip
    assert said[1] == ("PUT", "visits/configuration", {}, {"MemorySize": 256, "RevisionId": "r1"})
    code = {"S3Bucket": "b-c", "S3Key": "k", "Architectures": ["arm64"], "RevisionId": "r2"}
    assert said[2] == ("PUT", "visits/code", {}, code)
    assert said[3] == ("POST", "visits/versions", {}, {"PublishTo": "LATEST_PUBLISHED", "RevisionId": "r3"})
    assert (said[4][0], said[4][3]) == ("POST", {"Tags": {"a": "b"}})
    assert (said[5][0], said[5][2]) == ("DELETE", {"tagKeys": "c"})
    assert (said[6][0], said[6][3]) == ("PUT", {"CodeSigningConfigArn": SIGNING})
    assert said[7:] == [("DELETE", "visits", {"Qualifier": "3"}, {}), ("DELETE", "visits", {}, {})]


def test_connections_of_a_function_are_sent_unchanged(service):
    connections = {
        "Layers": ["arn:aws:lambda:eu-west-1:123456789012:layer:mine:1"],
        "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        "FileSystemConfigs": [{"Arn": ACCESS_POINT, "LocalMountPath": "/mnt/hits"}],
    }
    service.gives()

    service.functions.create({"FunctionName": "visits", "Role": ROLE, "Code": {"ZipFile": b"x"}, **connections})

    body = service.requests[0][3]
    assert {name: body[name] for name in connections} == connections


def test_only_changed_tags_are_sent(service):
    service.gives()
    service.gives()

    service.functions.tag(ARN, {"a": "b"}, [])
    service.functions.tag(ARN, {}, ["c"])

    assert [method for method, *_ in service.requests] == ["POST", "DELETE"]


def test_code_signing_can_be_removed(service):
    service.gives()

    service.functions.sign("visits", "")

    assert service.requests[0][:2] == ("DELETE", "/2020-06-30/functions/visits/code-signing-config")


def test_versions_come_from_all_pages_in_numeric_order(service):
    service.gives({"Versions": [{"Version": "$LATEST"}, {"Version": "10"}], "NextMarker": "more"})
    service.gives({"Versions": [{"Version": "9"}]})

    assert service.functions.versions("visits") == [{"Version": "9"}, {"Version": "10"}]


def test_deleting_a_missing_function_succeeds(service):
    service.gives({}, 404, "ResourceNotFoundException")

    service.functions.delete("visits")

    assert len(service.requests) == 1


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."),
        (
            "InvalidParameterValueException",
            "The provided execution role does not have permissions to call CreateNetworkInterface on EC2",
        ),
        (
            "InvalidParameterValueException",
            "Lambda was unable to configure access to your environment variables because the KMS key is invalid for "
            "CreateGrant. Please check your KMS key settings.",
        ),
        ("InvalidParameterValueException", "Your request has been throttled by EC2, please make sure you have enough"),
        ("ResourceConflictException", "Function already exist: visits"),
        ("ResourceConflictException", "An update is in progress for resource: visits"),
        ("PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id."),
        ("TooManyRequestsException", "Rate exceeded"),
        ("ThrottlingException", "Rate exceeded"),
        ("ServiceException", "An error occurred"),
    ],
)
@pytest.mark.parametrize("call", ["create", "update_configuration", "update_code", "publish"])
def test_temporary_errors_differ_from_permanent_ones(service, call, error, said):
    service.gives({"Message": said, "message": said}, 400, error)

    with pytest.raises(TryAgain) as refused:
        change(service.functions, call)

    assert str(refused.value).endswith(f"function visits: {said}")


def change(functions, call):
    if call == "create":
        functions.create({"FunctionName": "visits", "Role": "arn:aws:iam::123456789012:role/r", "Code": {}})
    else:
        getattr(functions, call)("visits", {}, "r1")


def test_a_throttled_read_is_retried(service):
    service.gives({"Message": "Rate exceeded"}, 429, "TooManyRequestsException")

    with pytest.raises(TryAgain, match="cannot read function visits: Rate exceeded"):
        service.functions.read("visits")


def test_a_refused_delete_is_an_error(service):
    service.gives({"Message": "no"}, 403, "AccessDeniedException")

    with pytest.raises(DeniedError, match="cannot delete function visits: Lambda answered AccessDeniedException: no"):
        service.functions.delete("visits")


def test_a_function_that_was_just_deleted_is_read_again(service):
    service.gives({"Message": "Function not found"}, 404, "ResourceNotFoundException")

    with pytest.raises(TryAgain, match="cannot update function visits: it was deleted in the meantime"):
        service.functions.update_configuration("visits", {"MemorySize": 256}, "r1")


@pytest.mark.parametrize("lost", [ReadTimeoutError(endpoint_url="x"), EndpointConnectionError(endpoint_url="x")])
def test_a_lost_answer_is_retried(service, lost):
    service.answers.append(lost)

    with pytest.raises(TryAgain, match=f"cannot update function visits: {type(lost).__name__}"):
        service.functions.update_configuration("visits", {}, "r1")


@pytest.mark.parametrize(
    ("error", "said", "reason"),
    [
        (
            "AccessDeniedException",
            "User: u is not authorized to perform: lambda:CreateFunction",
            "cannot create function visits: Lambda answered AccessDeniedException: User: u is not authorized to "
            "perform: lambda:CreateFunction",
        ),
        (
            "InvalidParameterValueException",
            "Unzipped size must be smaller than 262144000 bytes",
            "cannot create function visits: Lambda answered InvalidParameterValueException: Unzipped size must be "
            "smaller than 262144000 bytes",
        ),
        (
            "InvalidCodeSignatureException",
            "The code signature failed the integrity check",
            "cannot create function visits: the function's code signing configuration refuses the code; putting Env "
            "into the archive ends its signature, so leave Env out, or let the configuration warn "
            "(UntrustedArtifactOnDeployment: Warn)",
        ),
        (
            "ResourceNotFoundException",
            "no such layer",
            "cannot create function visits: Lambda answered ResourceNotFoundException: no such layer",
        ),
    ],
)
def test_a_refusal_gives_lambdas_reason(service, error, said, reason):
    service.gives({"Message": said, "message": said}, 400, error)

    with pytest.raises(ResourceError) as refused:
        change(service.functions, "create")

    assert str(refused.value) == reason
    assert not isinstance(refused.value, TryAgain)


def test_edge_replicas_are_reported(service):
    said = (
        f"Lambda was unable to delete {ARN}:1 because it is a replicated function. Please see our documentation for "
        "Deleting Lambda@Edge Functions and Replicas."
    )
    service.gives({"Message": said, "message": said}, 400, "InvalidParameterValueException")

    with pytest.raises(Replicated) as refused:
        service.functions.delete("visits")

    assert str(refused.value) == (
        "cannot delete function visits: CloudFront still has replicas of it, which go some hours after the last "
        "distribution left them; delete the stack again then"
    )


def test_a_value_that_botocore_refuses_is_named(service):
    with pytest.raises(ResourceError) as refused:
        service.functions.update_configuration("visits", {"Timeout": 0}, "r1")

    assert str(refused.value).startswith("cannot update function visits: ")
    assert "Timeout" in str(refused.value)
    assert service.requests == []


def test_missing_credentials_are_not_retried(service):
    service.answers.append(NoCredentialsError())

    with pytest.raises(ResourceError, match="cannot read function visits: "):
        service.functions.read("visits")


def test_takes_returns_the_input_shape_of_an_operation(service):
    assert "MemorySize" in service.functions.takes("CreateFunction").members


def test_a_missing_revision_is_not_sent(service):
    service.gives()

    service.functions.update_configuration("visits", {}, "")

    assert service.requests[0][3] == {}
