"""The commands ``install``, ``deploy`` and ``uninstall``, with answers that only AWS gives."""

import json
import os
from pathlib import Path

import pytest

from macro.cli.cloud.installation.names import own_version
from tests.support.fake_aws import Raw, Refusal
from tests.support.terminal import on_terminal

ROOT = Path(__file__).parents[4]
COMPACT = "Transform: HitCounterMacro\nResources:\n  Visits:\n    Type: HitCounter\nOutputs:\n  Url: {Value: !GetAtt Visits.Url}\n"
SECRET = "p4ssw0rd-of-mine"
SET = "arn:aws:cloudformation:eu-central-1:123456789012:changeSet/hitcounter-1/2"
OWN = "AWS::CloudFormation::Stack"


def change(action, logical_id, kind, **more):
    told = {"Action": action, "LogicalResourceId": logical_id, "ResourceType": kind, **more}
    return {"Type": "Resource", "ResourceChange": told}


def event(number, logical_id, kind, status, reason=""):
    return {
        "EventId": str(number),
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": "hits-id" if kind == OWN else logical_id,
        "ResourceType": kind,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
        "StackId": "hits-id",
        "StackName": "hits",
    }


ADDED = [change("Add", "VisitsTable", "AWS::DynamoDB::Table"), change("Add", "Visits", "Custom::LambdaFunction")]
REMOVED = [change("Remove", "VisitsTable", "AWS::DynamoDB::Table", PolicyAction="Delete")]
DONE = [
    event(3, "hits", OWN, "UPDATE_COMPLETE"),
    event(2, "Visits", "Custom::LambdaFunction", "CREATE_COMPLETE"),
    event(1, "hits", OWN, "UPDATE_IN_PROGRESS", "User Initiated"),
]
FAILED = [
    event(5, "hits", OWN, "UPDATE_ROLLBACK_COMPLETE"),
    event(4, "VisitsRole", "AWS::IAM::Role", "UPDATE_FAILED", "Resource update cancelled"),
    event(3, "Visits", "Custom::LambdaFunction", "UPDATE_FAILED", "the archive is damaged"),
    event(2, "hits", OWN, "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to update: [Visits]."),
    event(1, "hits", OWN, "UPDATE_IN_PROGRESS", "User Initiated"),
]


class World:
    """An account with an installation, and a stack ``hits`` with the given status."""

    def __init__(self, aws):
        self.aws = aws
        self.status = "CREATE_COMPLETE"
        self.after, self.events = "UPDATE_COMPLETE", DONE
        self.installed = {"Version": own_version(), "MacroName": "HitCounterMacro"}
        aws.answer("DescribeStacks", self._describe)
        aws.answer("CreateChangeSet", {"Id": SET, "StackId": "hits-id"})
        self.plan(ADDED)
        aws.answer("DescribeStackEvents", lambda _: {"StackEvents": self.events if self.has_run() else []})
        aws.answer("ListChangeSets", {"Summaries": []})
        for action in ("DeleteChangeSet", "ExecuteChangeSet", "DeleteStack"):
            aws.answer(action, {})

    def plan(self, changes):
        self.aws.answer("DescribeChangeSet", {"Status": "CREATE_COMPLETE", "Changes": changes})

    def has_run(self):
        return bool(self.aws.sent("ExecuteChangeSet"))

    def is_discarded(self):
        return len(self.aws.sent("DeleteChangeSet")) == 1 and not self.has_run()

    def _describe(self, sent):
        if sent["StackName"] == "HitCounterMacro":
            return self._stack("HitCounterMacro", "CREATE_COMPLETE", self.installed) if self.installed else _missing()
        if self.status is None:
            return _missing()
        outputs = {"Url": "https://abc.execute-api.eu-central-1.amazonaws.com/prod"}
        return self._stack("hits", self.after if self.has_run() else self.status, outputs)

    def _stack(self, name, status, outputs):
        told = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
        return {"Stacks": [{"StackName": name, "StackId": f"{name}-id", "StackStatus": status, "Outputs": told}]}


def _missing():
    return Refusal("ValidationError", "Stack with id x does not exist")


@pytest.fixture
def world(as_account, aws, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "compact.yaml").write_text(COMPACT)
    return World(aws)


