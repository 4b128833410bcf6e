"""An installation in different accounts: parameters, existing buckets, termination protection, and dry runs."""

import json

import pytest

from macro.builtin.digest import SHA256
from macro.cli.cloud.installation.bucket import digest_of
from macro.cli.cloud.installation.install import install
from macro.cli.cloud.installation.names import own_version
from macro.cli.cloud.installation.plan import InstallOptions
from macro.cli.cloud.stack.account import Place, connect
from macro.cli.cloud.stack.errors import CloudError
from macro.cli.cloud.stack.session import Session
from macro.cli.package.bundle import Bundles
from tests.support.fake_aws import Raw, Refusal
from tests.support.recorder import Recorder

BUCKET = "hitcountermacro-123456789012-eu-central-1"
BUNDLES = Bundles(b"macro", b"companion", b"handler")
NO_CHANGE = "The submitted information didn't contain changes. Submit different information to create a change set."
MISSING = Refusal("ValidationError", "Stack with id HitCounterMacro does not exist")
OWN = {"Suffix": "", "LowerSuffix": "", "AnswerHosts": ""}


class World:
    """An account where change sets of the installation's stack complete at once."""

    def __init__(self, aws):
        self.aws = aws
        self.stack, self.events, self.held = None, [], []
        aws.answer("DescribeStacks", lambda _: {"Stacks": [self.stack]} if self.stack else MISSING)
        aws.answer("ListStackResources", lambda _: {"StackResourceSummaries": self.held})
        aws.answer("CreateChangeSet", {"Id": "set", "StackId": "id"})
        aws.answer("DescribeChangeSet", {"Status": "CREATE_COMPLETE", "Changes": []})
        aws.answer("DescribeStackEvents", lambda _: {"StackEvents": self.events[::-1]})
        aws.answer("ListChangeSets", {"Summaries": []})
        for action in ("UpdateTerminationProtection", "DeleteChangeSet"):
            aws.answer(action, {})
        aws.answer(
            "ExecuteChangeSet", lambda _: self.end(f"{aws.sent('CreateChangeSet')[-1]['ChangeSetType']}_COMPLETE")
        )
        aws.answer("DeleteStack", lambda _: self.end("DELETE_COMPLETE"))
        aws.answer("GET /account", {})
        aws.answer(f"HEAD /{BUCKET}", Raw(b"", 404))
        aws.answer(f"HEAD /{BUCKET}/*", Raw(b"", 404))
        aws.answer(f"PUT /{BUCKET}/*", Raw(b""))

    def end(self, status, **more):
        self.exist(status, **more)
        event = {"EventId": str(len(self.events)), "StackId": "id", "StackName": "HitCounterMacro"}
        resource = {"LogicalResourceId": "HitCounterMacro", "PhysicalResourceId": "id"}
        kind = {"ResourceType": "AWS::CloudFormation::Stack", "ResourceStatus": status}
        self.events.append({**event, **resource, **kind})
        return {}

    def exist(self, status="UPDATE_COMPLETE", parameters=OWN, **more):
        told = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
        self.stack = {
            "StackName": "HitCounterMacro",
            "StackId": "id",
            "StackStatus": status,
            "Parameters": told,
            **more,
        }
        self.hold("CREATE_COMPLETE")

    def hold(self, *statuses):
        self.held = [
            {
                "LogicalResourceId": "Bucket",
                "ResourceType": "AWS::S3::Bucket",
                "ResourceStatus": status,
                "LastUpdatedTimestamp": "2026-01-02T03:04:05Z",
            }
            for status in statuses
        ]

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


def test_the_bucket_is_created_before_the_functions(session, world):

    has_changed = install(session, InstallOptions(), BUNDLES)

    assert has_changed
    assert (list(world.resources(0)), len(world.resources(1)) > 1) == (["Bucket"], True)
    sent = [action.split(f"/{BUCKET}/")[-1] for action in world.aws.actions()]
    keys = [step.facts["key"] for step in session.reporter.steps if step.name == "upload"]
    assert keys == [
        f"macro/{digest_of(b'macro')}.zip",
        f"companion/{digest_of(b'companion')}.zip",
        f"handlers/hit-counter-{SHA256}.zip",
    ]
    plans = [place for place, action in enumerate(sent) if action == "CreateChangeSet"]
    assert plans[0] < sent.index("ExecuteChangeSet") < sent.index(keys[0]) < plans[1]
    assert world.resources(1)["MacroFunction"]["Properties"]["Code"] == {"S3Bucket": BUCKET, "S3Key": keys[0]}
    assert world.resources(1)["CompanionFunction"]["Properties"]["Code"] == {"S3Bucket": BUCKET, "S3Key": keys[1]}


