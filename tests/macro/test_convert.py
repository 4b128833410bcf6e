"""Every case in tests/convert: a template written by hand, and the one with counters that it becomes, or why it doesn't."""

import json
from pathlib import Path

import pytest

from macro.expand import expand
from macro.local.convert_sam import read_resources
from macro.local.convert_service import TABLES
from macro.local.convert_table import REPLACING, read_plain
from macro.local.files import parse_source
from tests.plain import find_dangling

CASES = sorted((Path(__file__).parents[1] / "convert").iterdir())
GOOD = [case for case in CASES if (case / "after.yaml").exists()]
BAD = [case for case in CASES if case not in GOOD]
OPTIONAL = "I4010"
HAND_WRITTEN = (Path(__file__).parents[1] / "convert" / "sam_events" / "before.yaml").read_text("utf-8")


def name(case):
    return case.name


def read(path):
    return parse_source(path.name, path.read_text("utf-8")).template


def compare(path, text, update_golden):
    if update_golden:
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


@pytest.fixture
def convert(command, tmp_path, monkeypatch):
    """Convert a text in a file of that name; without one, that of the case with SAM's events."""
    monkeypatch.chdir(tmp_path)

    def run(text, *arguments, file="before.yaml"):
        Path(file).write_text(text, "utf-8")
        return command("convert", file, *arguments)

    return run


@pytest.mark.parametrize("case", GOOD, ids=name)
def test_what_is_written_by_hand_becomes_a_counter(case, command, monkeypatch, update_golden):
    monkeypatch.chdir(case)

    code, out, err = command("convert", "before.yaml")

    compare(case / "notes.txt", err, update_golden)
    compare(case / "after.yaml", out, update_golden)
    assert code == 0


@pytest.mark.parametrize("case", BAD, ids=name)
def test_all_reasons_not_to_convert_are_told_at_their_lines(case, command, monkeypatch, update_golden):
    monkeypatch.chdir(case)

    code, out, err = command("convert", "before.yaml")

    compare(case / "notes.txt", err, update_golden)
    assert (code, out) == (1, "")


@pytest.mark.parametrize("case", GOOD, ids=name)
def test_each_table_keeps_its_id_and_all_whose_change_would_replace_it(case):
    before = read_resources(read(case / "before.yaml"))
    after = expand(read(case / "after.yaml"))["Resources"]
    tables = [key for key, each in before.items() if each["Type"] in TABLES]

    for table in tables:
        was, now = read_plain(before[table]), after[table]["Properties"]
        kept = (*REPLACING, "AttributeDefinitions")
        assert {key: was.get(key) for key in kept} == {key: now.get(key) for key in kept}
        assert (after[table]["Type"], after[table]["DeletionPolicy"]) == ("AWS::DynamoDB::Table", "Retain")
    assert tables


@pytest.mark.parametrize("case", GOOD, ids=name)
def test_no_reference_leads_to_what_is_gone(case):
    assert find_dangling(expand(read(case / "after.yaml"))) == []


def test_cfn_lint_finds_nothing_in_the_converted_templates(command, monkeypatch):
    found = {}
    for case in GOOD:
        monkeypatch.chdir(case)
        found[case.name] = command("lint", "after.yaml", "-c", "E", "W", "-e", "-i", OPTIONAL)

    assert found == dict.fromkeys(found, (0, "", ""))


@pytest.mark.parametrize("case", GOOD, ids=name)
def test_what_is_converted_has_nothing_left_to_convert(case, command, monkeypatch):
    monkeypatch.chdir(case)

    code, out, err = command("convert", "after.yaml")

    assert (code, out) == (1, "")
    assert "lacks" in err or "hold no function" in err


def test_json_becomes_json_that_says_the_same(convert):
    template = parse_source("before.yaml", HAND_WRITTEN).template

    code, out, _ = convert(json.dumps(template), file="before.json")

    assert code == 0
    assert json.loads(out) == read(GOOD[[case.name for case in GOOD].index("sam_events")] / "after.yaml")


def test_windows_line_ends_stay(convert):
    code, out, _ = convert(HAND_WRITTEN.replace("\n", "\r\n"))

    assert code == 0
    assert "\n" not in out.replace("\r\n", "")


