"""Change sets: the request, the explanation of a refusal, and that a refused change set leaves nothing."""

import json

import pytest

from macro.cli.cloud.stack.change_set import ChangeSet, ChangeSetRequest, create_change_set, discard, execute
from macro.cli.cloud.stack.errors import CloudError, explained
from macro.cli.cloud.stack.stack import Stack
from tests.support.fake_aws import Raw, Refusal

STACK_ID = "arn:aws:cloudformation:eu-central-1:123456789012:stack/hits/1"
ID = "arn:aws:cloudformation:eu-central-1:123456789012:changeSet/hitcounter-1/2"
BODY = {"TemplateBody": "Resources: {}"}
THERE = Stack("hits", STACK_ID, "CREATE_COMPLETE", "", {}, {}, False)
REVIEWED = {"StackName": "hits", "StackId": STACK_ID, "StackStatus": "REVIEW_IN_PROGRESS"}


def change(logical_id):
    resource = {"Action": "Add", "LogicalResourceId": logical_id, "ResourceType": "AWS::SNS::Topic"}
    return {"Type": "Resource", "ResourceChange": resource}


@pytest.fixture
def client(account, aws):
    aws.answer("CreateChangeSet", {"Id": ID, "StackId": STACK_ID})
    aws.answer("DescribeChangeSet", {"Status": "CREATE_COMPLETE", "Changes": []})
    aws.answer("DeleteChangeSet", {})
    aws.answer("DescribeStacks", {"Stacks": [REVIEWED]})
    aws.answer("ListChangeSets", {"Summaries": []})
    aws.answer("DeleteStack", {})
    aws.answer("ExecuteChangeSet", {})
    return account.client("cloudformation")


def refuse(client, aws, reason):
    aws.answer("DescribeChangeSet", {"Status": "FAILED", "StatusReason": reason})
    with pytest.raises(CloudError) as caught, explained():
        create_change_set(client, ChangeSetRequest("hits", BODY, {}, {}), THERE)
    return str(caught.value)


@pytest.mark.parametrize(("stack", "kind"), [
    (None, "CREATE"),
    (THERE._replace(status="REVIEW_IN_PROGRESS"), "CREATE"),
    (THERE, "UPDATE"),
])  # fmt: skip
def test_a_change_set_creates_a_missing_stack(client, aws, stack, kind):
    made = create_change_set(client, ChangeSetRequest("hits", BODY, {}, {}), stack)

    (sent,) = aws.sent("CreateChangeSet")
    assert sent["ChangeSetType"] == kind
    assert made == (ID, STACK_ID, "hits", [], False)


@pytest.mark.parametrize(
    ("planned", "parameters", "tags", "is_same"),
    [
        pytest.param({"Outputs": {}}, {"Stage": "prod", "Kept": None}, {}, True, id="nothing"),
        pytest.param({"Outputs": {"A": {"Value": "a"}}}, {}, {}, False, id="an output"),
        pytest.param({"Outputs": {}}, {"Stage": "test"}, {}, False, id="a parameter"),
        pytest.param({"Outputs": {}}, {}, {"team": "web"}, False, id="tags"),
    ],
)
def test_a_complete_change_set_without_changes_of_resources_is_left_only_if_it_changes_something(
    client, aws, planned, parameters, tags, is_same
):
    bodies = {True: json.dumps(planned), False: json.dumps({"Outputs": {}})}
    aws.answer("GetTemplate", lambda call: {"TemplateBody": bodies["ChangeSetName" in call]})
    stack = THERE._replace(parameters={"Stage": "prod", "Kept": "x"})

    made = create_change_set(client, ChangeSetRequest("hits", BODY, parameters, tags), stack)

    assert (made is None) == is_same
    assert bool(aws.sent("DeleteChangeSet")) == is_same


def test_a_change_set_whose_template_can_not_be_read_is_left(client, aws):
    aws.answer("GetTemplate", Refusal("ValidationError", "no such stage"))

    assert create_change_set(client, ChangeSetRequest("hits", BODY, {}, {}), THERE) is not None


