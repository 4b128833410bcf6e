"""Convert each case in tests/convert: a hand-written template, and its conversion or the reasons against the conversion."""

import json
from pathlib import Path

import pytest

from macro.cli.convert.convert import convert as convert_template
from macro.cli.convert.sam import read_resources
from macro.cli.convert.service import TABLES
from macro.cli.convert.table import REPLACING, list_losses, read_plain
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
    """Convert the text in a new file named ``file``."""
    monkeypatch.chdir(tmp_path)

    def run(text, *arguments, file="before.yaml"):
        Path(file).write_text(text, "utf-8")
        return command("convert", file, *arguments)

    return run


@pytest.mark.parametrize("case", GOOD, ids=name)
def test_a_hand_written_template_becomes_a_template_with_counters(case, command, monkeypatch, update_golden):
    monkeypatch.chdir(case)

    code, out, err = command("convert", "before.yaml")

    compare(case / "notes.txt", err, update_golden)
    compare(case / "after.yaml", out, update_golden)
    assert code == 0


@pytest.mark.parametrize("case", BAD, ids=name)
def test_all_reasons_against_a_conversion_are_reported_with_their_lines(case, command, monkeypatch, update_golden):
    monkeypatch.chdir(case)

    code, out, err = command("convert", "before.yaml")

    compare(case / "notes.txt", err, update_golden)
    assert (code, out) == (1, "")


@pytest.mark.parametrize("case", GOOD, ids=name)
def test_each_table_keeps_its_logical_id_and_the_properties_that_need_a_replacement(case):
    before = read_resources(read(case / "before.yaml"))
    after = expand(read(case / "after.yaml"))["Resources"]
    tables = [key for key, each in before.items() if each["Type"] in TABLES]

    for table in tables:
        old, new = read_plain(before[table]), after[table]["Properties"]
        kept = (*REPLACING, "AttributeDefinitions")
        assert {key: old.get(key) for key in kept} == {key: new.get(key) for key in kept}
        assert (after[table]["Type"], after[table]["DeletionPolicy"]) == ("AWS::DynamoDB::Table", "Retain")
    assert tables


@pytest.mark.parametrize("case", GOOD, ids=name)
def test_no_reference_leads_to_a_removed_resource(case):
    assert find_dangling(expand(read(case / "after.yaml"))) == []


@pytest.mark.thorough
def test_cfn_lint_reports_nothing_about_the_converted_templates(command, monkeypatch):
    found = {}
    for case in GOOD:
        monkeypatch.chdir(case)
        found[case.name] = command("lint", "after.yaml", "-c", "E", "W", "-e", "-i", OPTIONAL)

    assert found == dict.fromkeys(found, (0, "", ""))


@pytest.mark.parametrize("case", GOOD, ids=name)
def test_a_converted_template_has_nothing_left_to_convert(case, command, monkeypatch):
    monkeypatch.chdir(case)

    code, out, err = command("convert", "after.yaml")

    assert (code, out) == (1, "")
    assert "can't become a counter" in err or "must contain a function" in err


def test_json_becomes_json_with_the_same_content_as_yaml(convert):
    template = parse_source("before.yaml", HAND_WRITTEN).template

    code, out, _ = convert(json.dumps(template), file="before.json")

    assert code == 0
    assert json.loads(out) == read(GOOD[[case.name for case in GOOD].index("sam_events")] / "after.yaml")


def test_the_conversion_keeps_windows_line_ends(convert):
    code, out, _ = convert(HAND_WRITTEN.replace("\n", "\r\n"))

    assert code == 0
    assert "\n" not in out.replace("\r\n", "")


def test_explain_prints_only_the_notes(convert):
    _, _, notes = convert(HAND_WRITTEN)

    assert convert(HAND_WRITTEN, "--explain") == (0, "", notes)


def test_output_writes_the_template_to_a_file(convert):
    _, text, notes = convert(HAND_WRITTEN)

    assert convert(HAND_WRITTEN, "-o", "after.yaml") == (0, "", notes)
    assert Path("after.yaml").read_text("utf-8") == text


