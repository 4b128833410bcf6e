"""Every sample expands to its golden file, has no findings of cfn-lint, and describes itself in its first line."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.corpus.fetch import find_node_packages
from tests.support.node import explain_lack
from tests.support.thorough import mark_thorough

ROOT = Path(__file__).parent.parent
GOLDEN = Path(__file__).parent / "golden_samples"
PLUGIN = ROOT / "samples" / "plugin"
SAMPLES = sorted([*ROOT.glob("samples/*.yaml"), *ROOT.glob("samples/*/template.yaml")])
# The sketch's table has no DeletionPolicy.
ACCEPTED = {"sketch": ["I3011"]}
NODE = ROOT / "samples" / "node" / "handler"
EDGE = ROOT / "samples" / "edge" / "handler"


def name(path):
    return path.parent.name if path.name == "template.yaml" else path.stem


def get_options(path):
    return [f"--plugin=topic={PLUGIN / 'hitcounter_topic.py'}"] if path.parent == PLUGIN else []


@pytest.mark.parametrize("sample", SAMPLES, ids=name)
def test_a_sample_becomes_its_golden_file(sample, command, update_golden):
    code, text, errors = command("expand", sample, *get_options(sample))

    golden = GOLDEN / f"{name(sample)}.yaml"
    if update_golden:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, "utf-8")
    assert (code, errors) == (0, "")
    assert text == golden.read_text("utf-8")


@pytest.mark.parametrize("sample", mark_thorough(SAMPLES, quick=["minimal", "plugin"], name=name), ids=name)
def test_cfn_lint_finds_nothing_in_a_sample(sample, command):
    assert command(
        "lint", sample, *get_options(sample), "-c", "I", "E", "W", "-e", "-i", "I4010", *ACCEPTED.get(name(sample), ())
    ) == (0, "", "")


@pytest.mark.parametrize("sample", SAMPLES, ids=name)
def test_the_first_line_of_a_sample_describes_it(sample):
    first = sample.read_text("utf-8").partition("\n")[0]

    assert first.startswith("# ")
    assert first.endswith(".")


def test_an_installed_package_is_found_by_its_entry_point(tmp_path):
    package, target = tmp_path / "package", tmp_path / "target"
    shutil.copytree(PLUGIN, package)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--disable-pip-version-check", "--target", target, package], check=True)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(target), str(ROOT)])}

    run = [sys.executable, "-m", "macro", "expand", PLUGIN / "template.yaml"]
    expanded = subprocess.run(run, capture_output=True, text=True, env=env, cwd=tmp_path, check=True)
    explained = subprocess.run([*run[:3], "explain", "plugins"], capture_output=True, text=True, env=env, check=True)

    assert expanded.stdout == (GOLDEN / "plugin.yaml").read_text("utf-8")
    assert "topic_arn" in explained.stdout


@pytest.fixture
def hits(monkeypatch):
    """A table named ``hits``, and the environment variables with which SDKs find it."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    env = {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    for key, value in {**env, "AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(key, value)
    client = boto3.client("dynamodb")
    client.create_table(
        TableName="hits",
        AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield
    client.delete_table(TableName="hits")
    server.stop()


def copy_handler(folder, target, **values):
    """Copy a sample's function, with the ``.env`` of a deployment."""
    from transform_lambda.env.file import merge_env

    shutil.copytree(folder, target, dirs_exist_ok=True)
    text = (target / ".env").read_text("utf-8")
    (target / ".env").write_text(merge_env(text, values), "utf-8")


def run_in_node(folder, expression):
    """The value of a JavaScript expression that calls the sample's function."""
    lack = explain_lack(18)
    if lack:
        pytest.skip(lack)
    script = f"""import {{ handler }} from "./index.mjs"; console.log(JSON.stringify({expression}))"""
    command = ["node", "--input-type=module", "--eval", script]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_samples_python_function_counts_hits(hits, tmp_path):
    copy_handler(ROOT / "samples" / "handler", tmp_path, table="hits")
    spec = importlib.util.spec_from_file_location("index", tmp_path / "index.py")
    module = importlib.util.module_from_spec(spec)

    spec.loader.exec_module(module)

    assert [module.handler({"name": "about"}, None) for _ in range(3)] == [1, 2, 3]


def test_the_samples_node_function_counts_hits(hits, tmp_path):
    copy_handler(NODE, tmp_path, table="hits")
    packages = find_node_packages() or pytest.skip("AWS's SDK for Node is missing; run: python tests/corpus/fetch.py")
    (tmp_path / "node_modules").symlink_to(packages / "node_modules")

    counts = run_in_node(tmp_path, '[await handler({name: "about"}), await handler({name: "about"})]')

    assert counts == [1, 2]


def test_the_samples_edge_function_redirects_only_hits(tmp_path):
    copy_handler(EDGE, tmp_path, counter="https://abc.example.com/prod/{name}")
    asked = "await handler({Records: [{cf: {request: {uri: '/%s'}}}]})"

    hit, other = run_in_node(tmp_path, f"[{asked % 'hits/a$&b'}, {asked % 'index.html'}]")

    assert hit["status"] == "307"
    assert hit["headers"] == {"location": [{"key": "Location", "value": "https://abc.example.com/prod/a$&b"}]}
    assert other == {"uri": "/index.html"}
