"""A gateway with several stages on one API: its changes, and its guarantees if requests fail or overlap."""

import pytest

from tests.support.cloudformation import INVENTED
from tests.support.fakes import Outbox
from tests.support.gateway_companion import GatewayCompanion, wanted
from tests.support.gateway_overlaps import OldProperties, at_every_call, delete, die, read_state, roll_back
from tests.support.gateways import FUNCTION, MemoryGateways
from tests.transform_lambda.gateway.test_histories import PATHS, GatewayStack, GatewayWorld
from transform_lambda.contract import ResourceError
from transform_lambda.gateway.mark import who_of
from transform_lambda.gateway.properties import read_wanted
from transform_lambda.ports import TryAgain
from transform_lambda.protocol.event import parse_request

DEV, PROD, TEST = (FUNCTION.replace("Visits", name) for name in ("Dev", "Prod", "Test"))
FUNCTIONS = (DEV, PROD, TEST, f"{FUNCTION}Other")
TWO = {"dev": {"FunctionArn": DEV}, "prod": {"FunctionArn": PROD, "ThrottlingRateLimit": "5"}}
THREE = {**TWO, "test": {"FunctionArn": TEST}}
KINDS = ["an API of the author's", "an API of the stack's"]


def staged(api=None, stages=TWO, **more):
    """The properties of a gateway with several stages."""
    integration = {"Type": "LambdaProxy", **more.pop("IntegrationRequest", {})}
    given = {**wanted(api, IntegrationRequest=integration, **more), "Stages": stages}
    return {name: value for name, value in given.items() if name != "StageName"}


@pytest.fixture
def companion():
    return GatewayCompanion(functions=FUNCTIONS)


def changes_of(companion, request):
    before = len(companion.gateways.calls)
    answer = request()
    assert answer["Status"] == "SUCCESS", answer
    return [operation for operation, _ in companion.gateways.calls[before:] if not operation.startswith("Get")]


def called(companion, api, path="/{name}"):
    return {stage: companion.gateways.called(api, stage, path) for stage in companion.gateways.apis[api]["stages"]}


def test_all_stages_are_created_on_one_api_with_one_deployment(companion):
    changes = changes_of(companion, lambda: companion.create(staged()))

    (api,) = companion.gateways.apis
    assert changes == [
        *("CreateRestApi", "CreateResource", "PutMethod", "PutIntegration", "AddPermission", "AddPermission"),
        *("CreateDeployment", "CreateStage", "CreateStage", "UpdateStage"),
    ]
    assert called(companion, api) == {"dev": DEV, "prod": PROD}
    assert companion.gateways.apis[api]["stages"]["prod"]["methodSettings"] == {"*/*": {"throttlingRateLimit": 5.0}}


def test_each_function_may_be_called_only_from_its_own_stage(companion):
    api = companion.create(staged(Path="a/{name}", Method="ANY"))["Data"]["RestApiId"]

    sources = {
        function: [
            each["Condition"]["ArnLike"]["AWS:SourceArn"] for each in companion.gateways.policies[function].values()
        ]
        for function in (DEV, PROD)
    }
    prefix = f"arn:aws:execute-api:eu-west-1:123456789012:{api}"
    assert sources == {DEV: [f"{prefix}/dev/*/a/*"], PROD: [f"{prefix}/prod/*/a/*"]}


def test_the_answer_has_the_first_stages_values_and_a_url_for_each_stage(companion):
    stages = {"prod-eu": TWO["prod"], "live": TWO["dev"]}

    data = companion.create(staged(stages=stages))["Data"]

    (api,) = companion.gateways.apis
    host = f"https://{api}.execute-api.eu-west-1.amazonaws.com"
    assert {name: data[name] for name in ("Url", "StageName", "LiveUrl", "ProdeuUrl")} == {
        "Url": f"{host}/live/{{name}}",
        "StageName": "live",
        "LiveUrl": f"{host}/live/{{name}}",
        "ProdeuUrl": f"{host}/prod-eu/{{name}}",
    }
    assert data["DeploymentId"] == companion.gateways.apis[api]["stages"]["live"]["deploymentId"]


def test_an_answer_omits_urls_that_do_not_fit(companion):
    stages = {f"stage{number}": TWO["dev"] for number in range(10)}

    made = companion.create(staged(stages=stages, Path="a" * 500))

    assert made["Status"] == "SUCCESS"
    assert "Stage0Url" not in made["Data"]


def test_an_update_without_a_change_makes_no_call(companion):
    companion.create(staged(RequestValidation={"Parameters": "true"}))

    same = changes_of(companion, lambda: companion.update(staged(RequestValidation={"Parameters": "true"})))

    assert same == []


def test_another_stage_uses_the_existing_deployment_and_other_stages_stay(companion):
    api = companion.create(staged())["Data"]["RestApiId"]
    before = {name: repr(each) for name, each in companion.gateways.apis[api]["stages"].items()}

    more = changes_of(companion, lambda: companion.update(staged(stages=THREE)))
    now = {name: repr(each) for name, each in companion.gateways.apis[api]["stages"].items()}
    served = called(companion, api)
    less = changes_of(companion, lambda: companion.update(staged()))

    assert more == ["UpdateMethod", "AddPermission", "CreateStage"]
    assert less == ["UpdateMethod", "RemovePermission", "DeleteStage"]
    assert {name: now[name] for name in before} == before
    assert served == {"dev": DEV, "prod": PROD, "test": TEST}
    assert {name: repr(each) for name, each in companion.gateways.apis[api]["stages"].items()} == before
    assert len(companion.gateways.apis[api]["deployments"]) == 1


def test_a_changed_method_is_deployed_once_for_all_stages(companion):
    api = companion.create(staged())["Data"]["RestApiId"]

    changes = changes_of(companion, lambda: companion.update(staged(ApiKeyRequired="true")))

    assert changes == ["UpdateMethod", "CreateDeployment", "UpdateStage", "UpdateStage", "DeleteDeployment"]
    assert [companion.gateways.live(api, stage, "/{name}")["apiKeyRequired"] for stage in TWO] == [True, True]


def test_another_function_of_a_stage_needs_no_deployment_and_is_permitted_before_it_is_called(companion):
    companion.create(staged())
    (api,) = companion.gateways.apis
    seen = []
    companion.gateways.before = lambda operation: seen.append(called(companion, api)["dev"])

    changes = changes_of(companion, lambda: companion.update(staged(stages={**TWO, "dev": {"FunctionArn": TEST}})))

    assert changes == ["AddPermission", "UpdateStage", "RemovePermission"]
    assert set(seen) == {DEV, TEST}
    assert called(companion, api) == {"dev": TEST, "prod": PROD}
    assert companion.gateways.policies[DEV] == {}


def test_a_stage_may_call_an_alias(companion):
    alias = f"{PROD}:live"

    api = companion.create(staged(stages={"dev": {"FunctionArn": DEV}, "prod": {"FunctionArn": alias}}))["Data"][
        "RestApiId"
    ]

    assert called(companion, api) == {"dev": DEV, "prod": alias}


def test_stages_without_their_own_function_call_the_methods_function(companion):
    stages = {"dev": {"Variables": {"colour": "blue"}}, "prod": {}}

    api = companion.create(staged(stages=stages, IntegrationRequest={"FunctionArn": DEV}))["Data"]["RestApiId"]

    assert called(companion, api) == {"dev": DEV, "prod": DEV}
    assert [each.get("variables") for each in companion.gateways.apis[api]["stages"].values()] == [
        {"colour": "blue"},
        None,
    ]


def test_the_template_names_the_variable_and_an_unused_name_is_removed(companion):
    pattern = FUNCTION.replace("hitcounter-app-Visits", "${stageVariables.app}")
    named = staged(IntegrationRequest={"FunctionArn": pattern})
    api = companion.create(named)["Data"]["RestApiId"]
    first = [each["variables"] for each in companion.gateways.apis[api]["stages"].values()]

    companion.update(staged())

    name = who_of(parse_request(companion.event("Create", {})))
    assert first == [{"app": "hitcounter-app-Dev"}, {"app": "hitcounter-app-Prod"}]
    assert [each["variables"] for each in companion.gateways.apis[api]["stages"].values()] == [
        {name: "hitcounter-app-Dev"},
        {name: "hitcounter-app-Prod"},
    ]
    assert called(companion, api) == {"dev": DEV, "prod": PROD}


def test_resources_in_the_same_stages_have_their_own_variables_and_remove_them(companion):
    api = companion.gateways.new_api()
    other = {"prod": {"FunctionArn": TEST}, "dev": {"FunctionArn": f"{FUNCTION}Other"}}
    companion.create(staged(api, Path="a"), logical_id="A")
    companion.create(staged(api, Path="b", stages=other), logical_id="B")
    both = called(companion, api, "/a"), called(companion, api, "/b")

    changes = changes_of(companion, lambda: companion.delete("A"))

    assert both == ({"dev": DEV, "prod": PROD}, {"dev": f"{FUNCTION}Other", "prod": TEST})
    assert called(companion, api, "/a") == {"dev": "no such method", "prod": "no such method"}
    assert called(companion, api, "/b") == both[1]
    assert [len(each["variables"]) for each in companion.gateways.apis[api]["stages"].values()] == [1, 1]
    assert changes.count("CreateDeployment") == 1