@pytest.fixture
def deploy(command):
    return lambda *more: command("deploy", "compact.yaml", "--stack-name", "hits", *more)


def test_a_deployment_shows_changes_and_events_on_stderr_and_outputs_on_stdout(world, deploy):
    code, out, err = deploy("--yes")

    assert (code, out) == (0, "Url: https://abc.execute-api.eu-central-1.amazonaws.com/prod\n")
    assert err == (
        "hits:\n"
        "  + add     VisitsTable  AWS::DynamoDB::Table\n"
        "  + add     Visits       Custom::LambdaFunction\n"
        "2 added\n"
        "CREATE_COMPLETE              Custom::LambdaFunction            Visits\n"
        "UPDATE_COMPLETE              AWS::CloudFormation::Stack        hits\n"
    )


def test_json_prints_only_events(world, deploy):
    code, out, err = deploy("--yes", "--json")

    events = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [each["event"] for each in events] == ["changes", "resource", "resource", "resource", "outputs"]
    assert events[-1]["outputs"] == {"Url": "https://abc.execute-api.eu-central-1.amazonaws.com/prod"}
    assert [each["action"] for each in events[0]["changes"]] == ["add", "add"]


def test_the_first_cause_of_a_failure_comes_first(world, deploy):
    world.after, world.events = "UPDATE_ROLLBACK_COMPLETE", FAILED

    code, out, err = deploy("--yes")

    assert (code, out) == (1, "")
    assert err.endswith(
        "\nVisits (Custom::LambdaFunction): the archive is damaged\n"
        "the stack hits is UPDATE_ROLLBACK_COMPLETE: everything is as it was before\n"
    )


def test_the_macros_problems_are_reported(world, deploy):
    said = "Resources.Visits.Properties.Shard: is unknown, did you mean Shards?"
    reason = f"Transform 123456789012::HitCounterMacro failed with: {said}. Rollback requested by user."
    world.aws.answer("DescribeChangeSet", {"Status": "FAILED", "StatusReason": reason})

    code, out, err = deploy("--yes")

    assert (code, out) == (1, "")
    assert err == f"Transform 123456789012::HitCounterMacro refuses the template:\n{said}\n"
    assert world.is_discarded()


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"])
def test_a_stack_that_was_never_created_is_reported_with_the_command_that_deletes_it(world, deploy, status):
    world.status = status

    code, out, err = deploy("--yes")

    assert (code, out) == (1, "")
    assert err == (
        f"the stack hits is {status}: it was never created, and can only be deleted; "
        "run: aws cloudformation delete-stack --stack-name hits --region eu-central-1\n"
    )
    assert world.aws.sent("CreateChangeSet") == []


def test_a_missing_installation_is_an_error_with_the_install_command(world, deploy):
    world.installed = None

    assert deploy("--yes") == (
        1,
        "",
        "HitCounterMacro isn't installed in account 123456789012, eu-central-1; "
        "run: hitcounter install --region eu-central-1\n",
    )


def test_without_changes_the_outputs_are_shown_again(world, deploy):
    world.aws.answer("DescribeChangeSet", {"Status": "FAILED", "StatusReason": "No updates are to be performed."})

    code, out, err = deploy("--yes")

    assert (code, out) == (0, "Url: https://abc.execute-api.eu-central-1.amazonaws.com/prod\n")
    assert err == "hits matches the template; nothing to change\n"


def test_a_change_set_can_be_left_unexecuted(world, deploy):
    code, out, err = deploy("--no-execute")

    assert (code, out) == (0, "")
    assert err.endswith(
        "\n2 added\nto execute it, run: aws cloudformation execute-change-set --retain-except-on-create "
        f"--change-set-name {SET} --region eu-central-1\n"
    )
    assert (world.has_run(), world.is_discarded()) == (False, False)


def test_without_a_terminal_nothing_is_deployed(world, deploy):
    code, _, err = deploy()

    assert code == 1
    assert err.endswith("\n2 added\nstdin is no terminal, so nobody can be asked; add --yes\n")
    assert world.is_discarded()


def test_yes_alone_does_not_remove_a_table(world, deploy):
    world.plan(REMOVED)

    code, _, err = deploy("--yes")

    assert code == 1
    assert err.endswith(
        "\ntables that hold counts would be replaced or removed (VisitsTable); to agree, add --allow-data-loss to --yes\n"
    )
    assert world.is_discarded()


