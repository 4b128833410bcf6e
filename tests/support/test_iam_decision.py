import pytest

from tests.support.iam_decision import ALLOWED, DENIED, NOT_ALLOWED, Principal, decide

OBJECT = "arn:aws:s3:::amzn-s3-demo-bucket/taxes/2026.pdf"


def statement(effect, action, resource="*", **more):
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def ask(*policies, action="s3:GetObject", resource=OBJECT, boundary=None, resource_policies=(), **context):
    return decide(Principal(policies, boundary), action, resource, context, resource_policies)


def test_a_request_that_nothing_allows_is_not_allowed():
    assert ask(policy(statement("Allow", "ec2:*"))) == NOT_ALLOWED


def test_one_allowing_policy_of_several_is_enough():
    assert ask(policy(statement("Allow", "ec2:*")), policy(statement("Allow", "s3:*"))) == ALLOWED


def test_an_explicit_deny_overrides_every_allow():
    assert ask(policy(statement("Allow", "*"), statement("Deny", "s3:GetObject", OBJECT))) == DENIED


def test_a_resource_policy_denies():
    denial = policy({**statement("Deny", "s3:*"), "Principal": "*"})

    assert ask(policy(statement("Allow", "*")), resource_policies=[denial]) == DENIED


@pytest.mark.parametrize(
    ("service", "decision"), [("lambda.amazonaws.com", ALLOWED), ("ec2.amazonaws.com", NOT_ALLOWED), ("", NOT_ALLOWED)]
)
def test_a_resource_policy_allows_only_the_service_that_it_names(service, decision):
    grant = policy({**statement("Allow", "s3:GetObject"), "Principal": {"Service": "lambda.amazonaws.com"}})

    assert decide(Principal(service=service), "s3:GetObject", OBJECT, {}, [grant]) == decision


def test_a_boundary_allows_nothing_by_itself():
    assert ask(boundary=policy(statement("Allow", "s3:*"))) == NOT_ALLOWED


@pytest.mark.parametrize(
    ("bounds", "decision"),
    [
        ([statement("Allow", "s3:*")], ALLOWED),
        ([statement("Allow", "cloudwatch:*")], NOT_ALLOWED),
        ([statement("Allow", "*"), statement("Deny", "s3:*")], DENIED),
    ],
    ids=["within", "outside", "denied"],
)
def test_a_boundary_limits_the_policies(bounds, decision):
    assert ask(policy(statement("Allow", "*")), boundary=policy(*bounds)) == decision


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("s3:GetObject", True),
        ("S3:getobject", True),
        ("s3:Get*", True),
        ("s3:Get?bject", True),
        ("s3:Get", False),
        ("s3:GetObjectVersion", False),
    ],
)
def test_an_action_matches_as_a_whole_in_any_case(pattern, matches):
    assert (ask(policy(statement("Allow", pattern))) == ALLOWED) is matches


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        (OBJECT, True),
        ("arn:aws:s3:::amzn-s3-demo-bucket/*", True),
        ("arn:aws:s3:::amzn-s3-demo-bucket", False),
        ("arn:aws:s3:::AMZN-s3-demo-bucket/*", False),
        ("arn:aws:s3:::amzn-s3-demo-bucket/taxes/202?.pdf", True),
        ("arn:aws:s3:::amzn-s3-demo-bucket/taxes/[2]026.pdf", False),
    ],
)
def test_a_resource_matches_as_a_whole_in_its_case(pattern, matches):
    assert (ask(policy(statement("Allow", "s3:*", pattern))) == ALLOWED) is matches


@pytest.mark.parametrize(("action", "decision"), [("s3:GetObject", ALLOWED), ("iam:CreateUser", NOT_ALLOWED)])
def test_not_action_applies_to_all_other_actions(action, decision):
    given = policy({"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"})

    assert ask(given, action=action) == decision


@pytest.mark.parametrize(("resource", "decision"), [(OBJECT, ALLOWED), ("arn:aws:s3:::other/a", DENIED)])
def test_not_resource_applies_to_all_other_resources(resource, decision):
    denial = {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::amzn-s3-demo-bucket/*"}

    assert ask(policy(statement("Allow", "s3:*"), denial), resource=resource) == decision


@pytest.mark.parametrize(
    ("condition", "context", "holds"),
    [
        ({"StringEquals": {"aws:username": "johndoe"}}, {"aws:UserName": "johndoe"}, True),
        ({"StringEquals": {"aws:username": ["ann", "bob"]}}, {"aws:username": "bob"}, True),
        ({"StringEquals": {"aws:username": "john*"}}, {"aws:username": "johndoe"}, False),
        ({"StringEquals": {"aws:username": "johndoe"}}, {}, False),
        ({"StringEqualsIfExists": {"aws:username": "johndoe"}}, {}, True),
        ({"StringEqualsIfExists": {"aws:username": "johndoe"}}, {"aws:username": "ann"}, False),
        ({"StringNotEquals": {"aws:username": ["ann", "bob"]}}, {"aws:username": "bob"}, False),
        ({"StringNotEquals": {"aws:username": "ann"}}, {}, True),
        ({"StringLike": {"s3:prefix": ["home/*", ""]}}, {"s3:prefix": "home/ann"}, True),
        ({"StringNotLike": {"s3:prefix": "home/*"}}, {"s3:prefix": "home/ann"}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:1:t*"}}, {"aws:SourceArn": "arn:aws:sns:eu:1:topic"}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*"}}, {"aws:SourceArn": "arn:aws:sns:eu:1:topic"}, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:SecureTransport": False}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:SecureTransport": "true"}, False),
        ({"Null": {"aws:TokenIssueTime": "true"}}, {}, True),
        ({"Null": {"aws:TokenIssueTime": "false"}}, {}, False),
        ({"StringEquals": {"a": "1", "b": "2"}}, {"a": "1"}, False),
        ({"StringEquals": {"a": "1"}, "Bool": {"b": "true"}}, {"a": "1", "b": "true"}, True),
    ],
    ids=str,
)
def test_a_statement_applies_if_all_its_conditions_hold(condition, context, holds):
    given = policy(statement("Allow", "*", Condition=condition))

    assert (ask(given, **context) == ALLOWED) is holds