def test_a_stage_of_another_resource_stays_when_this_resource_drops_it(companion):
    api = companion.gateways.new_api()
    companion.create(staged(api, Path="a"), logical_id="A")
    companion.create(staged(api, Path="b", stages={"dev": {"FunctionArn": TEST}}), logical_id="B")

    companion.update(staged(api, Path="a", stages={"prod": TWO["prod"]}), logical_id="A")

    assert sorted(companion.gateways.apis[api]["stages"]) == ["dev", "prod"]
    assert companion.gateways.called(api, "dev", "/b") == TEST
    assert companion.gateways.called(api, "prod", "/a") == PROD


def test_one_request_deploys_stages_with_different_methods_once(companion):
    api = companion.gateways.new_api()
    companion.create(staged(api, Path="a"), logical_id="A")
    companion.create(staged(api, Path="b", stages={"dev": {"FunctionArn": TEST}}), logical_id="B")

    changes = changes_of(
        companion, lambda: companion.update(staged(api, Path="a", ApiKeyRequired="true"), logical_id="A")
    )
    same = changes_of(companion, lambda: companion.update(staged(api, Path="a", ApiKeyRequired="true"), logical_id="A"))

    assert changes.count("CreateDeployment") == 1
    assert same == []
    assert [companion.gateways.live(api, stage, "/a")["apiKeyRequired"] for stage in ("dev", "prod")] == [True, True]


def test_a_foreign_stage_is_refused_before_any_change(companion):
    api = companion.gateways.new_api()
    companion.gateways.apis[api]["stages"]["prod"] = {"stageName": "prod", "deploymentId": "d1"}

    refused = companion.create(staged(api))

    assert refused["Reason"] == (
        f"Properties.Stages.prod: stage prod of API {api} already exists and, by its tags, does not belong to the "
        "companion; give another StageName, or omit it and deploy the API yourself"
    )
    assert companion.gateways.changes == []


@pytest.mark.parametrize("back", [False, True], ids=["to several", "and back"])
def test_one_stage_becomes_several_in_place(companion, back):
    one = wanted(IntegrationRequest={"Type": "LambdaProxy", "FunctionArn": PROD})
    first, then = (staged(), one) if back else (one, staged())
    made = companion.create(first)

    changed = companion.update(then)

    api = changed["Data"]["RestApiId"]
    assert made["PhysicalResourceId"] == changed["PhysicalResourceId"]
    assert called(companion, api) == ({"prod": PROD} if back else {"dev": DEV, "prod": PROD})
    companion.delete()
    assert companion.gateways.is_empty


