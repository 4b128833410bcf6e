"""What a gateway's requests promise when they fail, die, come again or overlap: each is tried at every call of the other."""

from contextlib import suppress
from dataclasses import replace
from itertools import count

import pytest

from tests.fakes import Outbox
from tests.gateway_companion import GatewayCompanion, wanted
from tests.gateways import FUNCTION
from transform_lambda.contract import ResourceError, parse_request
from transform_lambda.ports import TryAgain

OTHER = FUNCTION.replace("Visits", "Other")
RICH = {
    "IntegrationRequest": {
        "Type": "Lambda",
        "FunctionArn": FUNCTION,
        "RequestTemplates": {"application/json": "{}"},
        "Parameters": {"integration.request.header.X": "method.request.path.name"},
    },
    "RequestParameters": {"method.request.path.name": "true"},
    "RequestValidation": {"Parameters": "true"},
    "Responses": {"200": {"Parameters": {"method.response.header.Cache-Control": "'no-store'"}}},
    "Path": "a/{name}/b",
}
KINDS = ["an API of the author's", "an API of the stack's"]
OPERATIONS = (
    *("CreateRestApi", "CreateResource", "CreateRequestValidator", "PutMethod", "PutMethodResponse", "PutIntegration"),
    *("PutIntegrationResponse", "AddPermission", "CreateDeployment", "CreateStage"),
)


class Died(BaseException):
    pass


def start_with(kind):
    """A companion, the properties of a rich gateway in an API of that kind, and the API gateways as they were."""
    companion = GatewayCompanion(functions=(FUNCTION, OTHER))
    api = companion.gateways.new_api() if kind == KINDS[0] else None
    return companion, (lambda **more: wanted(api, **{**RICH, **more}))


def left_in(companion):
    """All that is there, but for what API Gateway itself knows of an API."""
    gateways = companion.gateways
    left = {api: [gateways.paths(api), gateways.methods(api)] for api in gateways.apis}
    things = {
        api: [list(each[kind]) for kind in ("deployments", "stages", "validators")]
        for api, each in gateways.apis.items()
    }
    held = [record.names.get("held") for record in companion.records.stored.values()]
    return left, things, any(gateways.policies.values()), any(held)


def nothing(companion, kind):
    apis = companion.gateways.apis if kind == KINDS[0] else {}
    return {api: [["/"], []] for api in apis}, {api: [[], [], []] for api in apis}, False, False