def test_only_values_tags_capabilities_and_a_token_are_sent(client, aws):
    wanted = ChangeSetRequest("hits", BODY, {"Stage": "prod", "Shards": None}, {"team": "web"})

    create_change_set(client, wanted, THERE)

    (sent,) = aws.sent("CreateChangeSet")
    token = sent["ClientToken"]
    assert len(token) == 32
    assert {name: value for name, value in sent.items() if name not in ("Action", "Version", "ClientToken")} == {
        "StackName": "hits",
        "ChangeSetName": f"hitcounter-{token[:16]}",
        "ChangeSetType": "UPDATE",
        "TemplateBody": "Resources: {}",
        "Capabilities.member.1": "CAPABILITY_IAM",
        "Capabilities.member.2": "CAPABILITY_NAMED_IAM",
        "Capabilities.member.3": "CAPABILITY_AUTO_EXPAND",
        "Parameters.member.1.ParameterKey": "Stage",
        "Parameters.member.1.ParameterValue": "prod",
        "Parameters.member.2.ParameterKey": "Shards",
        "Parameters.member.2.UsePreviousValue": "true",
        "Tags.member.1.Key": "team",
        "Tags.member.1.Value": "web",
    }


def test_existing_resources_are_imported(client, aws):
    bucket = {
        "ResourceType": "AWS::S3::Bucket",
        "LogicalResourceId": "Bucket",
        "ResourceIdentifier": {"BucketName": "b"},
    }

    made = create_change_set(client, ChangeSetRequest("hits", BODY, {}, {}, [bucket]), None)

    (sent,) = aws.sent("CreateChangeSet")
    assert (sent["ChangeSetType"], sent["ResourcesToImport.member.1.LogicalResourceId"]) == ("IMPORT", "Bucket")
    assert made.is_import


def test_existing_resources_with_literal_names_are_imported_on_request(client, aws):
    create_change_set(client, ChangeSetRequest("hits", BODY, {}, {}, takes_in=True), None)

    (sent,) = aws.sent("CreateChangeSet")
    assert (sent["ChangeSetType"], sent["ImportExistingResources"]) == ("CREATE", "true")


def test_drift_is_reverted_on_request(client, aws):
    create_change_set(client, ChangeSetRequest("hits", BODY, {}, {}, reverts=True), THERE)

    (sent,) = aws.sent("CreateChangeSet")
    assert (sent["ChangeSetType"], sent["DeploymentMode"]) == ("UPDATE", "REVERT_DRIFT")


def test_each_change_set_has_its_own_name_and_token(client, aws):
    create_change_set(client, ChangeSetRequest("hits", BODY, {}, {}), THERE)
    create_change_set(client, ChangeSetRequest("hits", BODY, {}, {}), THERE)

    first, second = aws.sent("CreateChangeSet")
    assert first["ClientToken"] != second["ClientToken"]
    assert first["ChangeSetName"] != second["ChangeSetName"]


def test_a_change_set_is_awaited_and_read_page_by_page(client, aws):
    aws.answer(
        "DescribeChangeSet",
        {"Status": "CREATE_PENDING"},
        {"Status": "CREATE_IN_PROGRESS"},
        {"Status": "CREATE_COMPLETE", "Changes": [change("A"), change("B")], "NextToken": "2"},
        {"Status": "CREATE_COMPLETE", "Changes": [change("C")], "NextToken": "3"},
        {"Status": "CREATE_COMPLETE", "Changes": [change("D")]},
    )

    made = create_change_set(client, ChangeSetRequest("hits", BODY, {}, {}), THERE)

    assert [each.logical_id for each in made.changes] == ["A", "B", "C", "D"]
    assert [sent.get("NextToken") for sent in aws.sent("DescribeChangeSet")] == [None, None, None, "2", "3"]


@pytest.mark.parametrize("reason", [
    "The submitted information didn't contain changes. Submit different information to create a change set.",
    "No updates are to be performed.",
])  # fmt: skip
def test_without_changes_there_is_no_change_set(client, aws, reason):
    aws.answer("DescribeChangeSet", {"Status": "FAILED", "StatusReason": reason})

    made = create_change_set(client, ChangeSetRequest("hits", BODY, {}, {}), THERE)

    assert made is None
    assert [sent["ChangeSetName"] for sent in aws.sent("DeleteChangeSet")] == [ID]


def test_the_macros_problems_are_reported_in_its_words(client, aws):
    said = "Resources.Visits.Properties.Shards: must be an integer from 1 to 64, got 0\n1 problem failed with: no"

    text = refuse(
        client, aws, f"Transform 123456789012::HitCounterMacro failed with: {said}. Rollback requested by user."
    )

    assert text == f"Transform 123456789012::HitCounterMacro refuses the template:\n{said}"


