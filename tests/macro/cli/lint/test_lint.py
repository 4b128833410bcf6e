"""cfn-lint on the plain template, each finding where its author caused it; and the real cfn-lint program on the compact one."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml

from macro.cli.explain.explain import print_settings
from tests.support.thorough import mark_thorough

ROOT = Path(__file__).parents[4]
CASES = sorted((ROOT / "tests" / "golden").iterdir())
TEXT = """\
Transform: HitCounterMacro
Parameters:
  Unused: {Type: String}
  Gateway: {Type: String, Default: rest}
Resources:
  Visits:
    Type: HitCounter
    Properties:
      Gateway: !Ref Gateway
      Table:
        BillingMode: SOMETIMES
        TimeToLiveSpecification:
          Enabled: maybe
          AttributeName: x
      Api:
        Stage: {StageNam: x}
      Env:
        A: !Ref Nowhere
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      DisplayNam: !GetAtt Visits.Url
"""
# Line, column, rule, and what cfn-lint's own words, which differ from release to release, must name.
TABLE = " (in VisitsTable, made from the counter Visits)"
FOUND = [
    (3, 3, "W2001", "Unused"),
    (6, 3, "E3639", "'ProvisionedThroughput'", TABLE),
    (11, 9, "E3030", "'SOMETIMES'", TABLE),
    (13, 11, "E3012", "'maybe'", TABLE),
    (16, 17, "E3002", "'StageNam'", ", made from the counter Visits)"),
    (18, 12, "E1020", "'Nowhere'"),
    (22, 7, "E3002", "'DisplayNam'"),
]


@pytest.fixture(autouse=True)
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    Path("t.yaml").write_text(TEXT, "utf-8")


def read_json(text):
    return [
        (entry["Location"]["Start"]["LineNumber"], entry["Location"]["Start"]["ColumnNumber"], entry["Rule"]["Id"], entry["Message"])
        for entry in json.loads(text)
    ]  # fmt: skip


def test_each_finding_is_on_the_line_that_caused_it_and_names_the_resource_it_is_in(command):
    code, out, err = command("lint", "t.yaml", "--format", "json")

    found = read_json(out)
    assert (code, err) == (1, "")
    assert [entry[:3] for entry in found] == [entry[:3] for entry in FOUND]
    for (*_, message), (_, _, _, *named) in zip(found, FOUND, strict=True):
        assert [each for each in named if each not in message] == []
    assert {entry["Filename"] for entry in json.loads(out)} == {"t.yaml"}


def test_a_finding_is_on_the_line_of_its_own_counter(command):
    counter = "    Type: HitCounter\n    Properties: {Table: {BillingMode: PROVISIONED}}\n"
    text = f"Transform: HitCounterMacro\nResources:\n  First:\n{counter}  Second:\n{counter}"
    Path("t.yaml").write_text(text, "utf-8")

    found = read_json(command("lint", "t.yaml", "--format", "json")[1])

    assert [(line, rule) for line, _, rule, _ in found] == [(3, "E3639"), (6, "E3639")]


def test_a_template_in_json_has_lines_too(command):
    from macro.cli.text.files import parse_source

    Path("t.json").write_text(json.dumps(parse_source("t.yaml", TEXT).template, indent=2), "utf-8")

    found = read_json(command("lint", "t.json", "--format", "json")[1])

    lines = Path("t.json").read_text("utf-8").split("\n")
    assert {rule: lines[line - 1].strip() for line, _, rule, _ in found if rule in ("E3012", "E1020", "W2001")} == {
        "W2001": '"Unused": {',
        "E3012": '"Enabled": "maybe",',
        "E1020": '"Ref": "Nowhere"',
    }


@pytest.mark.thorough
def test_every_format_of_cfn_lint_is_there(command):
    count = len(read_json(command("lint", "t.yaml", "--format", "json")[1]))
    assert count >= len(FOUND)
    text = command("lint", "t.yaml")[1]
    assert text.count("\nt.yaml:") == count
    assert text == command("lint", "t.yaml", "--format", "text")[1]
    assert command("lint", "t.yaml", "-f", "parseable")[1].count("t.yaml:") == count
    junit = ElementTree.fromstring(command("lint", "t.yaml", "--format", "junit")[1])
    assert len(junit.findall(".//failure")) == count
    sarif = json.loads(command("lint", "t.yaml", "--format", "sarif")[1])
    assert len(sarif["runs"][0]["results"]) == count
    assert "t.yaml" in command("lint", "t.yaml", "--format", "pretty")[1]


@pytest.mark.thorough
def test_cfn_lints_own_arguments_are_passed_on(command):
    ignored = ["-i", *{rule for _, _, rule, *_ in FOUND}]

    assert command("lint", "t.yaml", *ignored) == (0, "", "")
    assert command("lint", "t.yaml", "-i", "E", "--non-zero-exit-code", "error")[0] == 0
    assert re.match(r"I\d{4} ", command("lint", "t.yaml", "-e", "-c", "I", *ignored)[1])
    assert command("lint", "t.yaml", "-r", "nowhere")[0] == 2


def test_cfn_lints_own_configuration_is_respected(command):
    Path(".cfnlintrc").write_text(f"ignore_checks: {json.dumps(sorted({rule for _, _, rule, *_ in FOUND}))}\n", "utf-8")

    assert command("lint", "t.yaml") == (0, "", "")


def test_a_broken_configuration_is_wrong_usage(command):
    Path(".cfnlintrc").write_text("ignore_checks: 3\n", "utf-8")

    code, out, err = command("lint", "t.yaml")

    assert (code, out) == (2, "")
    assert "ignore_checks" in err or "3 is not" in err


def test_a_resources_metadata_silences_what_it_becomes(command):
    metadata = "    Metadata: {cfn-lint: {config: {ignore_checks: [E3030, E3639, E3012, E3002, E1020]}}}\n"
    Path("t.yaml").write_text(TEXT.replace("    Type: HitCounter\n", f"    Type: HitCounter\n{metadata}"), "utf-8")

    found = read_json(command("lint", "t.yaml", "--format", "json")[1])

    assert [rule for _, _, rule, _ in found] == ["W2001", "E3002"]


def test_problems_of_the_compact_template_come_first_and_alone(command):
    Path("t.yaml").write_text(TEXT.replace("Gateway: !Ref Gateway", "Gatway: http"), "utf-8")

    code, out, err = command("lint", "t.yaml")

    assert (code, out) == (1, "")
    assert err.startswith("t.yaml:9:7: Resources.Visits.Properties.Gatway: unknown property; did you mean 'Gateway'?\n")


PLUGIN = """\
from pathlib import Path

