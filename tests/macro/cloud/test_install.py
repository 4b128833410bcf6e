"""Installing, as far as an account decides it: parameters, the bucket that is there, protection, and trials."""

import json

import pytest

from macro.builtin.digest import SHA256
from macro.local.bundle import Bundles
from macro.local.cloud.account import Place, connect
from macro.local.cloud.bucket import digest_of
from macro.local.cloud.errors import CloudError
from macro.local.cloud.install import Choice, fill_in, install, keep_only, leave_out, name_answer_hosts
from macro.local.cloud.installation import read_template
from tests.fake_aws import Raw, Refusal

BUCKET = "hitcountermacro-123456789012-eu-central-1"
BUNDLES = Bundles(b"macro", b"companion", b"handler")
NO_CHANGE = "The submitted information didn't contain changes. Submit different information to create a change set."
MISSING = Refusal("ValidationError", "Stack with id HitCounterMacro does not exist")


class World:
    """An account in which the stack of the installation is made by change sets that need no time."""

    def __init__(self, aws):
        self.aws = aws
        self.stack = None
        aws.answer("DescribeStacks", lambda sent: {"Stacks": [self.stack]} if self.stack else MISSING)
        aws.answer("CreateChangeSet", {"Id": "set", "StackId": "id"})
        aws.answer("DescribeChangeSet", {"Status": "CREATE_COMPLETE", "Changes": []})
        aws.answer("DescribeStackEvents", {"StackEvents": []})
        aws.answer("ListChangeSets", {"Summaries": []})
        for action in ("UpdateTerminationProtection", "DeleteChangeSet", "DeleteStack"):
            aws.answer(action, {})
        aws.answer("ExecuteChangeSet", self._execute)
        aws.answer("GET /account", {})
        aws.answer(f"HEAD /{BUCKET}", Raw(b"", 404))
        aws.answer(f"HEAD /{BUCKET}/*", Raw(b"", 404))
        aws.answer(f"PUT /{BUCKET}/*", Raw(b""))

    def _execute(self, _):
        self.exist()
        return {}

    def exist(self, **more):
        self.stack = {"StackName": "HitCounterMacro", "StackId": "id", "StackStatus": "UPDATE_COMPLETE", **more}

    def parameters(self, place=-1):
        sent = self.aws.sent("CreateChangeSet")[place]
        pairs = {}
        for key, name in sent.items():
            if key.endswith(".ParameterKey"):
                pairs[name] = sent.get(key.replace("ParameterKey", "ParameterValue"))
        return pairs

    def resources(self, place=-1):
        return json.loads(self.aws.sent("CreateChangeSet")[place]["TemplateBody"])["Resources"]


@pytest.fixture
def world(aws):
    return World(aws)


def test_the_bucket_is_made_before_what_is_run_from_it(account, world, told):
    lines, tell = told

    installed = install(account, Choice(), BUNDLES, tell)

    assert installed.has_changed
    assert (list(world.resources(0)), len(world.resources(1)) > 1) == (["Bucket"], True)
    sent = [action.split(f"/{BUCKET}/")[-1] for action in world.aws.actions()]
    keys = [line.facts["key"] for line in lines if line.event == "upload"]
    assert keys == [
        f"macro/{digest_of(b'macro')}.zip",
        f"companion/{digest_of(b'companion')}.zip",
        f"handlers/hit-counter-{SHA256}.zip",
    ]
    assert sent.index("ExecuteChangeSet") < sent.index(keys[0]) < sent.index("CreateChangeSet", 10)
    assert world.resources(1)["MacroFunction"]["Properties"]["Code"] == {"S3Bucket": BUCKET, "S3Key": keys[0]}
    assert world.resources(1)["CompanionFunction"]["Properties"]["Code"] == {"S3Bucket": BUCKET, "S3Key": keys[1]}


