"""Gateways whose methods another resource deploys: one deployment, and the guarantees of both if requests fail."""

import pytest

from tests.support.cloudformation import INVENTED
from tests.support.fakes import Outbox
from tests.support.gateway_companion import GatewayCompanion, wanted
from tests.support.gateway_overlaps import OldProperties, at_every_call, delete, die, read_state, roll_back
from tests.support.gateways import FUNCTION, MemoryGateways
from tests.transform_lambda.gateway.test_histories import GatewayStack, GatewayWorld
from transform_lambda.contract import ResourceError
from transform_lambda.gateway.place import Place, read_place
from transform_lambda.gateway.properties import read_wanted
from transform_lambda.protocol.event import parse_request

STAGES = ("dev", "prod", "test")
ALL = {(name, stage): FUNCTION.replace("Visits", name + stage) for name in ("Visits", "Likes") for stage in STAGES}
KINDS = ["an API of the author's", "an API of the stack's"]


def member(name, api=None, stages=("dev", "prod"), **more):
    """A counter's own resource: its method, and the function that the method calls in each stage."""
    pattern = FUNCTION.replace("hitcounter-app-Visits", f"${{stageVariables.{name}Function}}")
    functions = {stage: {"FunctionArn": ALL[name, stage]} for stage in stages}
    integration = {"Type": "LambdaProxy", "FunctionArn": pattern}
    given = wanted(api, Path=f"{name.lower()}/{{name}}", IntegrationRequest=integration, Deploy="false", **more)
    return {**{key: value for key, value in given.items() if key != "StageName"}, "Stages": functions}


def deployer(digests, api=None, names=("Visits", "Likes"), stages=("dev", "prod"), **more):
    """The resource that deploys the counters' methods."""
    described = {
        stage: {"Variables": {f"{name}Function": ALL[name, stage].rpartition(":")[2] for name in names}, **more}
        for stage in stages
    }
    return {**({"RestApiId": api} if api else {"ApiName": "Shared"}), "Methods": digests, "Stages": described}


class SharedStack:
    """A stack with counters that share an API. Its requests have CloudFormation's order."""

    def __init__(self, api=None):
        self.companion = GatewayCompanion(functions=tuple(ALL.values()))
        self.gateways = self.companion.gateways
        self.api = self.gateways.new_api() if api else None

    @property
    def api_id(self):
        return next(iter(self.gateways.apis))

    def create(self):
        digests = [self.put(name) for name in ("Visits", "Likes")]
        return self.deploy(digests)

    def put(self, name, **more):
        """Create or update a counter's own resource, and return its digest."""
        bring = self.companion.update if name in self.companion.known else self.companion.create
        answer = bring(member(name, self.api, **more), logical_id=name)
        assert answer["Status"] == "SUCCESS", answer
        return answer["Data"]["MethodDigest"]

    def deploy(self, digests, **more):
        bring = self.companion.update if "All" in self.companion.known else self.companion.create
        answer = bring(deployer(digests, self.api, **more), logical_id="All")
        assert answer["Status"] == "SUCCESS", answer
        return answer

    def called(self):
        """The function that answers, by counter and stage. Counters without a method are missing."""
        found = {}
        for stage in self.gateways.apis[self.api_id]["stages"]:
            for name in ("Visits", "Likes"):
                found[name, stage] = self.gateways.called(self.api_id, stage, f"/{name.lower()}/{{name}}")
        return {key: function for key, function in found.items() if function != "no such method"}

    def count(self, *operations):
        return [self.gateways.changes.count(operation) for operation in operations]


@pytest.fixture
def stack():
    return SharedStack()


def expect(*names, stages=("dev", "prod")):
    return {(name, stage): ALL[name, stage] for name in names for stage in stages}


