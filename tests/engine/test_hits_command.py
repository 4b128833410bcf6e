"""``hitcounter hits`` and ``hitcounter logs`` on an engine: exact counts, summed shards, and the log of a refused hit."""

import json

import pytest

from macro.cli.engine.run.request import request
from tests.support.deploying import counters, hit, new_name, write

pytestmark = pytest.mark.thorough


def test_the_counts_of_a_stack_are_exact(cloud, tmp_path):
    stack = new_name()
    template = counters(
        Visits={"Plugins": ["alarms"]}, Likes={"Shards": 4, "Gateway": "http"}, Pages={"Stages": ["dev", "prod"]}
    )
    outputs = cloud.deploy(write(tmp_path, template), stack)
    for name, times in {"home": 3, "a%23b": 1}.items():
        for _ in range(times):
            hit(outputs["VisitsUrl"], name)
    for _ in range(9):
        hit(outputs["LikesUrl"], "home")
    cloud.invoke(outputs["PagesFunction"], {"name": "home"})

    shown = cloud.run("hits", stack)
    told = cloud.run("hits", stack, "--json")
    one = cloud.run("hits", stack, "home", "--counter", "Likes", "--csv")
    staged = cloud.run("hits", stack, "--stage", "dev")

    assert (shown.code, shown.err) == (0, "")
    assert [[" ".join(line.split()) for line in part.splitlines()] for part in shown.out.split("\n\n")] == [
        ["Visits: 4 hits, 2 names", "home 3", "a#b 1"],
        ["Likes: 9 hits, 1 name", "home 9"],
        ["Pages/dev: 1 hit, 1 name", "home 1"],
        ["Pages/prod: no hits yet"],
        ["total: 14"],
    ]
    assert json.loads(told.out)["total"] == 14
    assert one.out == "counter,stage,name,hits\r\nLikes,,home,9\r\n"
    assert [" ".join(line.split()) for line in staged.out.splitlines()] == ["Pages/dev: 1 hit, 1 name", "home 1"]


def test_a_refused_hit_is_logged_without_its_name(cloud, tmp_path):
    stack = new_name()
    outputs = cloud.deploy(write(tmp_path, counters(Visits={"Integration": "proxy"})), stack)
    hit(outputs["VisitsUrl"], "home")
    secret = "someone" * 300

    answer = request("GET", outputs["VisitsUrl"].replace("{name}", secret))

    found = cloud.run("logs", stack, "Visits", "--filter", "nameLength", "--json")
    (line,) = [json.loads(each) for each in found.out.splitlines()]
    logged = json.loads(line["message"])
    assert answer.status == 400
    assert (line["counter"], logged["level"], logged["nameLength"]) == ("Visits", "WARN", len(secret))
    assert (logged["status"], logged["reason"]) == (400, "a name must have at most 2045 bytes")
    assert "someone" not in cloud.run("logs", stack).out
    assert cloud.run("logs", stack, "--access").err == "nothing was logged: MiniStack writes no access logs\n"


def test_a_missing_stack_is_reported(cloud):
    ran = cloud.run("hits", "nowhere")

    assert (ran.code, ran.out, ran.err) == (1, "", f"there is no stack nowhere in the engine at {cloud.url}\n")
