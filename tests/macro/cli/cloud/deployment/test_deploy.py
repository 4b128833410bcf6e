"""What a deployment sends: parameters, and the template inline or through the bucket."""

from hashlib import sha256

import pytest

from macro.cli.cloud.deployment.deploy import Deployment, prepare
from macro.cli.cloud.installation.names import own_version
from macro.cli.cloud.stack.errors import CloudError
from macro.cli.text.files import parse_source
from macro.errors import InvalidTemplate
from tests.support.fake_aws import Raw, Refusal

BUCKET = "hitcountermacro-123456789012-eu-central-1"
PLAIN = """\
Parameters:
  Stage: {Type: String}
  Names: {Type: CommaDelimitedList}
  Old: {Type: String}
Resources:
  Topic: {Type: AWS::SNS::Topic}
"""


def existing(status="UPDATE_COMPLETE", *parameters):
    told = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters]
    return {"Stacks": [{"StackName": "hits", "StackId": "id", "StackStatus": status, "Parameters": told}]}


def parameters_sent(aws):
    (sent,) = aws.sent("CreateChangeSet")
    pairs, number = {}, 1
    while f"Parameters.member.{number}.ParameterKey" in sent:
        head = f"Parameters.member.{number}"
        pairs[sent[f"{head}.ParameterKey"]] = sent.get(f"{head}.ParameterValue")
        number += 1
    return pairs


def plan(session, aws, text=PLAIN, values=None):
    aws.answer("CreateChangeSet", {"Id": "set", "StackId": "id"})
    aws.answer("DescribeChangeSet", {"Status": "CREATE_COMPLETE", "Changes": []})
    return prepare(session, Deployment("hits", parse_source("t.yaml", text), values or {}))


def test_omitted_parameters_keep_the_values_of_the_stack(session, aws):
    aws.answer("DescribeStacks", existing("UPDATE_COMPLETE", ("Old", "kept"), ("Gone", "x")))

    plan(session, aws, values={"Stage": True, "Names": ["a", 2, False]})

    assert parameters_sent(aws) == {"Old": None, "Stage": "true", "Names": "a,2,false"}


def test_a_default_that_is_not_used_is_reported(session, aws):
    text = PLAIN.replace("Stage: {Type: String}", "Stage: {Type: String, Default: dev}")
    aws.answer("DescribeStacks", existing("UPDATE_COMPLETE", ("Stage", "prod"), ("Names", "a"), ("Old", "b")))
    aws.answer("GetTemplate", {"TemplateBody": "{}"})
    aws.answer("DeleteChangeSet", {})

    stack, change_set = plan(session, aws, text)

    assert stack is not None
    assert change_set is None
    assert [step.text for step in session.reporter.steps] == [
        "parameter Stage keeps the stack's value 'prod'; the template's Default is 'dev' "
        "(--parameter Stage=VALUE changes the value)",
        "hits: nothing to change",
    ]


def test_a_stack_in_review_has_no_values_to_keep(session, aws):
    aws.answer("DescribeStacks", existing("REVIEW_IN_PROGRESS", ("Old", "never set")))

    plan(session, aws, values={"Stage": "prod", "Names": "a", "Old": "b"})

    assert parameters_sent(aws) == {"Stage": "prod", "Names": "a", "Old": "b"}


def test_a_plain_template_needs_no_installation_and_is_passed_unchanged(session, aws):
    aws.answer("DescribeStacks", Refusal("ValidationError", "Stack with id hits does not exist"))

    stack, change_set = plan(session, aws, values={"Stage": "a", "Names": [], "Old": "x"})

    (sent,) = aws.sent("CreateChangeSet")
    assert (stack, change_set.id) == (None, "set")
    assert sent["TemplateBody"] == PLAIN
    assert len(aws.sent("DescribeStacks")) == 1


KEPT = """\
Transform: HitCounterMacro
Parameters:
  Count: {Type: "AWS::SSM::Parameter::Value<String>", Default: /hits/shards}
Resources:
  Visits:
    Type: HitCounter
    Properties: {Shards: !Ref Count}
"""


@pytest.mark.parametrize("answer", [
    {"Parameters": [{"Name": "/hits/shards", "Value": "8"}]},
    Refusal("AccessDeniedException", "not authorized to perform: ssm:GetParameters"),
])  # fmt: skip
def test_values_in_systems_manager_are_looked_up_or_left_to_cloudformation(session, aws, answer):
    aws.answer("DescribeStacks", release(own_version()))
    aws.answer("GetParameters", answer)

    plan(session, aws, KEPT, {"Count": "/hits/shards"})

    assert parameters_sent(aws) == {"Count": "/hits/shards"}