def test_counters_create_their_methods_and_one_resource_deploys_them_once(stack):
    first = stack.put("Visits")
    second = stack.put("Likes")
    before = stack.count("CreateDeployment", "CreateStage")

    answer = stack.deploy([first, second])

    assert before == [0, 0]
    assert stack.count("CreateDeployment", "CreateStage") == [1, 2]
    assert stack.called() == expect("Visits", "Likes")
    host = f"https://{stack.api_id}.execute-api.eu-west-1.amazonaws.com"
    assert answer["PhysicalResourceId"] == "api-name:Shared/stages"
    assert {key: answer["Data"][key] for key in ("Url", "DevUrl", "ProdUrl", "RestApiId", "StageName")} == {
        "Url": f"{host}/dev",
        "DevUrl": f"{host}/dev",
        "ProdUrl": f"{host}/prod",
        "RestApiId": stack.api_id,
        "StageName": "dev",
    }


def test_a_functions_permission_covers_only_its_stage(stack):
    stack.create()

    prefix = f"arn:aws:execute-api:eu-west-1:123456789012:{stack.api_id}"
    for (name, stage), function in expect("Visits", "Likes").items():
        (statement,) = stack.gateways.policies[function].values()
        assert statement["Condition"]["ArnLike"]["AWS:SourceArn"] == f"{prefix}/{stage}/GET/{name.lower()}/*"


def test_an_unchanged_method_is_not_deployed_and_keeps_its_digest(stack):
    stack.create()
    changes = list(stack.gateways.changes)

    digests = [stack.put("Visits"), stack.put("Likes")]
    stack.deploy(digests)

    assert stack.gateways.changes == changes
    assert len(set(digests)) == 2


def test_a_changed_method_is_served_after_the_other_resource_deploys_it(stack):
    digest = stack.put("Visits")
    stack.deploy([digest, stack.put("Likes")])

    changed = stack.put("Visits", ApiKeyRequired="true")
    before = stack.gateways.live(stack.api_id, "dev", "/visits/{name}")["apiKeyRequired"]
    stack.deploy([changed, stack.put("Likes")])
    after = [stack.gateways.live(stack.api_id, stage, "/visits/{name}")["apiKeyRequired"] for stage in ("dev", "prod")]

    assert changed != digest
    assert (before, after) == (False, [True, True])
    assert stack.count("CreateDeployment") == [2]
    assert len(stack.gateways.apis[stack.api_id]["deployments"]) == 1


def test_a_removed_counter_is_served_until_its_method_is_deleted(stack):
    stack.create()

    stack.deploy([stack.put("Visits")], names=("Visits",))
    meanwhile = stack.called()
    deployments = stack.count("CreateDeployment")
    stack.companion.delete("Likes")

    assert (meanwhile, deployments) == (expect("Visits", "Likes"), [1])
    assert stack.called() == expect("Visits")
    assert stack.count("CreateDeployment") == [2]
    variables = [each["variables"] for each in stack.gateways.apis[stack.api_id]["stages"].values()]
    assert [list(each) for each in variables] == [["VisitsFunction"]] * 2


def test_a_counter_whose_removal_is_rolled_back_is_always_served(stack):
    digests = [stack.put("Visits"), stack.put("Likes")]
    stack.deploy(digests)
    seen = []
    stack.gateways.before = lambda operation: seen.append(stack.called())

    stack.deploy(digests[:1], names=("Visits",))
    stack.deploy(digests)

    assert all(each == expect("Visits", "Likes") for each in seen)
    assert stack.count("CreateDeployment") == [1]


def test_a_moved_counter_is_served_at_both_places_until_the_old_method_is_deleted(stack):
    digests = [stack.put("Visits"), stack.put("Likes")]
    stack.deploy(digests)
    old = stack.companion.known["Visits"]
    moved = {**member("Visits"), "Path": "moved/{name}"}

    digest = stack.companion.update(moved, logical_id="Visits")["Data"]["MethodDigest"]
    stack.deploy([digest, digests[1]])
    both = stack.gateways.called(stack.api_id, "dev", "/moved/{name}"), stack.called()["Visits", "dev"]
    stack.companion.delete("Visits", known=old[0], properties=old[1])

    assert both == (ALL["Visits", "dev"], ALL["Visits", "dev"])
    assert stack.gateways.called(stack.api_id, "dev", "/moved/{name}") == ALL["Visits", "dev"]
    assert stack.called() == expect("Likes")


