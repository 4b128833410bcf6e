"""The command line: what goes to stdout, what to stderr, which exit code, and what is left in files."""

import io
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from macro.cli import main
from macro.cli.cloud.installation.names import own_version
from macro.cli.main import make_parser

ROOT = Path(__file__).parents[3]
COMPACT = "Transform: HitCounterMacro\nResources:\n  Visits:\n    Type: HitCounter\n"
BAD = COMPACT + "    Properties: {Shards: 0}\n"
COMMANDS = [
    "init",
    "convert",
    "expand",
    "lint",
    "graph",
    "explain",
    "env",
    "local",
    "bundle",
    "install",
    "deploy",
    "diff",
    "hits",
    "logs",
    "uninstall",
    "version",
    "completion",
]
PLAIN = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n"


@pytest.fixture(autouse=True)
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("compact.yaml").write_text(COMPACT, "utf-8")
    Path("bad.yaml").write_text(BAD, "utf-8")
    Path("plain.yaml").write_text(PLAIN, "utf-8")


def run_process(*arguments, **options):
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "macro", *arguments], capture_output=True, text=True, env=env, **options
    )


def test_the_plain_template_is_all_that_goes_to_stdout(command):
    code, out, err = command("expand", "compact.yaml")

    assert (code, err) == (0, "")
    assert out.startswith("Resources:\n  VisitsTable:\n")


def test_a_template_comes_from_stdin(command, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(COMPACT.encode())))

    assert command("expand", "-")[:2] == command("expand", "compact.yaml")[:2]


def test_problems_on_stdin_name_it(command, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BAD.encode())))

    code, out, err = command("expand", "-")

    assert (code, out) == (1, "")
    assert err.startswith("<stdin>:5:26: Resources.Visits.Properties.Shards: must be an integer from 1 to 64, got 0\n")


def test_output_goes_into_a_file_and_check_finds_it_up_to_date(command):
    assert command("expand", "compact.yaml", "-o", "out.yaml") == (0, "", "")

    assert Path("out.yaml").read_text("utf-8") == command("expand", "compact.yaml")[1]
    assert command("expand", "compact.yaml", "-o", "out.yaml", "--check") == (0, "", "")


@pytest.mark.parametrize(("content", "state"), [("old\n", "is out of date"), (None, "is missing")])
def test_check_is_exit_1_and_writes_nothing(command, content, state):
    if content:
        Path("out.yaml").write_text(content, "utf-8")

    code, out, err = command("expand", "compact.yaml", "-o", "out.yaml", "--check")

    assert (code, out) == (1, "")
    assert err == f"out.yaml: {state}; run: hitcounter expand compact.yaml -o out.yaml\n"
    assert Path("out.yaml").exists() == bool(content)


def test_problems_leave_the_output_file_as_it_was(command):
    Path("out.yaml").write_text("old\n", "utf-8")

    code, _, err = command("expand", "bad.yaml", "-o", "out.yaml")

    assert code == 1
    assert err.endswith("1 problem; nothing was written\n")
    assert Path("out.yaml").read_text("utf-8") == "old\n"


def test_a_file_that_can_not_be_written_is_told_and_leaves_nothing(command):
    code, out, err = command("expand", "compact.yaml", "-o", "nowhere/out.yaml")

    assert (code, out, err) == (1, "", "nowhere/out.yaml: can't be written: No such file or directory\n")
    Path("folder").mkdir()
    assert command("expand", "compact.yaml", "-o", "folder") == (1, "", "folder: can't be written: it is a folder\n")
    assert sorted(path.name for path in Path().iterdir()) == ["bad.yaml", "compact.yaml", "folder", "plain.yaml"]


def test_diff_shows_what_a_change_means(command):
    Path("new.yaml").write_text(COMPACT + "    Properties: {LogGroup: {RetentionInDays: 7}}\n", "utf-8")

    code, out, err = command("expand", "new.yaml", "--diff", "compact.yaml")

    assert (code, err) == (0, "")
    assert out.startswith("--- compact.yaml\n+++ new.yaml\n@@ ")
    assert [line for line in out.split("\n") if line[:1] in "+-" and line[1:2] == " "] == [
        "-      RetentionInDays: 365",
        "+      RetentionInDays: 7",
    ] * 2