def test_explaining_writes_nothing(convert):
    _, _, notes = convert(HAND_WRITTEN)

    assert convert(HAND_WRITTEN, "--explain") == (0, "", notes)


def test_the_template_goes_into_a_file(convert):
    _, text, notes = convert(HAND_WRITTEN)

    assert convert(HAND_WRITTEN, "-o", "after.yaml") == (0, "", notes)
    assert Path("after.yaml").read_text("utf-8") == text


def test_one_of_two_services_is_converted_where_it_is_named(command, monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[1] / "convert" / "two_counters")

    code, out, err = command("convert", "before.yaml", "--function", "Like")

    assert code == 0
    assert "  Likes:\n    Type: HitCounter\n" in out
    assert "  Visit:\n    Type: AWS::Serverless::Function\n" in out
    assert "Prod/visits/{name}" in out
    assert err.startswith("Likes takes the place of LikesTable and Like\n")


def test_a_function_that_is_not_there_is_told(convert):
    code, out, err = convert(HAND_WRITTEN, "--function", "Counter")

    assert (code, out) == (1, "")
    assert err == "before.yaml: --function Counter: no such function\n1 problem; nothing was converted\n"


def test_an_id_is_given_in_every_reference_and_nowhere_else(command, monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[1] / "convert" / "other_id")

    code, out, err = command("convert", "before.yaml", "--rename", "Visits=VisitsTable")
    assert (code, out) == (0, HAND_WRITTEN)
    assert err == (
        "VisitsTable is the table Visits under another id. Don't deploy this as it is: that makes an empty table.\n"
        "Move the id instead, in a template that is otherwise what is deployed "
        "(CloudFormation guide, 'Stack refactoring'):\n"
        "  aws cloudformation create-stack-refactor \\\n"
        "    --stack-definitions StackName=STACK,TemplateBody@=file://FILE \\\n"
        "    --resource-mappings 'Source={StackName=STACK,LogicalResourceId=Visits},"
        "Destination={StackName=STACK,LogicalResourceId=VisitsTable}'\n"
        "  aws cloudformation describe-stack-refactor --stack-refactor-id ID\n"
        "  aws cloudformation execute-stack-refactor --stack-refactor-id ID\n"
        "With a Transform, that file is what 'aws cloudformation get-template --template-stage Processed' gives, "
        "with the id changed alike.\n"
        "then convert it\n"
    )


def test_what_stands_in_the_way_is_renamed(convert):
    case = Path(__file__).parents[1] / "convert" / "same_ids"
    text = (case / "before.yaml").read_text("utf-8")
    names = {"VisitsFunction": "HitFunction", "VisitsRole": "HitRole", "VisitsApi": "Api"}

    code, renamed, err = convert(text, *(part for pair in names.items() for part in ("--rename", "=".join(pair))))

    assert code == 0
    assert renamed == (case.parent / "rest" / "before.yaml").read_text("utf-8")
    assert err == (
        "deploy this, which makes VisitsFunction as HitFunction, VisitsRole as HitRole, VisitsApi as Api before the old "
        "one goes; then convert it\nHitRole has to be without its RoleName, which can't be there twice\n"
    )


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("Visits", "--rename Visits: must be OLD=NEW, two logical ids"),
        ("Visits=My-Table", "--rename Visits=My-Table: must be OLD=NEW, two logical ids"),
        ("Nothing=Table", "--rename Nothing=Table: no resource Nothing"),
        ("Count=Worker", "--rename Count=Worker: there is a Worker already"),
    ],
)
def test_a_renaming_that_can_not_be_is_told(convert, given, problem):
    code, out, err = convert(HAND_WRITTEN, "--rename", given)

    assert (code, out, err) == (1, "", f"before.yaml: {problem}\n1 problem; nothing was converted\n")


