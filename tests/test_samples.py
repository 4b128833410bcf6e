"""Every sample expands to its golden file, lints clean, and says in its first line what it shows."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GOLDEN = Path(__file__).parent / "golden_samples"
PLUGIN = ROOT / "samples" / "plugin"
SAMPLES = sorted([*ROOT.glob("samples/*.yaml"), PLUGIN / "template.yaml"])


def name(path):
    return "plugin" if path.parent == PLUGIN else path.stem


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


@pytest.mark.parametrize("sample", SAMPLES, ids=name)
def test_a_sample_lints_clean(sample, command):
    assert command("lint", sample, *get_options(sample), "-c", "I", "E", "W", "-e", "-i", "I4010") == (0, "", "")


@pytest.mark.parametrize("sample", SAMPLES, ids=name)
def test_a_sample_says_what_it_shows(sample):
    first = sample.read_text("utf-8").partition("\n")[0]

    assert first.startswith("# ")
    assert first.endswith(".")


def test_a_third_partys_package_is_found_by_its_entry_point(tmp_path):
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


def test_the_samples_own_function_counts(tmp_path, monkeypatch):
    import importlib.util

    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    env = {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    for key, value in {**env, "AWS_DEFAULT_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(key, value)
    boto3.client("dynamodb").create_table(
        TableName="hits",
        AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    shutil.copytree(ROOT / "samples" / "handler", tmp_path, dirs_exist_ok=True)
    text = (tmp_path / ".env").read_text("utf-8")
    (tmp_path / ".env").write_text(text.replace("table=hits-on-my-machine", "table=hits"), "utf-8")
    spec = importlib.util.spec_from_file_location("index", tmp_path / "index.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    assert [module.handler({"name": "about"}, None) for _ in range(3)] == [1, 2, 3]
    server.stop()