def test_diff_with_the_last_output(command):
    command("expand", "compact.yaml", "-o", "out.yaml")
    text = Path("out.yaml").read_text("utf-8")
    Path("out.yaml").write_text(text.replace("365", "30", 1), "utf-8")

    code, out, _ = command("expand", "compact.yaml", "-o", "out.yaml", "--diff")

    assert code == 0
    assert "-      RetentionInDays: 30\n+      RetentionInDays: 365\n" in out
    assert "RetentionInDays: 30\n" in Path("out.yaml").read_text("utf-8")


def test_diff_of_the_same_is_empty(command):
    assert command("expand", "compact.yaml", "--diff", "compact.yaml") == (0, "", "")


def test_diff_is_coloured_on_a_terminal_only():
    from macro.cli.text.output import print_diff

    plain = print_diff("a\nb\n", "a\nc\n", ("old", "new"), is_coloured=False)
    coloured = print_diff("a\nb\n", "a\nc\n", ("old", "new"), is_coloured=True)

    assert "\033" not in plain
    assert "\033[31m-b\033[0m\n\033[32m+c\033[0m\n" in coloured
    assert coloured.startswith("\033[1m--- old\033[0m\n\033[1m+++ new\033[0m\n\033[36m@@")


def test_problems_are_coloured_on_a_terminal(tmp_path, monkeypatch, command):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    screen, template = Terminal(), tmp_path / "bad.yaml"
    template.write_text(BAD, "utf-8")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys, "stderr", screen)

    command("lint", template)

    place, line, mark, end, _ = screen.getvalue().split("\n")
    assert place.startswith(f"\033[1m{template}:5:26:\033[0m Resources.Visits.Properties.Shards: must be")
    assert "\033" not in line
    assert mark.endswith(" \033[1;31m^\033[0m")
    assert end == "1 problem; cfn-lint runs once the template has none"


