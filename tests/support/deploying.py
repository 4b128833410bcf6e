"""Run ``hitcounter`` commands against an engine, and read the engine's resources."""

import contextlib
import io
import json
import os
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from macro.cli.cloud.stack.account import Place, connect
from macro.cli.engine.run.request import request
from macro.cli.engine.url import to_engine_url
from macro.cli.main import main
from tests.support.ministack import REGION, client_for

SAMPLES = Path(__file__).parents[2] / "samples"
SHOW_ENV = """
from pathlib import Path

def handler(event, context):
    lines = Path(__file__).with_name(".env").read_text("utf-8").split("\\n")
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
"""
_USER_SETTINGS = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL")


class Ran(NamedTuple):
    """A command's exit code and output. ``events`` are the lines of ``--json``."""

    code: int
    out: str
    err: str

    @property
    def events(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def find_events(self, event):
        return [each for each in self.events if each["event"] == event]


class Cloud:
    """An engine in place of an AWS account, with an installation."""

    def __init__(self, url, home):
        self.url, self._home = url, home

    def client(self, service):
        return client_for(self.url, service=service)

    def run(self, *arguments, stdin=None):
        """Run a command in this process. Its stdin is ``/dev/null`` by default."""
        out, err = io.StringIO(), io.StringIO()
        command = [*map(str, arguments), "--endpoint-url", self.url]
        with self._as_user() as patch, stdin or Path(os.devnull).open() as source:
            patch.setattr(sys, "stdin", source)
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = main(command)
        return Ran(code, out.getvalue(), err.getvalue())

    def start(self, *arguments):
        """Start a command in its own process, whose stdout can be read line by line."""
        command = [sys.executable, "-m", "macro", *map(str, arguments), "--endpoint-url", self.url]
        env = {name: value for name, value in os.environ.items() if name not in _USER_SETTINGS}
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=env | self.environment(), stdout=pipe, stderr=pipe, text=True)

    def environment(self):
        return {
            "HOME": str(self._home),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
        }

    @contextlib.contextmanager
    def connected(self):
        """The account that the commands use."""
        with self._as_user():
            yield connect(Place(endpoint=self.url))

    @contextlib.contextmanager
    def _as_user(self):
        with pytest.MonkeyPatch.context() as patch:
            for name in _USER_SETTINGS:
                patch.delenv(name, raising=False)
            for name, value in self.environment().items():
                patch.setenv(name, value)
            yield patch

    def deploy(self, template, stack, *arguments):
        """Deploy a template, which must succeed, and return the stack's outputs."""
        ran = self.run("deploy", template, "--stack-name", stack, "--yes", *arguments)
        assert ran.code == 0, ran.err
        return self.outputs(stack)

    def status(self, stack):
        try:
            (found,) = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        except ClientError:
            return None
        return found["StackStatus"]

    def outputs(self, stack):
        (found,) = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        listed = found.get("Outputs", [])
        return {each["OutputKey"]: to_engine_url(self.url, each["OutputValue"]) for each in listed}

    def resources(self, stack):
        """The physical IDs by logical ID."""
        found = self.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}

    def events(self, stack):
        return self.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]

    def change_sets(self, stack):
        """The IDs of the change sets that weren't executed."""
        found = self.client("cloudformation").list_change_sets(StackName=stack)["Summaries"]
        return [each["ChangeSetId"] for each in found if each["ExecutionStatus"] == "AVAILABLE"]

    def delete(self, stack):
        client = self.client("cloudformation")
        stack_id = client.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
        client.delete_stack(StackName=stack_id)
        deadline = time.monotonic() + 60
        while (status := self.status(stack_id)) not in (None, "DELETE_COMPLETE"):
            assert time.monotonic() < deadline, status
            time.sleep(0.1)

    def invoke(self, function, event):
        answer = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
        return json.loads(answer["Payload"].read())

    def count_of(self, table, name):
        key = {"name": {"S": name}}
        found = self.client("dynamodb").get_item(TableName=table, Key=key, ConsistentRead=True)
        return int(found["Item"]["counter"]["N"]) if "Item" in found else 0

    def objects(self, bucket):
        """The keys of a bucket with their version IDs."""
        found = self.client("s3").list_object_versions(Bucket=bucket)
        return sorted((each["Key"], each["VersionId"]) for each in found.get("Versions", []))

    def functions(self):
        pages = self.client("lambda").get_paginator("list_functions").paginate()
        return [each["FunctionName"] for page in pages for each in page["Functions"]]

    def buckets(self):
        return [each["Name"] for each in self.client("s3").list_buckets()["Buckets"]]


def hit(url, name, method="GET"):
    """Count one hit of the name, and return the number in the answer."""
    answer = request(method, url.replace("{name}", name))
    assert answer.status == 200, answer
    return int(answer.body)


def hit_together(url, names, threads=4):
    """Count hits at the same time, and return the sorted numbers in the answers by name."""
    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(lambda name: (name, hit(url, name)), names))
    return {name: sorted(number for each, number in answers if each == name) for name in names}


def counters(suffix="", **properties):
    """A template with these counters, by default only ``Visits``, and with outputs for each counter."""
    wanted = properties or {"Visits": {}}
    attributes = {"Url": "Url", "Table": "TableName", "Function": "FunctionName"}
    attributes |= {"Code": "CodeSha256", "Source": "SourceSha256"}
    return {
        "Transform": f"HitCounterMacro{suffix}",
        "Resources": {name: {"Type": "HitCounter", "Properties": given} for name, given in wanted.items()},
        "Outputs": {
            f"{name}{short}": {"Value": {"Fn::GetAtt": [name, attribute]}}
            for name in wanted
            for short, attribute in attributes.items()
        },
    }


def write(folder, template, name="template.json"):
    """Write the template to a file in the folder."""
    path = folder / name
    path.write_text(template if isinstance(template, str) else json.dumps(template), "utf-8")
    return path


def write_handler(folder, code=SHOW_ENV, name="handler"):
    """Write a folder of code with a ``.env`` next to the template, for ``Code: ./handler``."""
    place = folder / name
    place.mkdir(exist_ok=True)
    (place / "index.py").write_text(code, "utf-8")
    (place / ".env").write_text("# of its own\nlevel=info\n", "utf-8")
    return place


def zip_folder(folder, env_file=".env"):
    """A zip of the folder's files. ``env_file`` is the path of the env file in the zip."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.iterdir()):
            name = env_file if path.name == ".env" else path.name
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o644 << 16
            archive.writestr(info, path.read_bytes())
    return target.getvalue()


def new_name(start="app"):
    """A name that no other test uses."""
    return f"{start}-{uuid4().hex[:8]}"


def new_suffix():
    """A suffix for an installation that no other test uses."""
    return f"T{uuid4().hex[:8]}"