@pytest.mark.parametrize(("status", "kind", "texts"), [
    (200, "IMPORT", [f"the bucket {BUCKET} exists already, and is imported into the stack"]),
    (404, "CREATE", []),
])  # fmt: skip
def test_an_existing_bucket_is_imported_into_the_stack(session, world, status, kind, texts):
    world.aws.answer(f"HEAD /{BUCKET}", Raw(b"", status))

    install(session, InstallOptions(), BUNDLES)

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
    assert session.reporter.texts("bucket") == texts


def test_a_bucket_of_another_account_is_an_error_before_anything_is_created(session, world):
    world.aws.answer(f"HEAD /{BUCKET}", Raw(b"", 403))

    with pytest.raises(CloudError) as caught:
        install(session, InstallOptions(), BUNDLES)

    assert str(caught.value) == (
        f"the bucket {BUCKET} exists, but account 123456789012 doesn't own it or you may not read it; "
        "if someone else owns it, choose another name with --suffix"
    )
    assert world.aws.sent("CreateChangeSet") == []


@pytest.mark.parametrize(("role", "parameters"), [
    ({}, {"ApiGatewayLogRole": "true"}),
    ({"cloudwatchRoleArn": "arn:aws:iam::123456789012:role/theirs"}, {}),
])  # fmt: skip
def test_a_role_for_logs_is_set_only_if_the_account_has_none(session, world, role, parameters):
    world.aws.answer("GET /account", role)

    install(session, InstallOptions(), BUNDLES)

    assert world.parameters() == {**parameters, "Suffix": "", "LowerSuffix": "", "AnswerHosts": None}


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException"])
def test_the_role_for_logs_is_not_set_if_the_account_denies_reading_it(session, world, code):
    world.aws.answer("GET /account", Refusal(code, "not authorized to perform: apigateway:GET", 403))

    install(session, InstallOptions(), BUNDLES)

    assert world.parameters() == {"Suffix": "", "LowerSuffix": "", "AnswerHosts": None}


def test_any_other_error_of_api_gateway_ends_the_installation(session, world):
    world.aws.answer("GET /account", Refusal("BadRequestException", "out of order"))

    with pytest.raises(session.account.client("apigateway").exceptions.ClientError, match="out of order"):
        install(session, InstallOptions(), BUNDLES)

    assert world.aws.sent("ExecuteChangeSet") == []


def test_the_installation_keeps_the_role_for_logs_that_it_has_set(session, world):
    world.exist(parameters={**OWN, "ApiGatewayLogRole": "true"})
    world.aws.answer("GET /account", {"cloudwatchRoleArn": "arn:aws:iam::123456789012:role/ours"})

    install(session, InstallOptions(), BUNDLES)

    assert world.parameters() == {"ApiGatewayLogRole": None, "Suffix": "", "LowerSuffix": "", "AnswerHosts": None}
    assert "GET /account" not in world.aws.actions()


def test_earlier_parameters_are_kept_and_new_ones_are_set(session, world):
    before = {"LogRetention": "30", "KmsKeyArn": "arn", "ApiGatewayLogRole": "true", "Unknown": "x"}
    world.exist(parameters={**OWN, **before})

    install(session, InstallOptions("", {"LogRetention": "90"}), BUNDLES)

    assert world.parameters() == {
        "Suffix": "",
        "LowerSuffix": "",
        "AnswerHosts": None,
        "LogRetention": "90",
        "KmsKeyArn": None,
        "ApiGatewayLogRole": None,
    }


