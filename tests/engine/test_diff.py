"""``hitcounter diff`` explains what a deployment would change, and leaves nothing on the engine."""

import json

import pytest

from tests.support.deploying import counters, hit, new_name, write, write_handler

pytestmark = pytest.mark.thorough


def test_differences_are_shown_by_counter_and_nothing_is_left(cloud, tmp_path):
    stack = new_name()
    before = counters(Visits={}, Likes={"Gateway": "http"}, Pages={"Stages": ["dev", "prod"]})
    cloud.deploy(write(tmp_path, before), stack)
    events = cloud.events(stack)
    after = counters(Visits={"Env": {"a": "b"}}, News={}, Pages={"Stages": ["prod", "eu"]})
    after["Resources"]["Topic"] = {"Type": "AWS::SNS::Topic"}

    ran = cloud.run("diff", stack, write(tmp_path, after))

    paragraphs = {part.partition("\n")[0]: part.split("\n")[1:] for part in ran.out.strip().split("\n\n")}
    assert (ran.code, ran.err) == (0, "")
    assert list(paragraphs) == [
        "Likes is removed:",
        "News is new:",
        "Pages changes:",
        "Visits changes:",
        "your own resources:",
    ]
    assert paragraphs["Likes is removed:"][:2] == [
        "  LikesTable stays in the account with its counts",
        "  its URL stops working",
    ]
    assert paragraphs["News is new:"] == ["  it counts from zero, in 12 new resources"]
    assert paragraphs["Pages changes:"][:2] == [
        "  PagesDevTable stays in the account with its counts; PagesEuTable is new and counts from zero",
        "  its URL doesn't change",
    ]
    assert paragraphs["Visits changes:"][:3] == [
        "  all counts are kept",
        "  its URL doesn't change",
        "  VisitsFunction is updated in place and keeps counting (Env)",
    ]
    assert paragraphs["your own resources:"] == ["  + add     Topic  AWS::SNS::Topic", "1 added"]
    assert (cloud.events(stack), cloud.change_sets(stack)) == (events, [])
    assert hit(cloud.outputs(stack)["VisitsUrl"], "home") == 1


def test_a_missing_stack_is_compared_but_not_created(cloud, tmp_path):
    stack = new_name()

    ran = cloud.run("diff", stack, write(tmp_path, counters(Visits={})))

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"the stack {stack} would be created\n\nVisits is new:\n  it counts from zero, in 12")
    assert cloud.status(stack) is None


def test_no_difference_is_reported_and_local_code_is_not_uploaded(cloud, tmp_path):
    stack = new_name()
    write_handler(tmp_path)
    template = write(tmp_path, counters(Visits={"Code": "./handler"}))
    before = cloud.objects(next(name for name in cloud.buckets() if name.startswith("hitcountermacro-")))

    planned = cloud.run("diff", stack, template)

    bucket = next(name for name in cloud.buckets() if name.startswith("hitcountermacro-"))
    assert (planned.code, cloud.objects(bucket)) == (0, before)
    cloud.deploy(template, stack)
    assert cloud.run("diff", stack, template).out == f"{stack} matches the template\n"


def test_json_has_the_same_differences(cloud, tmp_path):
    ran = cloud.run("diff", new_name("made"), write(tmp_path, counters(Visits={})), "--json")

    told = json.loads(ran.out)
    (visits,) = told["counters"]
    assert (told["is_new"], visits["name"], visits["state"]) == (True, "Visits", "new")
    assert {change["action"] for change in visits["changes"]} == {"add"}


def test_problems_of_the_template_are_reported_with_lines(cloud, tmp_path):
    path = write(tmp_path, counters(Visits={"Shards": "fast"}))

    ran = cloud.run("diff", new_name(), path)

    assert ran.code == 1
    assert "Resources.Visits.Properties.Shards: must be an integer from 1 to 64, got 'fast'" in ran.err
    assert ran.err.endswith("1 problem; nothing was compared\n")
