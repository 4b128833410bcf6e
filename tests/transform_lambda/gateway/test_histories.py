"""Random histories of a gateway: late, repeated, cancelled and killed requests; throttled, refused and lost calls."""

import pytest

from tests.support.gateway_companion import wanted
from tests.support.gateways import FUNCTION, MemoryGateways
from tests.support.histories import DELIVERED_AGAIN, CloudFormation, SteppingRecords, World
from transform_lambda.contract import ResourceError
from transform_lambda.gateway.mark import mark_of
from transform_lambda.gateway.place import Place, prefixes
from transform_lambda.gateway.resource import ApiGatewayResource
from transform_lambda.ports import TryAgain

PATHS = {"": "a/{name}", "a": "a/b/{name}", "b": "c"}


class GatewayWorld(World):
    """A world in which no call takes longer than the companion waits for an answer."""

    def stall(self):
        return min(super().stall(), 80.0)


class SteppingGateways:
    """API Gateway whose calls take time, and can be throttled, refused or left without an answer."""

    def __init__(self, gateways, task):
        self._gateways, self._task = gateways, task
        self.takes = gateways.takes

    def read(self, operation, call):
        self._task.step()
        if self._task.world.random.random() < 0.01:
            raise TryAgain("Too Many Requests")
        try:
            return self._gateways.read(operation, call)
        except TryAgain:
            return None

    def change(self, operation, call):
        self._task.step()
        luck = self._task.world.random.random()
        if luck < 0.02:
            raise TryAgain("Too Many Requests")
        if luck < 0.03:
            raise ResourceError("refused")
        answer = self._gateways.change(operation, call)
        self._task.step()
        if luck > 0.98:
            raise TryAgain("ReadTimeoutError")
        return answer


class GatewayStack(CloudFormation):
    """A stack with one gateway. Its path has the generation, and a mapping template has its value."""

    def __init__(self, world, *, tells_time, is_shared):
        super().__init__(world, tells_time=tells_time)
        self.gateways = MemoryGateways()
        self.api_id = "" if is_shared else self.gateways.new_api()

    @property
    def things(self):
        """The methods with a mark, by physical ID."""
        found = {}
        for api in self.gateways.apis.values():
            for part in api["parts"].values():
                for verb, method in part["resourceMethods"].items():
                    if mark_of(method):
                        place = Place(self.api_id, "" if self.api_id else "Shared", verb, part["path"])
                        found[place.physical_id] = method
        return found

    @things.setter
    def things(self, _):
        """Does nothing, because the base class's step is not needed."""

    def resource(self, task, clock):
        return ApiGatewayResource(SteppingGateways(self.gateways, task), SteppingRecords(self.records, task), clock)

    def _ask(self, task, kind, physical_id, properties, **options):
        integration = {"Type": "Lambda", "FunctionArn": FUNCTION, "RequestTemplates": {"x/y": properties["Value"]}}
        more = {"RequestValidation": {"Body": "true"}} if int(properties["Value"][1:]) % 2 else {}
        responses = {"200": {}} if int(properties["Value"][1:]) % 3 else {}
        given = wanted(
            self.api_id,
            Path=PATHS[properties["Generation"]],
            IntegrationRequest=integration,
            Responses=responses,
            **more,
        )
        return super()._ask(task, kind, physical_id, given, **options)

    def _generation(self, physical_id):
        return next(text for text, path in PATHS.items() if physical_id.endswith(f"/GET/{path}"))


def live_value(stack, api, physical_id):
    path = physical_id.partition("/GET")[2]
    live = stack.gateways.live(api, "prod", path)
    return live["methodIntegration"]["requestTemplates"]["x/y"] if live else None


@pytest.mark.parametrize("is_shared", [True, False], ids=["a shared API", "an API of the author's"])
@pytest.mark.parametrize("tells_time", [True, False], ids=["urls tell the time", "urls tell no time"])
@pytest.mark.parametrize("seed", range(25))
def test_a_gateway_matches_what_cloudformation_knows_after_any_history(seed, tells_time, is_shared, tally):
    world = GatewayWorld(seed)
    stack = GatewayStack(world, tells_time=tells_time, is_shared=is_shared)

    world.start(stack.live)
    world.run()
    tally("histories")
    tally("requests in histories", stack.requests)

    errors = [task.error for task in world.tasks if task.error and not isinstance(task.error, DELIVERED_AGAIN)]
    kept = stack.retained | ({stack.known} if stack.known else set())
    assert errors == []
    assert stack.faults == []
    assert set(stack.things) == kept
    if is_shared and not kept:
        assert stack.gateways.is_empty
        return
    (api,) = stack.gateways.apis
    needed = {"/", *(path for each in kept for path in prefixes(each.partition("/GET")[2]))}
    assert set(stack.gateways.paths(api)) == needed
    assert len(stack.gateways.policies.get(FUNCTION, {})) == len(kept)
    if stack.known:
        assert live_value(stack, api, stack.known) == stack.value
