"""``hitcounter local --watch``: changes are deployed, including changes during a deployment, and counts are kept."""

import json
import signal

import pytest

from tests.support.local_run import get, write_template

pytestmark = pytest.mark.thorough

CODE = """
import json
from pathlib import Path
def proxy(event, context):
    env = Path(__file__).with_name(".env").read_text()
    return {{"statusCode": 200, "body": json.dumps(["{word}", "greeting=hello" in env])}}
"""


def test_changes_are_deployed_and_counts_are_kept(tmp_path, start):
    template = write_template(tmp_path / "t.json")
    run = start("t.json", "--watch")
    url = run.url()
    first = get(url)

    template.write_text('{"Transform": "HitCounterMacro",\n "Resources": [\n')
    broken = run.read_until(r"files have changed\n(t\.json:.*\n)")[1]
    template.unlink()
    gone = run.read_until(r"files have changed\n(.*\n)")[1]
    write_template(template, Shards="many")
    wrong = run.read_until(r"files have changed\n((?:.*\n)*1 problem; nothing was deployed\n)")[1]
    second = get(url)
    write_template(template, "Visits", "Files", Env={"a": "b"})
    again = run.url()
    files = run.url()

    assert broken.startswith("t.json:3:1: broken JSON: ")
    assert gone == "t.json: can't be read: No such file or directory\n"
    assert wrong.splitlines()[0].endswith(
        "Resources.Visits.Properties.Shards: must be an integer from 1 to 64, got 'many'"
    )
    assert (first, second, again) == ("1", "2", url)
    assert (get(url), get(files)) == ("3", "1")
    assert run.end(signal.SIGINT)[0] == 0


def test_changes_of_local_code_and_changes_during_a_deployment_are_deployed(tmp_path, start):
    (tmp_path / "code").mkdir()
    handler = tmp_path / "code" / "index.py"
    handler.write_text(CODE.format(word="one"))
    write_template(tmp_path / "t.json", Code="./code", Integration="proxy")
    run = start("t.json", "--watch")

    run.read_until("uploaded: code as code/")
    handler.write_text(CODE.format(word="two"))
    url = run.url()
    run.read_until("files have changed\nuploaded: code as code/")
    run.url()
    second = json.loads(get(url))
    write_template(tmp_path / "t.json", Code="./code", Integration="proxy", Env={"greeting": "hello"})
    run.url()
    third = json.loads(get(url))

    assert (second, third) == (["two", False], ["two", True])
    assert run.end(signal.SIGINT)[0] == 0
