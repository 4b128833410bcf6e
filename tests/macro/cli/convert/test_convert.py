"""Every case in tests/convert: a template written by hand, and the one with counters that it becomes, or why it doesn't."""

import json
from pathlib import Path

import pytest

from macro.cli.convert.convert import convert as convert_template
from macro.cli.convert.sam import read_resources
from macro.cli.convert.service import TABLES
from macro.cli.convert.table import REPLACING, check_kept, read_plain
from macro.cli.text.files import parse_source
from macro.errors import MacroError
from macro.expand import expand
from tests.support.plain import find_dangling

CASES = sorted((Path(__file__).parents[3] / "convert").iterdir())
GOOD = [case for case in CASES if (case / "after.yaml").exists()]
BAD = [case for case in CASES if case not in GOOD]
OPTIONAL = "I4010"
HAND_WRITTEN = (Path(__file__).parents[3] / "convert" / "sam_events" / "before.yaml").read_text("utf-8")


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


@pytest.mark.thorough
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
    monkeypatch.chdir(Path(__file__).parents[3] / "convert" / "two_counters")

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
    monkeypatch.chdir(Path(__file__).parents[3] / "convert" / "other_id")

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
        "  aws cloudformation describe-stack-refactor --stack-refactor-id ID   (until ExecutionStatus is AVAILABLE)\n"
        "  aws cloudformation execute-stack-refactor --stack-refactor-id ID\n"
        "With a Transform, that file is what 'aws cloudformation get-template --template-stage Processed' gives, "
        "with the id changed alike.\n"
        "then convert it\n"
    )


def test_what_stands_in_the_way_is_renamed(convert):
    case = Path(__file__).parents[3] / "convert" / "same_ids"
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