def test_colours_can_be_turned_off(monkeypatch):
    from macro.cli.text.report import has_colour

    class Terminal:
        def isatty(self):
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert has_colour(Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not has_colour(Terminal())
    assert not has_colour(io.StringIO())


def test_diff_with_a_bad_template_is_its_problems(command):
    code, out, err = command("expand", "compact.yaml", "--diff", "bad.yaml")

    assert (code, out) == (1, "")
    assert err.startswith("bad.yaml:5:26:")


@pytest.mark.parametrize(
    ("arguments", "start", "named"),
    [
        ([], "hitcounter: error: ", "COMMAND"),
        (["expand"], "hitcounter expand: error: ", "TEMPLATE"),
        (["expand", "compact.yaml", "--nonsense"], "hitcounter: error: ", "unknown arguments: --nonsense"),
        (["expand", "compact.yaml", "--check"], "", "--check needs -o FILE, the file to be checked"),
        (["expand", "compact.yaml", "--diff"], "", "--diff needs a template to compare with, or -o FILE"),
        (["expand", "compact.yaml", "--format", "xml"], "hitcounter expand: error: argument --format: ", "'xml'"),
        (["nonsense"], "hitcounter: error: argument COMMAND: ", "'nonsense'"),
        (["explain", "nonsense"], "hitcounter explain: error: argument ", "'nonsense'"),
    ],
)
def test_wrong_usage_is_exit_2_and_names_what_is_wrong(command, arguments, start, named):
    code, out, err = command(*arguments)

    assert (code, out) == (2, "")
    assert start in err
    assert named in err


@pytest.mark.parametrize("arguments", [["--help"], ["expand", "--help"], ["lint", "--help"], ["explain", "--help"]])
def test_help_teaches_with_examples(command, arguments):
    code, out, err = command(*arguments)

    assert (code, err) == (0, "")
    assert "\nexamples:\n  " in out


STEPS = b"".join(b" " * n + b"a:\n" for n in range(1500))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.yaml", None, "gone.yaml: can't be read: No such file or directory\n"),
        ("latin.yaml", "Ä".encode("latin-1"), "latin.yaml: must be UTF-8; byte 0 is not\n"),
        ("empty.yaml", b"", "empty.yaml: must be a map with Resources; this is not a template\n"),
        ("list.yaml", b"- a\n", "list.yaml: must be a map with Resources; this is not a template\n"),
        ("function.yaml", b"!Sub [a, {}]\n", "function.yaml: must be a map with Resources; this is not a template\n"),
        ("null.yaml", b"a: \x00", "null.yaml: broken YAML: "),
        ("half.json", b'{"Description": "\\ud800", "Resources": {}}', "half.json:1:20: broken JSON: "),
        ("deep.yaml", b"[" * 100_000, "deep.yaml:1:101: is nested more than 100 levels deep; flatten it\n"),
        ("deep.json", b'{"a":' * 100_000, "deep.json:1:501: is nested more than 100 levels deep; flatten it\n"),
        ("steps.yaml", STEPS, "steps.yaml:101:101: is nested more than 100 levels deep; flatten it\n"),
        ("dashes.yaml", b"- " * 1500, "dashes.yaml:1:201: is nested more than 100 levels deep; flatten it\n"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_template_is_told_with_its_place(command, name, content, message):
    if content is not None:
        Path(name).write_bytes(content)

    code, out, err = command("expand", name)

    assert (code, out) == (1, "")
    assert err.startswith(message)


@pytest.mark.parametrize(
    ("write", "place"),
    [
        (json.dumps, "1:"),
        (lambda template: json.dumps(template, indent=1), "103:"),
        (yaml.safe_dump, ""),
        (lambda template: yaml.safe_dump(template, default_flow_style=True), ""),
        (lambda template: yaml.safe_dump(template, indent=8), ""),
    ],
    ids=["JSON in a line", "JSON in lines", "block style", "flow style", "wide steps"],
)
@pytest.mark.parametrize("make", [lambda inner: {"a": inner}, lambda inner: [inner]], ids=["maps", "lists"])
def test_a_template_is_read_down_to_the_deepest_level_and_no_deeper(command, make, write, place):
    def nest(levels):
        value = "x"
        for _ in range(levels - 4):
            value = make(value)
        resource = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": value}}
        Path("t.yaml").write_text(write({"Transform": "HitCounterMacro", "Resources": {"A": resource}}), "utf-8")

    for name in ("expand", "graph"):
        nest(100)
        assert command(name, "t.yaml")[0] == 0, name
        nest(101)
        code, out, err = command(name, "t.yaml")
        assert (code, out) == (1, "")
        assert re.match(rf"t\.yaml:{place}[0-9:]+: is nested more than 100 levels deep; flatten it\n", err)


def test_aliases_that_nest_are_no_way_to_go_deeper(command):
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 150))]
    Path("deep.yaml").write_text("\n".join(lines), "utf-8")

    code, out, err = command("expand", "deep.yaml")

    assert (code, out) == (1, "")
    assert err.startswith("deep.yaml:1:5: is nested more than 100 levels deep; flatten it\n")


def test_aliases_that_multiply_are_refused(command):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    Path("laughs.yaml").write_text("\n".join(lines), "utf-8")

    assert command("expand", "laughs.yaml") == (1, "", "laughs.yaml: has more than 250,000 nodes; split the template\n")


@pytest.mark.parametrize("name", ["compact.yaml", "compact.json"])
def test_a_byte_order_mark_stays_where_it_was(command, name):
    text = (
        COMPACT
        if name.endswith("yaml")
        else '{"Transform": "HitCounterMacro", "Resources": {"A": {"Type": "HitCounter"}}}'
    )
    Path(name).write_text(text, "utf-8")
    Path(f"bom-{name}").write_text("\ufeff" + text, "utf-8")

    assert command("expand", f"bom-{name}") == (0, "\ufeff" + command("expand", name)[1], "")


def test_json_comes_out_of_yaml_when_asked_for(command):
    code, out, _ = command("expand", "compact.yaml", "--format", "json")

    assert code == 0
    assert json.loads(out)["Resources"]["VisitsTable"]["Type"] == "AWS::DynamoDB::Table"