@pytest.mark.parametrize(("status", "kind", "texts"), [
    (200, "IMPORT", [f"the bucket {BUCKET} is there already, and is taken into the stack"]),
    (404, "CREATE", []),
])  # fmt: skip
def test_a_bucket_that_is_there_already_is_taken_into_the_stack(account, world, told, status, kind, texts):
    lines, tell = told
    world.aws.answer(f"HEAD /{BUCKET}", Raw(b"", status))

    install(account, Choice(), BUNDLES, tell)

    first, second = world.aws.sent("CreateChangeSet")
    assert (first["ChangeSetType"], second["ChangeSetType"]) == (kind, "UPDATE")
    head = "ResourcesToImport.member.1"
    assert {name: value for name, value in first.items() if name.startswith(head)} == (
        {
            f"{head}.ResourceType": "AWS::S3::Bucket",
            f"{head}.LogicalResourceId": "Bucket",
            f"{head}.ResourceIdentifier.entry.1.key": "BucketName",
            f"{head}.ResourceIdentifier.entry.1.value": BUCKET,
        }
        if kind == "IMPORT"
        else {}
    )
    assert [line.text for line in lines if line.event == "bucket"] == texts


def test_a_bucket_of_someone_else_is_refused_before_anything_is_made(account, world, told):
    world.aws.answer(f"HEAD /{BUCKET}", Raw(b"", 403))

    with pytest.raises(CloudError) as caught:
        install(account, Choice(), BUNDLES, told[1])

    assert str(caught.value) == (
        f"the bucket {BUCKET} exists and is not account 123456789012's, or you may not read it; "
        "if it is someone else's, install under another name with --suffix"
    )
    assert world.aws.sent("CreateChangeSet") == []


@pytest.mark.parametrize(("role", "parameters"), [
    ({}, {"ApiGatewayLogRole": "true"}),
    ({"cloudwatchRoleArn": "arn:aws:iam::123456789012:role/theirs"}, {}),
])  # fmt: skip
def test_a_role_for_logs_is_set_only_where_the_account_has_none(account, world, told, role, parameters):
    world.aws.answer("GET /account", role)

    install(account, Choice(), BUNDLES, told[1])

    assert world.parameters() == {**parameters, "Suffix": "", "LowerSuffix": ""}


def test_a_role_for_logs_that_the_installation_has_set_stays_its_own(account, world, told):
    world.exist(Parameters=[{"ParameterKey": "ApiGatewayLogRole", "ParameterValue": "true"}])
    world.aws.answer("GET /account", {"cloudwatchRoleArn": "arn:aws:iam::123456789012:role/ours"})

    install(account, Choice(), BUNDLES, told[1])

    assert world.parameters() == {"ApiGatewayLogRole": None, "Suffix": "", "LowerSuffix": ""}
    assert "GET /account" not in world.aws.actions()


def test_what_was_chosen_before_is_kept_and_what_is_chosen_now_is_set(account, world, told):
    before = {"Suffix": "", "LogRetention": "30", "KmsKeyArn": "arn", "ApiGatewayLogRole": "true", "Unknown": "x"}
    world.exist(Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in before.items()])

    install(account, Choice("", {"LogRetention": "90"}), BUNDLES, told[1])

    assert world.parameters() == {
        "Suffix": "",
        "LowerSuffix": "",
        "LogRetention": "90",
        "KmsKeyArn": None,
        "ApiGatewayLogRole": None,
    }


def test_an_engine_is_told_the_hosts_that_answers_go_to(aws, told):
    world = World(aws)
    world.aws.answer("HEAD /hitcountermacrobeta*", Raw(b"", 404))
    world.aws.answer("PUT /hitcountermacrobeta*", Raw(b""))
    port = aws.url.rpartition(":")[2]

    install(connect(Place(endpoint=aws.url)), Choice("Beta"), BUNDLES, told[1])

    assert world.parameters() == {
        "ApiGatewayLogRole": "true",
        "Suffix": "Beta",
        "LowerSuffix": "beta",
        "AnswerHosts": f"127.0.0.1:{port},localhost:{port}",
    }


@pytest.mark.parametrize(("endpoint", "hosts"), [
    ("http://127.0.0.1:4566", "127.0.0.1:4566,localhost:4566"),
    ("http://localhost:4566/", "127.0.0.1:4566,localhost:4566"),
    ("http://engine.test:4566", "engine.test:4566"),
])  # fmt: skip
def test_the_hosts_of_an_engine_are_its_own_by_each_name(endpoint, hosts):
    assert name_answer_hosts(endpoint) == hosts