def test_an_engine_gets_the_hosts_for_answers(aws):
    world = World(aws)
    world.aws.answer("HEAD /hitcountermacrobeta*", Raw(b"", 404))
    world.aws.answer("PUT /hitcountermacrobeta*", Raw(b""))
    port = aws.url.rpartition(":")[2]

    install(Session(connect(Place(endpoint=aws.url)), Recorder()), InstallOptions("Beta"), BUNDLES)

    assert world.parameters() == {
        "ApiGatewayLogRole": "true",
        "Suffix": "Beta",
        "LowerSuffix": "beta",
        "AnswerHosts": f"127.0.0.1:{port},localhost:{port}",
    }


@pytest.mark.parametrize(("is_protected", "calls"), [(False, 1), (True, 0)])
@pytest.mark.parametrize("has_changes", [True, False])
def test_termination_protection_is_turned_on(session, world, is_protected, calls, has_changes):
    world.exist(EnableTerminationProtection=is_protected)
    if has_changes:
        world.aws.answer(
            "ExecuteChangeSet", lambda _: world.end("UPDATE_COMPLETE", EnableTerminationProtection=is_protected)
        )
    else:
        world.aws.answer("DescribeChangeSet", {"Status": "FAILED", "StatusReason": NO_CHANGE})

    has_changed = install(session, InstallOptions(), BUNDLES)

    assert has_changed is has_changes
    sent = world.aws.sent("UpdateTerminationProtection")
    assert [each["EnableTerminationProtection"] for each in sent] == ["true"] * calls


@pytest.mark.parametrize(("status", "taken_back"), [(404, ["true", "true"]), (200, [None, "true"])])
def test_a_failed_installation_deletes_new_resources_but_no_imported_bucket(session, world, status, taken_back):
    world.aws.answer(f"HEAD /{BUCKET}", Raw(b"", status))

    install(session, InstallOptions(), BUNDLES)

    assert [sent.get("RetainExceptOnCreate") for sent in world.aws.sent("ExecuteChangeSet")] == taken_back


@pytest.mark.parametrize(("status", "modes"), [(404, [None, None]), (200, [None, "REVERT_DRIFT"])])
def test_an_imported_bucket_gets_the_templates_settings(session, world, status, modes):
    world.aws.answer(f"HEAD /{BUCKET}", Raw(b"", status))

    install(session, InstallOptions(), BUNDLES)

    assert [sent.get("DeploymentMode") for sent in world.aws.sent("CreateChangeSet")] == modes


@pytest.mark.parametrize(("status", "mode"), [("IMPORT_COMPLETE", "REVERT_DRIFT"), ("UPDATE_COMPLETE", None)])
def test_a_bucket_that_an_earlier_run_imported_gets_the_templates_settings(session, world, status, mode):
    world.exist(status)

    install(session, InstallOptions(), BUNDLES)

    assert [sent.get("DeploymentMode") for sent in world.aws.sent("CreateChangeSet")] == [mode]


@pytest.mark.parametrize("held", [[], ["DELETE_COMPLETE"]])
def test_an_empty_stack_gets_its_bucket_first(session, world, held):
    world.exist()
    world.hold(*held)

    install(session, InstallOptions(), BUNDLES)

    first, second = world.aws.sent("CreateChangeSet")
    assert (first["ChangeSetType"], second["ChangeSetType"]) == ("UPDATE", "UPDATE")
    assert (list(world.resources(0)), len(world.resources(1)) > 1) == (["Bucket"], True)


def test_a_stack_in_review_gets_its_bucket_first(session, world):
    world.exist("REVIEW_IN_PROGRESS", {})

    install(session, InstallOptions(), BUNDLES)

    assert [sent["ChangeSetType"] for sent in world.aws.sent("CreateChangeSet")] == ["CREATE", "UPDATE"]
    assert list(world.resources(0)) == ["Bucket"]


@pytest.mark.parametrize("is_dry_run", [True, False])
def test_another_stack_with_the_installations_name_is_left_alone(session, world, is_dry_run):
    world.exist("ROLLBACK_COMPLETE", {"Suffix": "theirs"})

    with pytest.raises(CloudError) as caught:
        install(session, InstallOptions(is_dry_run=is_dry_run), BUNDLES)

    assert str(caught.value) == (
        "the stack HitCounterMacro exists, but is no installation of HitCounterMacro; choose another name with --suffix"
    )
    assert world.aws.actions() == ["DescribeStacks"]


