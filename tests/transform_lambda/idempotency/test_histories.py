import pytest

from tests.support.histories import DELIVERED_AGAIN, CloudFormation, World


@pytest.mark.parametrize("tells_time", [True, False], ids=["urls tell the time", "urls tell no time"])
@pytest.mark.parametrize("seed", range(60))
def test_late_repeated_and_cancelled_requests_leave_exactly_what_cloudformation_knows(seed, tells_time, tally):
    world = World(seed)
    stack = CloudFormation(world, tells_time=tells_time)

    world.start(stack.live)
    world.run()
    tally("histories")
    tally("requests in histories", stack.requests)

    errors = [task.error for task in world.tasks if task.error and not isinstance(task.error, DELIVERED_AGAIN)]
    assert errors == []
    assert stack.faults == []
    assert set(stack.things) == stack.retained | ({stack.known} if stack.known else set())
    assert stack.known is None or stack.things[stack.known][1] == stack.value