from macro.plugin import Piece

INPUTS = OUTPUTS = ()


def build(values):
    with Path("builds").open("a") as file:
        file.write("one build\\n")
    return Piece({}, {})
"""


def test_lint_expands_a_template_once(command):
    Path("counting.py").write_text(PLUGIN, "utf-8")
    Path("t.yaml").write_text(
        "Transform: HitCounterMacro\nResources:\n  Visits: {Type: HitCounter, Properties: {Plugins: [counting]}}\n"
    )

    assert command("lint", "t.yaml", "--plugin", "counting.py") == (0, "", "")
    assert Path("builds").read_text("utf-8") == "one build\n"


def test_lint_accepts_an_escaped_surrogate_pair(command):
    """JSON allows such a pair and YAML doesn't."""
    resources = {"Visits": {"Type": "HitCounter"}}
    template = {"Transform": "HitCounterMacro", "Description": "\N{SLOT MACHINE}", "Resources": resources}
    Path("t.json").write_text(json.dumps(template), "utf-8")

    assert command("lint", "t.json") == (0, "", "")


def run_cfn_lint(*paths):
    Path(".cfnlintrc").write_text(print_settings(), "utf-8")
    program = Path(sys.executable).with_name("cfn-lint")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run([program, "--format", "json", *paths], capture_output=True, text=True, env=env)
    assert run.stderr == ""
    return run.returncode, read_json(run.stdout)


# cfn-lint alone knows no plug-ins in files and no values from the command line. It reports that a counter waits for
# what it refers to (W3005), and asks custom resources for the ServiceToken that the macro fills in (E3003).
UNKNOWN = (
    "custom_resources",
    "plugin",
    "literal_from_parameters",
    "everything",
    "counter_depends_on",
    "aliases",
    "transform_in_resources",
)


