"""What ``hitcounter deploy`` reports, asks and leaves on an engine."""

import json
import os

import pytest

from macro.cli.cloud.deployment.deploy import Deployment, prepare
from macro.cli.cloud.installation.names import own_version
from macro.cli.cloud.stack.errors import CloudError
from macro.cli.cloud.stack.operation import carry_out
from macro.cli.cloud.stack.reporter import Silence
from macro.cli.cloud.stack.session import Session
from macro.cli.text.files import read_source
from tests.support.deploying import SAMPLES, SHOW_ENV, counters, hit, new_name, new_suffix, write, write_handler
from tests.support.ministack import ACCOUNT, REGION

pytestmark = pytest.mark.thorough

BUCKET = f"hitcountermacro-{ACCOUNT}-{REGION}"
NO_MACROS = "the engine at {url} runs no macros; the macro's function is called, and the result is deployed\n"


@pytest.fixture
def terminal():
    """A terminal for stdin with this typed text."""
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


def test_a_deployment_shows_the_changes_asks_and_prints_the_outputs(cloud, stack, terminal):
    ran = deploy(cloud, SAMPLES / "minimal.yaml", stack, stdin=terminal("y\n"))

    lines = ran.err.splitlines()
    assert ran.code == 0
    assert ran.out == f"Url: {cloud.outputs(stack)['Url']}\n"
    assert lines[:2] == [NO_MACROS.format(url=cloud.url).strip(), f"{stack}:"]
    assert lines[14].startswith("12 added")
    assert lines[15].startswith(f"Deploy {stack}? [y/N] CREATE_COMPLETE ")
    assert lines[-1].split() == ["CREATE_COMPLETE", "AWS::CloudFormation::Stack", stack]


def test_a_declined_deployment_leaves_nothing(cloud, stack, terminal):
    ran = deploy(cloud, SAMPLES / "minimal.yaml", stack, stdin=terminal("\n"))

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.endswith(f"Deploy {stack}? [y/N] nothing was changed\n")
    assert cloud.status(stack) is None


def test_without_a_terminal_the_error_names_the_option_and_nothing_is_left(cloud, stack):
    ran = deploy(cloud, SAMPLES / "minimal.yaml", stack)

    assert ran.code == 1
    assert ran.err.endswith("12 added\nstdin is no terminal, so nobody can be asked; add --yes\n")
    assert cloud.status(stack) is None


def test_a_deployment_without_changes_reports_that(cloud, stack):
    cloud.deploy(SAMPLES / "minimal.yaml", stack)
    before = cloud.events(stack)

    ran = deploy(cloud, SAMPLES / "minimal.yaml", stack)

    assert (ran.code, ran.out) == (0, f"Url: {cloud.outputs(stack)['Url']}\n")
    assert ran.err == f"{NO_MACROS.format(url=cloud.url)}{stack} matches the template; nothing to change\n"
    assert cloud.events(stack) == before
    assert cloud.change_sets(stack) == []


def test_an_unexecuted_change_set_can_be_executed_later(cloud, stack):
    ran = deploy(cloud, SAMPLES / "minimal.yaml", stack, "--no-execute")

    (left,) = cloud.change_sets(stack)
    end = f"execute-change-set --retain-except-on-create --change-set-name {left} --endpoint-url {cloud.url}\n"
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.endswith(f"to execute it, run: aws cloudformation {end}")
    client = cloud.client("cloudformation")
    client.execute_change_set(ChangeSetName=left)
    client.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    assert hit(cloud.outputs(stack)["Url"], "home") == 1


def test_an_unexecuted_change_set_does_not_block_a_deployment(cloud, stack):
    deploy(cloud, SAMPLES / "minimal.yaml", stack, "--no-execute")

    outputs = cloud.deploy(SAMPLES / "minimal.yaml", stack)

    assert hit(outputs["Url"], "home") == 1


def renamed_table(name):
    return counters(Visits={"Table": {"TableName": name}})


