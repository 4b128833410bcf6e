"""The tests on an engine for every run. The other modules of this folder are thorough."""

from macro.cli.cloud.stack.account import connect_to_engine
from tests.support.deploying import counters, hit, write
from tests.support.local_run import get, is_open, write_template
from tests.support.ministack import ACCOUNT, REGION


def test_hits_are_counted_until_ctrl_c_and_nothing_is_left(here, start):
    write_template(here / "t.json")
    run = start("t.json", is_on_terminal=True)
    url = run.url()
    command = run.read_until(r"try: (.*)\npress ctrl-c to end\n")[1]

    answers = [get(url), get(url), get(url.replace("home", "other%20page"))]
    kept = read_table(url)
    run.press_ctrl_c()
    code, told = run.end()

    assert command == f"curl {url}"
    assert answers == ["1", "2", "1"]
    assert kept == {"home": "2", "other page": "1"}
    assert (code, told) == (0, "^Cended; nothing is kept\n")
    assert not is_open(url)
    assert run.find_rest() == []
    assert sorted(path.name for path in here.iterdir()) == ["t.json", "temporary"]


def test_a_failed_update_is_rolled_back_with_its_cause_first_and_the_counter_keeps_counting(cloud, deploy, tmp_path):
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


def test_a_deleted_stack_leaves_only_its_table(cloud, deploy):
    outputs = deploy(counters())
    assert [hit(outputs["VisitsUrl"], "home") for _ in range(2)] == [1, 2]

    cloud.delete(deploy.stack)

    assert cloud.status(deploy.stack) is None
    assert cloud.count_of(outputs["VisitsTable"], "home") == 2
    assert outputs["VisitsFunction"] not in cloud.functions()


def read_table(url):
    """The names and counts in all of the engine's tables."""
    client = connect_to_engine("/".join(url.split("/")[:3])).client("dynamodb")
    tables = [name for name in client.list_tables()["TableNames"] if name.startswith("local-")]
    items = [item for table in tables for item in client.scan(TableName=table)["Items"]]
    return {item["name"]["S"]: item["counter"]["N"] for item in items}