WRONG = {
    "two forms": (
        {"StageName": "prod"},
        "Properties.Stages: must not be given with StageName; list all stages in Stages",
    ),
    "no stage": (
        {"Stages": {}, "IntegrationRequest": {"FunctionArn": DEV}},
        "Properties.Stages: must name a stage",
    ),
    "settings without a name": ({"Stage": {}}, "Properties.Stage: needs StageName"),
    "a name": (
        {"Stages": {**TWO, "a.b": {"FunctionArn": DEV}}},
        "Properties.Stages.a.b: the name must be 1 to 128 letters, digits, - and _",
    ),
    "two names that are one": (
        {"Stages": {**TWO, "pr-od": {"FunctionArn": DEV}}},
        "Properties.Stages.pr-od: must not share the attribute ProdUrl with prod; rename one",
    ),
    "a stage without a function": (
        {"Stages": {**TWO, "test": {}}},
        "Properties.Stages.test.FunctionArn: must be the ARN of a function, because other stages have one",
    ),
    "functions of two regions": (
        {"Stages": {**TWO, "test": {"FunctionArn": TEST.replace("eu-west-1", "eu-west-2")}}},
        "Properties.Stages: all FunctionArn must have the same account and region",
    ),
    "a function for all, too": (
        {"IntegrationRequest": {"FunctionArn": DEV}},
        "Properties.IntegrationRequest.FunctionArn: must end in :function:${stageVariables.NAME}, or be omitted, "
        "because stages have their own functions",
    ),
    "functions for a mock": (
        {"IntegrationRequest": {"Type": "Mock"}},
        "Properties.Stages: FunctionArn needs an IntegrationRequest of Type Lambda or LambdaProxy",
    ),
    "a setting": (
        {"Stages": {**TWO, "test": {"FunctionArn": TEST, "LoggingLevel": "ALL"}}},
        "Properties.Stages.test.LoggingLevel: must be OFF, ERROR or INFO, got 'ALL'",
    ),
    "a type": (
        {"Stages": {**TWO, "test": {"FunctionArn": TEST, "ThrottlingRateLimit": "fast"}}},
        "Properties.Stages.test.ThrottlingRateLimit: must be a number, got other text",
    ),
    "our tag": (
        {"Stages": {**TWO, "test": {"FunctionArn": TEST, "Tags": {"hitcounter:x": "y"}}}},
        "Properties.Stages.test.Tags.hitcounter:x: must not start with 'hitcounter:', the prefix of the ownership tags",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_problem_of_stages_says_what_would_be_right(name):
    given, problem = WRONG[name]
    properties = {**staged(**{key: value for key, value in given.items() if key != "StageName"}), **given}
    properties["IntegrationRequest"] = {"Type": "LambdaProxy", **given.get("IntegrationRequest", {})}

    with pytest.raises(ResourceError) as refused:
        read_wanted(MemoryGateways(), parse_request(GatewayCompanion().event("Create", properties)))

    assert str(refused.value) == problem


def start_with(kind):
    """A function that returns a new companion, and the properties of a gateway with these stages."""

    def new():
        companion = GatewayCompanion(functions=FUNCTIONS)
        if kind == KINDS[0]:
            companion.gateways.new_api()
        return companion

    def properties(stages=TWO, **more):
        return staged("id0001" if kind == KINDS[0] else None, stages, **{"Path": "a/{name}", **more})

    return new, properties


def nothing(kind):
    api = {"answer": {"id": "id0001", "apiKeySource": "HEADER", "name": "theirs", "createdDate": "id0001"}}
    api |= {"validators": {}, "parts": {"/": {}}, "stages": {}, "deployments": 0}
    return {"id0001": api} if kind == KINDS[0] else {}


def left_in(companion):
    apis, policies = read_state(companion)
    assert not any(policies.values())
    return apis


CHANGES = {
    "another function": {"stages": {**TWO, "dev": {"FunctionArn": TEST}}},
    "a stage more": {"stages": THREE},
    "a stage less": {"stages": {"prod": TWO["prod"]}},
    "other functions and method": {
        "stages": {"dev": {"FunctionArn": PROD}, "prod": TWO["dev"]},
        "ApiKeyRequired": "true",
    },
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("then", ["comes again", "is given up"])
def test_a_create_that_dies_at_any_call_finally_leaves_nothing(kind, then):
    new, properties = start_with(kind)

    for companion, event, where in at_every_call(new, lambda each: each.event("Create", properties()), die):
        companion.time.passed += 1000
        known = INVENTED
        if then == "comes again":
            answer = companion.deliver(event)
            assert answer["Status"] == "SUCCESS", (where, answer)
            assert called(companion, answer["Data"]["RestApiId"], "/a/{name}") == {"dev": DEV, "prod": PROD}, where
            known = answer["PhysicalResourceId"]
        companion.delete(known=known, properties=properties())
        assert left_in(companion) == nothing(kind), where


@pytest.mark.parametrize("kind", KINDS)
def test_a_create_overtaken_by_its_delete_leaves_nothing(kind):
    new, properties = start_with(kind)

    for companion, _, where in at_every_call(new, lambda each: each.event("Create", properties()), delete):
        assert left_in(companion) == nothing(kind), where


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operation", ["PutMethod", "AddPermission", "CreateDeployment", "CreateStage", "UpdateStage"])
@pytest.mark.parametrize("is_done", [False, True], ids=["refused", "done, answer lost"])
def test_a_refused_create_is_undone_and_a_temporary_refusal_is_retried(kind, operation, is_done):
    new, properties = start_with(kind)
    companion = new()
    faults = companion.gateways.lost if is_done else companion.gateways.faults
    faults[operation] = [ResourceError("refused")]

    refused = companion.create(properties())
    left = left_in(companion)
    faults[operation] = [TryAgain("Too Many Requests")]
    made = companion.create(properties())

    assert (refused["Status"], left) == ("FAILED", nothing(kind))
    assert called(companion, made["Data"]["RestApiId"], "/a/{name}") == {"dev": DEV, "prod": PROD}


def prepare_update(properties, change):
    def prepare(companion):
        companion.create(properties())
        return companion.update_event(properties(**change))

    return prepare


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", CHANGES)
def test_the_next_delivery_completes_an_update_that_died_at_any_call(kind, change):
    new, properties = start_with(kind)
    fresh = new()
    fresh.create(properties(**CHANGES[change]))
    (api,) = fresh.gateways.apis

    for companion, event, where in at_every_call(new, prepare_update(properties, CHANGES[change]), die):
        companion.time.passed += 1000
        answer = companion.deliver(event)
        assert answer["Status"] == "SUCCESS", (where, answer)
        assert called(companion, api, "/a/{name}") == called(fresh, api, "/a/{name}"), where
        assert len(companion.gateways.apis[api]["deployments"]) == 1, where
        companion.delete(known=answer["PhysicalResourceId"], properties=properties(**CHANGES[change]))
        assert left_in(companion) == nothing(kind), where


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", CHANGES)
def test_an_update_overtaken_by_its_rollback_is_not_served(kind, change):
    new, properties = start_with(kind)

    prepare = prepare_update(properties, CHANGES[change])
    for companion, _, where in at_every_call(new, prepare, roll_back, loses=True):
        (api,) = companion.gateways.apis
        assert called(companion, api, "/a/{name}") == {"dev": DEV, "prod": PROD}, where
        assert companion.gateways.live(api, "dev", "/a/{name}")["apiKeyRequired"] is False, where
        companion.delete(properties=properties())
        assert left_in(companion) == nothing(kind), where


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", CHANGES)
def test_an_update_overtaken_by_the_stacks_delete_leaves_nothing(kind, change):
    new, properties = start_with(kind)

    for companion, _, where in at_every_call(new, prepare_update(properties, CHANGES[change]), delete):
        assert left_in(companion) == nothing(kind), where


@pytest.mark.parametrize("kind", KINDS)
def test_the_next_delivery_completes_a_delete_that_died_at_any_call(kind):
    new, properties = start_with(kind)

    def prepare(companion):
        made = companion.create(properties())
        return companion.event("Delete", properties(), PhysicalResourceId=made["PhysicalResourceId"])

    for companion, event, where in at_every_call(new, prepare, die):
        companion.time.passed += 1000
        assert companion.deliver(event, Outbox())["Status"] == "SUCCESS", where
        assert left_in(companion) == nothing(kind), where


class StagedStack(OldProperties, GatewayStack):
    """A stack with one gateway, whose stages and functions change with its value."""

    def __init__(self, world, **options):
        super().__init__(world, **options)
        self.gateways.functions = FUNCTIONS

    def describe(self, properties):
        stages = stages_of(properties["Value"])
        more = {"ApiKeyRequired": "true"} if int(properties["Value"][1:]) % 3 == 1 else {}
        return staged(self.api_id, stages, Path=PATHS[properties["Generation"]], **more)


def stages_of(value):
    number = int(value[1:])
    functions = [FUNCTIONS[(number + place) % 3] for place in range(3)]
    names = [("dev", "prod"), ("dev", "prod", "test"), ("prod",), ("test", "dev")][number % 4]
    return {name: {"FunctionArn": function} for name, function in zip(names, functions, strict=False)}


@pytest.mark.parametrize("is_shared", [True, False], ids=["a shared API", "an API of the author's"])
@pytest.mark.parametrize("tells_time", [True, False], ids=["urls tell the time", "urls tell no time"])
@pytest.mark.parametrize("seed", range(12))
def test_stages_match_what_cloudformation_knows_after_any_history(seed, tells_time, is_shared):
    world = GatewayWorld(seed)
    stack = StagedStack(world, tells_time=tells_time, is_shared=is_shared)

    world.start(stack.live)
    world.run()

    errors = [task.error for task in world.tasks if task.error and not isinstance(task.error, ConnectionError)]
    kept = stack.retained | ({stack.known} if stack.known else set())
    assert (errors, stack.faults) == ([], [])
    assert set(stack.things) == kept
    if is_shared and not kept:
        assert stack.gateways.is_empty
        return
    (api,) = stack.gateways.apis
    if not kept:
        assert stack.gateways.apis[api]["stages"] == {}
        assert not any(stack.gateways.policies.values())
    if stack.known:
        path = stack.known.partition("/GET")[2]
        wanted_stages = {name: each["FunctionArn"] for name, each in stages_of(stack.value).items()}
        assert {name: stack.gateways.called(api, name, path) for name in wanted_stages} == wanted_stages
        assert stack.retained or set(stack.gateways.apis[api]["stages"]) == set(wanted_stages)