def test_another_stage_uses_the_existing_deployment(stack):
    stack.create()

    digests = [stack.put(name, stages=STAGES) for name in ("Visits", "Likes")]
    stack.deploy(digests, stages=STAGES)
    more = stack.called()
    digests = [stack.put(name) for name in ("Visits", "Likes")]
    stack.deploy(digests)

    assert more == expect("Visits", "Likes", stages=STAGES)
    assert stack.called() == expect("Visits", "Likes")
    assert stack.count("CreateDeployment", "CreateStage", "DeleteStage") == [1, 3, 1]


@pytest.mark.parametrize("order", [("All", "Visits", "Likes"), ("Likes", "Visits", "All"), ("Likes", "All", "Visits")])
@pytest.mark.parametrize("kind", KINDS)
def test_a_deleted_stack_leaves_nothing_in_any_order(order, kind):
    stack = SharedStack(kind == KINDS[0])
    stack.create()

    gone = [stack.companion.delete(name)["Status"] for name in order]

    assert gone == ["SUCCESS"] * 3
    assert left_in(stack.companion) == nothing(kind)
    assert stack.count("CreateDeployment") == [1 if order[0] == "All" else 2]


def test_an_api_setting_that_all_resources_change_is_deployed_once(stack):
    stack.create()
    api = {"BinaryMediaTypes": ["*/*"]}
    digests = []
    for name in ("Visits", "Likes"):
        digests.append(stack.put(name, Api=api))

    answer = stack.companion.update({**deployer(digests), "Api": api}, logical_id="All")

    assert answer["Status"] == "SUCCESS"
    assert stack.count("UpdateRestApi", "CreateDeployment") == [1, 2]


def test_a_stage_that_methods_name_outlives_its_deployer(stack):
    own = wanted(Path="own", IntegrationRequest={"Type": "LambdaProxy", "FunctionArn": ALL["Visits", "test"]})
    stack.companion.create(own, logical_id="Own")
    stack.create()
    both = stack.called(), stack.gateways.called(stack.api_id, "prod", "/own")

    stack.companion.delete("All")

    assert both == (expect("Visits", "Likes"), ALL["Visits", "test"])
    assert list(stack.gateways.apis[stack.api_id]["stages"]) == ["prod"]
    assert stack.gateways.called(stack.api_id, "prod", "/own") == ALL["Visits", "test"]
    assert "hitcounter:deployer" not in stack.gateways.apis[stack.api_id]["stages"]["prod"]["tags"]


def test_a_second_resource_may_not_deploy_the_same_stage(stack):
    stack.create()
    before = len(stack.gateways.changes)

    refused = stack.companion.create(deployer([]), logical_id="Another")

    assert refused["Reason"] == (
        f"Properties.Stages.dev: stage dev of API {stack.api_id} is already deployed by another resource; list the "
        "Methods there"
    )
    assert len(stack.gateways.changes) == before


def test_a_deployer_without_methods_deploys_nothing_and_leaves_no_api(stack):
    refused = stack.companion.create(deployer([]), logical_id="All")

    assert refused["Reason"] == "API Gateway answered BadRequestException: The REST API doesn't contain any methods"
    assert stack.gateways.is_empty