CHANGES = {
    "another stage": (
        ("amazonaws.com/Prod/{name}", "amazonaws.com/Stage/{name}"),
        "Outputs.Url.Value: is a URL of another stage than 'Prod', which is the one that there is",
    ),
    "a URL of joined parts": (
        (
            '!Sub "https://${ServerlessRestApi}.execute-api.${AWS::Region}.amazonaws.com/Prod/{name}"',
            "!Join ['', ['https://', !Ref ServerlessRestApi, '.execute-api.eu-west-1.amazonaws.com/Prod']]",
        ),
        "Outputs.Url.Value: puts a URL together with Fn::Join; write it with Fn::Sub, whose stage can be followed",
    ),
    "an attribute that no counter has": (
        ("ROLE: !GetAtt CountRole.Arn", "ROLE: !GetAtt Count.SnapStartResponse.ApplyOn"),
        "Resources.Worker.Properties.Environment.Variables.ROLE: refers to what a counter takes the place of by an "
        "attribute that it has none for; see 'hitcounter explain attributes'",
    ),
    "two events": (
        ("Method: get}", "Method: get}\n        Put: {Type: Api, Properties: {Path: '/{name}', Method: put}}"),
        "Resources.Count.Properties.Events.Put: calls the function a second time; "
        "a counter has one path and one method (which may be ANY)",
    ),
    "another event": (
        ("Method: get}", "Method: get}\n        Daily: {Type: Schedule, Properties: {Schedule: rate(1 day)}}"),
        "Resources.Count.Properties.Events.Daily: calls the function, too; "
        "a counter is called by its API alone: give that a function of its own",
    ),
    "an event that asks who it is": (
        ("Method: get}", "Method: get, Auth: {Authorizer: AWS_IAM}}"),
        "Resources.Count.Properties.Events.Hit.Properties.Auth: a counter's API has no place for that; "
        "remove it first, and see that the API does without",
    ),
    "an image": (
        ("CodeUri: s3://my-code/hits.zip", "ImageUri: my-image"),
        "Resources.Count.Properties.ImageUri: is an image, and a counter's .env stands in a zip: package the function as one",
    ),
    "a value that no .env carries": (
        ("TABLE_NAME: !Ref VisitsTable", "TABLE_NAME: !Ref VisitsTable\n          COLOUR: '#fff'"),
        "Resources.Count.Properties.Environment.Variables.COLOUR: as a counter, Properties.Env.COLOUR: readers of env "
        "files disagree about a value with '#'; 'EnvEncoding: base64' carries it",
    ),
    "a role from outside": (
        ("Handler: index.proxy", "Handler: index.proxy\n      Role: arn:aws:iam::123456789012:role/mine"),
        "Resources.Count.Properties.Role: stands outside of this template; a counter's role is its own: "
        "bring the role and its policies here",
    ),
    "a policy of SAM's": (
        ("DynamoDBWritePolicy: {TableName: !Ref VisitsTable}", "S3ReadPolicy: {BucketName: mine}"),
        "Resources.Count.Properties.Policies: must be an ARN or a policy with a Statement, got 'S3ReadPolicy': "
        "write out what it allows",
    ),
    "two tables": (
        (
            "TABLE_NAME: !Ref VisitsTable",
            "TABLE_NAME: !Ref VisitsTable\n          MORE: !Ref More",
            "Resources:",
            "Resources:\n  More: {Type: AWS::Serverless::SimpleTable}",
        ),
        "Resources.Count: uses the tables VisitsTable and More; a counter has one: "
        "give the others to a function of their own",
    ),
    "an id that is taken": (
        ("Resources:", "Resources:\n  VisitsRole: {Type: AWS::SNS::Topic}"),
        "Resources.Count: as a counter, it: becomes VisitsRole among others, but the id is taken by "
        "Resources.VisitsRole; rename one of the two",
    ),
    "a counter that is there": (
        ("Resources:", "Resources:\n  Visits: {Type: AWS::SNS::Topic}"),
        "Resources.VisitsTable: makes this the counter Visits, but another resource has that id; rename that resource first",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_each_reason_says_what_would_be_right(convert, change):
    exchanged, problem = CHANGES[change]
    text = HAND_WRITTEN
    for old, new in zip(exchanged[::2], exchanged[1::2], strict=True):
        assert old in text
        text = text.replace(old, new, 1)

    code, out, err = convert(text)

    assert (code, out) == (1, "")
    assert [line.partition(": ")[2] for line in err.splitlines() if line.startswith("before.yaml")] == [problem]


def test_no_value_of_the_environment_is_shown_with_a_problem(convert):
    code, _, err = convert(HAND_WRITTEN.replace("TABLE_NAME: !Ref", "my-key: hunter2\n          TABLE_NAME: !Ref"))

    assert code == 1
    assert "hunter2" not in err
