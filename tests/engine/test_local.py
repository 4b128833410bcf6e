"""``hitcounter local``: what it reports and counts, and that it leaves nothing."""

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.support.deploying import write_handler
from tests.support.local_run import find_engine, get, is_open, write_template

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parent.parent.parent
READS_TOPIC = """
from pathlib import Path

def handler(event, context):
    lines = Path(__file__).with_name(".env").read_text("utf-8").split("\\n")
    return dict(line.split("=", 1) for line in lines if "=" in line)["topic"]
"""
BEGIN = "starting the engine: it needs no account, and nothing leaves this machine\n"


def test_a_function_reads_the_output_of_a_packed_plugin(command, here):
    write_handler(here, READS_TOPIC)
    properties = {"Code": "./handler", "Plugins": ["topic"], "Env": {"topic": {"Fn::GetAtt": ["Visits", "TopicArn"]}}}
    template = write_template(here / "t.json", **properties)

    code, out, err = command("local", template, "--plugin", ROOT / "samples" / "plugin", "--once", "home")

    assert (code, err[: len(BEGIN)]) == (0, BEGIN)
    assert out.startswith('"arn:aws:sns:us-east-1:000000000000:local-t-VisitsTopic')


def test_stdout_has_only_the_answers(command):
    code, out, err = command("local", ROOT / "samples" / "minimal.yaml", "--once", "home", "home", "other")

    assert (code, out) == (0, "1\n2\n1\n")
    assert err.startswith(BEGIN)
    assert "Visits counts at http://127.0.0.1:" in err


def test_a_requested_name_may_contain_any_character(here, command):
    write_template(here / "t.json", "Visits", "Files", Method="POST", Path="of/{name}")
    names = ["a b", "a%20b", "é", "%C3%A9", "100%", "100%25", "who?", "who?x=ö y", "#1", "%231", "a:b", "+", "\\'\""]

    code, out, err = command("local", "t.json", "--once", *[f"Files:/of/{name}" for name in names], "Visits:of/a b")

    assert (code, out.split()) == (0, ["1", "2", "1", "2", "1", "2", "1", "2", "1", "2", "1", "1", "1", "1"])
    assert "try:" not in err


def test_a_failed_deployment_is_reported_with_its_cause_only(here, command):
    write_template(here / "t.json", Env={"colour": {"Fn::Sub": "two\nlines"}})

    code, out, told = command("local", "t.json", "--once", "home")

    assert (code, out) == (1, "")
    assert told.splitlines()[-2:] == [
        "VisitsFunction (Custom::LambdaFunction): Properties.Env.colour: readers of env files disagree about a value with "
        "a line break; 'EnvEncoding: base64' carries it",
        "the stack local-t is ROLLBACK_COMPLETE",
    ]


def test_an_unsuccessful_status_is_reported_and_fails(here, command):
    write_template(here / "t.json")

    code, out, err = command("local", "t.json", "--once", "home", "no/such", "home")

    *_, url, told = err.splitlines()
    base = url.removeprefix("Visits counts at ").removesuffix("/{name}")
    assert (code, out) == (1, '1\n{"message":"Missing Authentication Token"}\n2\n')
    assert told == f"no/such: GET {base}/no/such returned status 403"


def test_json_prints_events(here, command):
    write_template(here / "t.json")

    code, out, err = command("local", "t.json", "--json", "--once", "home", "no/such")

    events = [json.loads(line) for line in out.splitlines()]
    serving, home, answer, fault = [event for event in events if event["event"] not in ("begin", "resource")]
    (counter,) = serving["counters"]
    assert (code, err) == (1, "")
    assert serving["engine"] == counter["base"].partition("/_aws")[0]
    assert counter == {
        "counter": "Visits",
        "base": counter["base"],
        "url": f"{counter['base']}/{{name}}",
        "method": "GET",
    }
    assert home == {"event": "answer", "counter": "Visits", "path": "home", "status": 200, "body": "1"}
    assert (answer["path"], answer["status"]) == ("no/such", 403)
    assert fault == {"event": "no-success", "path": "no/such", "fault": "returned status 403"}


