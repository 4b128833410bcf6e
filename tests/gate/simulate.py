"""Another evaluator of IAM's decisions than ours: ``@cloud-copilot/iam-simulate``."""

import json

from tests.gate.scan import DRIVERS, run
from tests.gate.tools import NPM, TOOLS
from tests.support.iam_decision import ALLOWED, DENIED, NOT_ALLOWED
from tests.support.resolved import ACCOUNT

# Its list of which resources an action is about has gaps, in those of apigateway:POST.
UNDECIDED = "undecided"
DECISIONS = {
    "Allowed": ALLOWED,
    "ExplicitlyDenied": DENIED,
    "ImplicitlyDenied": NOT_ALLOWED,
    '{"message":"no.resource.types"}': UNDECIDED,
}
ASKING = f"arn:aws:iam::{ACCOUNT}:role/hitcounter/asks"
# A key's policy decides first; this is what a key has by default: it leaves the decision to IAM.
KEY_POLICY = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "kms:*",
        "Resource": "*",
    },
}


def simulate(requests, folder):
    """The decisions on requests, given as the arguments of `tests.support.iam_decision.decide`; a refused request's errors."""
    path = folder / "requests.json"
    path.write_text(json.dumps([_describe(*request) for request in requests]), "utf-8")
    decided = json.loads(run(["node", DRIVERS / "decide.cjs", path, TOOLS / NPM]))
    return [DECISIONS.get(each, each) for each in decided]


def _describe(principal, action, resource, context, resource_policies=()):
    of_resource = [KEY_POLICY] if action.startswith("kms:") else resource_policies
    return {
        "principal": principal.service or ASKING,
        "action": action,
        "resource": resource,
        "account": ACCOUNT,
        "context": context,
        "policies": list(principal.policies),
        "boundary": principal.boundary,
        "resourcePolicy": next(iter(of_resource), None),
    }
