"""How fast a template is expanded, beside the SAM translator on an equivalent one and the limit, in one run.

``pytest -m bench -s tests/bench/test_expand.py`` prints the table that the README quotes. All times are CPU time, the
least of several interleaved rounds; the limit is ``json.loads``, ``copy.deepcopy`` and ``json.dumps`` of our own output.
"""

import copy
import gc
import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.bench
ROOT = Path(__file__).parent.parent.parent
SIZES = (1, 10, 50, 100, 500)
ROUNDS = 5


def make_compact(count):
    """Counters with code and values of their own, as the equivalent has them."""
    properties = {
        "Code": "s3://code/app.zip",
        "Handler": "index.handler",
        "Runtime": "python3.13",
        "Env": {"stage": "prod", "colour": "blue"},
    }
    resources = {f"Visits{n}": {"Type": "HitCounter", "Properties": properties} for n in range(count)}
    return {"Resources": resources, "Outputs": {"Url": {"Value": {"Fn::GetAtt": ["Visits0", "Url"]}}}}


def make_bare(count):
    return {"Resources": {f"Visits{n}": {"Type": "HitCounter"} for n in range(count)}}


def make_sam(count):
    """SimpleTable, Function and Api for each counter."""
    resources = {}
    for n in range(count):
        event = {"Path": "/{name}", "Method": "GET", "RestApiId": {"Ref": f"Api{n}"}}
        resources[f"Table{n}"] = {
            "Type": "AWS::Serverless::SimpleTable",
            "Properties": {"PrimaryKey": {"Name": "name", "Type": "String"}},
        }
        resources[f"Api{n}"] = {"Type": "AWS::Serverless::Api", "Properties": {"StageName": "prod"}}
        resources[f"Function{n}"] = {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "CodeUri": "s3://code/app.zip",
                "Handler": "index.handler",
                "Runtime": "python3.13",
                "Environment": {"Variables": {"table": {"Ref": f"Table{n}"}, "stage": "prod", "colour": "blue"}},
                "Policies": [{"DynamoDBCrudPolicy": {"TableName": {"Ref": f"Table{n}"}}}],
                "Events": {"Hit": {"Type": "Api", "Properties": event}},
            },
        }
    return {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}


def expand(template):
    from macro import expand as module

    return module.expand(template)


def expand_text(text):
    return json.dumps(expand(json.loads(text)))


def translate(template):
    import boto3
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    logging.disable(logging.WARNING)
    session = boto3.session.Session(region_name="eu-west-1")
    translator = Translator({}, Parser(), boto_session=session)
    return translator.translate(template, parameter_values={})


def copy_text(text):
    return json.dumps(copy.deepcopy(json.loads(text)))


def measure(calls, rounds=ROUNDS):
    """Milliseconds of CPU for each call, by name: the least of interleaved rounds."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, (function, given, repeat) in calls.items():
            # The SAM translator changes its input, so each call gets a copy, made before the clock runs.
            copies = [copy.deepcopy(given) for _ in range(repeat)]
            gc.collect()
            gc.disable()
            start = time.process_time()
            # Kept until the clock stands, so that each call takes its memory anew, as a caller's does.
            results = [function(each) for each in copies]
            best[name] = min(best[name], (time.process_time() - start) / repeat * 1000)
            del results
            gc.enable()
    return best


def run_child(code, *arguments):
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": ""}
    run = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=env, check=True)
    return [float(word) for word in run.stdout.split()[-2:]]


def measure_child(code):
    """(CPU ms, peak RSS in MiB) of a child, the least of three."""
    tail = """
import time
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print("\\n", time.process_time() * 1000, int(peak.split()[1]) / 1024)
"""
    return [min(column) for column in zip(*(run_child(code + tail) for _ in range(3)), strict=True)]


def test_expansion_beside_the_sam_translator_and_the_limit(monkeypatch):
    from macro.template import merge

    monkeypatch.setattr(merge, "MAX_RESOURCES", 10**6)
    rows = {}
    for count in SIZES:
        compact = make_compact(count)
        text = json.dumps(compact)
        repeat = max(1, 200 // count)
        rows[count] = measure(
            {
                "ours": (expand, compact, repeat),
                "bare": (expand, make_bare(count), repeat),
                "sam": (translate, make_sam(count), max(1, 10 // count)),
                "text": (expand_text, text, repeat),
                "limit": (copy_text, expand_text(text), repeat),
            }
        )
    print(
        "\n| counters | expand, ms | three-line ones, ms | SAM, ms | SAM / expand | from and to JSON, ms | limit, ms | of limit |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for count, row in rows.items():
        cells = [f"{row['ours']:.2f}", f"{row['bare']:.2f}", f"{row['sam']:.1f}", f"{row['sam'] / row['ours']:.0f}"]
        cells += [f"{row['text']:.2f}", f"{row['limit']:.2f}", f"{row['text'] / row['limit']:.2f}"]
        print(f"| {count} | {' | '.join(cells)} |")
    # Side by side, with as many counters in each timing, so that both take as much memory anew.
    sizes = {count: (expand, make_compact(count), 500 // count) for count in (100, 500)}
    times = measure(sizes, rounds=15)
    growth = times[500] / times[100]
    print(f"500 counters cost {growth:.2f} times 100")
    assert rows[1]["sam"] / rows[1]["ours"] >= 20
    assert rows[100]["sam"] / rows[100]["ours"] >= 10
    assert all(row["text"] / row["limit"] <= 2 for row in rows.values())
    assert growth <= 5.5


def test_start_beside_the_sam_translator():
    nothing = measure_child("pass")
    ours = measure_child("import macro.handler")
    sam = measure_child("from samtranslator.translator.translator import Translator")
    print("\n| import | CPU, ms | peak RSS, MiB |\n|---|---|---|")
    for name, (cpu, rss) in {"bare Python": nothing, "macro.handler": ours, "SAM translator": sam}.items():
        print(f"| {name} | {cpu:.0f} | {rss:.0f} |")
    assert ours[0] - nothing[0] < 60
    assert ours[1] < sam[1]


def test_the_whole_command():
    sample = ROOT / "samples" / "own_handler.yaml"
    nothing = measure_child("pass")
    code = f"import sys; from macro.cli.main import main; main(['expand', {str(sample)!r}])"
    ours = measure_child(code)
    lint = measure_child("import cfnlint.runner")
    print("\n| command | CPU, ms | peak RSS, MiB |\n|---|---|---|")
    for name, (cpu, rss) in {
        "bare Python": nothing,
        "hitcounter expand": ours,
        "import of cfn-lint alone": lint,
    }.items():
        print(f"| {name} | {cpu:.0f} | {rss:.0f} |")
    assert ours[0] < 150
