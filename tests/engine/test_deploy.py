"""What a deployment says, asks and leaves, whether it is carried out or not."""

import json
import os

import pytest

from macro.local.cloud.installation import own_version
from tests.deploying import SAMPLES, counters, hit, new_name, new_suffix, write, write_handler

NO_MACROS = "the engine at {url} runs no macros; its function is called and the result deployed\n"


@pytest.fixture
def terminal():
    """A terminal as stdin, on which this was typed."""
    opened = []

    def type_in(text):
        own, theirs = os.openpty()
        opened.append(own)
        os.write(own, text.encode())
        return os.fdopen(theirs, "r")

    yield type_in
    for descriptor in opened:
        os.close(descriptor)


@pytest.fixture
def stack():
    return new_name()


def deploy(cloud, template, stack, *arguments, stdin=None):
    return cloud.run("deploy", template, "--stack-name", stack, *arguments, stdin=stdin)


def change_sets(cloud, stack):
    """Those that were not carried out."""
    found = cloud.client("cloudformation").list_change_sets(StackName=stack)["Summaries"]
    return [each for each in found if each["ExecutionStatus"] == "AVAILABLE"]


def test_a_deployment_is_shown_asked_for_and_ends_with_the_outputs(cloud, stack, terminal):
    ran = deploy(cloud, SAMPLES / "minimal.yaml", stack, stdin=terminal("y\n"))

    lines = ran.err.splitlines()
    assert ran.code == 0
    assert ran.out == f"Url: {cloud.outputs(stack)['Url']}\n"
    assert lines[:2] == [NO_MACROS.format(url=cloud.url).strip(), f"{stack}:"]
    assert lines[15].startswith("13 added")
    assert lines[16].startswith(f"Deploy {stack}? [y/N] CREATE_COMPLETE ")
    assert lines[-1].split() == ["CREATE_COMPLETE", "AWS::CloudFormation::Stack", stack]


def test_what_is_declined_leaves_nothing(cloud, stack, terminal):
    ran = deploy(cloud, SAMPLES / "minimal.yaml", stack, stdin=terminal("\n"))

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.endswith(f"Deploy {stack}? [y/N] nothing was changed\n")
    assert cloud.status(stack) is None


def test_where_no_one_can_be_asked_the_option_is_named_and_nothing_is_left(cloud, stack):
    ran = deploy(cloud, SAMPLES / "minimal.yaml", stack)

    assert ran.code == 1
    assert ran.err.endswith("13 added\nthere is no terminal to ask on; say --yes\n")
    assert cloud.status(stack) is None


def test_a_deployment_that_changes_nothing_says_so_and_changes_nothing(cloud, stack):
    cloud.deploy(SAMPLES / "minimal.yaml", stack)
    before = cloud.events(stack)

    ran = deploy(cloud, SAMPLES / "minimal.yaml", stack)

    assert (ran.code, ran.out) == (0, f"Url: {cloud.outputs(stack)['Url']}\n")
    assert ran.err == f"{NO_MACROS.format(url=cloud.url)}{stack} is as the template says; nothing to change\n"
    assert cloud.events(stack) == before
    assert change_sets(cloud, stack) == []


def test_a_change_set_that_is_left_can_be_carried_out_later(cloud, stack):
    ran = deploy(cloud, SAMPLES / "minimal.yaml", stack, "--no-execute")

    (left,) = change_sets(cloud, stack)
    end = f"execute-change-set --change-set-name {left['ChangeSetId']} --endpoint-url {cloud.url}\n"
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.endswith(f"to carry it out: aws cloudformation {end}")
    client = cloud.client("cloudformation")
    client.execute_change_set(ChangeSetName=left["ChangeSetId"])
    client.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    assert hit(cloud.outputs(stack)["Url"], "home") == 1


def test_a_deployment_goes_past_a_change_set_that_was_left(cloud, stack):
    deploy(cloud, SAMPLES / "minimal.yaml", stack, "--no-execute")

    outputs = cloud.deploy(SAMPLES / "minimal.yaml", stack)

    assert hit(outputs["Url"], "home") == 1