def test_counters_without_stages_share_one_stage_by_its_name():
    stack = SharedStack()
    own = {"Type": "LambdaProxy", "FunctionArn": ALL["Visits", "prod"]}
    given = wanted(Path="visits/{name}", IntegrationRequest=own, Deploy="false")

    digest = stack.companion.create(given)["Data"]["MethodDigest"]
    made = stack.companion.create({"ApiName": "Shared", "Methods": [digest], "StageName": "prod"}, logical_id="All")

    assert made["Data"]["Url"].endswith(".amazonaws.com/prod")
    assert stack.called() == {("Visits", "prod"): ALL["Visits", "prod"]}


WRONG = {
    "a method and methods": (
        {**deployer([]), "Path": "a", "Deploy": "false"},
        "Properties.Path: must be omitted; a resource with Methods only deploys the methods of others\n"
        "Properties.Deploy: must be omitted; a resource with Methods only deploys the methods of others\n"
        "Properties.Stages.dev.Variables: must be omitted with 'Deploy: false'; set it in the resource that deploys\n"
        "Properties.Stages.prod.Variables: must be omitted with 'Deploy: false'; set it in the resource that deploys",
    ),
    "nowhere to deploy to": (
        {"ApiName": "Shared", "Methods": []},
        "Properties.Methods: needs StageName or Stages",
    ),
    "nobody to deploy": (
        {
            **{key: value for key, value in member("Visits").items() if key != "Stages"},
            "IntegrationRequest": {"Type": "Mock"},
        },
        "Properties.Deploy: needs StageName or Stages, to which another resource deploys",
    ),
    "settings of the other's": (
        {**member("Visits"), "Stages": {"dev": {"FunctionArn": ALL["Visits", "dev"], "TracingEnabled": "true"}}},
        "Properties.Stages.dev.TracingEnabled: must be omitted with 'Deploy: false'; set it in the resource that deploys",
    ),
    "a stage's settings of the other's": (
        wanted(Deploy="false", Stage={}),
        "Properties.Stage: must be omitted with 'Deploy: false'; set it in the resource that deploys",
    ),
    "no variable": (
        {**member("Visits"), "IntegrationRequest": {"Type": "Lambda"}},
        "Properties.IntegrationRequest.FunctionArn: must end in :function:${stageVariables.NAME} with 'Deploy: false'; "
        "set the variable for each stage in the resource that deploys",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_problem_says_what_would_be_right(name):
    given, problem = WRONG[name]

    with pytest.raises(ResourceError) as refused:
        read_wanted(MemoryGateways(), parse_request(GatewayCompanion().event("Create", given)))

    assert str(refused.value) == problem


@pytest.mark.parametrize("place", [Place("abc123", ""), Place("", "My API/stages")])
def test_a_physical_id_names_the_stages(place):
    assert (read_place(place.physical_id), place.has_method) == (place, False)


def start_with(kind):
    """A function that returns a new companion with counters, and the resource that deploys them."""

    def new():
        stack = SharedStack(kind == KINDS[0])
        stack.digests = [stack.put("Visits"), stack.put("Likes")]
        stack.companion.stack = stack
        return stack.companion

    def properties(companion, **more):
        return deployer(companion.stack.digests, companion.stack.api, **more)

    return new, properties


def nothing(kind):
    api = {"answer": {"id": "id0001", "apiKeySource": "HEADER", "name": "theirs", "createdDate": "id0001"}}
    api |= {"validators": {}, "parts": {"/": {}}, "stages": {}, "deployments": 0}
    return {"id0001": api} if kind == KINDS[0] else {}


def left_in(companion):
    apis, policies = read_state(companion)
    assert not any(policies.values())
    return apis


def delete_members(companion):
    for name in ("Visits", "Likes"):
        assert companion.delete(name)["Status"] == "SUCCESS"
    return left_in(companion)


CHANGES = {
    "a stage more": {"stages": STAGES},
    "a stage less": {"stages": ("prod",)},
    "a counter less": {"names": ("Visits",)},
    "settings": {"ThrottlingRateLimit": "5"},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("then", ["comes again", "is given up"])
def test_a_create_that_dies_at_any_call_finally_leaves_nothing(kind, then):
    new, properties = start_with(kind)

    def prepare(companion):
        return companion.event("Create", properties(companion), LogicalResourceId="All")

    for companion, event, where in at_every_call(new, prepare, die):
        companion.time.passed += 1000
        known = INVENTED.replace("Visits", "All")
        if then == "comes again":
            answer = companion.deliver(event)
            assert answer["Status"] == "SUCCESS", (where, answer)
            assert companion.stack.called() == expect("Visits", "Likes"), where
            assert len(companion.gateways.apis[companion.stack.api_id]["deployments"]) == 1, where
            known = answer["PhysicalResourceId"]
        companion.delete("All", known=known, properties=properties(companion))
        assert companion.gateways.apis[companion.stack.api_id]["stages"] == {}, where
        assert delete_members(companion) == nothing(kind), where


@pytest.mark.parametrize("kind", KINDS)
def test_a_create_overtaken_by_its_delete_leaves_nothing(kind):
    new, properties = start_with(kind)

    def prepare(companion):
        return companion.event("Create", properties(companion), LogicalResourceId="All")

    def give_up(companion, event):
        fields = {"PhysicalResourceId": INVENTED.replace("Visits", "All"), "LogicalResourceId": "All"}
        companion.deliver(companion.event("Delete", properties(companion), **fields), Outbox())

    for companion, _, where in at_every_call(new, prepare, give_up):
        stored = companion.gateways.apis[companion.stack.api_id]
        assert (stored["stages"], stored["deployments"]) == ({}, {}), where
        assert delete_members(companion) == nothing(kind), where


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operation", ["CreateDeployment", "CreateStage", "UpdateStage"])
@pytest.mark.parametrize("is_done", [False, True], ids=["refused", "done, answer lost"])
def test_a_refused_create_deletes_what_it_created(kind, operation, is_done):
    new, properties = start_with(kind)
    companion = new()
    faults = companion.gateways.lost if is_done else companion.gateways.faults
    faults[operation] = [ResourceError("refused")]

    refused = companion.create(properties(companion, LoggingLevel="ERROR"), logical_id="All")

    stored = companion.gateways.apis[companion.stack.api_id]
    assert (refused["Status"], stored["stages"]) == ("FAILED", {})
    assert delete_members(companion) == nothing(kind)


def prepare_update(properties, change):
    def prepare(companion):
        companion.create(properties(companion), logical_id="All")
        return companion.update_event(properties(companion, **change), "All")

    return prepare


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", CHANGES)
def test_the_next_delivery_completes_an_update_that_died_at_any_call(kind, change):
    new, properties = start_with(kind)
    fresh = new()
    fresh.create(properties(fresh), logical_id="All")
    fresh.update(properties(fresh, **CHANGES[change]), logical_id="All")

    for companion, event, where in at_every_call(new, prepare_update(properties, CHANGES[change]), die):
        companion.time.passed += 1000
        answer = companion.deliver(event)
        assert answer["Status"] == "SUCCESS", (where, answer)
        assert read_state(companion) == read_state(fresh), where
        assert len(companion.gateways.apis[companion.stack.api_id]["deployments"]) == 1, where


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", CHANGES)
def test_an_update_overtaken_by_its_rollback_leaves_the_old_state(kind, change):
    new, properties = start_with(kind)
    fresh = new()
    fresh.create(properties(fresh), logical_id="All")

    prepare = prepare_update(properties, CHANGES[change])
    for companion, _, where in at_every_call(new, prepare, roll_back, loses=True):
        assert companion.stack.called() == expect("Visits", "Likes"), where
        assert sorted(companion.gateways.apis[companion.stack.api_id]["stages"]) == ["dev", "prod"], where
        companion.delete("All")
        assert delete_members(companion) == nothing(kind), where


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", CHANGES)
def test_an_update_overtaken_by_the_stacks_delete_leaves_nothing(kind, change):
    new, properties = start_with(kind)

    for companion, _, where in at_every_call(new, prepare_update(properties, CHANGES[change]), delete):
        assert companion.gateways.apis[companion.stack.api_id]["stages"] == {}, where
        assert delete_members(companion) == nothing(kind), where


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["All", "Likes"])
def test_the_next_delivery_completes_a_delete_that_died_at_any_call(kind, name):
    new, properties = start_with(kind)

    def prepare(companion):
        companion.create(properties(companion), logical_id="All")
        known, given = companion.known[name]
        return companion.event("Delete", given, PhysicalResourceId=known, LogicalResourceId=name)

    for companion, event, where in at_every_call(new, prepare, die):
        companion.time.passed += 1000
        assert companion.deliver(event)["Status"] == "SUCCESS", where
        if name == "Likes":
            assert companion.stack.called() == expect("Visits"), where
            assert companion.delete("All")["Status"] == "SUCCESS", where
        assert delete_members(companion) == nothing(kind), where


@pytest.mark.parametrize("kind", KINDS)
def test_a_late_delivery_changes_nothing(kind):
    new, properties = start_with(kind)
    companion = new()
    event = companion.event("Create", properties(companion), LogicalResourceId="All")
    made = companion.deliver(event)
    gone = companion.event(
        "Delete", properties(companion), PhysicalResourceId=made["PhysicalResourceId"], LogicalResourceId="All"
    )
    companion.deliver(gone)
    companion.create(properties(companion), logical_id="All")
    before = len(companion.gateways.changes)

    companion.deliver(event)
    companion.deliver(gone)

    assert len(companion.gateways.changes) == before


class DeployingStack(OldProperties, GatewayStack):
    """A stack in which one resource deploys the methods of two others to stages that change with its value."""

    def __init__(self, world, *, tells_time, kind):
        self.shared = SharedStack(kind == KINDS[0])
        self.digests = [self.shared.put(name, stages=STAGES) for name in ("Visits", "Likes")]
        super().__init__(world, tells_time=tells_time, is_shared=True)
        self.gateways, self.api_id = self.shared.gateways, self.shared.api

    @property
    def things(self):
        """Whether the resource exists, according to the tags of its stages."""
        stages = self.gateways.apis[self.shared.api_id]["stages"].values()
        is_there = any("hitcounter:deployer" in each["tags"] for each in stages)
        return {Place(self.api_id or "", "" if self.api_id else "Shared").physical_id: stages} if is_there else {}

    @things.setter
    def things(self, _):
        """Does nothing, because the base class's step is not needed."""

    def describe(self, properties):
        return deployer(self.digests, self.api_id, stages=stages_of(properties["Value"]))

    def _generation(self, physical_id):
        return ""


def stages_of(value):
    return [("dev", "prod"), ("dev", "prod", "test"), ("prod",), ("test", "dev")][int(value[1:]) % 4]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tells_time", [True, False], ids=["urls tell the time", "urls tell no time"])
@pytest.mark.parametrize("seed", range(12))
def test_the_deployers_stages_match_what_cloudformation_knows_after_any_history(seed, tells_time, kind):
    world = GatewayWorld(seed)
    stack = DeployingStack(world, tells_time=tells_time, kind=kind)

    world.start(stack.live)
    world.run()

    errors = [task.error for task in world.tasks if task.error and not isinstance(task.error, ConnectionError)]
    assert (errors, stack.faults) == ([], [])
    assert set(stack.things) == ({stack.known} if stack.known else set())
    stages = stages_of(stack.value) if stack.known else ()
    assert {key: each for key, each in stack.shared.called().items() if key[1] in stages} == expect(
        "Visits", "Likes", stages=stages
    )
    assert set(stack.gateways.apis[stack.shared.api_id]["stages"]) == set(stages)
    delete_members(stack.shared.companion)
    assert stack.gateways.is_empty or kind == KINDS[0]