@pytest.mark.parametrize("reason", [
    "Transform 123456789012::HitCounterMacro failed without an error message.. Rollback requested by user.",
    "Received malformed response from transform 123456789012::HitCounterMacro.. Rollback requested by user.",
    "Parameters: [Stage] must have values",
    "Resource Visits failed with: a reason of its own",
    "",
])  # fmt: skip
def test_any_other_refusal_is_reported_in_cloudformations_words(client, aws, reason):
    assert refuse(client, aws, reason) == f"CloudFormation can't create a change set for the stack hits: {reason}"


def test_early_validation_errors_are_reported_by_resource(client, aws):
    reason = "Validation failed. Call DescribeEvents for details."
    found = {"LogicalResourceId": "Bucket", "ResourceType": "AWS::S3::Bucket", "ValidationStatusReason": "it exists"}
    events = [{"EventType": "VALIDATION_ERROR", **found}, {"EventType": "STACK_EVENT"}]
    aws.answer("DescribeEvents", {"OperationEvents": events})

    text = refuse(client, aws, reason)

    assert (
        text
        == f"Bucket (AWS::S3::Bucket): it exists\nCloudFormation can't create a change set for the stack hits: {reason}"
    )
    assert [sent["ChangeSetName"] for sent in aws.sent("DescribeEvents")] == [ID]
    assert len(aws.sent("DeleteChangeSet")) == 1


def test_a_refusal_is_reported_by_its_reason_if_reading_details_is_denied(client, aws):
    reason = "Validation failed. Call DescribeEvents for details."
    aws.answer("DescribeEvents", Refusal("AccessDenied", "You may not.", 403))

    text = refuse(client, aws, reason)

    assert text == f"CloudFormation can't create a change set for the stack hits: {reason}"
    assert len(aws.sent("DeleteChangeSet")) == 1


def test_a_failed_change_set_is_deleted_even_if_its_details_cannot_be_read(client, aws):
    reason = "Validation failed. Call DescribeEvents for details."
    aws.answer("DescribeEvents", Raw(b"<html>no"))

    text = refuse(client, aws, reason)

    assert text == "the service doesn't answer like AWS; is it AWS, or an engine such as MiniStack?"
    assert len(aws.sent("DeleteChangeSet")) == 1


def test_a_refused_change_set_leaves_nothing(client, aws):
    refuse(client, aws, "Parameters: [Stage] must have values")

    assert aws.actions()[-4:] == ["DeleteChangeSet", "DescribeStacks", "ListChangeSets", "DeleteStack"]
    assert aws.sent("DeleteStack")[0]["StackName"] == STACK_ID


@pytest.mark.parametrize(("stack", "others"), [
    ({**REVIEWED, "StackStatus": "UPDATE_COMPLETE"}, []),
    (REVIEWED, [{"ChangeSetId": "someone's"}]),
])  # fmt: skip
def test_a_stack_with_other_change_sets_is_kept(client, aws, stack, others):
    aws.answer("DescribeStacks", {"Stacks": [stack]})
    aws.answer("ListChangeSets", {"Summaries": others})

    discard(client, ChangeSet(ID, STACK_ID, "hits", []))

    assert aws.sent("DeleteStack") == []


def test_an_immediate_refusal_is_raised_in_cloudformations_words(client, aws):
    aws.answer("CreateChangeSet", Refusal("ValidationError", "Template format error: unsupported structure."))

    with pytest.raises(CloudError) as caught, explained():
        create_change_set(client, ChangeSetRequest("hits", BODY, {}, {}), THERE)

    assert str(caught.value) == "CreateChangeSet: Template format error: unsupported structure."


@pytest.mark.parametrize("is_import", [True, False])
def test_a_failed_execution_deletes_new_resources_except_for_an_import(client, aws, is_import):
    execute(client, ChangeSet(ID, STACK_ID, "hits", [], is_import))

    (sent,) = aws.sent("ExecuteChangeSet")
    assert sent.get("RetainExceptOnCreate") == (None if is_import else "true")
    assert (sent["ChangeSetName"], sent["StackName"]) == (ID, STACK_ID)


def test_each_execution_has_its_own_token(client, aws):
    execute(client, ChangeSet(ID, STACK_ID, "hits", []))
    execute(client, ChangeSet(ID, STACK_ID, "hits", []))

    first, second = (sent["ClientRequestToken"] for sent in aws.sent("ExecuteChangeSet"))
    assert (len(first), len(second)) == (32, 32)
    assert first != second
