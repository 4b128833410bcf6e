"""The installation of an older release and its stacks are updated while they count."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from macro.cli.cloud.installation.names import own_version
from tests.support.deploying import counters, hit, new_name, new_suffix, write

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parents[2]


@pytest.fixture
def older(cloud, tmp_path):
    """Runs commands of an older release, with another version, handler, macro and companion."""
    home = tmp_path / "older"
    for package in ("macro", "transform_lambda"):
        shutil.copytree(ROOT / package, home / package, ignore=shutil.ignore_patterns("__pycache__"))
    change(home / "macro" / "install.yaml", f"Value: {own_version()}", "Value: 0.0.9")
    change(home / "macro" / "install.yaml", "MemorySize: 1024", "MemorySize: 512")
    for module in ("macro/builtin/index.py", "macro/expand.py", "transform_lambda/protocol/delivery.py"):
        (home / module).write_text((home / module).read_text("utf-8") + "\n# as it was before\n", "utf-8")

    def run(*arguments):
        command = [sys.executable, *map(str, arguments), "--endpoint-url", cloud.url]
        environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(home), **cloud.environment()}
        done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done

    subprocess.run([sys.executable, "-m", "macro.cli.package.bundle"], cwd=home, check=True)
    return run


def change(path, before, after):
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after), "utf-8")


def test_an_older_installation_and_its_stacks_are_updated_while_they_count(cloud, older, tmp_path):
    suffix, stack = new_suffix(), new_name()
    installation, template = f"HitCounterMacro{suffix}", write(tmp_path, counters(suffix, Visits={"Env": {"a": "b"}}))
    older("-m", "macro", "install", "--suffix", suffix)
    older("-m", "macro", "deploy", template, "--stack-name", stack, "--yes")
    before, ids = cloud.outputs(stack), cloud.resources(stack)
    assert (hit(before["VisitsUrl"], "home"), cloud.outputs(installation)["Version"]) == (1, "0.0.9")

    ran = cloud.run("install", "--suffix", suffix)

    assert ran.code == 0, ran.err
    assert cloud.outputs(installation)["Version"] == own_version()
    assert hit(before["VisitsUrl"], "home") == 2
    after = cloud.deploy(template, stack)
    kept = {name: each for name, each in cloud.resources(stack).items() if "Deployment" not in name}
    assert hit(after["VisitsUrl"], "home") == 3
    assert kept == {name: each for name, each in ids.items() if "Deployment" not in name}
    assert after["VisitsCode"] != before["VisitsCode"]
    assert after["VisitsTable"] == before["VisitsTable"]


def test_this_release_deletes_a_stack_of_an_older_release(cloud, older, tmp_path):
    suffix, stack = new_suffix(), new_name()
    older("-m", "macro", "install", "--suffix", suffix)
    older("-m", "macro", "deploy", write(tmp_path, counters(suffix, Visits={})), "--stack-name", stack, "--yes")
    function = cloud.outputs(stack)["VisitsFunction"]
    assert cloud.run("install", "--suffix", suffix).code == 0

    cloud.delete(stack)

    left = cloud.client("lambda").list_functions(MaxItems=1000)["Functions"]
    assert [each["FunctionName"] for each in left if each["FunctionName"] == function] == []