def at_every_call(kind, start, overtake):
    """Companions in which `overtake` ran before the first, second … call of the request that `start` sends."""
    for at in count():
        companion, properties = start_with(kind)
        calls, begin = [], start(companion, properties)

        def before(call, at=at, calls=calls, companion=companion, properties=properties):
            calls.append(call)
            if len(calls) == at + 1:
                overtake(companion, properties, Outbox())

        companion.gateways.before = before
        begin()
        companion.gateways.before = None
        if len(calls) <= at:
            return
        yield companion, properties, f"{kind}, before call {at}, {calls[at]}"


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_create_makes_its_delete_removes(kind):
    companion, properties = start_with(kind)

    made = companion.create(properties())
    gone = companion.delete()

    assert (made["Status"], gone["Status"]) == ("SUCCESS", "SUCCESS"), made
    assert left_in(companion) == nothing(companion, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_create_delivered_again_makes_nothing_more(kind):
    companion, properties = start_with(kind)
    event = companion.event("Create", properties())
    first = companion.deliver(event)
    changes = list(companion.gateways.changes)

    again = companion.resource.create(replace(parse_request(event), physical_id=first["PhysicalResourceId"]))

    assert again.data == first["Data"]
    assert companion.gateways.changes == changes


@pytest.mark.parametrize("kind", KINDS)
def test_a_create_delivered_again_while_under_way_makes_one_gateway(kind):
    events = {}

    def start(companion, properties):
        events[companion] = companion.event("Create", properties())
        return lambda: companion.deliver(events[companion])

    def again(companion, properties, outbox):
        # The lock that the first delivery holds ends while the second waits.
        companion.gateways.before = None
        companion.deliver(events[companion], outbox)
        assert [answer["Status"] for answer in outbox.answers] == ["SUCCESS"]
        companion.known["Visits"] = outbox.answers[0]["PhysicalResourceId"], properties()

    for companion, _, where in at_every_call(kind, start, again):
        companion.delete()
        assert left_in(companion) == nothing(companion, kind), where


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("error", [ResourceError("access denied"), TryAgain("Too Many Requests"), ValueError("a bug")])
@pytest.mark.parametrize("is_done", [False, True], ids=["refused", "done, answer lost"])
def test_a_create_that_fails_at_any_call_is_answered_once_and_leaves_nothing(kind, operation, error, is_done):
    companion, properties = start_with(kind)
    (companion.gateways.lost if is_done else companion.gateways.faults)[operation] = [error] * 10_000
    given = properties(ServiceTimeout="60")

    answer = companion.create(given)
    companion.gateways.faults.clear()
    companion.gateways.lost.clear()
    companion.time.passed += 100
    companion.delete(known=answer["PhysicalResourceId"], properties=given)

    assert [each["Status"] for each in companion.outbox.answers][1:] == ["SUCCESS"]
    assert left_in(companion) == nothing(companion, kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_create_that_is_refused_takes_back_what_it_made_before_its_delete(kind, operation):
    companion, properties = start_with(kind)
    companion.gateways.faults[operation] = [ResourceError("refused")]

    answer = companion.create(properties())

    if not (operation == "CreateRestApi" and kind == KINDS[0]):
        assert answer["Status"] == "FAILED"
        assert left_in(companion) == nothing(companion, kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_done", [False, True], ids=["not done", "done, answer lost"])
def test_what_passes_by_itself_is_tried_again_at_any_call(kind, is_done):
    companion, properties = start_with(kind)
    faults = companion.gateways.lost if is_done else companion.gateways.faults
    for operation in OPERATIONS:
        faults[operation] = [TryAgain("Too Many Requests")]

    made = companion.create(properties())
    faults["DeleteMethod"] = faults["DeleteRestApi"] = faults["DeleteResource"] = [TryAgain("Conflict")]
    companion.delete()

    assert made["Status"] == "SUCCESS"
    assert left_in(companion) == nothing(companion, kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("then", ["comes again", "is given up"])
def test_a_create_that_dies_at_any_call_leaves_nothing_in_the_end(kind, then):
    events = {}

    def start(companion, properties):
        events[companion] = companion.event("Create", properties())

        def begin():
            with suppress(Died):
                companion.deliver(events[companion])

        return begin

    def die(companion, properties, outbox):
        raise Died

    for companion, properties, where in at_every_call(kind, start, die):
        known = "app-Visits-1ABCDEF2GHIJK"
        companion.time.passed += 1000
        if then == "comes again":
            answer = companion.deliver(events[companion])
            assert answer["Status"] == "SUCCESS", (where, answer)
            known = answer["PhysicalResourceId"]
        companion.delete(known=known, properties=properties())
        assert left_in(companion) == nothing(companion, kind), where


@pytest.mark.parametrize("kind", KINDS)
def test_a_delete_that_dies_at_any_call_is_carried_out_when_it_comes_again(kind):
    events = {}

    def start(companion, properties):
        made = companion.create(properties())
        fields = {"PhysicalResourceId": made["PhysicalResourceId"]}
        events[companion] = companion.event("Delete", properties(), **fields)

        def begin():
            with suppress(Died):
                companion.deliver(events[companion])

        return begin

    def die(companion, properties, outbox):
        raise Died

    for companion, _, where in at_every_call(kind, start, die):
        companion.time.passed += 1000
        assert companion.deliver(events[companion])["Status"] == "SUCCESS", where
        assert left_in(companion) == nothing(companion, kind), where


@pytest.mark.parametrize("kind", KINDS)
def test_an_update_that_dies_at_any_call_is_carried_out_when_it_comes_again(kind):
    events, change = {}, {"ApiKeyRequired": "true", "StageName": "test", "RequestValidation": {"Body": "true"}}
    change["IntegrationRequest"] = {"Type": "LambdaProxy", "FunctionArn": OTHER}
    change["Responses"] = {}

    def start(companion, properties):
        companion.create(properties())
        events[companion] = companion.update_event(properties(**change))

        def begin():
            with suppress(Died):
                companion.deliver(events[companion])

        return begin

    def die(companion, properties, outbox):
        raise Died

    for companion, properties, where in at_every_call(kind, start, die):
        companion.time.passed += 1000
        answer = companion.deliver(events[companion])
        assert answer["Status"] == "SUCCESS", (where, answer)
        api = answer["Data"]["RestApiId"]
        live = companion.gateways.live(api, "test", "/a/{name}/b")
        assert (live["apiKeyRequired"], live["methodIntegration"]["type"]) == (True, "AWS_PROXY"), where
        assert list(companion.gateways.apis[api]["stages"]) == ["test"], where
        assert len(companion.gateways.apis[api]["deployments"]) == 1, where
        companion.delete(known=answer["PhysicalResourceId"], properties=properties(**change))
        assert left_in(companion) == nothing(companion, kind), where


@pytest.mark.parametrize("kind", KINDS)
def test_an_update_overtaken_by_its_rollback_is_not_what_is_served(kind):
    new = {"ApiKeyRequired": "true", "Responses": {}}

    def start(companion, properties):
        companion.create(properties())
        event = companion.update_event(properties(**new))
        return lambda: companion.deliver(event)

    def roll_back(companion, properties, outbox):
        companion.gateways.before = None
        known, old = companion.known["Visits"]
        fields = {"PhysicalResourceId": known, "OldResourceProperties": properties(**new)}
        companion.deliver(companion.event("Update", old, **fields), outbox)
        assert [answer["Status"] for answer in outbox.answers] == ["SUCCESS"]

    for companion, properties, where in at_every_call(kind, start, roll_back):
        (api,) = companion.gateways.apis
        live = companion.gateways.live(api, "prod", "/a/{name}/b")
        assert (live["apiKeyRequired"], list(live["methodResponses"])) == (False, ["200"]), where
        companion.delete(properties=properties())
        assert left_in(companion) == nothing(companion, kind), where


@pytest.mark.parametrize("kind", KINDS)
def test_a_replacement_overtaken_by_its_rollback_is_gone_in_the_end(kind):
    new = {"Path": "c/{name}"}

    def start(companion, properties):
        companion.create(properties())
        event = companion.update_event(properties(**new))
        return lambda: companion.deliver(event)

    def roll_back(companion, properties, outbox):
        companion.gateways.before = None
        known, old = companion.known["Visits"]
        fields = {"PhysicalResourceId": known, "OldResourceProperties": properties(**new)}
        companion.deliver(companion.event("Update", old, **fields), outbox)
        assert [answer["Status"] for answer in outbox.answers] == ["SUCCESS"]

    for companion, properties, where in at_every_call(kind, start, roll_back):
        (api,) = companion.gateways.apis
        assert companion.gateways.methods(api) == ["GET /a/{name}/b"], where
        assert companion.gateways.paths(api) == ["/", "/a", "/a/{name}", "/a/{name}/b"], where
        companion.delete(properties=properties())
        assert left_in(companion) == nothing(companion, kind), where


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("new", [{"ApiKeyRequired": "true"}, {"Path": "c/{name}"}], ids=["in place", "a replacement"])
def test_an_update_overtaken_by_the_stacks_delete_leaves_nothing(kind, new):
    def start(companion, properties):
        companion.create(properties())
        event = companion.update_event(properties(**new))
        return lambda: companion.deliver(event)

    def delete(companion, properties, outbox):
        companion.gateways.before = None
        known, old = companion.known["Visits"]
        companion.deliver(companion.event("Delete", old, PhysicalResourceId=known), outbox)
        assert [answer["Status"] for answer in outbox.answers] == ["SUCCESS"]

    for companion, _, where in at_every_call(kind, start, delete):
        assert left_in(companion) == nothing(companion, kind), where


@pytest.mark.parametrize("kind", KINDS)
def test_a_create_overtaken_by_its_delete_leaves_nothing(kind):
    def start(companion, properties):
        event = companion.event("Create", properties())
        return lambda: companion.deliver(event)

    def delete(companion, properties, outbox):
        companion.gateways.before = None
        event = companion.event("Delete", properties(), PhysicalResourceId="app-Visits-1ABCDEF2GHIJK")
        companion.deliver(event, outbox)

    for companion, _, where in at_every_call(kind, start, delete):
        assert left_in(companion) == nothing(companion, kind), where


@pytest.mark.parametrize("kind", KINDS)
def test_a_late_copy_of_an_overtaken_create_makes_nothing(kind):
    companion, properties = start_with(kind)
    create = companion.event("Create", properties())
    companion.delete(known="app-Visits-1ABCDEF2GHIJK", properties=properties())

    answer = companion.deliver(create)

    assert answer["Status"] == "FAILED"
    assert companion.gateways.changes == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_late_delete_of_a_generation_before_touches_no_successor(kind):
    companion, properties = start_with(kind)
    made = companion.create(properties())
    late = companion.event("Delete", properties(), PhysicalResourceId=made["PhysicalResourceId"])
    companion.deliver(late)
    again = companion.create(properties())

    companion.deliver(late)

    assert companion.gateways.methods(again["Data"]["RestApiId"]) == ["GET /a/{name}/b"]


@pytest.mark.parametrize(
    "known",
    [
        *("app-Visits-1ABCDEF2GHIJK", "hitcounter:failed-create:1", "api:none/GET/a", "api-name:None/GET/"),
        "hitcounter-app-Visits-b3a1f0ad3c02",
    ],
)
def test_a_delete_of_what_is_not_there_succeeds_and_changes_nothing(known):
    companion, properties = start_with(KINDS[0])

    answer = companion.delete(known=known, properties=properties())

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", known)
    assert companion.gateways.changes == []


def test_a_method_of_anothers_fails_the_create_and_stays_as_it_is():
    companion, properties = start_with(KINDS[0])
    companion.create(properties(), logical_id="First")
    (api,) = companion.gateways.apis
    before = repr(companion.gateways.apis)

    refused = companion.create(properties())
    gone = companion.delete(known=refused["PhysicalResourceId"], properties=properties())
    asked = companion.delete(known=f"api:{api}/GET/a/{{name}}/b", properties=properties())

    assert refused["Reason"] == (
        f"Properties.Path: GET /a/{{name}}/b of API {api} is there already and, by its operationName, not of this "
        "resource's making; give another Path or Method, or delete it"
    )
    assert (gone["Status"], asked["Status"]) == ("SUCCESS", "SUCCESS")
    assert repr(companion.gateways.apis) == before


def test_outside_the_wrapper_the_resource_works_on_its_own():
    companion, properties = start_with(KINDS[1])
    request = parse_request(companion.event("Create", properties()))

    made = companion.resource.create(request)
    again = companion.resource.update(replace(request, type="Update", physical_id=made.physical_id))
    companion.resource.delete(replace(request, type="Delete", physical_id=made.physical_id))

    assert made == again
    assert left_in(companion) == nothing(companion, KINDS[1])
