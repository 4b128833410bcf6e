"""A counting stack that is changed: what changes, what stays, and that no count is lost."""

import pytest

from tests.deploying import SHOW_ENV, counters, hit, new_name, write, write_handler
from tests.ministack import ACCOUNT, REGION

LOUD = ("--allow-data-loss",)


@pytest.fixture
def deploy(cloud, tmp_path):
    """Deploys a template to one stack again and again; the outputs."""
    stack = new_name()

    def again(template, *arguments):
        return cloud.deploy(write(tmp_path, template), stack, *arguments)

    again.stack = stack
    return again


def test_new_values_change_the_function_s_code_and_nothing_else(cloud, deploy):
    before = deploy(counters(Visits={"Env": {"greeting": "hello"}}))
    resources = cloud.resources(deploy.stack)
    assert [hit(before["VisitsUrl"], "home") for _ in range(2)] == [1, 2]

    after = deploy(counters(Visits={"Env": {"greeting": "good day"}}))

    assert [name for name in after if after[name] != before[name]] == ["VisitsCode"]
    assert cloud.resources(deploy.stack) == resources
    assert hit(after["VisitsUrl"], "home") == 3


def test_new_code_beside_the_template_is_what_runs_then_on_the_same_table(cloud, deploy, tmp_path):
    template = counters(Visits={"Code": "./handler"})
    write_handler(tmp_path)
    before = deploy(template)
    resources = cloud.resources(deploy.stack)
    keys = {key for key, _ in cloud.objects(f"hitcountermacro-{ACCOUNT}-{REGION}")}
    assert "is_new" not in cloud.invoke(before["VisitsFunction"], {})

    write_handler(tmp_path, SHOW_ENV.replace("return dict(", "return dict(is_new=True) | dict("))
    after = deploy(template)

    added = {key for key, _ in cloud.objects(f"hitcountermacro-{ACCOUNT}-{REGION}")} - keys
    assert cloud.invoke(after["VisitsFunction"], {})["is_new"]
    assert [name for name in after if after[name] != before[name]] == ["VisitsCode", "VisitsSource"]
    assert cloud.resources(deploy.stack) == resources
    assert [key.partition("/")[0] for key in added] == ["code"]


def test_a_counter_comes_and_goes_beside_another_that_counts_on(cloud, deploy):
    first = deploy(counters())
    assert hit(first["VisitsUrl"], "home") == 1

    both = deploy(counters(Visits={}, Downloads={"Path": "files/{name}"}))
    assert [hit(both["DownloadsUrl"], "home"), hit(both["VisitsUrl"], "home")] == [1, 2]

    last = deploy(counters(), *LOUD)

    assert last == first
    assert hit(last["VisitsUrl"], "home") == 3
    assert {name for name in cloud.resources(deploy.stack) if name.startswith("Downloads")} == set()
    assert cloud.count_of(both["DownloadsTable"], "home") == 1
    assert both["DownloadsFunction"] not in functions(cloud)


def test_a_renamed_counter_begins_at_zero_and_the_old_one_s_table_is_kept(cloud, deploy):
    before = deploy(counters())
    assert [hit(before["VisitsUrl"], "home") for _ in range(3)] == [1, 2, 3]

    after = deploy(counters(Hits={}), *LOUD)

    assert hit(after["HitsUrl"], "home") == 1
    assert after["HitsTable"] != before["VisitsTable"]
    assert cloud.count_of(before["VisitsTable"], "home") == 3


def test_an_update_that_fails_is_rolled_back_its_cause_on_top_and_the_counter_counts_on(cloud, deploy, tmp_path):
    before = deploy(counters())
    assert hit(before["VisitsUrl"], "home") == 1
    missing = f"s3://hitcountermacro-{ACCOUNT}-{REGION}/code/none.zip"
    broken = write(tmp_path, counters(Visits={"Code": missing}, Downloads={}))

    ran = cloud.run("deploy", broken, "--stack-name", deploy.stack, "--yes")

    assert ran.code == 1
    assert ran.err.splitlines()[-2:] == [
        f"VisitsFunction (Custom::LambdaFunction): Properties.Code: cannot read {missing}: there is no such object",
        f"the stack {deploy.stack} is UPDATE_ROLLBACK_COMPLETE: everything is as it was before",
    ]
    assert cloud.status(deploy.stack) == "UPDATE_ROLLBACK_COMPLETE"
    assert cloud.outputs(deploy.stack) == before
    assert hit(before["VisitsUrl"], "home") == 2
    assert hit(deploy(counters(Visits={"Env": {"a": "b"}}))["VisitsUrl"], "home") == 3


def test_a_stack_that_goes_leaves_its_table_and_nothing_that_runs(cloud, deploy):
    outputs = deploy(counters())
    assert [hit(outputs["VisitsUrl"], "home") for _ in range(2)] == [1, 2]

    cloud.delete(deploy.stack)

    assert cloud.status(deploy.stack) is None
    assert cloud.count_of(outputs["VisitsTable"], "home") == 2
    assert outputs["VisitsFunction"] not in functions(cloud)


def test_two_stacks_of_one_code_object_have_a_function_and_a_table_each(cloud, tmp_path):
    write_handler(tmp_path)
    template = write(tmp_path, counters(Visits={"Code": "./handler", "Env": {"greeting": "hello"}}))

    first, second = (cloud.deploy(template, new_name()) for _ in range(2))

    assert first["VisitsSource"] == second["VisitsSource"]
    assert first["VisitsCode"] != second["VisitsCode"]
    assert cloud.invoke(first["VisitsFunction"], {})["table"] == first["VisitsTable"]
    assert cloud.invoke(second["VisitsFunction"], {})["table"] == second["VisitsTable"]
    assert first["VisitsTable"] != second["VisitsTable"]


def functions(cloud):
    pages = cloud.client("lambda").get_paginator("list_functions").paginate()
    return [each["FunctionName"] for page in pages for each in page["Functions"]]