def test_a_template_for_s3_only_is_noted(command):
    counters = "".join(f"  Visits{n}:\n    Type: HitCounter\n" for n in range(12))
    Path("many.yaml").write_text(f"Transform: HitCounterMacro\nResources:\n{counters}", "utf-8")

    code, out, err = command("expand", "many.yaml")

    assert code == 0
    size = f"{len(out.encode()):,}"
    limit = "templates of more than 51,200 bytes must be uploaded to S3 before deployment"
    assert err == f"note: {size} bytes after expansion; {limit}\n"


def test_a_template_over_the_limit_is_refused(command):
    Path("big.yaml").write_text(PLAIN + "    Properties: {DisplayName: " + "x" * 1_000_000 + "}\n", "utf-8")

    code, out, err = command("expand", "big.yaml")

    assert (code, out) == (1, "")
    assert (
        err == "the template has 1,000,078 bytes after expansion; CloudFormation allows at most 1,000,000: split it\n"
    )


def test_parameters_come_from_arguments_and_win_over_the_file(command):
    text = "Transform: HitCounterMacro\nParameters: {Gateway: {Type: String}, Path: {Type: String}}\nResources:\n  Visits:\n"
    text += "    Type: HitCounter\n    Properties: {Gateway: !Ref Gateway, Path: !Ref Path}\n"
    Path("asks.yaml").write_text(text, "utf-8")
    Path("values.json").write_text('{"Parameters": {"Gateway": "rest", "Path": "a/{name}"}}', "utf-8")

    code, out, err = command("expand", "asks.yaml", "--parameters-file", "values.json", "--parameter", "Gateway=http")

    assert (code, err) == (0, "")
    assert "RouteKey: GET /a/{name}\n" in out


def test_wrong_parameters_are_told_at_once(command):
    code, out, err = command("expand", "compact.yaml", "--parameter", "Gateway", "--parameter", "Path=x")

    assert (code, out) == (1, "")
    assert err == (
        "compact.yaml: --parameter Gateway: must be NAME=VALUE\n"
        "compact.yaml: the template has no parameter Path; it has none\n"
        "2 problems; nothing was written\n"
    )


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        ("gone.py", "--plugin gone.py: there is no such file"),
        ("no.such.module", "--plugin no.such.module: can't be imported: "),
    ],
)
def test_a_plugin_that_can_not_be_loaded_is_told(command, plugin, message):
    code, out, err = command("expand", "compact.yaml", "--plugin", plugin)

    assert (code, out) == (1, "")
    assert message in err


def test_a_plugin_is_tried_under_another_name(command):
    Path("mine.py").write_text(
        "from macro.plugin import Piece\nINPUTS = ()\nOUTPUTS = ('answer',)\n\n\n"
        "def build(values):\n    return Piece({'answer': '42'}, {})\n",
        "utf-8",
    )
    text = COMPACT + "    Properties: {Plugins: [other], Env: {A: !GetAtt Visits.Answer}}\n"
    Path("wish.yaml").write_text(text, "utf-8")

    code, out, err = command("expand", "wish.yaml", "--plugin", "other=mine.py")

    assert (code, err) == (0, "")
    assert '        A: "42"\n' in out


