"""The requests of tests/macro/test_policies.py decided once more, by an evaluator that is not ours."""

import json

import pytest

from tests.gate.scan import DRIVERS, run
from tests.gate.tools import NPM, TOOLS, check_tools
from tests.iam_decision import ALLOWED, DENIED, NOT_ALLOWED
from tests.installation import install
from tests.macro.test_policies import BUCKET, QUEUE, ROLE, ROWS, get_principal
from tests.resolved import ACCOUNT

pytestmark = pytest.mark.gate

DECISIONS = {"Allowed": ALLOWED, "ExplicitlyDenied": DENIED, "ImplicitlyDenied": NOT_ALLOWED}
# A key's policy decides first; this is what a key has by default: it leaves the decision to IAM.
KEY_POLICY = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"},
}


def describe(row):
    """A row of the table as a request of the simulator's."""
    who, action, resource, context, _ = row
    principal = get_principal(who)
    asked = {"aws:SecureTransport": "true", "aws:ResourceAccount": ACCOUNT, **context}
    of_resource = {BUCKET: install().policy("BucketPolicy"), QUEUE: install().policy("DeadLettersPolicy")}
    return {
        "principal": principal.service or f"{ROLE}/hitcounter/asks",
        "action": action,
        "resource": resource,
        "account": ACCOUNT,
        "context": asked,
        "policies": list(principal.policies),
        "boundary": principal.boundary,
        "resourcePolicy": KEY_POLICY if action.startswith("kms:") else of_resource.get(resource.partition("/")[0]),
    }


def test_another_evaluator_decides_each_request_alike(tmp_path, tally):
    check_tools()
    (tmp_path / "requests.json").write_text(json.dumps([describe(row) for row in ROWS]), "utf-8")

    decided = json.loads(run(["node", DRIVERS / "decide.cjs", tmp_path / "requests.json", TOOLS / NPM]))

    ours = {str(row[:4]): row[4] for row in ROWS}
    theirs = {str(row[:4]): DECISIONS.get(each, each) for row, each in zip(ROWS, decided, strict=True)}
    tally("requests decided alike by another evaluator", len(ROWS))
    differing = {request: (ours[request], theirs[request]) for request in ours if theirs[request] != ours[request]}
    assert differing == {}