def test_a_table_is_replaced_only_if_the_user_types_its_name(cloud, stack, terminal, tmp_path):
    before = cloud.deploy(write(tmp_path, renamed_table(f"{stack}-first")), stack)
    other = write(tmp_path, renamed_table(f"{stack}-second"))
    assert hit(before["VisitsUrl"], "home") == 1

    nothing, just_yes = (deploy(cloud, other, stack, stdin=terminal(typed)) for typed in ("\n", "y\n"))
    kept = hit(before["VisitsUrl"], "home")
    its_name = deploy(cloud, other, stack, stdin=terminal("VisitsTable\n"))

    assert "TableName; a new table counts from zero, the old one stays in the account\n" in nothing.err
    assert nothing.err.endswith("To replace or remove VisitsTable, type VisitsTable: nothing was changed\n")
    assert (nothing.code, just_yes.code, its_name.code, kept) == (1, 1, 0, 2)
    assert cloud.resources(stack)["VisitsTable"] == f"{stack}-second"
    assert cloud.count_of(f"{stack}-first", "home") == 2
    assert hit(cloud.outputs(stack)["VisitsUrl"], "home") == 1


def test_yes_alone_does_not_replace_a_table(cloud, stack, tmp_path):
    cloud.deploy(write(tmp_path, renamed_table(f"{stack}-first")), stack)
    other = write(tmp_path, renamed_table(f"{stack}-second"))

    refused = deploy(cloud, other, stack, "--yes")
    done = deploy(cloud, other, stack, "--yes", "--allow-data-loss")

    assert refused.code == 1
    assert refused.err.splitlines()[-1] == (
        "tables that hold counts would be replaced or removed (VisitsTable); to agree, add --allow-data-loss to --yes"
    )
    assert done.code == 0
    assert cloud.resources(stack)["VisitsTable"] == f"{stack}-second"


def test_json_prints_one_event_on_each_line(cloud, stack, tmp_path):
    write_handler(tmp_path, f"{SHOW_ENV}# {stack}\n")
    template = write(tmp_path, counters(Visits={"Code": "./handler"}))

    first = deploy(cloud, template, stack, "--yes", "--json")
    second = deploy(cloud, template, stack, "--yes", "--json")

    kinds = list(dict.fromkeys(each["event"] for each in first.events))
    assert (first.code, first.err) == (0, "")
    assert kinds == ["upload", "no-macros", "changes", "resource", "outputs"]
    (upload,), (changes,) = first.find_events("upload"), first.find_events("changes")
    assert (upload["path"], upload["is_new"]) == (str(tmp_path / "handler"), True)
    assert changes["stack"] == stack
    assert {"action": "add", "logical_id": "VisitsTable", "type": "AWS::DynamoDB::Table"}.items() <= next(
        each.items() for each in changes["changes"] if each["logical_id"] == "VisitsTable"
    )
    ended = {each["logical_id"] for each in first.find_events("resource") if each["status"] == "CREATE_COMPLETE"}
    assert ended == {*cloud.resources(stack), stack}
    assert first.find_events("outputs") == [{"event": "outputs", "outputs": cloud.outputs(stack)}]
    assert [each["event"] for each in second.events] == ["upload", "no-macros", "no-change", "outputs"]
    assert second.events[0] == {**upload, "is_new": False}


def with_parameter():
    template = counters(Visits={"Code": "./handler", "Env": {"greeting": {"Ref": "Greeting"}}})
    return {**template, "Parameters": {"Greeting": {"Type": "String"}, "Size": {"Type": "Number", "Default": 128}}}


def test_parameters_without_a_new_value_keep_the_value_of_the_stack(cloud, stack, tmp_path):
    write_handler(tmp_path)
    template = write(tmp_path, with_parameter())

    made = cloud.deploy(template, stack, "--parameter", "Greeting=hello")
    same = deploy(cloud, template, stack, "--yes")
    cloud.deploy(template, stack, "--parameter", "Size=256")
    kept = cloud.invoke(made["VisitsFunction"], {})
    cloud.deploy(template, stack, "--parameter", "Greeting=good day")
    changed = cloud.invoke(made["VisitsFunction"], {})

    assert same.err.splitlines()[-1] == f"{stack} matches the template; nothing to change"
    assert (kept["greeting"], changed["greeting"]) == ("hello", "good day")


