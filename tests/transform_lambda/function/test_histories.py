"""Random histories of a function: late, repeated, cancelled and killed requests; throttled, refused and lost calls."""

import pytest

from tests.support.code_store import MemoryCodeStore
from tests.support.companion import ARCHIVE, wanted
from tests.support.functions import MemoryFunctions
from tests.support.histories import DELIVERED_AGAIN, STACK, CloudFormation, World
from transform_lambda.contract import ResourceError
from transform_lambda.function.resource import LambdaFunction
from transform_lambda.identity import physical_id_for
from transform_lambda.ports import TryAgain

CHANGES = {"create", "update_configuration", "update_code", "sign", "tag", "publish", "delete"}


class SteppingFunctions:
    """Lambda whose calls take time, and can be throttled, refused or left without an answer."""

    def __init__(self, functions, task):
        self._functions, self._task = functions, task

    def __getattr__(self, name):
        call = getattr(self._functions, name)
        return call if name == "takes" else lambda *values: self._call(name, call, values)

    def _call(self, name, call, values):
        self._task.step()
        luck = self._task.world.random.random()
        if luck < 0.02:
            raise TryAgain("Rate exceeded")
        if luck < 0.05 and name in CHANGES:
            raise ResourceError("refused")
        try:
            answer = call(*values)
        except KeyError:
            raise TryAgain("it was deleted in the meantime") from None
        self._task.step()
        if luck > 0.98 and name in CHANGES:
            raise TryAgain("ReadTimeoutError")
        return answer


class FunctionStack(CloudFormation):
    """A stack with one function. Its name has the generation, and its env file has its value."""

    def __init__(self, world, *, tells_time):
        super().__init__(world, tells_time=tells_time)
        self.functions = MemoryFunctions()
        self.things = self.functions.stored
        self.store = MemoryCodeStore(objects={("code", "app.zip"): ARCHIVE})

    def resource(self, task, clock):
        return LambdaFunction(self.store, SteppingFunctions(self.functions, task), clock)

    def _ask(self, task, kind, physical_id, properties, **options):
        generation, value = properties["Generation"], properties["Value"]
        name = {"FunctionName": physical_id_for(STACK, "Thing", generation)} if generation else {}
        memory = str(128 + int(value[1:]) % 3)
        given = wanted(**name, Env={"table": value}, MemorySize=memory)
        return super()._ask(task, kind, physical_id, given, **options)


@pytest.mark.parametrize("tells_time", [True, False], ids=["urls tell the time", "urls tell no time"])
@pytest.mark.parametrize("seed", [*range(40), 556])
def test_a_function_matches_what_cloudformation_knows_after_any_history(seed, tells_time, tally):
    world = World(seed)
    stack = FunctionStack(world, tells_time=tells_time)

    world.start(stack.live)
    world.run()
    tally("histories")
    tally("requests in histories", stack.requests)

    errors = [task.error for task in world.tasks if task.error and not isinstance(task.error, DELIVERED_AGAIN)]
    assert errors == []
    assert stack.faults == []
    assert set(stack.things) == stack.retained | ({stack.known} if stack.known else set())
    if stack.known:
        assert stack.functions.files(stack.known)[".env"] == f"other=kept\ntable={stack.value}\n".encode()
        memory = stack.things[stack.known].configuration["MemorySize"]
        assert memory == 128 + int(stack.value[1:]) % 3