UNFOLLOWED = (
    "names ServerlessRestApi with a stage that can't be followed; "
    "write it as !Sub https://${ServerlessRestApi}.execute-api.${AWS::Region}.amazonaws.com/Prod/…"
)
CHANGES = {
    "another stage": (
        ("amazonaws.com/Prod/{name}", "amazonaws.com/Stage/{name}"),
        f"Outputs.Url.Value: {UNFOLLOWED}",
    ),
    "a URL of joined parts": (
        (
            '!Sub "https://${ServerlessRestApi}.execute-api.${AWS::Region}.amazonaws.com/Prod/{name}"',
            "!Join ['', ['https://', !Ref ServerlessRestApi, '.execute-api.eu-west-1.amazonaws.com/Prod']]",
        ),
        f"Outputs.Url.Value: {UNFOLLOWED}",
    ),
    "a URL with a variable of its own": (
        (
            '!Sub "https://${ServerlessRestApi}.execute-api.${AWS::Region}.amazonaws.com/Prod/{name}"',
            '!Sub ["https://${Id}.execute-api.eu-west-1.amazonaws.com/Prod", {Id: !Ref ServerlessRestApi}]',
        ),
        f"Outputs.Url.Value: {UNFOLLOWED}",
    ),
    "what Globals says of an API": (
        ("Resources:", "Globals: {Api: {TracingEnabled: true}}\nResources:"),
        "Globals.Api: is said of the API that SAM makes, and a counter has its own; remove it here, and add it to Api",
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


FURTHER = {
    "a table of many regions": (
        "sam_events",
        ("AWS::Serverless::SimpleTable", "AWS::DynamoDB::GlobalTable"),
        "Resources.VisitsTable.Type: must be AWS::DynamoDB::Table, which is what a counter makes",
    ),
    "an API by OpenAPI": (
        "rest",
        ("      Name: visits\n", "      Name: visits\n      Body: {}\n"),
        "Resources.Api: is described by an OpenAPI document; a counter's is not: take the counter's path out of it first",
    ),
    "an API from outside": (
        "rest",
        ("      RestApiId: !Ref Api\n      ResourceId", "      RestApiId: abc\n      ResourceId"),
        "Resources.Get.Properties.RestApiId: must be !Ref to an API of this template; "
        "one from outside stays where it is: see Api in the README",
    ),
    "an HTTP API from outside": (
        "http",
        ("      ApiId: !Ref Api\n      IntegrationType", "      ApiId: abc\n      IntegrationType"),
        "Resources.Call.Properties.ApiId: must be !Ref to an HTTP API of this template; "
        "one from outside stays where it is: see Api in the README",
    ),
    "a second stage": (
        "rest",
        ("  Permission:", "  Test: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref Api}}\n  Permission:"),
        "Resources.Test: is a second stage of Api; a counter's stages have a table each: see Stages, and remove one here",
    ),
    "a stage within a deployment": (
        "rest",
        ("    Properties: {RestApiId: !Ref Api}\n  Stage", "    Properties: {RestApiId: !Ref Api, StageDescription: {}}\n  Stage"),
        "Resources.Deployment.Properties.StageDescription: "
        "must be the properties of an AWS::ApiGateway::Stage of its own",
    ),
    "a second stage of an HTTP API": (
        "http",
        ("  Leave:", "  Test: {Type: AWS::ApiGatewayV2::Stage, Condition: Wanted, Properties: {ApiId: !Ref Api}}\n  Leave:"),
        "Resources.Test: is a second stage of Api; a counter's stages have a table each: see Stages, and remove one here",
    ),
    "an older event": (
        "http",
        ('PayloadFormatVersion: "2.0"', 'PayloadFormatVersion: "1.0"'),
        "Resources.Call.Properties.PayloadFormatVersion: "
        "must be 2.0, which is what a counter's HTTP API hands to its function",
    ),
    "an HTTP API that calls the function itself": (
        "http",
        ("ProtocolType: HTTP,", "ProtocolType: HTTP, RouteKey: GET /,"),
        "Resources.Api.Properties.RouteKey: must be a route and an integration of their own, as a counter has them",
    ),
    "a route that asks who it is": (
        "http",
        ("ApiId: !Ref Api, RouteKey", "ApiId: !Ref Api, AuthorizationType: AWS_IAM, RouteKey"),
        "Resources.Route.Properties.AuthorizationType: a counter's URL is open to all; "
        "one that asks who you are stays a route of your own",
    ),
    "a policy of two roles": (
        "http",
        ("Roles: [!Ref HitRole]", "Roles: [!Ref HitRole, other]"),
        "Resources.HitPolicy.Properties.Roles: is attached to 2 roles; a counter's policy is its own role's: split it",
    ),
    "tags that can't be read": (
        "http",
        ("Environment: {Variables: {table: !Ref VisitsTable, GREETING: hello}}\n      Tags: [{Key: team, Value: web}]",
         "Environment: {Variables: {table: !Ref VisitsTable, GREETING: hello}}\n      Tags: [team]"),
        "Resources.HitFunction.Properties.Tags: must be a list of maps with a Key and a Value",
    ),
    "a role's property of its own": (
        "rest",
        ("RoleName: visits-counter", "Owner: me"),
        "Resources.HitRole.Properties.Owner: a counter's role has none; remove it first",
    ),
    "signed code": (
        "rest",
        ("MemorySize: 512", "CodeSigningConfigArn: arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-1"),
        "Resources.HitFunction.Properties.CodeSigningConfigArn: refuses code whose .env was rewritten: remove it",
    ),
    "code that is decided later": (
        "rest",
        ("Code: {S3Bucket: my-code, S3Key: hits.zip}", "Code: !If [A, b, c]"),
        "Resources.HitFunction.Properties.Code: must be a place in S3, or a local folder, zip or file, got Fn::If",
    ),
    "an environment that is decided later": (
        "sam_events",
        ("TABLE_NAME: !Ref VisitsTable", "Fn::If: [A, {T: !Ref VisitsTable}, {}]"),
        "Resources.Count.Properties.Environment: must be a map of Variables, so that each can go into .env",
    ),
    "an event without a path": (
        "sam_events",
        ('Path: "/{name}", ', ""),
        "Resources.Count.Properties.Events.Hit: needs a Path and a Method as texts; a counter has one of each",
    ),
    "an event of an API from outside": (
        "sam_events",
        ("Method: get", "Method: get, RestApiId: abc"),
        "Resources.Count.Properties.Events.Hit.Properties.RestApiId: must be !Ref to an API of this template, got 'abc'",
    ),
    "an older event of SAM's": (
        "sam_globals",
        ("ApiId: !Ref Gateway", 'ApiId: !Ref Gateway, PayloadFormatVersion: "1.0"'),
        "Resources.Visits.Properties.Events.Hit.Properties.PayloadFormatVersion: "
        "must be 2.0, which is what a counter's HTTP API hands to its function",
    ),
    "other origins, all of them": (
        "sam_globals",
        ("{StageName: v1}", "{StageName: v1, CorsConfiguration: true}"),
        "Resources.Gateway.Properties.CorsConfiguration: "
        "must be a map of what is allowed, as a counter's Api takes it",
    ),
    "an API of two functions": (
        "sam_globals",
        ("  Gateway:\n", "  More: {Type: AWS::Serverless::Function, Properties: {Events: "
         "{A: {Type: HttpApi, Properties: {ApiId: !Ref Gateway}}}}}\n  Gateway:\n"),
        "Resources.Gateway: is shared by Visits and More; a counter's API is its own: give the two an API each",
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", FURTHER)
def test_what_a_counter_has_not_is_told_of_each_kind_of_api(convert, change):
    case, (old, new), problem = FURTHER[change]
    text = (Path(__file__).parents[3] / "convert" / case / "before.yaml").read_text("utf-8")
    assert old in text

    code, out, err = convert(text.replace(old, new, 1))

    assert (code, out) == (1, "")
    assert problem in [line.partition(": ")[2] for line in err.splitlines() if line.startswith("before.yaml")]


def test_an_integration_without_a_route_is_told(convert):
    text = (Path(__file__).parents[3] / "convert" / "http" / "before.yaml").read_text("utf-8")

    code, _, err = convert(text.replace("integrations/${Call}", "integrations/abc"))

    assert code == 1
    assert "Resources.Call: has no routes; a counter has one path and one method (which may be ANY)\n" in err


def test_a_template_without_resources_is_told(convert):
    assert convert("Resources: []\n") == (
        1,
        "",
        "before.yaml:1:1: Resources: must be a map of resources\n    1 | Resources: []\n      | ^\n"
        "1 problem; nothing was converted\n",
    )


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ({"Type": "AWS::SNS::Topic"}, ["VisitsTable is no AWS::DynamoDB::Table any more"]),
        ({"DeletionPolicy": "Delete"}, ["VisitsTable.DeletionPolicy is Delete, not Retain"]),
        ({"TableName": "other"}, ["VisitsTable.TableName changes, which replaces the table"]),
        ({"KeySchema": []}, ["VisitsTable.KeySchema changes, which replaces the table"]),
        (
            {"AttributeDefinitions": []},
            ["VisitsTable.AttributeDefinitions change, which replaces the table or an index"],
        ),
    ],
)
def test_what_a_table_would_lose_is_found_in_what_is_deployed(change, lost):
    case = Path(__file__).parents[3] / "convert" / "rest"
    before = read_resources(read(case / "before.yaml"))["VisitsTable"]
    table = expand(read(case / "after.yaml"))["Resources"]["VisitsTable"]
    properties = {name: value for name, value in change.items() if name in table["Properties"]}
    attributes = {name: value for name, value in change.items() if name not in properties}

    table = {**table, **attributes, "Properties": {**table["Properties"], **properties}}

    assert check_kept("VisitsTable", before, {"Resources": {"VisitsTable": table}}) == lost


def test_no_value_of_the_environment_is_shown_with_a_problem(convert):
    code, _, err = convert(HAND_WRITTEN.replace("TABLE_NAME: !Ref", "my-key: hunter2\n          TABLE_NAME: !Ref"))

    assert code == 1
    assert "hunter2" not in err


def test_a_reference_to_an_api_that_goes_with_both_of_its_functions_is_told(command, tmp_path):
    text = (Path(__file__).parents[3] / "convert" / "two_counters" / "before.yaml").read_text("utf-8")
    (tmp_path / "before.yaml").write_text(f"{text}  Api: {{Value: !Ref ServerlessRestApi}}\n", "utf-8")

    code, out, err = command("convert", tmp_path / "before.yaml")

    assert (code, out) == (1, "")
    assert "Outputs.Api.Value: refers to what a counter takes the place of by an attribute that it has none for" in err


def list_places(node, path=()):
    yield path
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from list_places(value, (*path, key))


def put(node, path, value):
    if not path:
        return value
    changed = node.copy()
    changed[path[0]] = put(node[path[0]], path[1:], value)
    return changed


ODD = (None, [], {}, "x", 3, ["a"], [{}], [None], {"Ref": "Visits"}, {"Fn::If": ["A", "b", "c"]})


@pytest.mark.parametrize("case", CASES, ids=name)
def test_whatever_stands_in_a_template_is_converted_or_told(case):
    template = read(case / "before.yaml")
    places = [path for path in list_places(template) if len(path) > 2]

    for number, path in enumerate(places):
        try:
            converted = convert_template(put(template, path, ODD[number % len(ODD)])).template
        except MacroError as error:
            assert error.problems
        else:
            assert [each["Type"] for each in converted["Resources"].values()].count("HitCounter")
