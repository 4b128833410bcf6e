"""What a gateway's resource creates, changes and deletes, and with which calls."""

import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tests.support.gateway_companion import GatewayCompanion, wanted
from tests.support.gateways import FUNCTION
from transform_lambda.contract import ResourceError
from transform_lambda.gateway.resource import ApiGatewayResource
from transform_lambda.idempotency.record import Record
from transform_lambda.limits import Clock
from transform_lambda.ports import TryAgain

OTHER = FUNCTION.replace("Visits", "Other")
STACK = "arn:aws:cloudformation:eu-west-1:123456789012:stack/app/3d992e90-691c-11e8-96cc-50faeb5cc8d2"
VTL = {"application/json": '{"name": "$input.params(\'name\')"}'}
MAPPED = {"Type": "Lambda", "FunctionArn": FUNCTION, "RequestTemplates": VTL, "PassthroughBehavior": "NEVER"}


@pytest.fixture
def companion():
    return GatewayCompanion(functions=(FUNCTION, OTHER))


def changes_of(companion, request):
    before = len(companion.gateways.calls)
    answer = request()
    assert answer["Status"] == "SUCCESS", answer
    reads = ("Get",)
    return [operation for operation, _ in companion.gateways.calls[before:] if not operation.startswith(reads)]


def patches_of(companion, operation):
    return next(call["patchOperations"] for name, call in reversed(companion.gateways.calls) if name == operation)


def permissions(companion, function=FUNCTION):
    policy = companion.gateways.policies.get(function, {}).values()
    return [each["Condition"]["ArnLike"]["AWS:SourceArn"] for each in policy]


def test_a_create_makes_one_call_for_each_api_resource(companion):
    changes = changes_of(companion, lambda: companion.create(wanted(Path="a/{name}")))

    (api,) = companion.gateways.apis
    assert changes == [
        *("CreateRestApi", "CreateResource", "CreateResource", "PutMethod", "PutIntegration", "AddPermission"),
        *("CreateDeployment", "CreateStage"),
    ]
    assert companion.gateways.apis[api]["answer"]["endpointConfiguration"] == {"types": ["REGIONAL"]}
    assert companion.gateways.live(api, "prod", "/a/{name}")["methodIntegration"] == {
        "type": "AWS_PROXY",
        "uri": f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations",
        "httpMethod": "POST",
        "passthroughBehavior": "WHEN_NO_MATCH",
        "timeoutInMillis": 29000,
        "cacheKeyParameters": [],
        "cacheNamespace": companion.gateways.method(api, "/a/{name}")["methodIntegration"]["cacheNamespace"],
    }
    assert permissions(companion) == [f"arn:aws:execute-api:eu-west-1:123456789012:{api}/prod/GET/a/*"]


def test_the_answer_has_the_gateways_attributes(companion):
    data = companion.create(wanted(Path="a/{proxy+}", Method="ANY"))["Data"]

    (api,) = companion.gateways.apis
    parts = {part["path"]: part["id"] for part in companion.gateways.apis[api]["parts"].values()}
    assert data == {
        "Url": f"https://{api}.execute-api.eu-west-1.amazonaws.com/prod/a/{{proxy+}}",
        "RestApiId": api,
        "RootResourceId": parts["/"],
        "ResourceId": parts["/a/{proxy+}"],
        "StageName": "prod",
        "DeploymentId": companion.gateways.apis[api]["stages"]["prod"]["deploymentId"],
    }


def test_without_a_stage_nothing_is_deployed(companion):
    properties = {name: value for name, value in wanted(Path="/").items() if name != "StageName"}

    changes = changes_of(companion, lambda: companion.create(properties))

    (api,) = companion.gateways.apis
    assert changes == ["CreateRestApi", "PutMethod", "PutIntegration", "AddPermission"]
    assert companion.outbox.answers[-1]["Data"]["Url"] == f"https://{api}.execute-api.eu-west-1.amazonaws.com"
    assert companion.outbox.answers[-1]["Data"]["DeploymentId"] == ""
    assert permissions(companion) == [f"arn:aws:execute-api:eu-west-1:123456789012:{api}/*/GET/"]


def test_an_update_without_changes_patches_and_deploys_nothing(companion):
    properties = wanted(
        IntegrationRequest=MAPPED,
        RequestParameters={"method.request.path.name": "true"},
        RequestValidation={"Body": "true", "Parameters": "true"},
        Responses={
            "200": {"Models": {"application/json": "Empty"}},
            "500": {"SelectionPattern": ".+", "Templates": VTL},
        },
        Stage={
            "Variables": {"a": "b"},
            "TracingEnabled": "true",
            "ThrottlingRateLimit": "10",
            "ThrottlingBurstLimit": "20",
            "LoggingLevel": "ERROR",
            "MetricsEnabled": "true",
            "DataTraceEnabled": "false",
            "AccessLog": {
                "DestinationArn": "arn:aws:logs:eu-west-1:123456789012:log-group:x",
                "Format": "$context.requestId",
            },
            "Tags": {"team": "web"},
        },
        Api={
            "Description": "d",
            "Tags": {"team": "web"},
            "BinaryMediaTypes": ["image/png"],
            "Policy": {"Version": "2012-10-17"},
        },
    )
    companion.create(properties)

    assert changes_of(companion, lambda: companion.update({**properties, "ServiceToken": "y"})) == []