@pytest.mark.parametrize("is_dry_run", [True, False])
def test_an_older_command_does_not_change_a_newer_installation(session, world, is_dry_run):
    world.exist(Outputs=[{"OutputKey": "Version", "OutputValue": "999.0.0"}])

    with pytest.raises(CloudError) as caught:
        install(session, InstallOptions(is_dry_run=is_dry_run), BUNDLES)

    assert str(caught.value) == (
        f"the installation has release 999.0.0, but this command has the older release {own_version()}; "
        "update the command to release 999.0.0"
    )
    assert world.aws.actions() == ["DescribeStacks"]


@pytest.mark.parametrize("version", ["0.0.1", own_version()])
def test_a_newer_command_updates_an_installation(session, world, version):
    world.exist(Outputs=[{"OutputKey": "Version", "OutputValue": version}])

    has_changed = install(session, InstallOptions(), BUNDLES)

    assert has_changed


def test_packed_plugins_and_custom_resources_are_outputs(session, world):
    install(session, InstallOptions(), BUNDLES._replace(plugins=("queue", "topic"), resources=("Custom::Lock",)))

    body = json.loads(world.aws.sent("CreateChangeSet")[-1]["TemplateBody"])
    assert {name: body["Outputs"][name]["Value"] for name in ("Plugins", "CustomResources")} == {
        "Plugins": "queue,topic",
        "CustomResources": "Custom::Lock",
    }


def test_without_packed_plugins_there_are_no_such_outputs(session, world):
    install(session, InstallOptions(), BUNDLES)

    body = json.loads(world.aws.sent("CreateChangeSet")[-1]["TemplateBody"])
    assert not {"Plugins", "CustomResources"} & body["Outputs"].keys()


SERVING = [
    {"OutputKey": "Plugins", "OutputValue": "queue,topic"},
    {"OutputKey": "CustomResources", "OutputValue": "Custom::Lock"},
]


@pytest.mark.parametrize("is_dry_run", [True, False])
def test_plugins_are_not_dropped_without_an_option(session, world, is_dry_run):
    world.exist(Outputs=SERVING)

    with pytest.raises(CloudError) as caught:
        install(session, InstallOptions(is_dry_run=is_dry_run), BUNDLES._replace(plugins=("topic",)))

    assert str(caught.value) == (
        "HitCounterMacro serves queue and Custom::Lock, which this update drops, so stacks with them could be neither "
        "updated nor deleted; name each package with --plugin again, or drop them with --drop-plugins"
    )
    assert set(world.aws.actions()) == {"DescribeStacks"}


@pytest.mark.parametrize(
    ("choice", "bundles"),
    [
        (InstallOptions(drops_plugins=True), BUNDLES),
        (InstallOptions(), BUNDLES._replace(plugins=("more", "queue", "topic"), resources=("Custom::Lock",))),
    ],
    ids=["dropped", "kept"],
)
def test_plugins_can_be_dropped_with_an_option_and_added(session, world, choice, bundles):
    world.exist(Outputs=SERVING)

    assert install(session, choice, bundles)


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "CREATE_FAILED"])
def test_an_installation_that_was_never_created_is_deleted_and_created_again(session, world, status):
    world.exist(status, EnableTerminationProtection=True)

    has_changed = install(session, InstallOptions(), BUNDLES)

    actions = world.aws.actions()
    assert has_changed
    assert [sent["ChangeSetType"] for sent in world.aws.sent("CreateChangeSet")] == ["CREATE", "UPDATE"]
    assert (
        actions.index("UpdateTerminationProtection") < actions.index("DeleteStack") < actions.index("CreateChangeSet")
    )
    assert world.aws.sent("DeleteStack")[0]["StackName"] == "id"


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "CREATE_FAILED"])
def test_a_dry_run_does_not_delete_an_installation_that_was_never_created(session, world, status):
    world.exist(status)

    with pytest.raises(CloudError) as caught:
        install(session, InstallOptions(is_dry_run=True), BUNDLES)

    assert str(caught.value) == (
        f"the stack HitCounterMacro is {status}: it was never created, and can only be deleted; "
        "run: aws cloudformation delete-stack --stack-name HitCounterMacro --region eu-central-1"
    )
    assert world.aws.sent("DeleteStack") == []