@pytest.mark.parametrize(("is_protected", "calls"), [(False, 1), (True, 0)])
@pytest.mark.parametrize("has_changes", [True, False])
def test_termination_protection_is_turned_on(account, world, told, is_protected, calls, has_changes):
    world.exist(EnableTerminationProtection=is_protected)
    if has_changes:
        world.aws.answer("ExecuteChangeSet", {})
    else:
        world.aws.answer("DescribeChangeSet", {"Status": "FAILED", "StatusReason": NO_CHANGE})

    installed = install(account, Choice(), BUNDLES, told[1])

    assert installed.has_changed is has_changes
    sent = world.aws.sent("UpdateTerminationProtection")
    assert [each["EnableTerminationProtection"] for each in sent] == ["true"] * calls


def test_a_new_installation_takes_back_what_it_made_only_at_first(account, world, told):
    install(account, Choice(), BUNDLES, told[1])

    assert [sent.get("RetainExceptOnCreate") for sent in world.aws.sent("ExecuteChangeSet")] == ["true", None]


def test_a_trial_without_a_change_protects_nothing(account, world, told):
    lines, tell = told
    world.exist()
    world.aws.answer("DescribeChangeSet", {"Status": "FAILED", "StatusReason": NO_CHANGE})

    installed = install(account, Choice(is_trial=True), BUNDLES, tell)

    assert installed == (None, False)
    assert lines[-1].text == "it is up to date; nothing would be changed"
    assert world.aws.sent("UpdateTerminationProtection") == []


def test_a_trial_uploads_nothing_and_leaves_no_change_set(account, world, told):
    lines, tell = told

    installed = install(account, Choice(is_trial=True), BUNDLES, tell)

    assert installed == (None, False)
    assert lines[-1].text == "nothing was changed: this was a dry run"
    assert not [action for action in world.aws.actions() if action.startswith("PUT")]
    assert world.aws.sent("ExecuteChangeSet") == []
    assert len(world.aws.sent("DeleteChangeSet")) == 1


def test_an_engine_without_macros_gets_everything_else(account, world, told):
    lines, tell = told
    refusal = Refusal(
        "ValidationError", "Template format error: Unrecognized resource types: [AWS::CloudFormation::Macro]"
    )
    made = {"Id": "set", "StackId": "id"}
    world.exist()
    world.aws.answer("CreateChangeSet", refusal, made)

    install(account, Choice(), BUNDLES, tell)

    assert ("Macro" in world.resources(0), "Macro" in world.resources(1)) == (True, False)
    assert "this engine runs no macros: 'hitcounter deploy' and 'local' call the macro's function themselves" in [
        line.text for line in lines
    ]


def test_any_other_refusal_of_the_template_is_no_matter_of_macros(account, world, told):
    world.exist()
    world.aws.answer("CreateChangeSet", Refusal("ValidationError", "Template error: something else"))

    with pytest.raises(account.client("cloudformation").exceptions.ClientError, match="something else"):
        install(account, Choice(), BUNDLES, told[1])


def test_a_bucket_without_a_change_is_told(account, world, told):
    world.aws.answer("DescribeChangeSet", {"Status": "FAILED", "StatusReason": NO_CHANGE})

    with pytest.raises(CloudError) as caught:
        install(account, Choice(), BUNDLES, told[1])

    assert str(caught.value) == f"CloudFormation sees no change in making the bucket {BUCKET}; try again"


def test_a_template_is_filled_in_without_changing_it():
    template = read_template()

    filled = fill_in(template, {"MacroFunction": "m", "CompanionFunction": "c"}, "bucket")

    assert template == read_template()
    assert filled["Resources"]["MacroFunction"]["Properties"]["Code"] == {"S3Bucket": "bucket", "S3Key": "m"}
    assert filled["Resources"]["Bucket"]["Properties"]["BucketName"] == "bucket"


def test_one_resource_is_kept_without_outputs():
    kept = keep_only(read_template(), "Bucket")

    assert (list(kept["Resources"]), "Outputs" in kept, "Parameters" in kept) == (["Bucket"], False, True)


def test_outputs_go_with_the_resources_that_they_tell_of():
    before, after = read_template(), leave_out(read_template(), "AWS::CloudFormation::Macro")

    assert set(before["Resources"]) - set(after["Resources"]) == {"Macro"}
    assert set(before["Outputs"]) - set(after["Outputs"]) == {"MacroName"}