def renamed_table(name):
    return counters(Visits={"Table": {"TableName": name}})


@pytest.mark.parametrize(
    ("typed", "code"), [("VisitsTable\n", 0), ("y\n", 1), ("\n", 1)], ids=["its name", "just yes", "nothing"]
)
def test_a_table_is_replaced_only_by_typing_its_name(cloud, stack, terminal, tmp_path, typed, code):
    before = cloud.deploy(write(tmp_path, renamed_table(f"{stack}-first")), stack)
    assert hit(before["VisitsUrl"], "home") == 1

    ran = deploy(cloud, write(tmp_path, renamed_table(f"{stack}-second")), stack, stdin=terminal(typed))

    assert ran.code == code
    assert "To replace or remove VisitsTable, type VisitsTable: " in ran.err
    assert "TableName; a new table counts from zero, the old one stays in the account\n" in ran.err
    assert cloud.resources(stack)["VisitsTable"] == f"{stack}-{'first' if code else 'second'}"
    assert cloud.count_of(f"{stack}-first", "home") == 1
    assert hit(cloud.outputs(stack)["VisitsUrl"], "home") == (2 if code else 1)
    assert change_sets(cloud, stack) == []


def test_yes_alone_replaces_no_table(cloud, stack, tmp_path):
    cloud.deploy(write(tmp_path, renamed_table(f"{stack}-first")), stack)
    other = write(tmp_path, renamed_table(f"{stack}-second"))

    refused = deploy(cloud, other, stack, "--yes")
    done = deploy(cloud, other, stack, "--yes", "--allow-data-loss")

    assert refused.code == 1
    assert refused.err.splitlines()[-1] == (
        "this replaces or removes tables that hold counts (VisitsTable); --yes does so only with --allow-data-loss"
    )
    assert done.code == 0
    assert cloud.resources(stack)["VisitsTable"] == f"{stack}-second"


def test_scripts_read_an_event_a_line(cloud, stack, tmp_path):
    write_handler(tmp_path)
    template = write(tmp_path, counters(Visits={"Code": "./handler"}))

    first = deploy(cloud, template, stack, "--yes", "--json")
    second = deploy(cloud, template, stack, "--yes", "--json")

    kinds = list(dict.fromkeys(each["event"] for each in first.events))
    assert (first.code, first.err) == (0, "")
    assert kinds == ["upload", "no-macros", "changes", "resource", "outputs"]
    (upload,), (changes,) = first.told("upload"), first.told("changes")
    assert (upload["path"], upload["is_new"]) == (str(tmp_path / "handler"), True)
    assert changes["stack"] == stack
    assert {"action": "add", "logical_id": "VisitsTable", "type": "AWS::DynamoDB::Table"}.items() <= next(
        each.items() for each in changes["changes"] if each["logical_id"] == "VisitsTable"
    )
    ended = {each["logical_id"] for each in first.told("resource") if each["status"] == "CREATE_COMPLETE"}
    assert ended == {*cloud.resources(stack), stack}
    assert first.told("outputs") == [{"event": "outputs", "outputs": cloud.outputs(stack)}]
    assert [each["event"] for each in second.events] == ["upload", "no-macros", "no-change", "outputs"]
    assert second.events[0] == {**upload, "is_new": False}


def with_parameter():
    template = counters(Visits={"Code": "./handler", "Env": {"greeting": {"Ref": "Greeting"}}})
    return {**template, "Parameters": {"Greeting": {"Type": "String"}, "Size": {"Type": "Number", "Default": 128}}}


def test_values_given_before_stay_where_none_are_given(cloud, stack, tmp_path):
    write_handler(tmp_path)
    template = write(tmp_path, with_parameter())

    made = cloud.deploy(template, stack, "--parameter", "Greeting=hello")
    same = deploy(cloud, template, stack, "--yes")
    cloud.deploy(template, stack, "--parameter", "Size=256")
    kept = cloud.invoke(made["VisitsFunction"], {})
    cloud.deploy(template, stack, "--parameter", "Greeting=good day")
    changed = cloud.invoke(made["VisitsFunction"], {})

    assert same.err.splitlines()[-1] == f"{stack} is as the template says; nothing to change"
    assert (kept["greeting"], changed["greeting"]) == ("hello", "good day")