def test_function_converts_only_the_service_with_this_function(command, monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[3] / "convert" / "two_counters")

    code, out, err = command("convert", "before.yaml", "--function", "Like")

    assert code == 0
    assert "  Likes:\n    Type: HitCounter\n" in out
    assert "  Visit:\n    Type: AWS::Serverless::Function\n" in out
    assert "Prod/visits/{name}" in out
    assert err.startswith("Likes replaces LikesTable and Like\n")


@pytest.mark.parametrize("name", ["Counter", "VisitsTable"])
def test_function_takes_only_the_logical_id_of_a_function(convert, name):
    code, out, err = convert(HAND_WRITTEN, "--function", name)

    assert (code, out) == (1, "")
    assert err == (
        f"before.yaml: --function {name}: must be the logical ID of a function in this template\n"
        "1 problem; nothing was converted\n"
    )


def test_a_wanted_function_without_a_table_is_reported_alone(convert):
    code, out, err = convert(HAND_WRITTEN, "--function", "Worker")

    assert (code, out) == (1, "")
    assert [line.partition(": ")[2] for line in err.splitlines() if line.startswith("before.yaml")] == [
        "Resources.Worker: can't become a counter, which has a table and an API: "
        "it refers to no table of this template, and no API of this template calls it"
    ]


def test_rename_changes_the_id_and_every_reference_but_nothing_else(command, monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[3] / "convert" / "other_id")

    code, out, err = command("convert", "before.yaml", "--rename", "Visits=VisitsTable")
    assert (code, out) == (0, HAND_WRITTEN)
    assert err == (
        "VisitsTable is the table Visits with another ID. Don't deploy this template: that would create an empty table.\n"
        "Instead, move the table to its new ID. FILE must be the deployed template, with only the ID changed "
        "(CloudFormation guide, 'Stack refactoring'):\n"
        "  aws cloudformation create-stack-refactor \\\n"
        "    --stack-definitions StackName=STACK,TemplateBody@=file://FILE \\\n"
        "    --resource-mappings 'Source={StackName=STACK,LogicalResourceId=Visits},"
        "Destination={StackName=STACK,LogicalResourceId=VisitsTable}'\n"
        "  aws cloudformation describe-stack-refactor --stack-refactor-id ID   (until ExecutionStatus is AVAILABLE)\n"
        "  aws cloudformation execute-stack-refactor --stack-refactor-id ID\n"
        "Because of the Transform, take the deployed template from "
        "'aws cloudformation get-template --template-stage Processed'.\n"
        "Then convert the template.\n"
    )


def test_rename_frees_the_ids_that_a_counter_needs(convert):
    case = Path(__file__).parents[3] / "convert" / "same_ids"
    text = (case / "before.yaml").read_text("utf-8")
    names = {"VisitsFunction": "HitFunction", "VisitsRole": "HitRole", "VisitsApi": "Api"}

    code, renamed, err = convert(text, *(part for pair in names.items() for part in ("--rename", "=".join(pair))))

    assert code == 0
    assert renamed == (case.parent / "rest" / "before.yaml").read_text("utf-8")
    assert err == (
        "Deploy this template, which replaces VisitsFunction by HitFunction, VisitsRole by HitRole, VisitsApi by Api. "
        "Then convert the template.\n"
        "Before you deploy, remove RoleName from HitRole: the name is already in use.\n"
    )


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("Visits", "--rename Visits: must be OLD=NEW, with two logical IDs"),
        ("Visits=My-Table", "--rename Visits=My-Table: must be OLD=NEW, with two logical IDs"),
        ("Nothing=Table", "--rename Nothing=Table: no resource has the ID Nothing"),
        ("Count=Worker", "--rename Count=Worker: a resource already has the ID Worker"),
    ],
)
def test_an_impossible_rename_is_reported(convert, given, problem):
    code, out, err = convert(HAND_WRITTEN, "--rename", given)

    assert (code, out, err) == (1, "", f"before.yaml: {problem}\n1 problem; nothing was converted\n")