@pytest.mark.thorough
def test_a_plain_cfn_lint_run_takes_good_templates():
    good = [case for case in CASES if not case.name.startswith(("bad_", *UNKNOWN)) and (case / "compact.yaml").exists()]
    paths = [*(case / "compact.yaml" for case in good), *ROOT.glob("samples/*.yaml")]

    _, found = run_cfn_lint(*paths)

    assert len(paths) > 40
    assert [entry for entry in found if entry[2] not in ("W3005", "W1028")] == []


def test_a_plain_cfn_lint_run_finds_what_the_macro_would_refuse():
    code, found = run_cfn_lint(ROOT / "tests" / "golden" / "bad_properties" / "compact.yaml")

    problems = (ROOT / "tests" / "golden" / "bad_properties" / "problems.txt").read_text("utf-8")
    assert code == 2
    assert {rule for _, _, rule, _ in found} == {"E9101"}
    assert len(found) == problems.count("compact.yaml:")
    assert all(f": {message}\n" in problems for _, _, _, message in found)


@pytest.mark.thorough
def test_a_plain_cfn_lint_run_knows_the_attributes():
    Path("t.yaml").write_text(
        "Transform: HitCounterMacro\nResources:\n  Visits:\n    Type: HitCounter\nOutputs:\n"
        "  Good: {Value: !GetAtt Visits.Url}\n  Bad: {Value: !Sub '${Visits.Urll}'}\n",
        "utf-8",
    )

    code, ((line, _, rule, message),) = run_cfn_lint("t.yaml")

    assert (code, line, rule) == (2, 7, "E9101")
    assert message.startswith("counter Visits has no attribute 'Urll'; known are ApiId, ")


@pytest.mark.thorough
def test_a_plain_cfn_lint_run_finds_code_beside_the_template():
    Path("sub/code").mkdir(parents=True)
    Path("sub/code/index.py").write_text("", "utf-8")
    text = "Transform: HitCounterMacro\nResources:\n  Visits:\n    Type: HitCounter\n    Properties: {Code: %s}\n"
    Path("sub/good.yaml").write_text(text % "code", "utf-8")
    Path("sub/bad.yaml").write_text(text % "sub/code", "utf-8")

    assert run_cfn_lint("sub/good.yaml") == (0, [])
    code, ((line, _, rule, message),) = run_cfn_lint("sub/bad.yaml")

    assert (code, line, rule) == (2, 5, "E9101")
    assert message.startswith("'sub/code': there is no such file or folder; ")


@pytest.mark.thorough
def test_without_the_settings_cfn_lint_knows_no_counter():
    program = Path(sys.executable).with_name("cfn-lint")
    case = ROOT / "tests" / "golden" / "minimal" / "compact.yaml"

    run = subprocess.run([program, "--format", "json", case], capture_output=True, text=True)

    assert "E3006" in {rule for _, _, rule, _ in read_json(run.stdout)}


def test_the_settings_are_yaml_with_folders_that_are_there():
    settings = yaml.safe_load(print_settings())

    assert settings.pop("ignore_checks") == ["E3004", "W8001"]
    assert sorted(settings) == ["append_rules", "registry_schemas"]
    assert all(Path(folder).is_dir() for folders in settings.values() for folder in folders)


@pytest.mark.thorough
def test_a_plain_cfn_lint_run_finds_cycles_in_what_the_template_becomes():
    Path("t.yaml").write_text(
        "Transform: HitCounterMacro\nResources:\n  Topic:\n    Type: AWS::SNS::Topic\n    DependsOn: Visits\n"
        "  Visits:\n    Type: HitCounter\n    Properties:\n      Env: {TOPIC: !Ref Topic, SELF: !GetAtt Visits.TableArn}\n",
        "utf-8",
    )

    code, found = run_cfn_lint("t.yaml")

    assert code == 2
    assert {(line, rule) for line, _, rule, _ in found} == {(3, "E9102"), (6, "E9102")}


def test_the_rule_takes_the_first_allowed_value_of_a_parameter_that_has_no_other():
    import types

    from macro.cli.lint.rules.E9101 import E9101

    resources = {"Visits": {"Type": "HitCounter", "Properties": {"Gateway": {"Ref": "G"}, "Path": {"Ref": "P"}}}}
    parameters = {"G": {"Type": "String", "AllowedValues": ["http", "rest"]}, "P": {"Type": "String"}}
    template = {"Transform": "HitCounterMacro", "Parameters": parameters, "Resources": resources}

    (match,) = E9101().match(types.SimpleNamespace(template=template, filename=None))

    assert match.path == ["Resources", "Visits", "Properties", "Path"]
    assert match.message.startswith("needs the value of parameter P")
    del resources["Visits"]["Properties"]["Path"]
    assert E9101().match(types.SimpleNamespace(template=template, filename=None)) == []