def test_the_users_aws_settings_are_ignored(here, command, monkeypatch):
    template = write_template(here / "t.json").read_bytes()
    (here / "garbage").write_text("no [ settings")
    away = "http://127.0.0.1:1"
    settings = {name: str(here / "garbage") for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")}
    settings |= dict.fromkeys(["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULTS_MODE"], "nonesuch")
    settings |= dict.fromkeys(["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "HTTP_PROXY", "http_proxy"], away)
    settings |= dict.fromkeys(["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"], "true")
    settings |= {"AWS_MAX_ATTEMPTS": "many", "AWS_CA_BUNDLE": "/nonesuch", "AWS_DATA_PATH": "/nonesuch"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(template)))

    code, out, _ = command("local", "-", "--once", "home", "home")

    assert (code, out) == (0, "1\n2\n")


def test_ctrl_c_during_a_deployment_leaves_nothing(here, start):
    write_template(here / "t.json")
    run = start("t.json", is_on_terminal=True)
    run.read_until("VisitsFunction")

    run.press_ctrl_c()
    code, told = run.end()

    assert code == 130
    assert "Traceback" not in told
    assert run.find_rest() == []


def test_a_killed_engine_is_reported_and_leaves_nothing(here, start):
    write_template(here / "t.json")
    run = start("t.json", "--json")
    url = json.loads(run.read_until(r'"url": ("[^"]+")')[1])

    os.kill(find_engine(url), signal.SIGKILL)
    code, told = run.end()

    assert code == 1
    assert told.splitlines()[-1] == "the engine ended by itself (signal 9); run the command again"
    assert not is_open(url)
    assert run.find_rest() == []


def test_sigterm_saves_the_state_and_a_folder_serves_one_run_at_a_time(here, start):
    write_template(here / "t.json")
    first = start("t.json", "--keep")
    url = first.url()
    assert get(url) == "1"

    second, said = start("t.json", "--keep").end()
    code, _ = first.end(signal.SIGTERM)
    again, answers = start("t.json", "--keep", "--once", "home").end()

    text = "another engine uses the state in this folder; end it, or choose another folder"
    assert (second, said) == (1, f"{BEGIN}.hitcounter: {text}\n")
    assert code == 128 + signal.SIGTERM
    assert (again, answers.splitlines()[-1]) == (0, "2")
    assert (here / ".hitcounter" / ".gitignore").read_text() == "*\n"


def test_templates_in_one_folder_count_separately_and_an_existing_folder_gets_no_gitignore(here, command):
    (here / "mine").mkdir()
    for name in ("one.json", "two.json"):
        write_template(here / name)

    answers = [command("local", name, "--keep", "mine", "--once", "home")[1] for name in ("one.json", "two.json")]

    assert answers == ["1\n", "1\n"]
    assert sorted(path.name for path in (here / "mine").iterdir()) == ["kept", "lock", "next", "port"]


def test_no_count_is_lost_if_a_run_is_killed_during_a_deployment(here, start):
    write_template(here / "t.json")
    is_made = '"VisitsFunction", "type": "Custom::LambdaFunction", "status": "{}_IN_PROGRESS"'
    first = start("t.json", "--keep", "--json")
    first.read_until(is_made.format("CREATE"))
    first.end(signal.SIGKILL)

    second = start("t.json", "--keep", "--once", "home", "home").end()
    write_template(here / "t.json", Env={"a": "b"})
    third = start("t.json", "--keep", "--json")
    third.read_until(is_made.format("UPDATE"))
    third.end(signal.SIGKILL)
    fourth = start("t.json", "--keep", "--once", "home").end()

    assert (second[0], second[1].splitlines()[-2:]) == (0, ["1", "2"])
    assert (fourth[0], fourth[1].splitlines()[-1]) == (0, "3")


def test_the_engines_functions_find_an_installed_plugin(here, start):
    shutil.copytree(ROOT / "samples" / "plugin", here / "plugin")
    venv.create(here / "own")
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(here / "own")}))
    (packages / "further.pth").write_text(sysconfig.get_path("purelib"))
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", str(packages), str(here / "plugin")], check=True, timeout=60)

    python = str(here / "own" / "bin" / "python")
    code, told = start("plugin/template.yaml", "--once", "home", python=python).end()

    assert (code, told.splitlines()[-1]) == (0, "1")
    assert "\nTopic: arn:aws:sns:" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--port", "0"], BEGIN + "port 0: must be an integer from 1 to 65535\n"),
        (["--port", "65536"], BEGIN + "port 65536: must be an integer from 1 to 65535\n"),
        (["--keep", "t.json"], BEGIN + "t.json: state can't be kept there: File exists\n"),
        (["--keep", "t.json/in"], BEGIN + "t.json/in: state can't be kept there: Not a directory\n"),
        (
            ["--parameter", "A=1"],
            "t.json: the template has no parameter A; it has none\n1 problem; nothing was deployed\n",
        ),
        (["--parameters-file", "no.json"], "no.json: can't be read: No such file or directory\n"),
        (
            ["--once", "home", "Files:a", "Vists:a"],
            "--once home: must name the counter, as COUNTER:PATH; the counters are Visits, Files\n"
            "--once Vists:a: must name the counter, as COUNTER:PATH; the counters are Visits, Files\n",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_wrong_arguments_are_reported_with_right_ones(here, command, arguments, told):
    write_template(here / "t.json", "Visits", "Files")

    assert command("local", "t.json", *arguments) == (1, "", told)


def test_a_port_in_use_is_an_error(here, command):
    write_template(here / "t.json")

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, err = command("local", "t.json", "--port", port)

    text = f"port {port} can't be used: Address already in use; choose another, or omit --port to get a free one\n"
    assert (code, out, err) == (1, "", BEGIN + text)


TROUBLE = """\
t.yaml:3:3: Parameters.Table: needs a value; add --parameter Table=VALUE, or a Default
    3 |   Table: {Type: String}
      |   ^
1 problem; nothing was deployed
"""
WRONG = """\
t.yaml:6:15: Resources.Visits.Properties.Shards: must be an integer from 1 to 64, got 'many'
    6 |       Shards: many
      |               ^
t.yaml:7:13: Resources.Visits.Properties.Code: './none': there is no such file or folder; code in S3 is named 's3://bucket/key'
    7 |       Code: ./none
      |             ^
2 problems; nothing was deployed
"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Parameters:\n  Table: {Type: String}\nResources:\n  Visits: {Type: HitCounter}", TROUBLE),
        ("Resources:\n  Visits:\n    Type: HitCounter\n    Properties:\n      Shards: many\n      Code: ./none", WRONG),
    ],
)
def test_problems_of_a_template_are_reported_with_lines_before_the_engine_starts(here, command, text, told):
    (here / "t.yaml").write_text(f"Transform: HitCounterMacro\n{text}\n")

    code, out, err = command("local", "t.yaml", "--once", "home")

    assert (code, out) == (1, "")
    assert err == told


def test_a_template_without_counters_has_nothing_to_request(here, command):
    (here / "t.yaml").write_text("Resources: {Topic: {Type: AWS::SNS::Topic}}\n")

    text = "--once: the template has no HitCounter, so there is nothing to request\n"
    assert command("local", "t.yaml", "--once", "home") == (1, "", text)


def test_a_counter_with_a_false_condition_is_reported(here, command):
    (here / "t.yaml").write_text(
        "Transform: HitCounterMacro\n"
        "Parameters: {Size: {Type: String, Default: small}}\n"
        "Conditions: {IsBig: !Equals [!Ref Size, big]}\n"
        "Resources:\n  Visits: {Type: HitCounter, Condition: IsBig}\n  Files: {Type: HitCounter}\n"
    )

    code, out, err = command("local", "t.yaml", "--once", "Visits:home")

    assert (code, out) == (1, "")
    assert err.splitlines()[-1] == "--once Visits:home: Visits isn't deployed, because its condition is false"


def test_stdin_cannot_be_watched(here, command, monkeypatch):
    template = write_template(here / "t.json").read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(template)))

    text = "--watch: the template must be a file, because stdin can be read only once\n"
    assert command("local", "-", "--watch") == (1, "", text)


def test_a_missing_engine_is_an_error_with_the_install_command(here, start):
    write_template(here / "t.json")
    (here / "without").mkdir()
    (here / "without" / "sitecustomize.py").write_text(WITHOUT_THE_ENGINE)

    told = start("t.json", PYTHONPATH=f"{here / 'without'}{os.pathsep}{ROOT}").end()

    text = "the embedded engine is not installed; run: pip install 'hitcounter-macro[local]'\n"
    assert told == (1, BEGIN + text)


WITHOUT_THE_ENGINE = """
import importlib.machinery
find = importlib.machinery.PathFinder.find_spec
class Without:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return None if name.partition(".")[0] == "ministack" else find(name, path, target)
import sys
sys.meta_path = [finder for finder in sys.meta_path if finder is not importlib.machinery.PathFinder] + [Without]
"""