def test_an_installation_with_a_failed_rollback_is_left_to_its_owner(session, world):
    world.exist("UPDATE_ROLLBACK_FAILED")

    with pytest.raises(CloudError) as caught:
        install(session, InstallOptions(), BUNDLES)

    assert str(caught.value) == (
        "the stack HitCounterMacro is UPDATE_ROLLBACK_FAILED: it could not be rolled back; fix the causes that its events name, "
        "then continue the rollback; run: aws cloudformation continue-update-rollback --stack-name HitCounterMacro --region eu-central-1"
    )


def test_a_dry_run_of_a_new_installation_imports_an_existing_bucket(session, world):
    install(session, InstallOptions(is_dry_run=True), BUNDLES)

    (sent,) = world.aws.sent("CreateChangeSet")
    assert (sent["ChangeSetType"], sent["ImportExistingResources"]) == ("CREATE", "true")


@pytest.mark.parametrize(("status", "held"), [("REVIEW_IN_PROGRESS", ["CREATE_COMPLETE"]), ("UPDATE_COMPLETE", [])])
def test_a_dry_run_over_an_empty_stack_imports_an_existing_bucket(session, world, status, held):
    world.exist(status)
    world.hold(*held)

    install(session, InstallOptions(is_dry_run=True), BUNDLES)

    assert world.aws.sent("CreateChangeSet")[0]["ImportExistingResources"] == "true"


@pytest.mark.parametrize("is_dry_run", [True, False])
def test_only_a_dry_run_without_resources_imports_existing_resources(session, world, is_dry_run):
    world.exist()

    install(session, InstallOptions(is_dry_run=is_dry_run), BUNDLES)
    world.stack = None
    install(session, InstallOptions(), BUNDLES)

    assert [sent.get("ImportExistingResources") for sent in world.aws.sent("CreateChangeSet")] == [None] * 3


def test_a_dry_run_without_a_change_protects_nothing(session, world):
    world.exist()
    world.aws.answer("DescribeChangeSet", {"Status": "FAILED", "StatusReason": NO_CHANGE})

    has_changed = install(session, InstallOptions(is_dry_run=True), BUNDLES)

    assert not has_changed
    assert session.reporter.steps[-1].text == "the installation is up to date; nothing would change"
    assert world.aws.sent("UpdateTerminationProtection") == []


def test_a_dry_run_uploads_nothing_and_leaves_no_change_set(session, world):

    has_changed = install(session, InstallOptions(is_dry_run=True), BUNDLES)

    assert not has_changed
    assert session.reporter.steps[-1].text == "nothing was changed: this was a dry run"
    assert not [action for action in world.aws.actions() if action.startswith("PUT")]
    assert world.aws.sent("ExecuteChangeSet") == []
    assert len(world.aws.sent("DeleteChangeSet")) == 1


def test_an_engine_without_macros_gets_all_other_resources(session, world):
    refusal = Refusal(
        "ValidationError", "Template format error: Unrecognized resource types: [AWS::CloudFormation::Macro]"
    )
    made = {"Id": "set", "StackId": "id"}
    world.exist()
    world.aws.answer("CreateChangeSet", refusal, made)

    install(session, InstallOptions(), BUNDLES)

    assert ("Macro" in world.resources(0), "Macro" in world.resources(1)) == (True, False)
    assert session.reporter.texts("no-macros") == [
        "this engine runs no macros: 'hitcounter deploy' and 'local' call the macro's function themselves"
    ]


def test_any_other_refusal_of_the_template_is_raised(session, world):
    world.exist()
    world.aws.answer("CreateChangeSet", Refusal("ValidationError", "Template error: something else"))

    with pytest.raises(session.account.client("cloudformation").exceptions.ClientError, match="something else"):
        install(session, InstallOptions(), BUNDLES)


def test_a_missing_bucket_without_a_change_is_reported(session, world):
    world.aws.answer("DescribeChangeSet", {"Status": "FAILED", "StatusReason": NO_CHANGE})

    with pytest.raises(CloudError) as caught:
        install(session, InstallOptions(), BUNDLES)

    assert str(caught.value) == f"CloudFormation reports no change, but the bucket {BUCKET} is missing; try again"