def test_cycles_are_looked_for_in_what_the_template_becomes():
    from cfnlint.decode import decode_str
    from cfnlint.template import Template

    from macro.cli.lint.rules.E9102 import E9102

    def find(text):
        return [(match.path, match.message) for match in E9102().match(Template("t.yaml", decode_str(text)[0]))]

    head = "Transform: HitCounterMacro\nResources:\n  Visits:\n    Type: HitCounter\n"
    assert find(head + "    Properties: {Env: {A: !GetAtt Visits.TableArn}}\n") == []
    assert find(head + "    Properties: {Shards: 0}\n") == []
    found = find(head + "    DependsOn: Topic\n  Topic: {Type: AWS::SNS::Topic, DependsOn: Visits}\n")
    assert {tuple(path) for path, _ in found} == {("Resources", "Visits"), ("Resources", "Topic")}


def test_a_condition_that_only_a_stage_names_is_used():
    from cfnlint.decode import decode_str
    from cfnlint.template import Template

    from macro.cli.lint.rules.W9103 import W9103

    def find(stage):
        text = (
            "Transform: HitCounterMacro\nConditions: {A: !Equals [a, b], B: !Equals [a, b]}\nResources:\n"
            f"  Visits: {{Type: HitCounter, Properties: {{Stages: {{dev: {{Condition: {stage}}}}}}}}}\n"
        )
        return [(match.path, match.message) for match in W9103().match(Template("t.yaml", decode_str(text)[0]))]

    assert find("A") == [(["Conditions", "B"], "Condition B not used")]
    assert find("B") == [(["Conditions", "A"], "Condition A not used")]
    assert find("[]") == []


def test_a_template_without_resources_is_left_to_cfn_lint(command, tmp_path):
    file = tmp_path / "template.yaml"
    file.write_text("Outputs: {It: {Value: 1}}\n")

    code, output, errors = command("lint", file)

    assert (code, errors) == (1, "")
    assert "E1001" in output


LINES = {
    "MemorySize: 64": ("E3034", "64"),
    "Timeouts: 3": ("E3002", "Timeouts"),
    "VpcConfig: {SubnetIds: subnet-1}": ("E3012", "subnet-1"),
    "Runtime: python3.31": ("E3030", "python3.31"),
    "KMSKeyArn: !Ref Key": (),
    "MemorySize: !Ref Size": (),
    "KeepVersions: 3": (),
}


@pytest.mark.parametrize("kind", ["counter", "function"])
@pytest.mark.parametrize("line", mark_thorough(LINES, quick=["MemorySize: 64", "KeepVersions: 3"]))
def test_cfn_lint_looks_into_the_function(command, tmp_path, kind, line):
    found = LINES[line]
    own = "Type: HitCounter\n    Properties:\n      Function:\n        " + line
    handwritten = (
        "Type: Custom::LambdaFunction\n    Properties:\n      ServiceToken: !Ref Key\n      Code: s3://bucket/key\n"
        "      Handler: index.handler\n      Role: !Ref Key\n      " + line
    )
    runtime = "\n      Runtime: python3.13" if kind == "function" and "Runtime" not in line else ""
    parameters = "Parameters:\n  Key: {Type: String}\n  Size: {Type: Number, Default: 256}\n"
    text = f"Transform: HitCounterMacro\n{parameters}Resources:\n  Visits:\n    "
    path = tmp_path / "template.yaml"
    path.write_text(text + (own if kind == "counter" else handwritten) + runtime + "\n")

    code, out, _ = command("lint", path, "-i", "W2001")

    finding = out.partition("\n")[0]
    assert code == (1 if found else 0)
    assert [each for each in found if each not in finding] == []
    assert bool(finding) == bool(found)


def test_a_resources_metadata_silences_what_is_found_in_its_function(command, tmp_path):
    path = tmp_path / "template.yaml"
    path.write_text(
        "Transform: HitCounterMacro\nResources:\n  Visits:\n    Type: HitCounter\n"
        "    Metadata: {cfn-lint: {config: {ignore_checks: [E3034]}}}\n"
        "    Properties: {Function: {MemorySize: 64}}\n"
    )

    assert command("lint", path) == (0, "", "")


