"""Every command of README and guide works in its order on an engine, and the pictures show what commands print."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import botocore.session
import pytest
from botocore import xform_name

from tests.corpus.fetch import LAMBDA
from tests.support import screenshots
from tests.support.blocks import GUIDE, README, ROOT, find_blocks, write_script
from tests.support.deploying import Cloud
from tests.support.ministack import ministack

pytestmark = pytest.mark.thorough

# With an engine in the account's place, and nobody to ask.
HITCOUNTER = f"""\
import os, sys
further = {{
    "bundle": ["--wheels", {str(LAMBDA)!r}],
    **{{name: ["--endpoint-url", os.environ["ENGINE"]] for name in ("install", "diff", "hits", "logs")}},
    **{{name: ["--endpoint-url", os.environ["ENGINE"], "--yes"] for name in ("deploy", "uninstall")}},
}}
command = [sys.executable, "-m", "macro", *sys.argv[1:], *further.get(sys.argv[1], [])]
os.execv(command[0], command)
"""
AWS = """\
import json, os, sys
import boto3
with open(os.environ["AWS_CALLS"], "a") as calls:
    print(json.dumps(sys.argv[1:]), file=calls)
if "delete-stack" in sys.argv or "wait" in sys.argv:
    client = boto3.client("cloudformation", endpoint_url=os.environ["ENGINE"])
    name = sys.argv[sys.argv.index("--stack-name") + 1]
    if "wait" in sys.argv:
        client.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    else:
        client.delete_stack(StackName=name)
"""
# The environment is the tests' own; the clone is the folder that stands ready.
PROGRAMS = {"hitcounter": HITCOUNTER, "aws": AWS, "pip": "", "python3": "", "activate": ""}
GIT = 'import os, shutil; shutil.copytree(os.environ["PROJECT"], "HitCounterMacro")'
# The AWS CLI's own commands; all others are checked by botocore's models.
_OWN = {
    ("cloudformation", "package"): {"template-file", "s3-bucket", "output-template-file"},
    ("cloudformation", "deploy"): {"template-file", "stack-name", "capabilities", "parameter-overrides"},
    ("s3", "cp"): {"recursive", "exclude", "include"},
}
_GLOBAL = {"query", "output"}


@pytest.fixture
def cloud(tmp_path_factory):
    """An empty engine."""
    folder = tmp_path_factory.mktemp("engine")
    with ministack(folder) as url:
        yield Cloud(url, folder)


@pytest.fixture
def reader(cloud, tmp_path):
    """Runs the commands of a document, and keeps the output of shown commands and the calls of the AWS CLI."""
    project, shown = tmp_path / "project", tmp_path / "shown"
    programs = project / ".venv" / "bin"
    for folder in (programs, shown):
        folder.mkdir(parents=True)
    shutil.copytree(ROOT / "samples", project / "samples")
    for name, program in {**PROGRAMS, "git": GIT}.items():
        script = programs / name
        script.write_text(f"#!{sys.executable}\n{program}" if name != "activate" else "")
        script.chmod(0o755)
    calls = tmp_path / "calls"
    calls.touch()
    own = {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "TMPDIR": tempfile.gettempdir()}
    own |= {"ENGINE": cloud.url, "AWS_CALLS": str(calls), "PROJECT": str(project), "AWS_DEFAULT_REGION": "us-east-1"}

    def read(path, place):
        script, texts = write_script(find_blocks(path), shown)
        environment = {**cloud.environment(), **own}
        done = subprocess.run(
            ["bash", "-c", script], cwd=place, env=environment, capture_output=True, text=True, timeout=300
        )
        printed = (
            [(shown / str(number)).read_text("utf-8") for number in range(len(texts))] if not done.returncode else []
        )
        return done, [*zip(texts, printed, strict=False)], [json.loads(line) for line in calls.read_text().splitlines()]

    read.project = project
    return read


def test_all_commands_of_the_readme_work(reader, cloud):
    done, _, asked = reader(README, reader.project)

    assert done.returncode == 0, done.stderr
    assert "\n1\n2\n" in done.stdout
    assert cloud.status("hits") == "CREATE_COMPLETE"
    assert [call[1] for call in asked] == ["package", "deploy", "cp", "deploy"]


def test_all_commands_of_the_guide_work_and_print_what_it_shows(reader, cloud, tmp_path):
    done, shown, asked = reader(GUIDE, tmp_path)

    assert done.returncode == 0, done.stderr
    assert len(shown) == 2
    assert [printed for _, printed in shown] == [text for text, _ in shown]
    assert cloud.status("hits") is None
    assert cloud.outputs("milestones")["Topic"].startswith("arn:aws:sns:")
    assert cloud.outputs("greeting") == {"Text": "Hello, World"}
    assert [call[1] for call in asked][-2:] == ["describe-stack-resource", "attach-role-policy"]


@pytest.mark.parametrize("path", [README, GUIDE], ids=["README", "guide"])
def test_options_of_the_aws_cli_are_its_own(path):
    blocks = [line for block in find_blocks(path) if block.language == "sh" for line in block.text.splitlines()]
    inline = re.findall(r"`(aws [^`]+)`", path.read_text("utf-8"))
    commands = [line[line.index("aws ") :].rstrip(")") for line in [*blocks, *inline] if re.search(r"(^|\()aws ", line)]

    assert commands
    for command in commands:
        words = shlex.split(command)
        given = {word.removeprefix("--") for word in words if word.startswith("--")}
        assert given <= find_options(*words[1:4]) | _GLOBAL, command


def find_options(service, command, third=""):
    if (service, command) in _OWN:
        return _OWN[service, command]
    session = botocore.session.get_session()
    if command == "wait":
        name = "".join(part.title() for part in third.split("-"))
        operation = session.get_waiter_model(service).get_waiter(name).operation
    else:
        names = session.get_service_model(service).operation_names
        (operation,) = [name for name in names if xform_name(name, "-") == command]
    shape = session.get_service_model(service).operation_model(operation).input_shape
    return {xform_name(name, "-") for name in shape.members}


def test_pictures_show_what_the_commands_print(cloud, tmp_path, update_golden):
    assert cloud.run("install").code == 0
    for name in screenshots.PICTURES:
        folder, picture = tmp_path / name, screenshots.FOLDER / f"{name}.svg"
        folder.mkdir()

        taken = screenshots.take(cloud, name, folder)

        if update_golden:
            picture.write_text(taken, "utf-8")
        assert screenshots.read_text(picture.read_text("utf-8")) == screenshots.read_text(taken)