CHANGES = {
    "authorization": (
        {"Authorization": {"Type": "AWS_IAM"}},
        {"UpdateMethod": [("replace", "/authorizationType", "AWS_IAM")]},
    ),
    "an authorizer with scopes": (
        {"Authorization": {"Type": "COGNITO_USER_POOLS", "AuthorizerId": "a1", "Scopes": ["read"]}},
        {
            "UpdateMethod": [
                ("replace", "/authorizationType", "COGNITO_USER_POOLS"),
                ("replace", "/authorizerId", "a1"),
                ("add", "/authorizationScopes", "read"),
            ]
        },
    ),
    "an API key": ({"ApiKeyRequired": "true"}, {"UpdateMethod": [("replace", "/apiKeyRequired", "true")]}),
    "a parameter and a model": (
        {
            "RequestParameters": {"method.request.querystring.q": "false"},
            "RequestModels": {"application/json": "Empty"},
        },
        {
            "UpdateMethod": [
                ("add", "/requestParameters/method.request.querystring.q", "false"),
                ("add", "/requestModels/application~1json", "Empty"),
            ]
        },
    ),
    "another function": (
        {"IntegrationRequest": {**MAPPED, "FunctionArn": OTHER}},
        {
            "UpdateIntegration": [
                (
                    "replace",
                    "/uri",
                    f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{OTHER}/invocations",
                )
            ],
            "AddPermission": None,
        },
    ),
    "templates, timeout and more": (
        {
            "IntegrationRequest": {
                "Type": "Lambda",
                "FunctionArn": FUNCTION,
                "RequestTemplates": {"text/plain": "x"},
                "TimeoutInMillis": "5000",
                "CacheKeyParameters": ["method.request.path.name"],
                "TlsConfig": {"InsecureSkipVerification": "true"},
                "ContentHandling": "CONVERT_TO_TEXT",
                "Credentials": "arn:aws:iam::123456789012:role/r",
            }
        },
        {
            "UpdateIntegration": [
                ("replace", "/credentials", "arn:aws:iam::123456789012:role/r"),
                ("add", "/requestTemplates/text~1plain", "x"),
                ("remove", "/requestTemplates/application~1json", None),
                ("replace", "/passthroughBehavior", "WHEN_NO_MATCH"),
                ("replace", "/contentHandling", "CONVERT_TO_TEXT"),
                ("replace", "/timeoutInMillis", "5000"),
                ("add", "/cacheKeyParameters/method.request.path.name", None),
                ("replace", "/tlsConfig/insecureSkipVerification", "true"),
            ]
        },
    ),
    "a response's pattern and template": (
        {"Responses": {"200": {}, "500": {"SelectionPattern": "[^x]+", "Templates": {"text/plain": "no"}}}},
        {
            "UpdateIntegrationResponse": [
                ("replace", "/selectionPattern", "[^x]+"),
                ("add", "/responseTemplates/text~1plain", "no"),
            ]
        },
    ),
    "a response more": (
        {"Responses": {"200": {}, "500": {"SelectionPattern": ".+"}, "404": {"SelectionPattern": "none"}}},
        {"PutMethodResponse": None, "PutIntegrationResponse": None},
    ),
    "a response less": (
        {"Responses": {"200": {}}},
        {"DeleteIntegrationResponse": None, "DeleteMethodResponse": None},
    ),
    "a response's header": (
        {"Responses": {"200": {"Parameters": {"method.response.header.X": "'x'"}}, "500": {"SelectionPattern": ".+"}}},
        {
            "UpdateMethodResponse": [("add", "/responseParameters/method.response.header.X", "false")],
            "UpdateIntegrationResponse": [("add", "/responseParameters/method.response.header.X", "'x'")],
        },
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_an_update_patches_only_differences_and_deploys_once(companion, name):
    change, calls = CHANGES[name]
    old = wanted(IntegrationRequest=MAPPED, Responses={"200": {}, "500": {"SelectionPattern": ".+"}})
    companion.create(old)

    forth = changes_of(companion, lambda: companion.update({**old, **change}))
    sent = {
        operation: [(each["op"], each["path"], each.get("value")) for each in patches_of(companion, operation)]
        for operation, patches in calls.items()
        if patches
    }
    changes_of(companion, lambda: companion.update(old))

    released = ["RemovePermission"] if "AddPermission" in calls else []
    assert forth == [*calls, "CreateDeployment", "UpdateStage", *released, "DeleteDeployment"]
    assert sent == {operation: patches for operation, patches in calls.items() if patches}
    (api,) = companion.gateways.apis
    fresh = GatewayCompanion()
    fresh.create(old)
    (other,) = fresh.gateways.apis
    assert plain(companion.gateways.live(api, "prod", "/{name}")) == plain(
        fresh.gateways.live(other, "prod", "/{name}")
    )


def plain(node):
    """An API resource without empty members and members at their defaults."""
    if isinstance(node, dict):
        kept = {name: plain(value) for name, value in node.items() if name not in ("cacheNamespace",)}
        return {name: value for name, value in kept.items() if value not in ({}, [], "", None, False)}
    return node


@pytest.mark.parametrize("kind", ["LambdaProxy", "HttpProxy", "Http", "Mock"])
def test_another_integration_type_replaces_the_integration_and_its_responses(companion, kind):
    old = wanted(IntegrationRequest=MAPPED, Responses={"200": {}})
    given = {"Type": kind}
    if kind == "LambdaProxy":
        given["FunctionArn"] = FUNCTION
    elif kind != "Mock":
        given.update(Uri="https://example.com", HttpMethod="GET")
    companion.create(old)

    changes = changes_of(companion, lambda: companion.update({**old, "IntegrationRequest": given}))

    expected = ["PutIntegration"]
    expected += ["DeleteIntegrationResponse"] if "Proxy" in kind else ["PutIntegrationResponse"]
    released = [] if "Lambda" in kind else ["RemovePermission"]
    assert changes == [*expected, "CreateDeployment", "UpdateStage", *released, "DeleteDeployment"]


def test_an_update_removes_a_headers_mapping_before_its_declaration(companion):
    header = {"Parameters": {"method.response.header.X": "'x'"}}
    old = wanted(IntegrationRequest=MAPPED, Responses={"200": header})
    companion.create(old)

    changes = changes_of(companion, lambda: companion.update({**old, "Responses": {"200": {}}}))

    assert changes[:2] == ["UpdateIntegrationResponse", "UpdateMethodResponse"]


def test_an_update_removes_a_parameters_mapping_before_its_declaration(companion):
    mapped = {**MAPPED, "Parameters": {"integration.request.header.X": "method.request.path.name"}}
    old = wanted(IntegrationRequest=mapped, RequestParameters={"method.request.path.name": "true"})
    companion.create(old)

    changes = changes_of(
        companion, lambda: companion.update({**old, "IntegrationRequest": MAPPED, "RequestParameters": {}})
    )

    assert changes[:2] == ["UpdateIntegration", "UpdateMethod"]


STAGES = {
    "variables": (
        {"Variables": {"a": "2", "c": "3"}},
        [("replace", "/variables/a", "2"), ("replace", "/variables/c", "3"), ("remove", "/variables/b", None)],
    ),
    "throttling": (
        {"Variables": {"a": "1", "b": "1"}, "ThrottlingRateLimit": "5.5", "ThrottlingBurstLimit": "7"},
        [("replace", "/*/*/throttling/rateLimit", "5.5"), ("replace", "/*/*/throttling/burstLimit", "7")],
    ),
    "logs and metrics": (
        {
            "Variables": {"a": "1", "b": "1"},
            "LoggingLevel": "INFO",
            "MetricsEnabled": "true",
            "DataTraceEnabled": "true",
        },
        [
            ("replace", "/*/*/logging/loglevel", "INFO"),
            ("replace", "/*/*/metrics/enabled", "true"),
            ("replace", "/*/*/logging/dataTrace", "true"),
        ],
    ),
    "an access log": (
        {"Variables": {"a": "1", "b": "1"}, "AccessLog": {"DestinationArn": "arn:x", "Format": "f"}},
        [("replace", "/accessLogSettings/destinationArn", "arn:x"), ("replace", "/accessLogSettings/format", "f")],
    ),
    "tracing and a description": (
        {"Variables": {"a": "1", "b": "1"}, "TracingEnabled": "true", "Description": "d"},
        [("replace", "/description", "d"), ("replace", "/tracingEnabled", "true")],
    ),
}


@pytest.mark.parametrize("name", STAGES)
def test_stage_settings_are_patched_without_a_deployment_and_return_to_their_defaults(companion, name):
    stage, patches = STAGES[name]
    old = wanted(Stage={"Variables": {"a": "1", "b": "1"}})
    companion.create(old)
    (api,) = companion.gateways.apis
    before = plain(companion.gateways.apis[api]["stages"]["prod"])

    changes = changes_of(companion, lambda: companion.update({**old, "Stage": stage}))
    sent = [(each["op"], each["path"], each.get("value")) for each in patches_of(companion, "UpdateStage")]
    back = changes_of(companion, lambda: companion.update(old))

    assert changes == back == ["UpdateStage"]
    assert sent == patches
    assert plain(companion.gateways.apis[api]["stages"]["prod"]) == before


def test_an_omitted_limit_returns_to_the_accounts_limit_and_other_settings_stay(companion):
    companion.create(wanted(Stage={"ThrottlingRateLimit": "5", "ThrottlingBurstLimit": "5", "LoggingLevel": "INFO"}))

    companion.update(wanted(Stage={"ThrottlingBurstLimit": "5", "MetricsEnabled": "true"}))

    sent = [(each["op"], each["path"], each["value"]) for each in patches_of(companion, "UpdateStage")]
    assert sent == [
        ("replace", "/*/*/throttling/rateLimit", "-1"),
        ("replace", "/*/*/logging/loglevel", "OFF"),
        ("replace", "/*/*/metrics/enabled", "true"),
    ]


def test_the_templates_tags_on_stage_and_api_are_set_and_removed_and_other_tags_stay(companion):
    companion.create(wanted(Stage={"Tags": {"a": "1"}}, Api={"Tags": {"a": "1"}}))
    (api,) = companion.gateways.apis
    stored = companion.gateways.apis[api]
    stored["answer"]["tags"]["theirs"] = stored["stages"]["prod"]["tags"]["theirs"] = "x"

    companion.update(wanted(Stage={"Tags": {"b": "2"}}, Api={"Tags": {"b": "2"}}))

    own = {"hitcounter:stack-id": STACK}
    assert stored["answer"]["tags"] == {"b": "2", "theirs": "x", "hitcounter:api-name": "Shared", **own}
    assert stored["stages"]["prod"]["tags"] == {"b": "2", "theirs": "x", "hitcounter:logical-id": "Visits", **own}


def test_api_settings_are_patched_and_deployed_if_a_deployment_holds_them(companion):
    companion.create(wanted(Api={"Description": "a", "BinaryMediaTypes": ["image/png"], "Policy": "{}"}))

    new = {
        "Description": "b",
        "BinaryMediaTypes": ["image/gif"],
        "MinimumCompressionSize": "100",
        "DisableExecuteApiEndpoint": "true",
        "EndpointConfiguration": {"Types": ["PRIVATE"], "VpcEndpointIds": ["vpce-1"], "IpAddressType": "dualstack"},
    }
    changes = changes_of(companion, lambda: companion.update(wanted(Api=new)))
    sent = [(each["op"], each["path"], each.get("value")) for each in patches_of(companion, "UpdateRestApi")]
    changes_of(companion, lambda: companion.update(wanted(Api={"EndpointConfiguration": {"Types": ["REGIONAL"]}})))

    assert changes == ["UpdateRestApi", "CreateDeployment", "UpdateStage", "DeleteDeployment"]
    assert sent == [
        ("replace", "/description", "b"),
        ("replace", "/minimumCompressionSize", "100"),
        ("replace", "/disableExecuteApiEndpoint", "true"),
        ("add", "/binaryMediaTypes/image~1gif", None),
        ("remove", "/binaryMediaTypes/image~1png", None),
        ("remove", "/policy", None),
        ("replace", "/endpointConfiguration/types/REGIONAL", "PRIVATE"),
        ("add", "/endpointConfiguration/vpcEndpointIds", "vpce-1"),
        ("replace", "/endpointConfiguration/ipAddressType", "dualstack"),
    ]
    (api,) = companion.gateways.apis
    assert companion.gateways.apis[api]["answer"]["endpointConfiguration"]["types"] == ["REGIONAL"]


@pytest.mark.parametrize("resets_by", ["remove", "replace"])
def test_texts_that_the_template_no_longer_gives_are_reset_in_whichever_form_api_gateway_takes(companion, resets_by):
    companion.gateways.resets_by = resets_by
    given = wanted(
        Api={"Description": "a", "Policy": "{}"},
        Stage={"Description": "a"},
        RequestValidation={"Body": "true"},
        Authorization={"Type": "CUSTOM", "AuthorizerId": "a1"},
        IntegrationRequest={**MAPPED, "Credentials": "arn:aws:iam::123456789012:role/a", "ContentHandling": "CONVERT_TO_TEXT"},
        Responses={"200": {"SelectionPattern": "x", "ContentHandling": "CONVERT_TO_TEXT"}},
    )  # fmt: skip
    companion.create(given)
    (api,) = companion.gateways.apis

    companion.update(wanted(IntegrationRequest=MAPPED, Responses={"200": {}}))

    method = companion.gateways.method(api, "/{name}")
    integration = method["methodIntegration"]
    stored = companion.gateways.apis[api]
    for thing, names in (
        (stored["answer"], ("description", "policy")),
        (stored["stages"]["prod"], ("description",)),
        (method, ("authorizerId", "requestValidatorId")),
        (integration, ("credentials", "contentHandling")),
        (integration["integrationResponses"]["200"], ("selectionPattern", "contentHandling")),
    ):
        assert [thing.get(name) or "" for name in names] == [""] * len(names)
    assert method["authorizationType"] == "NONE"


def test_a_reset_that_api_gateway_refuses_in_both_forms_fails_with_the_first_reason(companion):
    companion.create(wanted(Api={"Description": "a"}))
    companion.gateways.resets_by = "nothing"

    answer = companion.update(wanted(Api={}))

    assert answer["Status"] == "FAILED"
    assert "Invalid patch path '/description' specified for op 'remove'" in answer["Reason"]


def test_an_empty_description_is_none(companion):
    empty = wanted(Api={"Description": ""}, Stage={"Description": ""})
    assert companion.create(empty)["Status"] == "SUCCESS"
    assert changes_of(companion, lambda: companion.update({**empty, "ServiceTimeout": "60"})) == []


def test_an_empty_template_that_api_gateway_returns_as_null_is_no_change(companion):
    given = wanted(
        IntegrationRequest={**MAPPED, "RequestTemplates": {"application/json": ""}},
        Responses={"200": {"Templates": {"application/json": ""}}},
    )
    companion.create(given)
    (api,) = companion.gateways.apis
    integration = companion.gateways.method(api, "/{name}")["methodIntegration"]
    assert integration["requestTemplates"] == {"application/json": None}
    assert integration["integrationResponses"]["200"]["responseTemplates"] == {"application/json": None}

    assert changes_of(companion, lambda: companion.update({**given, "ServiceTimeout": "60"})) == []


def test_a_resource_without_api_settings_keeps_those_of_another_resource(companion):
    edge = {"Description": "d", "EndpointConfiguration": {"Types": ["EDGE"]}, "Policy": "{}"}
    companion.create(wanted(Path="a", Api=edge), logical_id="A")

    changes = changes_of(companion, lambda: companion.create(wanted(Path="b"), logical_id="B"))
    back = changes_of(companion, lambda: companion.update(wanted(Path="a"), logical_id="A"))

    assert "UpdateRestApi" not in changes
    assert "UpdateRestApi" in back
    (api,) = companion.gateways.apis
    assert companion.gateways.apis[api]["answer"]["endpointConfiguration"] == {"types": ["REGIONAL"]}


def test_a_policy_in_api_gateways_own_form_counts_as_equal(companion):
    properties = wanted(Api={"Policy": {"Version": "2012-10-17"}})
    companion.create(properties)
    (api,) = companion.gateways.apis
    companion.gateways.apis[api]["answer"]["policy"] = '{\\"Version\\":\\"2012-10-17\\"}'
    deployed = changes_of(companion, lambda: companion.update(properties))

    assert "UpdateRestApi" not in deployed


def test_resources_of_a_stack_share_an_api_by_name_and_the_last_one_deletes_it(companion):
    first = companion.create(wanted(Path="a/{name}"), logical_id="First")
    second = companion.create(wanted(Path="b/{name}"), logical_id="Second")
    (api,) = companion.gateways.apis
    together = companion.gateways.methods(api)

    companion.delete("First")
    alone = companion.gateways.paths(api), companion.gateways.live(api, "prod", "/a/{name}")
    companion.delete("Second")

    assert first["Data"]["RestApiId"] == second["Data"]["RestApiId"] == api
    assert together == ["GET /a/{name}", "GET /b/{name}"]
    assert alone == (["/", "/b", "/b/{name}"], None)
    assert companion.gateways.is_empty


def test_a_foreign_api_of_the_same_name_is_never_modified(companion):
    theirs = companion.gateways.new_api(
        "Shared", tags={"hitcounter:stack-id": "another", "hitcounter:api-name": "Shared"}
    )
    before = repr(companion.gateways.apis[theirs])

    made = companion.create(wanted())
    companion.delete()

    assert made["Data"]["RestApiId"] != theirs
    assert repr(companion.gateways.apis) == f"{{'{theirs}': {before}}}"


def test_an_api_with_a_foreign_method_outlives_the_last_resource(companion):
    api = companion.create(wanted())["Data"]["RestApiId"]
    root = companion.gateways.apis[api]["parts"][f"{api}root"]
    root["resourceMethods"]["GET"] = {"httpMethod": "GET", "methodIntegration": {"type": "MOCK"}}

    companion.delete()

    assert companion.gateways.methods(api) == ["GET /"]
    assert companion.gateways.apis[api]["stages"] == {}


def test_the_last_method_below_a_shared_part_deletes_the_part(companion):
    api = companion.gateways.new_api()
    for number, path in enumerate(("a/b/{x}", "a/b/c", "a")):
        companion.create(wanted(api, Path=path), logical_id=f"R{number}")
    seen = []
    for number in range(3):
        companion.delete(f"R{number}")
        seen.append(companion.gateways.paths(api))

    assert seen == [["/", "/a", "/a/b", "/a/b/c"], ["/", "/a"], ["/"]]


def test_a_part_that_existed_before_stays(companion):
    api = companion.gateways.new_api()
    companion.gateways._create_resource({"restApiId": api, "parentId": f"{api}root", "pathPart": "a"})

    companion.create(wanted(api, Path="a/b/c"))
    companion.delete()

    assert companion.gateways.paths(api) == ["/", "/a"]


def test_a_part_with_a_foreign_method_stays(companion):
    api = companion.gateways.new_api()
    companion.create(wanted(api, Path="a/b"))
    part = next(part for part in companion.gateways.apis[api]["parts"].values() if part["path"] == "/a")
    part["resourceMethods"]["GET"] = {"httpMethod": "GET", "methodIntegration": {"type": "MOCK"}}

    companion.delete()

    assert companion.gateways.paths(api) == ["/", "/a"]


def test_two_path_variables_at_one_place_are_refused(companion):
    api = companion.gateways.new_api()
    companion.create(wanted(api, Path="a/{name}"), logical_id="First")

    refused = companion.create(wanted(api, Path="a/{id}/b"))

    assert refused["Reason"] == (
        "Properties.Path: /a/{id} conflicts with the existing /a/{name}: API Gateway allows one path variable at each "
        "place; use the existing name"
    )
    assert companion.gateways.paths(api) == ["/", "/a", "/a/{name}"]


def test_a_foreign_stage_is_refused_and_never_modified(companion):
    api = companion.gateways.new_api()
    companion.gateways.apis[api]["stages"]["prod"] = {"stageName": "prod", "deploymentId": "d1"}

    refused = companion.create(wanted(api))

    assert refused["Reason"] == (
        f"Properties.StageName: stage prod of API {api} already exists and, by its tags, does not belong to the companion; "
        "give another StageName, or omit it and deploy the API yourself"
    )
    assert companion.gateways.changes == []


def test_a_missing_api_is_reported_by_its_id(companion):
    refused = companion.create(wanted("nothere"))

    assert refused["Reason"] == "Properties.RestApiId: there is no REST API nothere in this account and region"


def test_each_stage_of_one_api_is_deployed_for_its_own_methods(companion):
    api = companion.gateways.new_api()
    companion.create(wanted(api, Path="a"), logical_id="A")
    companion.create(wanted(api, Path="b", StageName="test"), logical_id="B")

    changes = changes_of(
        companion, lambda: companion.update(wanted(api, Path="a", ApiKeyRequired="true"), logical_id="A")
    )
    same = changes_of(companion, lambda: companion.update(wanted(api, Path="b", StageName="test"), logical_id="B"))
    companion.delete("A")

    assert changes == ["UpdateMethod", "CreateDeployment", "UpdateStage", "DeleteDeployment"]
    assert same == []
    assert list(companion.gateways.apis[api]["stages"]) == ["test"]
    assert len(companion.gateways.apis[api]["deployments"]) == 1


def test_another_stage_name_replaces_the_old_stage(companion):
    api = companion.gateways.new_api()
    companion.create(wanted(api))

    changes = changes_of(companion, lambda: companion.update(wanted(api, StageName="next")))

    assert list(companion.gateways.apis[api]["stages"]) == ["next"]
    assert permissions(companion) == [f"arn:aws:execute-api:eu-west-1:123456789012:{api}/next/GET/*"]
    assert changes == [
        *("UpdateMethod", "AddPermission", "CreateDeployment", "CreateStage", "RemovePermission", "DeleteStage"),
        "DeleteDeployment",
    ]


def test_a_stage_that_the_template_no_longer_names_is_deleted(companion):
    api = companion.gateways.new_api()
    companion.create(wanted(api))
    properties = {name: value for name, value in wanted(api).items() if name != "StageName"}

    companion.update(properties)

    assert companion.gateways.apis[api]["stages"] == companion.gateways.apis[api]["deployments"] == {}


def test_methods_share_a_validator_and_the_last_one_deletes_it(companion):
    api = companion.gateways.new_api()
    validated = {"RequestValidation": {"Body": "true"}}
    companion.create(wanted(api, Path="a", **validated), logical_id="A")
    companion.create(wanted(api, Path="b", **validated), logical_id="B")
    shared = [each["name"] for each in companion.gateways.apis[api]["validators"].values()]

    companion.update(wanted(api, Path="a"), logical_id="A")
    kept = len(companion.gateways.apis[api]["validators"])
    companion.delete("B")

    assert (shared, kept) == (["hitcounter-body"], 1)
    assert companion.gateways.apis[api]["validators"] == {}


def test_permission_for_lists_the_functions_behind_a_stage_variable(companion):
    function = FUNCTION.replace("Visits", "${stageVariables.function}")
    integration = {"Type": "LambdaProxy", "FunctionArn": function}

    companion.create(wanted(IntegrationRequest=integration, PermissionFor=[FUNCTION, OTHER]))
    both = len(permissions(companion)), len(permissions(companion, OTHER))
    companion.update(wanted(IntegrationRequest=integration, PermissionFor=[OTHER]))
    one = len(permissions(companion)), len(permissions(companion, OTHER))
    companion.delete()

    assert (both, one) == ((1, 1), (0, 1))
    assert companion.gateways.is_empty


@pytest.mark.parametrize(
    "more",
    [
        {"PermissionFor": []},
        {"IntegrationRequest": {"Type": "Lambda", "FunctionArn": FUNCTION.replace("Visits", "${stageVariables.f}")}},
    ],
    ids=["an empty list", "a stage variable"],
)
def test_a_gateway_without_a_function_creates_no_permission(companion, more):
    changes = changes_of(companion, lambda: companion.create(wanted(**more)))

    assert "AddPermission" not in changes


def test_an_alias_gets_its_own_permission_and_is_called_in_its_own_region(companion):
    alias = f"{FUNCTION}:live".replace("eu-west-1", "us-east-1")
    companion.gateways.functions = (alias.rpartition(":")[0],)

    companion.create(wanted(IntegrationRequest={"Type": "LambdaProxy", "FunctionArn": alias}))

    call = next(call for operation, call in companion.gateways.calls if operation == "AddPermission")
    (api,) = companion.gateways.apis
    assert (call["FunctionName"], call["Qualifier"]) == (alias.rpartition(":")[0], "live")
    assert companion.gateways.method(api, "/{name}")["methodIntegration"]["uri"].startswith(
        "arn:aws:apigateway:us-east-1:"
    )


def test_a_permission_for_a_deleted_api_is_replaced(companion):
    companion.create(wanted())
    companion.gateways.apis.clear()

    healed = companion.update(wanted())

    assert healed["Status"] == "SUCCESS"
    assert permissions(companion) == [
        f"arn:aws:execute-api:eu-west-1:123456789012:{healed['Data']['RestApiId']}/prod/GET/*"
    ]


def test_a_delete_revokes_the_permission_even_if_the_api_is_deleted(companion):
    companion.create(wanted())
    companion.gateways.apis.clear()

    companion.delete()

    assert companion.gateways.is_empty


def test_an_update_creates_again_what_was_deleted_by_hand(companion):
    api = companion.gateways.new_api()
    companion.create(wanted(api, Path="a/b"))
    stored = companion.gateways.apis[api]
    stored["parts"] = {number: part for number, part in stored["parts"].items() if part["path"] == "/"}
    stored["stages"].clear()
    companion.gateways.policies.clear()

    healed = companion.update(wanted(api, Path="a/b"))

    assert (healed["Status"], healed["PhysicalResourceId"]) == ("SUCCESS", f"api:{api}/GET/a/b")
    assert companion.gateways.live(api, "prod", "/a/b")
    companion.delete()
    assert companion.gateways.paths(api) == ["/"]


@pytest.mark.parametrize(
    ("new", "physical_id"),
    [
        ({"Path": "c"}, "api-name:Shared/GET/c"),
        ({"Method": "POST"}, "api-name:Shared/POST/{name}"),
        ({"ApiName": "My API/2"}, "api-name:My%20API%2F2/GET/{name}"),
    ],
    ids=["path", "method", "API"],
)
def test_another_place_is_a_replacement_and_the_old_method_is_deleted_afterwards(companion, new, physical_id):
    made = companion.create(wanted())
    old = companion.known["Visits"]

    moved = companion.update(wanted(**new))
    both = sorted(name for api in companion.gateways.apis for name in companion.gateways.methods(api))
    companion.delete(known=old[0], properties=old[1])
    left = sorted(name for api in companion.gateways.apis for name in companion.gateways.methods(api))

    assert (made["PhysicalResourceId"], moved["PhysicalResourceId"]) == ("api-name:Shared/GET/{name}", physical_id)
    assert (len(both), len(left)) == (2, 1)
    assert len(permissions(companion)) == 1
    companion.delete()
    assert companion.gateways.is_empty


def test_a_refused_gateway_update_is_undone(companion):
    api = companion.gateways.new_api()
    companion.create(wanted(api, IntegrationRequest=MAPPED))
    before = plain(companion.gateways.method(api, "/{name}"))
    companion.gateways.faults["UpdateIntegration"] = [
        ResourceError("API Gateway answered BadRequestException: Timeout")
    ]

    refused = companion.update(
        wanted(
            api,
            IntegrationRequest={**MAPPED, "TimeoutInMillis": "1"},
            ApiKeyRequired="true",
            Stage={"Description": "d"},
        )
    )

    assert refused["Reason"] == ("Properties.IntegrationRequest: API Gateway answered BadRequestException: Timeout")
    assert plain(companion.gateways.method(api, "/{name}")) == before
    assert len(companion.gateways.apis[api]["deployments"]) == 1


def test_a_failed_undo_is_logged_and_left_to_the_next_request(companion, capsys):
    companion.create(wanted(IntegrationRequest=MAPPED))
    refusals = [ResourceError("no"), ResourceError("still no")]
    companion.gateways.faults["UpdateIntegration"] = refusals[:1]
    companion.gateways.faults["UpdateMethod"] = []

    def fail_from_now_on(operation):
        if operation == "UpdateIntegration":
            companion.gateways.faults["UpdateMethod"] = refusals[1:]

    companion.gateways.before = fail_from_now_on
    answer = companion.update(wanted(IntegrationRequest={**MAPPED, "TimeoutInMillis": "99"}, ApiKeyRequired="true"))

    assert answer["Reason"] == "Properties.IntegrationRequest: no"
    assert "still no; the next request tries again" in capsys.readouterr().out


def test_a_foreign_incomplete_method_delays_the_deployment(companion):
    api = companion.gateways.new_api()
    root = companion.gateways.apis[api]["parts"][f"{api}root"]
    root["resourceMethods"]["GET"] = {"httpMethod": "GET"}

    def finish(operation):
        if companion.time.passed > 5:
            root["resourceMethods"]["GET"]["methodIntegration"] = {"type": "MOCK"}

    companion.gateways.before = finish
    made = companion.create(wanted(api))

    assert made["Status"] == "SUCCESS"
    assert companion.time.passed > 5


def test_a_lasting_throttle_is_reported_before_the_deadline(companion):
    companion.gateways.faults["CreateDeployment"] = [TryAgain("CreateDeployment: Too Many Requests")] * 1000

    refused = companion.create(wanted(ServiceTimeout="60"))

    assert (
        refused["Reason"] == "CreateDeployment: Too Many Requests; gave up, because the time for this request is over"
    )


def test_an_api_that_stays_locked_is_reported(companion):
    until = time.time() + 10_000
    companion.records.write("API theirs", replace(Record(), version=1, names={"held": {"someone": until}}))
    companion.gateways.apis["theirs"] = companion.gateways.apis.pop(companion.gateways.new_api())

    refused = companion.create(wanted("theirs", ServiceTimeout="60"))

    assert refused["Reason"] == "API theirs: other requests hold the lock; gave up, because the time is over"


def test_a_deployment_that_a_foreign_stage_uses_stays(companion):
    api = companion.gateways.new_api()
    companion.create(wanted(api))
    stored = companion.gateways.apis[api]
    used = stored["stages"]["prod"]["deploymentId"]
    stored["stages"]["theirs"] = {"stageName": "theirs", "deploymentId": used}

    companion.update(wanted(api, ApiKeyRequired="true"))
    companion.delete()

    assert list(stored["deployments"]) == [used]
    assert list(stored["stages"]) == ["theirs"]


def test_a_deployment_that_a_stage_starts_to_use_stays(companion, capsys):
    api = companion.gateways.new_api()
    companion.create(wanted(api))
    companion.gateways.faults["DeleteDeployment"] = [ResourceError("Active stages pointing to this deployment")]

    answer = companion.update(wanted(api, ApiKeyRequired="true"))

    assert answer["Status"] == "SUCCESS"
    assert "Active stages pointing to this deployment" in capsys.readouterr().out


def test_many_simultaneous_resources_share_one_api_and_leave_nothing(companion):
    real = Clock()
    clock = Clock(real.now, real.monotonic, lambda seconds: time.sleep(seconds / 500))
    companion.resource = ApiGatewayResource(companion.gateways, companion.records, clock)
    companion.time = SimpleNamespace(clock=lambda: clock)
    names = [f"R{number}" for number in range(8)]

    def at_once(work):
        threads = [threading.Thread(target=work, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    at_once(lambda name: companion.create(wanted(Path=f"a/b{int(name[1:]) % 2}/{name}"), logical_id=name))
    (api,) = companion.gateways.apis
    live = [companion.gateways.live(api, "prod", f"/a/b{number % 2}/R{number}") for number in range(8)]
    deployments = len(companion.gateways.apis[api]["deployments"])
    at_once(companion.delete)

    assert [answer["Status"] for answer in companion.outbox.answers] == ["SUCCESS"] * 16
    assert all(live)
    assert deployments == 1
    assert companion.gateways.is_empty