def test_a_key_that_yaml_takes_for_a_number_or_a_date_is_a_text(command, tmp_path):
    compact = tmp_path / "template.yaml"
    compact.write_text(
        "Transform: HitCounterMacro\n"
        "Mappings:\n  Accounts:\n    123456789012: {150: a}\n"
        "Resources:\n"
        "  Visits:\n    Type: HitCounter\n"
        "    Properties: {Env: {a: !FindInMap [Accounts, !Ref AWS::AccountId, '150']}}\n"
        "  12: {Type: AWS::SNS::Topic}\n"
        "  2026-01-02: {Type: AWS::SNS::Topic}\n"
    )

    code, out, _ = command("lint", str(compact), "--", "--format", "parseable")

    assert code == 1
    assert [[*line.split(":")[1:3], line.split(":")[5]] for line in out.splitlines()] == [["10", "3", "E3001"]]
    assert "'2026-01-02'" in out


def test_a_counters_key_that_yaml_takes_for_a_number_is_told_where_it_is(command, tmp_path):
    compact = tmp_path / "template.yaml"
    compact.write_text(
        "Transform: HitCounterMacro\nResources:\n  2026-01-02:\n    Type: HitCounter\n    Properties: {1.50: x}\n"
    )

    code, _, messages = command("lint", str(compact))

    assert code == 1
    assert f"{compact}:3:3: Resources.2026-01-02: a logical id must consist of" in messages
    assert f"{compact}:5:18: Resources.2026-01-02.Properties.1.50: unknown property" in messages


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("  Topic: {Type: AWS::SNS::Topic, Properties: {Nothing: 1}}", "Nothing"),
        ("  Topic: {Type: AWS::SNS::Topic, Properties: {2026-01-02: 1}}", "2026-01-02"),
        ("  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: 2026-01-02, Nothing: 1}}", "Nothing"),
        ("  Topic: {Type: AWS::SNS::Topic, Properties: {1_0: 1, 2_0: 2, TopicName: x, Nothing: 1}}", "Nothing"),
        ("  Topic: {Type: AWS::SNS::Topic, Properties: {Nothing: 1}} # 2026-01-02", "Nothing"),
    ],
)
def test_a_finding_begins_and_ends_where_the_author_wrote_what_it_is_about(command, line, part):
    """The columns of keys and dates that YAML doesn't read as texts are the author's, too."""
    Path("t.yaml").write_text(
        f"Transform: HitCounterMacro\nResources:\n  Visits: {{Type: HitCounter}}\n{line}\n", "utf-8"
    )
    start = line.index(part) + 1
    place = {"line": 4, "start": start, "end": start + len(part)}

    (found,) = [
        each for each in json.loads(command("lint", "t.yaml", "--format", "json")[1]) if part in each["Message"]
    ]
    (result,) = [
        each
        for each in json.loads(command("lint", "t.yaml", "--format", "sarif")[1])["runs"][0]["results"]
        if part in each["message"]["text"]
    ]
    text = command("lint", "t.yaml", "--format", "parseable")[1]
    region = result["locations"][0]["physicalLocation"]["region"]

    location = found["Location"]
    assert {
        "line": location["End"]["LineNumber"],
        "start": location["Start"]["ColumnNumber"],
        "end": location["End"]["ColumnNumber"],
    } == place
    assert {"line": region["endLine"], "start": region["startColumn"], "end": region["endColumn"]} == place
    assert f"t.yaml:4:{start}:4:{start + len(part)}:" in text


def test_a_number_longer_than_python_writes_is_a_text(command, tmp_path):
    compact = tmp_path / "template.yaml"
    number = f"0x{'f' * 4_000}"
    compact.write_text(
        "Transform: HitCounterMacro\nResources:\n  Visits:\n    Type: HitCounter\n    Properties:\n"
        f"      Table: {{TimeToLiveSpecification: {{AttributeName: x, Enabled: {number}}}}}\n"
    )

    code, out, _ = command("lint", str(compact), "--", "--format", "parseable")

    assert code == 1
    assert "Traceback" not in out
    assert ":6:59:" in out