UNKNOWN_FORM = (
    "refers to a stage of ServerlessRestApi in a form that can't be converted; "
    "write the URL as !Sub https://${ServerlessRestApi}.execute-api.${AWS::Region}.amazonaws.com/Prod/…"
)
CHANGES = {
    "another stage": (
        ("amazonaws.com/Prod/{name}", "amazonaws.com/Stage/{name}"),
        f"Outputs.Url.Value: {UNKNOWN_FORM}",
    ),
    "a URL of joined parts": (
        (
            '!Sub "https://${ServerlessRestApi}.execute-api.${AWS::Region}.amazonaws.com/Prod/{name}"',
            "!Join ['', ['https://', !Ref ServerlessRestApi, '.execute-api.eu-west-1.amazonaws.com/Prod']]",
        ),
        f"Outputs.Url.Value: {UNKNOWN_FORM}",
    ),
    "a URL with a variable of its own": (
        (
            '!Sub "https://${ServerlessRestApi}.execute-api.${AWS::Region}.amazonaws.com/Prod/{name}"',
            '!Sub ["https://${Id}.execute-api.eu-west-1.amazonaws.com/Prod", {Id: !Ref ServerlessRestApi}]',
        ),
        f"Outputs.Url.Value: {UNKNOWN_FORM}",
    ),
    "Globals of an API": (
        ("Resources:", "Globals: {Api: {TracingEnabled: true}}\nResources:"),
        "Globals.Api: applies to the API that SAM creates, which a counter's own API replaces; move the settings to Api",
    ),
    "an attribute that a counter doesn't have": (
        ("ROLE: !GetAtt CountRole.Arn", "ROLE: !GetAtt Count.SnapStartResponse.ApplyOn"),
        "Resources.Worker.Properties.Environment.Variables.ROLE: refers to an attribute of a replaced resource "
        "that a counter doesn't have; see 'hitcounter explain attributes'",
    ),
    "two events": (
        ("Method: get}", "Method: get}\n        Put: {Type: Api, Properties: {Path: '/{name}', Method: put}}"),
        "Resources.Count.Properties.Events.Put: is a second route to the function; "
        "a counter has one path and one method, which can be ANY",
    ),
    "another event": (
        ("Method: get}", "Method: get}\n        Daily: {Type: Schedule, Properties: {Schedule: rate(1 day)}}"),
        "Resources.Count.Properties.Events.Daily: calls the function too; "
        "only its API may call a counter: move this event to another function",
    ),
    "an event with an authorizer": (
        ("Method: get}", "Method: get, Auth: {Authorizer: AWS_IAM}}"),
        "Resources.Count.Properties.Events.Hit.Properties.Auth: isn't supported by a counter's API; "
        "first remove it, and check that the API works without it",
    ),
    "an image": (
        ("CodeUri: s3://my-code/hits.zip", "ImageUri: my-image"),
        "Resources.Count.Properties.ImageUri: must be a zip, which a counter's .env file goes into; package the function as a zip",
    ),
    "a value that .env can't hold": (
        ("TABLE_NAME: !Ref VisitsTable", "TABLE_NAME: !Ref VisitsTable\n          COLOUR: '#fff'"),
        "Resources.Count.Properties.Environment.Variables.COLOUR: in the converted template, "
        "Resources.Visits.Properties.Env.COLOUR: readers of env files disagree about a value with '#'; 'EnvEncoding: base64' carries it",
    ),
    "a role of another template": (
        ("Handler: index.proxy", "Handler: index.proxy\n      Role: arn:aws:iam::123456789012:role/mine"),
        "Resources.Count.Properties.Role: must be a role of this template, "
        "because a counter has its own role: add the role and its policies here",
    ),
    "an unknown policy template of SAM": (
        ("DynamoDBWritePolicy: {TableName: !Ref VisitsTable}", "S3ReadPolicy: {BucketName: mine}"),
        "Resources.Count.Properties.Policies: must be ARNs or policies with a Statement, got 'S3ReadPolicy'; "
        "replace it by its statements",
    ),
    "two tables": (
        (
            "TABLE_NAME: !Ref VisitsTable",
            "TABLE_NAME: !Ref VisitsTable\n          MORE: !Ref More",
            "Resources:",
            "Resources:\n  More: {Type: AWS::Serverless::SimpleTable}",
        ),
        "Resources.Count: uses the tables VisitsTable and More; a counter has one table: "
        "move the rest to another function",
    ),
    "an ID that is already used": (
        ("Resources:", "Resources:\n  VisitsRole: {Type: AWS::SNS::Topic}"),
        "Resources.Count: in the converted template, Resources.Visits: makes the resource VisitsRole, "
        "but the template has that logical id already; rename one of the two",
    ),
    "a counter's ID that is already used": (
        ("Resources:", "Resources:\n  Visits: {Type: AWS::SNS::Topic}"),
        "Resources.VisitsTable: becomes the counter Visits, but another resource has this ID; first rename that resource",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_each_reason_states_the_place_the_problem_and_the_remedy(convert, change):
    exchanged, problem = CHANGES[change]
    text = HAND_WRITTEN
    for old, new in zip(exchanged[::2], exchanged[1::2], strict=True):
        assert old in text
        text = text.replace(old, new, 1)

    code, out, err = convert(text)

    assert (code, out) == (1, "")
    assert [line.partition(": ")[2] for line in err.splitlines() if line.startswith("before.yaml")] == [problem]


FURTHER = {
    "a global table": (
        "sam_events",
        ("AWS::Serverless::SimpleTable", "AWS::DynamoDB::GlobalTable"),
        "Resources.VisitsTable.Type: must be AWS::DynamoDB::Table, the type of a counter's table",
    ),
    "an API with an OpenAPI document": (
        "rest",
        ("      Name: visits\n", "      Name: visits\n      Body: {}\n"),
        "Resources.Api: must have no OpenAPI document, because a counter's API has none; "
        "first move the counter's path out of it",
    ),
    "an API of another template": (
        "rest",
        ("      RestApiId: !Ref Api\n      ResourceId", "      RestApiId: abc\n      ResourceId"),
        "Resources.Get.Properties.RestApiId: must be !Ref of a REST API in this template; "
        "for an API of another template, see Api in the README",
    ),
    "an HTTP API of another template": (
        "http",
        ("      ApiId: !Ref Api\n      IntegrationType", "      ApiId: abc\n      IntegrationType"),
        "Resources.Call.Properties.ApiId: must be !Ref of an HTTP API in this template; "
        "for an API of another template, see Api in the README",
    ),
    "a second stage": (
        "rest",
        ("  Permission:", "  Test: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref Api}}\n  Permission:"),
        "Resources.Test: is a second stage of Api; each stage of a counter has its own table: "
        "remove it, and see Stages in the README",
    ),
    "a stage in a deployment": (
        "rest",
        ("    Properties: {RestApiId: !Ref Api}\n  Stage", "    Properties: {RestApiId: !Ref Api, StageDescription: {}}\n  Stage"),
        "Resources.Deployment.Properties.StageDescription: "
        "must be a separate resource of the type AWS::ApiGateway::Stage",
    ),
    "a second stage of an HTTP API": (
        "http",
        ("  Leave:", "  Test: {Type: AWS::ApiGatewayV2::Stage, Condition: ChangeSetRequest, Properties: {ApiId: !Ref Api}}\n  Leave:"),
        "Resources.Test: is a second stage of Api; each stage of a counter has its own table: "
        "remove it, and see Stages in the README",
    ),
    "an older payload format": (
        "http",
        ('PayloadFormatVersion: "2.0"', 'PayloadFormatVersion: "1.0"'),
        "Resources.Call.Properties.PayloadFormatVersion: "
        "must be 2.0, the format of the events from a counter's HTTP API",
    ),
    "an HTTP API by quick create": (
        "http",
        ("ProtocolType: HTTP,", "ProtocolType: HTTP, RouteKey: GET /,"),
        "Resources.Api.Properties.RouteKey: must be separate resources: "
        "an AWS::ApiGatewayV2::Route and an AWS::ApiGatewayV2::Integration",
    ),
    "a route with an authorizer": (
        "http",
        ("ApiId: !Ref Api, RouteKey", "ApiId: !Ref Api, AuthorizationType: AWS_IAM, RouteKey"),
        "Resources.Route.Properties.AuthorizationType: must be NONE: a counter's URL is public; "
        "keep a route with access control outside of the counter",
    ),
    "a policy of two roles": (
        "http",
        ("Roles: [!Ref HitRole]", "Roles: [!Ref HitRole, other]"),
        "Resources.HitPolicy.Properties.Roles: is attached to 2 roles; a counter has its own role: "
        "give each role its own policy",
    ),
    "tags that can't be read": (
        "http",
        ("Environment: {Variables: {table: !Ref VisitsTable, GREETING: hello}}\n      Tags: [{Key: team, Value: web}]",
         "Environment: {Variables: {table: !Ref VisitsTable, GREETING: hello}}\n      Tags: [team]"),
        "Resources.HitFunction.Properties.Tags: must be a list of maps with a Key and a Value",
    ),
    "an unknown property of a role": (
        "rest",
        ("RoleName: visits-counter", "Owner: me"),
        "Resources.HitRole.Properties.Owner: isn't supported by a counter's role; remove it first",
    ),
    "signed code": (
        "rest",
        ("MemorySize: 512", "CodeSigningConfigArn: arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-1"),
        "Resources.HitFunction.Properties.CodeSigningConfigArn: must be removed: "
        "the counter's .env file changes the signed zip, and Lambda refuses changed code",
    ),
    "code from an intrinsic function": (
        "rest",
        ("Code: {S3Bucket: my-code, S3Key: hits.zip}", "Code: !If [A, b, c]"),
        "Resources.HitFunction.Properties.Code: must be a location in S3, or a local folder, zip or file, got Fn::If",
    ),
    "no code": (
        "rest",
        ("Code: {S3Bucket: my-code, S3Key: hits.zip}", "Code: {}"),
        "Resources.HitFunction.Properties.Code: must be a location in S3, or a local folder, zip or file, got a map",
    ),
    "a method with an API key": (
        "rest",
        ("AuthorizationType: NONE", "ApiKeyRequired: true"),
        "Resources.Get.Properties.ApiKeyRequired: must be false: a counter's URL is public; "
        "keep a route with access control outside of the counter",
    ),
    "an environment from an intrinsic function": (
        "sam_events",
        ("TABLE_NAME: !Ref VisitsTable", "Fn::If: [A, {T: !Ref VisitsTable}, {}]"),
        "Resources.Count.Properties.Environment: must have a literal map of Variables, "
        "because each variable becomes a line of .env",
    ),
    "an event without a path": (
        "sam_events",
        ('Path: "/{name}", ', ""),
        "Resources.Count.Properties.Events.Hit: must have a Path and a Method, both as text",
    ),
    "an event of an API in another template": (
        "sam_events",
        ("Method: get", "Method: get, RestApiId: abc"),
        "Resources.Count.Properties.Events.Hit.Properties.RestApiId: must be !Ref of an API in this template, got 'abc'",
    ),
    "an event with an older payload format": (
        "sam_globals",
        ("ApiId: !Ref Gateway", 'ApiId: !Ref Gateway, PayloadFormatVersion: "1.0"'),
        "Resources.Visits.Properties.Events.Hit.Properties.PayloadFormatVersion: "
        "must be 2.0, the format of the events from a counter's HTTP API",
    ),
    "CORS for all origins": (
        "sam_globals",
        ("{StageName: v1}", "{StageName: v1, CorsConfiguration: true}"),
        "Resources.Gateway.Properties.CorsConfiguration: "
        "must be a map, such as {AllowOrigins: ['*']}",
    ),
    "an API of two functions": (
        "sam_globals",
        ("  Gateway:\n", "  More: {Type: AWS::Serverless::Function, Properties: {Events: "
         "{A: {Type: HttpApi, Properties: {ApiId: !Ref Gateway}}}}}\n  Gateway:\n"),
        "Resources.Gateway: is shared by Visits and More; a counter has its own API: "
        "give each of the two its own API",
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", FURTHER)
def test_unsupported_settings_of_each_kind_of_api_are_reported(convert, change):
    case, (old, new), problem = FURTHER[change]
    text = (Path(__file__).parents[3] / "convert" / case / "before.yaml").read_text("utf-8")
    assert old in text

    code, out, err = convert(text.replace(old, new, 1))

    assert (code, out) == (1, "")
    assert problem in [line.partition(": ")[2] for line in err.splitlines() if line.startswith("before.yaml")]


def test_an_integration_without_a_route_is_reported(convert):
    text = (Path(__file__).parents[3] / "convert" / "http" / "before.yaml").read_text("utf-8")

    code, _, err = convert(text.replace("integrations/${Call}", "integrations/abc"))

    assert code == 1
    assert (
        "Resources.Call: must have one route, got none; a counter has one path and one method, which can be ANY\n"
        in err
    )


def test_a_template_without_resources_is_reported(convert):
    assert convert("Resources: []\n") == (
        1,
        "",
        "before.yaml:1:1: Resources: must be a map of resources\n    1 | Resources: []\n      | ^\n"
        "1 problem; nothing was converted\n",
    )


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ({"Type": "AWS::SNS::Topic"}, ["VisitsTable is no longer an AWS::DynamoDB::Table"]),
        ({"DeletionPolicy": "Delete"}, ["VisitsTable.DeletionPolicy is Delete, not Retain"]),
        ({"TableName": "other"}, ["VisitsTable.TableName changes, which replaces the table"]),
        ({"KeySchema": []}, ["VisitsTable.KeySchema changes, which replaces the table"]),
        (
            {"AttributeDefinitions": []},
            ["VisitsTable.AttributeDefinitions change, which replaces the table or an index"],
        ),
    ],
)
def test_the_losses_of_a_table_are_found_in_the_expanded_template(change, lost):
    case = Path(__file__).parents[3] / "convert" / "rest"
    before = read_resources(read(case / "before.yaml"))["VisitsTable"]
    table = expand(read(case / "after.yaml"))["Resources"]["VisitsTable"]
    properties = {name: value for name, value in change.items() if name in table["Properties"]}
    attributes = {name: value for name, value in change.items() if name not in properties}

    table = {**table, **attributes, "Properties": {**table["Properties"], **properties}}

    assert list_losses("VisitsTable", before, {"Resources": {"VisitsTable": table}}) == lost


def test_no_problem_shows_a_value_of_the_environment(convert):
    code, _, err = convert(HAND_WRITTEN.replace("TABLE_NAME: !Ref", "my-key: hunter2\n          TABLE_NAME: !Ref"))

    assert code == 1
    assert "hunter2" not in err


def test_a_reference_to_a_removed_api_of_two_functions_is_reported(command, tmp_path):
    text = (Path(__file__).parents[3] / "convert" / "two_counters" / "before.yaml").read_text("utf-8")
    (tmp_path / "before.yaml").write_text(f"{text}  Api: {{Value: !Ref ServerlessRestApi}}\n", "utf-8")

    code, out, err = command("convert", tmp_path / "before.yaml")

    assert (code, out) == (1, "")
    assert "Outputs.Api.Value: refers to an attribute of a replaced resource that a counter doesn't have" in err


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
def test_any_value_at_any_place_is_converted_or_reported(case):
    template = read(case / "before.yaml")
    places = [path for path in list_places(template) if len(path) > 2]

    for number, path in enumerate(places):
        try:
            converted = convert_template(put(template, path, ODD[number % len(ODD)])).template
        except MacroError as error:
            assert error.problems
        else:
            assert [each["Type"] for each in converted["Resources"].values()].count("HitCounter")