def test_a_table_is_removed_with_both_options(world, deploy):
    world.plan(REMOVED)

    assert deploy("--yes", "--allow-data-loss")[0] == 0
    assert world.has_run()


def test_the_stack_gets_the_given_tags(world, deploy):
    deploy("--yes", "--tag", "team=web", "--tag", "note=a=b")

    (sent,) = world.aws.sent("CreateChangeSet")
    assert (sent["Tags.member.1.Key"], sent["Tags.member.1.Value"]) == ("team", "web")
    assert (sent["Tags.member.2.Key"], sent["Tags.member.2.Value"]) == ("note", "a=b")


@pytest.mark.parametrize("tag", ["team", "=web"])
def test_a_tag_without_name_or_value_is_an_error(world, deploy, tag):
    assert deploy("--yes", "--tag", tag) == (1, "", f"--tag {tag}: must be NAME=VALUE\n")


def test_the_environment_can_name_an_engine(world, deploy, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", world.aws.url)
    world.installed = None

    assert deploy("--yes")[2] == (
        f"HitCounterMacro isn't installed in the engine at {world.aws.url}; "
        f"run: hitcounter install --endpoint-url {world.aws.url}\n"
    )


@pytest.mark.parametrize(("arguments", "told"), [
    (["install", "extra"], "hitcounter: error: unknown arguments: extra\n"),
    (["deploy", "compact.yaml"], "hitcounter deploy: error: "),
    (["install", "--architecture"], "hitcounter install: error: argument --architecture: "),
])  # fmt: skip
def test_wrong_usage_is_exit_2(world, command, arguments, told):
    code, out, err = command(*arguments)

    assert (code, out) == (2, "")
    assert told in err
    assert world.aws.calls == []


def plans_and_failures(world):
    return {
        "done": lambda: None,
        "failed": lambda: world.__dict__.update(after="UPDATE_ROLLBACK_COMPLETE", events=FAILED),
        "refused": lambda: world.aws.answer("DescribeChangeSet", {"Status": "FAILED", "StatusReason": "It is wrong"}),
        "denied": lambda: world.aws.answer("CreateChangeSet", Refusal("AccessDenied", "You may not.", 403)),
        "invalid": lambda: world.aws.answer("CreateChangeSet", Refusal("ValidationError", "Parameter Secret is wrong")),
        "garbled": lambda: world.aws.answer("CreateChangeSet", Raw(b"<html>no")),
    }


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("case", ["done", "failed", "refused", "denied", "invalid", "garbled"])
def test_values_of_parameters_and_of_env_are_never_shown(world, deploy, case, as_json):
    Path("compact.yaml").write_text(
        "Transform: HitCounterMacro\n"
        "Parameters:\n  Secret: {Type: String, NoEcho: true}\n"
        "Resources:\n  Visits:\n    Type: HitCounter\n    Properties:\n"
        f"      Env: {{KEY: !Ref Secret, OTHER: {SECRET}}}\n"
    )
    plans_and_failures(world)[case]()

    code, out, err = deploy("--yes", "--parameter", f"Secret={SECRET}", *(["--json"] if as_json else []))

    assert code == (0 if case == "done" else 1)
    assert SECRET not in out + err
    assert world.aws.sent("CreateChangeSet")[0]["Parameters.member.1.ParameterValue"] == SECRET


def test_wrong_values_of_env_are_not_shown(world, deploy):
    Path("compact.yaml").write_text(
        "Transform: HitCounterMacro\nResources:\n  Visits:\n    Type: HitCounter\n    Properties:\n"
        f'      Env: {{BAD NAME: {SECRET}, LIST: [{SECRET}], LINES: "{SECRET}\\n2"}}\n'
    )

    code, out, err = deploy("--yes")

    assert (code, out) == (1, "")
    assert "Resources.Visits.Properties.Env" in err
    assert err.endswith("nothing was deployed\n")
    assert SECRET not in err


@pytest.fixture
def typed(world, tmp_path):
    """Deploys on a terminal, with stdout redirected."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "NO_COLOR": "1"}
    return lambda: on_terminal("-m", "macro", "deploy", "compact.yaml", "--stack-name", "hits", env=env)


def test_a_yes_on_a_terminal_deploys_and_outputs_go_to_stdout(world, typed):
    with typed() as terminal:
        terminal.wait_for("Deploy hits? [y/N] ")
        terminal.press("y\n")
        code, out = terminal.end()

    assert (code, out) == (0, "Url: https://abc.execute-api.eu-central-1.amazonaws.com/prod\n")
    assert "✓ Visits  Custom::LambdaFunction  created" in terminal.shown
    assert "abc.execute-api" not in terminal.shown


@pytest.mark.parametrize("answer", ["n\n", "\n", "\x04"])
def test_any_other_answer_on_a_terminal_changes_nothing(world, typed, answer):
    with typed() as terminal:
        terminal.wait_for("Deploy hits? [y/N] ")
        terminal.press(answer)
        code, out = terminal.end()

    assert (code, out) == (1, "")
    assert "nothing was changed" in terminal.shown
    assert world.is_discarded()


def test_ctrl_c_at_the_question_deletes_the_change_set(world, typed):
    with typed() as terminal:
        terminal.wait_for("Deploy hits? [y/N] ")
        terminal.press("\x03")
        code, out = terminal.end()

    assert (code, out) == (130, "")
    assert world.is_discarded()
    assert "Traceback" not in terminal.shown
    assert terminal.shown.endswith("\r\n")


def test_ctrl_c_during_a_deployment_says_that_the_operation_continues(world, typed):
    world.after, world.events = "UPDATE_IN_PROGRESS", DONE[1:]
    with typed() as terminal:
        terminal.wait_for("Deploy hits? [y/N] ")
        terminal.press("y\n")
        terminal.wait_for("Visits")
        terminal.wait_for("updating")
        terminal.press("\x03")
        code, _ = terminal.end()

    assert code == 130
    assert "CloudFormation continues the operation; run the command again to see how it ends" in terminal.shown
    assert "Traceback" not in terminal.shown


@pytest.mark.parametrize(("typing", "code"), [("VisitsTable\n", 0), ("y\n", 1)])
def test_a_table_is_removed_only_if_its_name_is_typed(world, typed, typing, code):
    world.plan(REMOVED)
    with typed() as terminal:
        terminal.wait_for("To replace or remove VisitsTable, type VisitsTable: ")
        terminal.press(typing)

        assert terminal.end()[0] == code

    assert world.has_run() is (code == 0)


@pytest.fixture
def unused(world):
    """An installation that no stack uses."""
    world.aws.answer("GetResources", {"ResourceTagMappingList": []})
    world.aws.answer("DescribeStackResource", _missing())
    world.aws.answer("HEAD /hitcountermacro-123456789012-eu-central-1", Raw(b"", 404))
    return world


def test_without_a_terminal_no_installation_is_removed(unused, command):
    assert command("uninstall") == (1, "", "stdin is no terminal, so nobody can be asked; add --yes\n")


def test_an_installation_is_kept_if_the_user_declines(unused):
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"}
    with on_terminal("-m", "macro", "uninstall", env=env) as terminal:
        terminal.wait_for("Remove HitCounterMacro from account 123456789012, eu-central-1? [y/N] ")
        terminal.press("n\n")
        code, _ = terminal.end()

    assert code == 1
    assert "nothing was changed" in terminal.shown
    assert unused.aws.sent("DeleteStack") == []


def test_removing_a_missing_installation_succeeds(unused, command):
    unused.installed = None

    assert command("uninstall", "--yes") == (
        0,
        "",
        "HitCounterMacro isn't installed in account 123456789012, eu-central-1\n",
    )


def test_an_installation_that_stacks_use_is_kept(unused, command):
    tag = {"Key": "hitcounter:stack-id", "Value": "hits-id"}
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:hits"
    unused.aws.answer("GetResources", {"ResourceTagMappingList": [{"ResourceARN": arn, "Tags": [tag]}]})
    token = "arn:aws:lambda:eu-central-1:123456789012:function:HitCounterMacro-Companion"
    unused.aws.answer("GetTemplate", {"TemplateBody": json.dumps({"ServiceToken": token})})

    assert command("uninstall", "--yes") == (
        1,
        "",
        "HitCounterMacro is not removed: without HitCounterMacro-Companion, these stacks can't be updated or deleted: "
        "hits; delete them first, or add --force\n",
    )