def test_a_stack_that_was_never_created_has_no_values_to_keep(cloud, stack, tmp_path):
    write_handler(tmp_path)
    template = write(tmp_path, with_parameter())

    planned = deploy(cloud, template, stack, "--no-execute", "--parameter", "Greeting=hello")
    ran = deploy(cloud, template, stack, "--yes")

    assert (planned.code, ran.code) == (0, 1)
    assert "Parameters.Greeting: needs a value; add --parameter Greeting=VALUE, or a Default\n" in ran.err
    assert ran.err.endswith("1 problem; nothing was deployed\n")


def test_the_stack_gets_the_tags(cloud, stack):
    cloud.deploy(SAMPLES / "minimal.yaml", stack, "--tag", "team=web")

    (found,) = cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    assert found["Tags"] == [{"Key": "team", "Value": "web"}]


def test_a_large_template_is_uploaded_to_the_bucket(cloud, stack, tmp_path):
    template = {**counters(), "Metadata": {"Notes": f"{stack} {'ü' * 30_000}"}}
    before = cloud.objects(BUCKET)

    outputs = cloud.deploy(write(tmp_path, template), stack)

    (added,) = [key for key, _ in cloud.objects(BUCKET) if (key, _) not in before]
    assert added.startswith("templates/")
    assert hit(outputs["VisitsUrl"], "home") == 1


def test_a_folder_of_two_counters_is_uploaded_once(cloud, stack, tmp_path):
    write_handler(tmp_path, f"{SHOW_ENV}# {stack}\n")
    code = {"Code": "./handler"}
    template = write(tmp_path, counters(Visits=code, Downloads={**code, "Path": "files/{name}"}))

    first = deploy(cloud, template, stack, "--no-execute")
    second = deploy(cloud, template, stack, "--no-execute")

    uploaded, there = first.err.splitlines()[0], second.err.splitlines()[0]
    assert uploaded.startswith(f"uploaded: {tmp_path / 'handler'} as code/")
    assert there == uploaded.replace("uploaded", "already uploaded")
    assert [line for line in first.err.splitlines()[1:] if " as code/" in line] == []


def test_problems_of_a_template_are_reported_with_lines_and_nothing_is_created(cloud, stack, tmp_path):
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
        f"{template}:3:3: Parameters.Stage: needs a value; add --parameter Stage=VALUE, or a Default\n"
        "    3 |   Stage: {Type: String}\n"
        "      |   ^\n"
        f"{template}:8:15: Resources.Visits.Properties.Shards: must be an integer from 1 to 64, got 'fast'\n"
        "    8 |       Shards: fast\n"
        "      |               ^\n"
        f"{template}:9:13: Resources.Visits.Properties.Code: './none': there is no such file or folder; "
        "code in S3 is named 's3://bucket/key'\n"
        "    9 |       Code: ./none\n"
        "      |             ^\n"
        "3 problems; nothing was deployed\n"
    )
    assert cloud.status(stack) is None


def test_a_template_can_use_a_plugin_that_only_the_installation_has(cloud, stack):
    outputs = cloud.deploy(SAMPLES / "plugin" / "template.yaml", stack)

    assert hit(outputs["Url"], "home") == 1


@pytest.fixture(scope="module")
def older(cloud):
    """An installation without the samples' plug-in, with the version of an older release."""
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


def test_a_refusal_of_an_older_macro_is_reported_with_both_releases(cloud, stack, older, tmp_path):
    text = (SAMPLES / "plugin" / "template.yaml").read_text("utf-8")
    template = write(tmp_path, text.replace("HitCounterMacro", f"HitCounterMacro{older}"), "template.yaml")

    ran = deploy(cloud, template, stack, "--yes")

    assert ran.code == 1
    assert ran.err == (
        f"{NO_MACROS.format(url=cloud.url)}"
        f"HitCounterMacro{older} refuses the template:\n"
        "Resources.Visits.Properties.Plugins[0]: unknown plugin 'topic'; none is installed; add one with --plugin\n"
        f"the installation has release 0.0.9, this command has {own_version()}; "
        f"run: hitcounter install --suffix {older} --endpoint-url {cloud.url}\n"
    )
    assert cloud.status(stack) is None


def test_an_older_installation_is_not_mentioned_if_the_deployment_succeeds(cloud, stack, older, tmp_path):
    ran = deploy(cloud, write(tmp_path, counters(older)), stack, "--yes")

    assert ran.code == 0
    assert "0.0.9" not in ran.err


def test_a_missing_installation_is_reported_with_the_install_command(cloud, stack, tmp_path):
    suffix = new_suffix()

    ran = deploy(cloud, write(tmp_path, counters(suffix)), stack, "--yes")

    there = f"HitCounterMacro{suffix} isn't installed in the engine at {cloud.url}"
    assert ran == (1, "", f"{there}; run: hitcounter install --suffix {suffix} --endpoint-url {cloud.url}\n")


def test_a_failed_creation_is_reported_with_cause_and_remedy(cloud, stack, tmp_path):
    missing = f"s3://{BUCKET}/code/none.zip"
    broken = write(tmp_path, counters(Visits={"Code": missing}), "broken.json")
    remedy = f"aws cloudformation delete-stack --stack-name {stack} --endpoint-url {cloud.url}"

    ran = deploy(cloud, broken, stack, "--yes")
    again = deploy(cloud, write(tmp_path, counters()), stack, "--yes")

    assert ran.code == 1
    assert ran.err.splitlines()[-2:] == [
        f"VisitsFunction (Custom::LambdaFunction): Properties.Code: cannot read {missing}: there is no such object",
        f"the stack {stack} is ROLLBACK_COMPLETE; before you try again, run: {remedy}",
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


def test_a_failed_change_set_is_reported_with_its_cause(cloud, stack, tmp_path):
    bucket = new_name("taken")
    cloud.client("s3").create_bucket(Bucket=bucket)
    template = counters()
    template["Resources"]["Store"] = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket}}

    ran = deploy(cloud, write(tmp_path, template), stack, "--yes")

    assert ran.code == 1
    assert ran.err.splitlines()[-2].startswith("Store (AWS::S3::Bucket): ")
    assert bucket in ran.err.splitlines()[-2]


def test_a_template_without_a_counter_is_deployed_unchanged(cloud, stack, tmp_path):
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"Topic": {"Value": {"Ref": "Topic"}}}}

    ran = deploy(cloud, write(tmp_path, template), stack, "--yes")

    assert (ran.code, ran.out) == (0, f"Topic: {cloud.resources(stack)['Topic']}\n")
    assert NO_MACROS.format(url=cloud.url) not in ran.err


ANCHORED = """
Resources:
  First: &topic {Type: AWS::SNS::Topic}
  Second: *topic
Outputs:
  Topic: {Value: !Ref Second}
"""


def test_yaml_aliases_are_expanded(cloud, stack, tmp_path):
    outputs = cloud.deploy(write(tmp_path, ANCHORED, "template.yaml"), stack)

    body = cloud.client("cloudformation").get_template(StackName=stack)["TemplateBody"]
    assert outputs == {"Topic": cloud.resources(stack)["Second"]}
    assert "*topic" not in str(body)


def test_a_change_set_is_not_executed_after_another_deployment(cloud, stack, tmp_path):
    first, second = (
        Deployment(
            stack, read_source(str(write(tmp_path, counters(Visits={"Env": {"a": value}}), f"{value}.json"))), {}
        )
        for value in "bc"
    )
    cloud.deploy(SAMPLES / "minimal.yaml", stack)
    with cloud.connected() as account:
        session = Session(account, Silence())
        _, planned_first = prepare(session, first)
        _, planned_second = prepare(session, second)
        carry_out(session, planned_second)
        with pytest.raises(CloudError) as refused:
            carry_out(session, planned_first)

    assert str(refused.value) == (
        f"another operation has changed the stack {stack} since the change set was created, so nothing was executed; "
        "run the command again to see what is left to do"
    )
    assert cloud.status(stack) == "UPDATE_COMPLETE"


def test_a_deployment_does_not_overwrite_the_installation(cloud, stack):
    ran = deploy(cloud, SAMPLES / "minimal.yaml", "HitCounterMacro")

    told = "the stack HitCounterMacro is the installation itself; choose another --stack-name\n"
    assert (ran.code, ran.out, ran.err) == (1, "", told)