def test_values_in_systems_manager_are_checked_before_anything_is_created(session, aws):
    aws.answer("DescribeStacks", release(own_version()))
    aws.answer("GetParameters", {"Parameters": [{"Name": "/hits/shards", "Value": "many"}]})

    with pytest.raises(InvalidTemplate) as caught:
        plan(session, aws, KEPT)

    assert [str(problem) for problem in caught.value.problems] == [
        "Resources.Visits.Properties.Shards: must be an integer from 1 to 64, got 'many'"
    ]
    assert aws.sent("CreateChangeSet") == []


@pytest.fixture
def long_template(aws):
    text = f"{PLAIN}# {'x' * 51_200}\n"
    place = f"/{BUCKET}/templates/{sha256(text.encode()).hexdigest()}"
    aws.answer("DescribeStacks", existing("UPDATE_COMPLETE", ("Stage", "a"), ("Names", "a"), ("Old", "x")))
    aws.answer(f"HEAD {place}", Raw(b"", 404))
    aws.answer(f"PUT {place}", Raw(b""))
    return text, place


def test_a_large_template_is_uploaded_to_the_installations_bucket(session, aws, long_template):
    text, place = long_template
    aws.answer(f"HEAD /{BUCKET}", Raw(b""))

    plan(session, aws, text)

    (sent,) = aws.sent("CreateChangeSet")
    assert sent["TemplateURL"] == f"{aws.url}{place}"
    assert "TemplateBody" not in sent
    assert len(aws.sent(f"PUT {place}")) == 1


def test_a_large_template_without_an_installation_is_reported_with_the_install_command(session, aws, long_template):
    text, _ = long_template
    aws.answer(f"HEAD /{BUCKET}", Raw(b"", 404))

    with pytest.raises(CloudError) as caught:
        plan(session, aws, text)

    assert str(caught.value) == (
        "HitCounterMacro isn't installed in account 123456789012, eu-central-1; "
        "run: hitcounter install --region eu-central-1"
    )


def release(version):
    told = [{"OutputKey": "Version", "OutputValue": version}, {"OutputKey": "MacroName", "OutputValue": "x"}]
    stack = {"StackName": "HitCounterMacroBeta", "StackId": "i", "StackStatus": "CREATE_COMPLETE", "Outputs": told}
    return lambda sent: existing() if sent["StackName"] == "hits" else {"Stacks": [stack]}


@pytest.mark.parametrize(("version", "remedy"), [
    (
        "0.0.9",
        f"\nthe installation has release 0.0.9, this command has {own_version()}; "
        "run: hitcounter install --suffix Beta --region eu-central-1",
    ),
    (own_version(), ""),
])  # fmt: skip
def test_a_refusal_by_an_older_installation_names_both_releases(session, aws, version, remedy):
    refusal = "Transform 123456789012::HitCounterMacroBeta failed with: Shards is unknown. Rollback requested by user."
    aws.answer("DescribeStacks", release(version))
    aws.answer("CreateChangeSet", {"Id": "set", "StackId": "id"})
    aws.answer("DescribeChangeSet", {"Status": "FAILED", "StatusReason": refusal})
    aws.answer("DeleteChangeSet", {})
    text = "Transform: HitCounterMacroBeta\nResources:\n  Visits:\n    Type: HitCounter\n"

    with pytest.raises(CloudError) as caught:
        prepare(session, Deployment("hits", parse_source("t.yaml", text)))

    assert str(caught.value) == (
        f"Transform 123456789012::HitCounterMacroBeta refuses the template:\nShards is unknown{remedy}"
    )


@pytest.mark.parametrize("text", [
    "Transform: HitCounterMacroBeta\nResources: {Visits: {Type: HitCounter}}\n",
    "Transform: [HitCounterMacroBeta, 'AWS::Serverless-2016-10-31']\nResources: {Visits: {Type: HitCounter}}\n",
    "Resources: {'Fn::Transform': {Name: HitCounterMacroBeta}, Visits: {Type: HitCounter}}\n",
])  # fmt: skip
def test_a_template_needs_the_installation_that_it_names(session, aws, text):
    def find(sent):
        return existing() if sent["StackName"] == "hits" else Refusal("ValidationError", "It does not exist")

    aws.answer("DescribeStacks", find)

    with pytest.raises(CloudError, match="run: hitcounter install --suffix Beta"):
        prepare(session, Deployment("hits", parse_source("t.yaml", text)))

    assert aws.sent("DescribeStacks")[-1]["StackName"] == "HitCounterMacroBeta"
