"""Deployments that are killed or run at the same time: the next deployment completes, and all counters count."""

import contextlib
import http.client
import json
import signal
from urllib.parse import urlsplit

import pytest

from tests.support.deploying import counters, hit, hit_together, new_name, write

pytestmark = pytest.mark.thorough


def held(**properties):
    """A template whose stack waits for a signal after its first resources are created."""
    template = counters(Visits=properties)
    template["Resources"] |= {
        "Gate": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
        "Held": {
            "Type": "AWS::CloudFormation::WaitCondition",
            "Properties": {"Handle": {"Ref": "Gate"}, "Timeout": 300},
        },
    }
    return template


def let_go(cloud, stack):
    """Signal the stack to continue."""
    url = cloud.resources(stack)["Gate"]
    told = json.dumps({"Status": "SUCCESS", "UniqueId": "1", "Reason": "go on", "Data": ""}).encode()
    place = urlsplit(url)
    with contextlib.closing(http.client.HTTPConnection(place.netloc, timeout=30)) as connection:
        connection.request("PUT", f"{place.path}?{place.query}", told)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()


def wait_for(process, event):
    """The first event of that kind that the command prints."""
    for line in process.stdout:
        told = json.loads(line)
        if told["event"] == event:
            return told
    raise AssertionError(process.stderr.read())


@pytest.fixture
def start(cloud):
    """Starts commands, and ends them with the test."""
    started = []

    def start(*arguments):
        started.append(cloud.start(*arguments, "--yes", "--json"))
        return started[-1]

    yield start
    for process in started:
        with process:
            process.kill()


def finish(process):
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    return [json.loads(line)["event"] for line in out.splitlines()]


def test_a_deployment_waits_for_the_operation_of_a_killed_command(cloud, start, tmp_path):
    stack = new_name()
    killed = start("deploy", write(tmp_path, held(), "first.json"), "--stack-name", stack)
    wait_for(killed, "resource")
    killed.send_signal(signal.SIGKILL)
    killed.wait(timeout=30)
    assert cloud.status(stack) == "CREATE_IN_PROGRESS"

    following = start("deploy", write(tmp_path, held(Env={"a": "b"}), "second.json"), "--stack-name", stack)
    waiting = wait_for(following, "waiting")
    let_go(cloud, stack)
    events = finish(following)

    assert waiting == {"event": "waiting", "status": "CREATE_IN_PROGRESS"}
    assert events[-1] == "outputs"
    assert cloud.status(stack) == "UPDATE_COMPLETE"
    assert hit_together(cloud.outputs(stack)["VisitsUrl"], ["home"] * 5) == {"home": [1, 2, 3, 4, 5]}


def test_counts_are_kept_if_the_command_of_an_update_is_killed(cloud, start, tmp_path):
    stack = new_name()
    before = cloud.deploy(write(tmp_path, counters(), "first.json"), stack)
    assert [hit(before["VisitsUrl"], "home") for _ in range(2)] == [1, 2]
    killed = start("deploy", write(tmp_path, held(Env={"a": "b"}), "second.json"), "--stack-name", stack)
    wait_for(killed, "resource")
    killed.send_signal(signal.SIGKILL)
    killed.wait(timeout=30)
    assert cloud.status(stack) == "UPDATE_IN_PROGRESS"
    assert hit(before["VisitsUrl"], "home") == 3

    following = start("deploy", write(tmp_path, counters(Visits={"Env": {"a": "c"}})), "--stack-name", stack)
    wait_for(following, "waiting")
    let_go(cloud, stack)
    finish(following)

    assert cloud.status(stack) == "UPDATE_COMPLETE"
    assert cloud.outputs(stack)["VisitsTable"] == before["VisitsTable"]
    assert hit(before["VisitsUrl"], "home") == 4


def test_the_change_set_of_a_killed_command_does_not_block_a_deployment(cloud, start, tmp_path):
    stack = new_name()
    killed = start("deploy", write(tmp_path, held(), "first.json"), "--stack-name", stack, "--no-execute")
    wait_for(killed, "changes")
    killed.send_signal(signal.SIGKILL)
    killed.wait(timeout=30)
    assert cloud.status(stack) == "REVIEW_IN_PROGRESS"

    outputs = cloud.deploy(write(tmp_path, counters()), stack)

    assert hit(outputs["VisitsUrl"], "home") == 1


def test_two_simultaneous_commands_deploy_one_after_the_other(cloud, start, tmp_path):
    stack = new_name()
    first = start("deploy", write(tmp_path, held(), "first.json"), "--stack-name", stack)
    wait_for(first, "resource")

    second = start("deploy", write(tmp_path, counters(Visits={"Env": {"a": "b"}})), "--stack-name", stack)
    wait_for(second, "waiting")
    let_go(cloud, stack)

    assert finish(first)[-1] == finish(second)[-1] == "outputs"
    assert "Gate" not in cloud.resources(stack)
    assert hit(cloud.outputs(stack)["VisitsUrl"], "home") == 1