def test_tags_reach_the_stack(cloud, stack):
    cloud.deploy(SAMPLES / "minimal.yaml", stack, "--tag", "team=web")

    (found,) = cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    assert found["Tags"] == [{"Key": "team", "Value": "web"}]


@pytest.mark.parametrize("notes", [51_000, 60_000])
def test_a_template_too_long_for_a_call_goes_through_the_bucket(cloud, stack, tmp_path, notes):
    template = write(tmp_path, {**counters(), "Metadata": {"Notes": "ü" * (notes // 2)}})

    outputs = cloud.deploy(template, stack)

    assert hit(outputs["VisitsUrl"], "home") == 1
    keys = [key for key, _ in cloud.objects("hitcountermacro-000000000000-us-east-1") if key.startswith("templates/")]
    assert keys


def test_a_folder_that_two_counters_share_is_uploaded_once(cloud, tmp_path):
    write_handler(tmp_path)
    code = {"Code": "./handler"}
    template = write(tmp_path, counters(Visits=code, Downloads={**code, "Path": "files/{name}"}))

    first = deploy(cloud, template, new_name(), "--yes")
    second = deploy(cloud, template, new_name(), "--yes")

    told = [line.partition(": ")[::2] for line in first.err.splitlines() if "code/" in line]
    again = [line.partition(": ")[::2] for line in second.err.splitlines() if "code/" in line]
    assert [state for state, _ in told] == ["uploaded"] or [state for state, _ in told] == ["there already"]
    assert again == [("there already", told[0][1])]


def test_what_is_wrong_with_a_template_is_told_at_its_lines_and_nothing_is_made(cloud, stack, tmp_path):
    text = (
        "Transform: HitCounterMacro\n"
        "Parameters:\n"
        "  Stage: {Type: String}\n"
        "Resources:\n"
        "  Visits:\n"
        "    Type: HitCounter\n"
        "    Properties:\n"
        "      Shards: fast\n"
        "      Code: ./none\n"
    )
    template = write(tmp_path, text, "bad.yaml")

    ran = deploy(cloud, template, stack, "--yes")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        f"{template}:3:3: Parameters.Stage: needs a value; give it (--parameter Stage=VALUE), or a Default\n"
        "    3 |   Stage: {Type: String}\n"
        "      |   ^\n"
        f"{template}:8:15: Resources.Visits.Properties.Shards: must be a whole number from 1 to 64, got 'fast'\n"
        "    8 |       Shards: fast\n"
        "      |               ^\n"
        f"{template}:9:13: Resources.Visits.Properties.Code: './none': there is no such file or folder; "
        "code in S3 is named 's3://bucket/key'\n"
        "    9 |       Code: ./none\n"
        "      |             ^\n"
        "3 problems; nothing was deployed\n"
    )
    assert cloud.status(stack) is None


def test_a_template_may_name_a_plug_in_that_only_the_installation_has(cloud, stack):
    outputs = cloud.deploy(SAMPLES / "plugin" / "template.yaml", stack)

    assert hit(outputs["Url"], "home") == 1


@pytest.fixture(scope="module")
def older(cloud):
    """An installation without the plug-in of the samples, as if of an older release."""
    suffix = new_suffix()
    name, client = f"HitCounterMacro{suffix}", cloud.client("cloudformation")
    assert cloud.run("install", "--suffix", suffix).code == 0
    body = client.get_template(StackName=name)["TemplateBody"]
    template = json.loads(body) if isinstance(body, str) else body
    template["Outputs"]["Version"]["Value"] = "0.0.9"
    known = client.describe_stacks(StackName=name)["Stacks"][0]["Parameters"]
    kept = [{"ParameterKey": each["ParameterKey"], "UsePreviousValue": True} for each in known]
    capabilities = ["CAPABILITY_NAMED_IAM"]
    client.update_stack(StackName=name, TemplateBody=json.dumps(template), Parameters=kept, Capabilities=capabilities)
    client.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    return suffix


def test_what_the_macro_refuses_is_told_in_its_words_and_that_it_is_older_than_the_command(
    cloud, stack, older, tmp_path
):
    text = (SAMPLES / "plugin" / "template.yaml").read_text("utf-8")
    template = write(tmp_path, text.replace("HitCounterMacro", f"HitCounterMacro{older}"), "template.yaml")

    ran = deploy(cloud, template, stack, "--yes")

    assert ran.code == 1
    assert ran.err == (
        f"{NO_MACROS.format(url=cloud.url)}"
        f"HitCounterMacro{older} refuses the template:\n"
        "Resources.Visits.Properties.Plugins[0]: there is no plugin 'topic'; none is installed\n"
        f"the installation is of release 0.0.9, this command of {own_version()}; "
        f"run: hitcounter install --suffix {older} --endpoint-url {cloud.url}\n"
    )
    assert cloud.status(stack) is None


def test_an_older_installation_that_does_as_well_is_not_spoken_of(cloud, stack, older, tmp_path):
    ran = deploy(cloud, write(tmp_path, counters(older)), stack, "--yes")

    assert ran.code == 0
    assert "0.0.9" not in ran.err


def test_a_missing_installation_is_told_with_the_command_that_makes_one(cloud, stack, tmp_path):
    suffix = new_suffix()

    ran = deploy(cloud, write(tmp_path, counters(suffix)), stack, "--yes")

    there = f"HitCounterMacro{suffix} isn't installed in the engine at {cloud.url}"
    assert ran == (1, "", f"{there}; run: hitcounter install --suffix {suffix} --endpoint-url {cloud.url}\n")


def test_a_stack_that_could_not_be_made_is_told_with_its_cause_and_with_what_to_do(cloud, stack, tmp_path):
    missing = "s3://hitcountermacro-000000000000-us-east-1/code/none.zip"
    broken = write(tmp_path, counters(Visits={"Code": missing}), "broken.json")
    remedy = f"aws cloudformation delete-stack --stack-name {stack} --endpoint-url {cloud.url}"

    ran = deploy(cloud, broken, stack, "--yes")
    again = deploy(cloud, write(tmp_path, counters()), stack, "--yes")

    assert ran.code == 1
    assert ran.err.splitlines()[-2:] == [
        f"VisitsFunction (Custom::LambdaFunction): Properties.Code: cannot read {missing}: there is no such object",
        f"the stack {stack} is ROLLBACK_COMPLETE; before another try, run: {remedy}",
    ]
    assert again == (
        1,
        "",
        f"the stack {stack} is ROLLBACK_COMPLETE: it was never created, and can only be deleted; run: {remedy}\n",
    )
    assert left_tables(cloud, stack) == []
    cloud.delete(stack)
    assert hit(cloud.deploy(write(tmp_path, counters()), stack)["VisitsUrl"], "home") == 1


def left_tables(cloud, stack):
    pages = cloud.client("dynamodb").get_paginator("list_tables").paginate()
    return [name for page in pages for name in page["TableNames"] if name.startswith(stack)]


def test_what_is_found_wrong_before_anything_is_made_is_told_with_its_cause(cloud, stack, tmp_path):
    bucket = new_name("taken")
    cloud.client("s3").create_bucket(Bucket=bucket)
    template = counters()
    template["Resources"]["Store"] = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket}}

    ran = deploy(cloud, write(tmp_path, template), stack, "--yes")

    assert ran.code == 1
    assert ran.err.splitlines()[-2].startswith("Store (AWS::S3::Bucket): ")
    assert bucket in ran.err.splitlines()[-2]


def test_a_template_without_a_counter_deploys_as_it_is(cloud, stack, tmp_path):
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"Topic": {"Value": {"Ref": "Topic"}}}}

    ran = deploy(cloud, write(tmp_path, template), stack, "--yes")

    assert (ran.code, ran.out) == (0, f"Topic: {cloud.resources(stack)['Topic']}\n")
    assert NO_MACROS.format(url=cloud.url) not in ran.err