def test_a_reader_that_goes_away_is_no_fault():
    with subprocess.Popen(
        [sys.executable, "-m", "macro", "expand", "compact.yaml"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        process.stdout.close()
        error = process.stderr.read()

    assert (process.returncode, error) == (0, b"")


def test_nothing_heavy_is_imported_to_expand():
    code = "import sys; from macro.cli.main import main; main(['expand', 'compact.yaml']); print(*sys.modules, file=sys.stderr)"
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )

    heavy = {
        "boto3",
        "botocore",
        "cfnlint",
        "jsonschema",
        "importlib.metadata",
        "logging",
        "inspect",
        "asyncio",
        "difflib",
    }
    assert heavy & set(run.stderr.split()) == set()


def test_the_module_runs_as_the_command():
    run = run_process("expand", "bad.yaml")

    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("bad.yaml:5:26: ")


def test_the_command_ends_with_its_exit_code(monkeypatch, capsys):
    from macro.__main__ import run

    monkeypatch.setattr(sys, "argv", ["hitcounter", "expand", "bad.yaml"])

    with pytest.raises(SystemExit) as end:
        run()

    assert end.value.code == 1
    assert capsys.readouterr().out == ""


def test_check_takes_line_ends_as_they_are(command):
    Path("crlf.yaml").write_bytes(COMPACT.replace("\n", "\r\n").encode())

    assert command("expand", "crlf.yaml", "-o", "out.yaml") == (0, "", "")
    assert command("expand", "crlf.yaml", "-o", "out.yaml", "--check") == (0, "", "")
    assert command("expand", "crlf.yaml", "-o", "out.yaml", "--diff") == (0, "", "")


def test_a_template_to_compare_with_need_not_have_the_parameters(command):
    text = (
        COMPACT.replace("Resources:", "Parameters: {G: {Type: String}}\nResources:")
        + "    Properties: {Gateway: !Ref G}\n"
    )
    Path("new.yaml").write_text(text, "utf-8")

    code, out, err = command("expand", "new.yaml", "--diff", "compact.yaml", "--parameter", "G=http")

    assert (code, err) == (0, "")
    assert "+    Type: AWS::ApiGatewayV2::Api\n" in out


def test_a_plugin_that_is_broken_is_told(command):
    Path("broken.py").write_text("def build(:\n", "utf-8")
    Path("raising.py").write_text("1 / 0\n", "utf-8")

    assert "--plugin broken.py: SyntaxError: " in command("expand", "compact.yaml", "--plugin", "broken.py")[2]
    assert "--plugin raising.py: ZeroDivisionError: " in command("expand", "compact.yaml", "--plugin", "raising.py")[2]


def test_many_problems_and_edits_take_no_more_than_their_number(command):
    counters = {f"V{n}": {"Type": "HitCounter", "Properties": {"Shards": 0}} for n in range(300)}
    Path("many.json").write_text(json.dumps({"Transform": "HitCounterMacro", "Resources": counters}, indent=2), "utf-8")
    topics = "".join(f"  T{n}:\n    Type: AWS::SNS::Topic\n    Properties: {{A: !Ref Visits}}\n" for n in range(3000))
    Path("many.yaml").write_text(f"{COMPACT}{topics}", "utf-8")

    started = time.process_time()
    assert command("expand", "many.json")[2].count("must be an integer") == 300
    assert "CloudFormation allows at most 500" in command("expand", "many.yaml")[2]
    assert time.process_time() - started < 20


def test_env_shows_what_deployment_would_do_to_a_zip(command):
    import zipfile

    with zipfile.ZipFile("code.zip", "w") as archive:
        archive.writestr(".env", "table=mine\n# kept\n")
        archive.writestr("index.py", "")

    code, out, err = command("env", "code.zip", "table=hits", "-o", "new.zip")

    assert (code, err) == (0, "")
    assert "-table=***\n+table=***\n # ***\n" in out
    assert "hits" not in out
    with zipfile.ZipFile("new.zip") as archive:
        assert archive.read(".env") == b"table=hits\n# kept\n"
    assert command("env", "gone.zip", "table=hits")[:2] == (1, "")
    assert command("env", "code.zip", "table")[:2] == (2, "")
    assert "\nexamples:\n  hitcounter env code.zip" in command("env", "--help")[1]


def test_commands_are_helped_with_in_the_order_in_which_they_are_met(command, capsys):
    code, out, _ = command("--help")

    listed = out.partition("COMMAND\n")[2].partition("\n\n")[0].splitlines()
    assert code == 0
    assert [line.split()[0] for line in listed] == COMMANDS
    assert all(len(line.split()) > 1 for line in listed)
    assert out.endswith("Exit codes: 0 fine, 1 problems found, 2 wrong usage, 130 ended by ctrl-c.\n")


@pytest.mark.parametrize("name", [each for each in COMMANDS if each != "env"])
def test_every_example_of_the_help_is_read_as_it_stands(command, name):
    code, out, _ = command(name, "--help")

    examples = [line.strip() for line in out.partition("examples:\n")[2].splitlines() if line]
    assert (code, bool(examples)) == (0, True)
    for example in examples:
        typed = re.split(r"  +", example)[0].partition("hitcounter ")[2].split()
        arguments, rest = make_parser().parse_known_args(typed)
        assert arguments.run is main.COMMANDS[name].run
        assert not rest or name == "lint"


def test_the_release_is_told(command):
    assert command("--version") == (0, f"hitcounter {own_version()}\n", "")
