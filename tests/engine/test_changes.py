"""Updates of a stack that counts: each update changes only what it must, and no count is lost."""

import pytest

from tests.support.deploying import SHOW_ENV, counters, hit, new_name, write, write_handler
from tests.support.ministack import ACCOUNT, REGION

pytestmark = pytest.mark.thorough

LOUD = ("--allow-data-loss",)


def test_new_values_change_only_the_functions_code(cloud, deploy):
    before = deploy(counters(Visits={"Env": {"greeting": "hello"}}))
    resources = cloud.resources(deploy.stack)
    assert [hit(before["VisitsUrl"], "home") for _ in range(2)] == [1, 2]

    after = deploy(counters(Visits={"Env": {"greeting": "good day"}}))

    assert [name for name in after if after[name] != before[name]] == ["VisitsCode"]
    assert cloud.resources(deploy.stack) == resources
    assert hit(after["VisitsUrl"], "home") == 3


def test_new_local_code_runs_on_the_same_table(cloud, deploy, tmp_path):
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


def test_a_counter_is_added_and_removed_while_another_keeps_counting(cloud, deploy):
    first = deploy(counters())
    assert hit(first["VisitsUrl"], "home") == 1

    both = deploy(counters(Visits={}, Downloads={"Path": "files/{name}"}))
    assert [hit(both["DownloadsUrl"], "home"), hit(both["VisitsUrl"], "home")] == [1, 2]

    last = deploy(counters(), *LOUD)

    assert last == first
    assert hit(last["VisitsUrl"], "home") == 3
    assert {name for name in cloud.resources(deploy.stack) if name.startswith("Downloads")} == set()
    assert cloud.count_of(both["DownloadsTable"], "home") == 1
    assert both["DownloadsFunction"] not in cloud.functions()


def test_a_renamed_counter_counts_from_zero_and_the_old_table_is_kept(cloud, deploy):
    before = deploy(counters())
    assert [hit(before["VisitsUrl"], "home") for _ in range(3)] == [1, 2, 3]

    after = deploy(counters(Hits={}), *LOUD)

    assert hit(after["HitsUrl"], "home") == 1
    assert after["HitsTable"] != before["VisitsTable"]
    assert cloud.count_of(before["VisitsTable"], "home") == 3


def test_two_stacks_with_the_same_code_object_have_their_own_functions_and_tables(cloud, tmp_path):
    write_handler(tmp_path)
    template = write(tmp_path, counters(Visits={"Code": "./handler", "Env": {"greeting": "hello"}}))

    first, second = (cloud.deploy(template, new_name()) for _ in range(2))

    assert first["VisitsSource"] == second["VisitsSource"]
    assert first["VisitsCode"] != second["VisitsCode"]
    assert cloud.invoke(first["VisitsFunction"], {})["table"] == first["VisitsTable"]
    assert cloud.invoke(second["VisitsFunction"], {})["table"] == second["VisitsTable"]
    assert first["VisitsTable"] != second["VisitsTable"]
