"""What other people's CI runs of ours: the pre-commit hooks and the reusable workflow."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
WORKFLOW = ROOT / ".github" / "workflows" / "check-templates.yml"
BAD = "Transform: HitCounterMacro\nResources:\n  Visits:\n    Type: HitCounter\n    Properties:\n      Shards: fast\n"


@pytest.fixture
def project(tmp_path):
    """A folder with a good template, its plain one, a bad one and one that isn't ours; and how to run a command there."""
    binaries, folder = tmp_path / "bin", tmp_path / "project"
    for made in (binaries, folder):
        made.mkdir()
    for name, command in (("python", ""), ("hitcounter", "-m macro")):
        (binaries / name).write_text(f'#!/bin/sh\nexec {sys.executable} {command} "$@"\n')
        (binaries / name).chmod(0o755)
    shutil.copy(ROOT / "samples" / "minimal.yaml", folder / "good.yaml")
    (folder / "bad.yaml").write_text(BAD)
    (folder / "other.yaml").write_text("Resources: {Topic: {Type: AWS::SNS::Nothing}}\n")
    environment = {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}

    def run(command, **variables):
        done = subprocess.run(
            command, cwd=folder, env={**environment, **variables}, capture_output=True, text=True, timeout=300
        )
        return done.returncode, done.stdout + done.stderr

    run.folder = folder
    return run


def find_hook(name):
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    return next(hook for hook in hooks if hook["id"] == name)


def find_script(step):
    steps = yaml.safe_load(WORKFLOW.read_text("utf-8"))["jobs"]["check"]["steps"]
    return next(each["run"] for each in steps if each.get("name") == step)


@pytest.mark.thorough
def test_the_lint_hook_checks_each_file_with_counters_and_no_other(project):
    entry = shlex.split(find_hook("hitcounter-lint")["entry"])

    code, out = project([*entry, "good.yaml", "bad.yaml", "other.yaml"])

    assert code == 1
    assert "bad.yaml:6:15: Resources.Visits.Properties.Shards: must be an integer from 1 to 64, got 'fast'" in out
    assert "other.yaml" not in out
    project(["hitcounter", "expand", "good.yaml", "-o", "plain.yaml"])
    with (project.folder / "plain.yaml").open("a") as plain:
        plain.write("Broken: true\n")
    assert project([*entry, "good.yaml", "plain.yaml", "other.yaml"]) == (0, "")


@pytest.mark.thorough
def test_the_lint_hook_hands_arguments_on_to_cfn_lint(project):
    entry = shlex.split(find_hook("hitcounter-lint")["entry"])

    code, out = project([*entry, "-r", "nowhere-1", "good.yaml"])

    assert code != 0
    assert "nowhere-1" in out


def test_the_expand_hook_fails_where_a_plain_template_is_out_of_date(project):
    entry = [*shlex.split(find_hook("hitcounter-expand-check")["entry"]), "good.yaml", "-o", "plain.yaml"]

    missing = project(entry)
    project(["hitcounter", "expand", "good.yaml", "-o", "plain.yaml"])

    assert missing == (1, "plain.yaml: is missing; run: hitcounter expand good.yaml -o plain.yaml\n")
    assert project(entry) == (0, "")


@pytest.mark.thorough
def test_the_workflow_lints_every_template_and_tells_all_problems(project):
    command = ["bash", "-e", "-c", find_script("Lint")]

    code, out = project(command, TEMPLATES="b*.yaml good.yaml", ARGUMENTS="-c I")

    assert code == 1
    assert "bad.yaml:6:15" in out
    assert project(command, TEMPLATES="good.yaml", ARGUMENTS="") == (0, "")


def test_the_workflow_compares_each_plain_template(project):
    command = ["bash", "-e", "-c", find_script("Compare the plain templates")]
    project(["hitcounter", "expand", "good.yaml", "-o", "good.plain.yaml"])

    fresh = project(command, TEMPLATES="g*.yaml", PLAIN="{}.plain.yaml")
    (project.folder / "good.plain.yaml").write_text("Resources: {}\n")

    assert fresh == (0, "")
    code, out = project(command, TEMPLATES="good.yaml", PLAIN="{}.plain.yaml")
    assert (code, "good.plain.yaml: is out of date" in out) == (1, True)


def test_no_input_of_the_workflow_stands_in_a_script():
    steps = yaml.safe_load(WORKFLOW.read_text("utf-8"))["jobs"]["check"]["steps"]

    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []
