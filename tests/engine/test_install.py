"""``hitcounter install`` and ``uninstall`` on an engine: new, repeated, side by side, and over earlier installations."""

import json

import boto3
import pytest
from moto.server import ThreadedMotoServer

from macro.cli.cloud.installation.names import own_version
from macro.cli.cloud.installation.template import BUCKET, fill_in, keep_only
from macro.cli.text.files import parse_source
from tests.corpus.fetch import LAMBDA
from tests.support.deploying import Cloud, counters, hit, hit_together, new_name, new_suffix, write
from tests.support.installation import PATH
from tests.support.ministack import ACCOUNT, REGION, client_for

pytestmark = pytest.mark.thorough

MOTOS = "123456789012"


def name_bucket(suffix):
    return f"hitcountermacro{suffix.lower()}-{ACCOUNT}-{REGION}"


@pytest.fixture
def suffix():
    return new_suffix()


def lines_of(ran):
    assert ran.out == ""
    return ran.err.splitlines()


def how_to_use(cloud, suffix, state="is installed"):
    return (
        f"HitCounterMacro{suffix} {state}. Use it: put 'Transform: HitCounterMacro{suffix}' into a template, "
        f"then run: hitcounter deploy TEMPLATE --stack-name NAME --endpoint-url {cloud.url}"
    )


def test_install_reports_its_steps_and_how_to_use_the_macro(cloud, suffix):
    ran = cloud.run("install", "--suffix", suffix)

    lines = lines_of(ran)
    assert ran.code == 0
    assert lines[0] == f"installing HitCounterMacro{suffix} {own_version()} in the engine at {cloud.url}"
    assert "this engine runs no macros: 'hitcounter deploy' and 'local' call the macro's function themselves" in lines
    assert [line.split()[1].partition("/")[0] for line in lines if line.startswith("uploaded: ")] == [
        "macro",
        "companion",
        "handlers",
    ]
    assert lines[-1] == how_to_use(cloud, suffix)
    (stack,) = cloud.client("cloudformation").describe_stacks(StackName=f"HitCounterMacro{suffix}")["Stacks"]
    assert stack["EnableTerminationProtection"]
    assert cloud.outputs(f"HitCounterMacro{suffix}")["Version"] == own_version()
    assert len(cloud.objects(name_bucket(suffix))) == 3


def state_of(cloud, suffix):
    """Everything that a second run could have changed."""
    stack = f"HitCounterMacro{suffix}"
    functions = [
        cloud.client("lambda").get_function(FunctionName=name)["Configuration"]
        for name in (stack, f"{stack}-Companion")
    ]
    revisions = [(each["RevisionId"], each["CodeSha256"], each["LastModified"]) for each in functions]
    return [each["EventId"] for each in cloud.events(stack)], revisions, cloud.objects(name_bucket(suffix))


def test_a_second_install_changes_nothing(cloud, suffix):
    cloud.run("install", "--suffix", suffix)
    before = state_of(cloud, suffix)

    ran = cloud.run("install", "--suffix", suffix)

    assert ran.code == 0
    assert lines_of(ran)[-1] == how_to_use(cloud, suffix, "is installed already; nothing was changed")
    assert [line for line in lines_of(ran) if line.startswith("uploaded: ")] == []
    assert state_of(cloud, suffix) == before


def test_a_dry_run_shows_the_changes_and_leaves_nothing(cloud, suffix):
    ran = cloud.run("install", "--suffix", suffix, "--dry-run")

    lines = lines_of(ran)
    assert ran.code == 0
    assert "  + add     CompanionFunction    AWS::Lambda::Function" in lines
    assert lines[-2:] == ["19 added", "nothing was changed: this was a dry run"]
    assert cloud.status(f"HitCounterMacro{suffix}") is None
    assert name_bucket(suffix) not in cloud.buckets()


def test_a_dry_run_over_an_installation_changes_nothing(cloud, suffix):
    cloud.run("install", "--suffix", suffix)
    before = state_of(cloud, suffix)

    same = cloud.run("install", "--suffix", suffix, "--dry-run")
    other = cloud.run("install", "--suffix", suffix, "--dry-run", "--log-retention", "30")

    assert (same.code, other.code) == (0, 0)
    assert lines_of(same)[-1] == "the installation is up to date; nothing would change"
    assert ["change", "MacroLog"] in [line.split()[1:3] for line in lines_of(other) if line.startswith("  ~")]
    assert lines_of(other)[-1] == "nothing was changed: this was a dry run"
    assert state_of(cloud, suffix) == before
    assert cloud.change_sets(f"HitCounterMacro{suffix}") == []


def test_two_installations_each_serve_their_own_template(cloud, suffix, tmp_path):
    cloud.run("install", "--suffix", suffix)
    names = new_name(), new_name()

    beta = cloud.deploy(write(tmp_path, counters(suffix)), names[0])
    first = cloud.deploy(write(tmp_path, counters()), names[1])

    assert hit_together(beta["VisitsUrl"], ["home"] * 3) == {"home": [1, 2, 3]}
    assert hit(first["VisitsUrl"], "home") == 1
    assert f":function:HitCounterMacro{suffix}-Companion" in template_of(cloud, names[0])
    assert ":function:HitCounterMacro-Companion" in template_of(cloud, names[1])


def template_of(cloud, stack):
    body = cloud.client("cloudformation").get_template(StackName=stack)["TemplateBody"]
    return body if isinstance(body, str) else json.dumps(body)


def test_the_bucket_of_an_earlier_installation_is_imported_with_its_objects(cloud, suffix):
    bucket, stack = name_bucket(suffix), f"HitCounterMacro{suffix}"
    cloud.run("install", "--suffix", suffix)
    cloud.client("s3").put_object(Bucket=bucket, Key="kept/code.zip", Body=b"runs still")
    cloud.client("cloudformation").update_termination_protection(StackName=stack, EnableTerminationProtection=False)
    cloud.delete(stack)

    ran = cloud.run("install", "--suffix", suffix)

    assert ran.code == 0
    assert f"the bucket {bucket} exists already, and is imported into the stack" in lines_of(ran)
    assert [line for line in lines_of(ran) if line.startswith("uploaded: ")] == []
    assert cloud.resources(stack)["Bucket"] == bucket
    assert "kept/code.zip" in [key for key, _ in cloud.objects(bucket)]


def test_an_installation_with_only_its_bucket_is_completed(cloud, suffix, tmp_path):
    bucket, stack = name_bucket(suffix), f"HitCounterMacro{suffix}"
    client = cloud.client("cloudformation")
    begun = keep_only(fill_in(parse_source(PATH.name, PATH.read_text("utf-8")).template, {}, bucket), BUCKET)
    parameters = {"Suffix": suffix, "LowerSuffix": suffix.lower()}
    listed = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
    client.create_stack(StackName=stack, TemplateBody=json.dumps(begun), Parameters=listed)
    client.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})

    early = cloud.run("deploy", write(tmp_path, counters(suffix)), "--stack-name", new_name(), "--yes")
    ran = cloud.run("install", "--suffix", suffix)

    missing = f"HitCounterMacro{suffix} isn't installed in the engine at {cloud.url}"
    command = f"hitcounter install --suffix {suffix} --endpoint-url {cloud.url}"
    assert (early.code, early.err) == (1, f"{missing}; run: {command}\n")
    assert (ran.code, lines_of(ran)[-1]) == (0, how_to_use(cloud, suffix))
    url = cloud.deploy(write(tmp_path, counters(suffix)), new_name())["VisitsUrl"]
    assert hit(url, "home") == 1


def test_an_installation_is_removed_completely_once_no_stack_uses_it(cloud, suffix, tmp_path):
    stack, name = f"HitCounterMacro{suffix}", new_name()
    cloud.run("install", "--suffix", suffix)
    outputs = cloud.deploy(write(tmp_path, counters(suffix)), name)
    resources = cloud.resources(stack)
    assert hit(outputs["VisitsUrl"], "home") == 1

    refused = cloud.run("uninstall", "--suffix", suffix, "--yes")

    assert refused == (
        1,
        "",
        f"{stack} is not removed: without {stack}-Companion, these stacks can't be updated or deleted: {name}; "
        "delete them first, or add --force\n",
    )
    assert hit(outputs["VisitsUrl"], "home") == 2

    cloud.delete(name)
    ran = cloud.run("uninstall", "--suffix", suffix, "--yes")
    again = cloud.run("uninstall", "--suffix", suffix, "--yes")

    assert ran.code == 0
    assert lines_of(ran)[-2:] == [
        f"removed the bucket {name_bucket(suffix)} and 3 objects in it",
        f"{stack} is removed from the engine at {cloud.url}",
    ]
    assert again == (0, "", f"{stack} isn't installed in the engine at {cloud.url}\n")
    assert left_of(cloud, resources) == {resources["CompanionLog"], resources["MacroLog"]}
    assert cloud.count_of(outputs["VisitsTable"], "home") == 2


def left_of(cloud, resources):
    """The resources of an installation that still exist."""
    functions = cloud.client("lambda").list_functions()["Functions"]
    roles = cloud.client("iam").get_paginator("list_roles").paginate()
    policies = cloud.client("iam").get_paginator("list_policies").paginate(Scope="Local")
    logs = cloud.client("logs").get_paginator("describe_log_groups").paginate()
    there = {
        *cloud.buckets(),
        *cloud.client("dynamodb").list_tables()["TableNames"],
        *(cloud.client("sqs").list_queues().get("QueueUrls", [])),
        *(each["FunctionName"] for each in functions),
        *(each["RoleName"] for page in roles for each in page["Roles"]),
        *(each["Arn"] for page in policies for each in page["Policies"]),
        *(each["logGroupName"] for page in logs for each in page["logGroups"]),
    }
    return there.intersection(resources.values())


def test_the_bucket_is_kept_while_a_function_runs_from_it(cloud, suffix):
    bucket = name_bucket(suffix)
    cloud.run("install", "--suffix", suffix)
    cloud.client("s3").put_object(Bucket=bucket, Key="kept/code.zip", Body=b"runs still")

    ran = cloud.run("uninstall", "--suffix", suffix, "--yes")

    assert ran.code == 0
    assert lines_of(ran)[-2:] == [
        f"the bucket {bucket} is kept: functions run from its objects under kept/",
        f"HitCounterMacro{suffix} is removed from the engine at {cloud.url}",
    ]
    assert cloud.status(f"HitCounterMacro{suffix}") is None
    assert "kept/code.zip" in [key for key, _ in cloud.objects(bucket)]


@pytest.fixture
def others(monkeypatch, tmp_path):
    """An account where another account's bucket has the installation's name. Only moto supports that."""
    monkeypatch.setenv("MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS", "false")
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    session = client_for(url, service="sts").assume_role(
        RoleArn="arn:aws:iam::111122223333:role/other", RoleSessionName="other"
    )
    keys = session["Credentials"]
    other = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], REGION)
    other.client("s3", endpoint_url=url).create_bucket(Bucket=f"hitcountermacro-{MOTOS}-{REGION}")
    yield Cloud(url, tmp_path)
    server.stop()


def test_a_bucket_of_another_account_is_reported_before_any_change(others):
    ran = others.run("install", "--wheels", LAMBDA)

    assert ran.code == 1
    assert ran.err.splitlines()[1:] == [
        f"the bucket hitcountermacro-{MOTOS}-{REGION} exists, but account {MOTOS} doesn't own it or you may not read it; "
        "if someone else owns it, choose another name with --suffix"
    ]
    assert others.status("HitCounterMacro") is None


@pytest.fixture
def failed(cloud, suffix, tmp_path):
    """The name of an installation's stack that failed, because another bucket has the bucket's name."""
    stack = f"HitCounterMacro{suffix}"
    parameters = {name: {"Type": "String", "Default": ""} for name in ("Suffix", "LowerSuffix", "AnswerHosts")}
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name_bucket("")}}
    taken = {"Parameters": parameters, "Resources": {"Bucket": bucket}}
    cloud.run("deploy", write(tmp_path, taken), "--stack-name", stack, "--yes")
    assert cloud.status(stack) == "ROLLBACK_COMPLETE"
    return stack


def test_a_failed_installation_is_created_again(cloud, suffix, failed):
    ran = cloud.run("install", "--suffix", suffix)

    assert ran.code == 0
    assert cloud.status(failed) == "UPDATE_COMPLETE"


def test_a_dry_run_keeps_a_failed_installation(cloud, suffix, failed):
    ran = cloud.run("install", "--suffix", suffix, "--dry-run")

    remedy = f"aws cloudformation delete-stack --stack-name {failed} --endpoint-url {cloud.url}"
    assert (ran.code, lines_of(ran)[1:]) == (
        1,
        [f"the stack {failed} is ROLLBACK_COMPLETE: it was never created, and can only be deleted; run: {remedy}"],
    )
    assert cloud.status(failed) == "ROLLBACK_COMPLETE"


def test_a_failed_installation_can_be_removed(cloud, suffix, failed):
    ran = cloud.run("uninstall", "--suffix", suffix, "--yes")

    assert (ran.code, lines_of(ran)[-1]) == (0, f"{failed} is removed from the engine at {cloud.url}")
    assert cloud.status(failed) is None


def test_another_stack_with_the_installations_name_is_not_changed(cloud, suffix, tmp_path):
    stack = f"HitCounterMacro{suffix}"
    cloud.run(
        "deploy", write(tmp_path, {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}), "--stack-name", stack, "--yes"
    )

    made = cloud.run("install", "--suffix", suffix)
    gone = cloud.run("uninstall", "--suffix", suffix, "--yes")

    told = f"the stack {stack} exists, but is no installation of HitCounterMacro; choose another name with --suffix"
    assert (made.code, lines_of(made)[1:]) == (1, [told])
    assert (gone.code, lines_of(gone)) == (1, [told])
    assert cloud.status(stack) == "CREATE_COMPLETE"


def test_an_installation_is_removed_only_if_the_user_agrees(cloud, suffix):
    cloud.run("install", "--suffix", suffix)

    ran = cloud.run("uninstall", "--suffix", suffix)

    assert ran == (1, "", "stdin is no terminal, so nobody can be asked; add --yes\n")
    assert cloud.status(f"HitCounterMacro{suffix}") == "UPDATE_COMPLETE"


def test_json_prints_one_event_of_an_installation_on_each_line(cloud, suffix):
    ran = cloud.run("install", "--suffix", suffix, "--json")
    gone = cloud.run("uninstall", "--suffix", suffix, "--yes", "--json")

    kinds = [list(dict.fromkeys(each["event"] for each in run.events)) for run in (ran, gone)]
    assert (ran.code, ran.err, gone.code, gone.err) == (0, "", 0, "")
    assert kinds == [
        ["begin", "resource", "upload", "no-macros", "changes", "installed"],
        ["resource", "bucket", "uninstalled"],
    ]
    assert ran.find_events("installed")[0] == {
        "event": "installed",
        "stack": f"HitCounterMacro{suffix}",
        "has_changed": True,
    }
    assert {each["is_new"] for each in ran.find_events("upload")} == {True}
