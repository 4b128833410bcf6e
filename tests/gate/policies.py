"""The policies that scanners look at: those of every golden expansion and of the installation, as they are when deployed."""

import json

from tests.gate.templates import INSTALLATION, find_expansions, read
from tests.support.installation import EVERYTHING
from tests.support.resolved import Resolved

POLICIES = ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")


def write_policies(path):
    """A JSON list with ``template``, ``resource`` and ``document`` of each policy; how many there are."""
    stacks = {name: _resolve(expansion) for name, expansion in find_expansions()}
    stacks |= {"install": _resolve(INSTALLATION), "install_everything": _resolve(INSTALLATION, EVERYTHING)}
    policies = [
        {"template": template, "resource": resource, "document": document}
        for template, stack in stacks.items()
        for resource, document in find_policies(stack)
    ]
    path.write_text(json.dumps(policies), "utf-8")
    return len(policies)


def find_policies(stack):
    """Logical ids and documents: of policies that are resources, and of those inside roles."""
    for kind in POLICIES:
        for name in stack.ids(kind):
            yield name, stack.policy(name)
    for name in stack.ids("AWS::IAM::Role"):
        for policy in stack.properties(name).get("Policies", ()):
            yield f"{name}.{policy['PolicyName']}", policy["PolicyDocument"]


def _resolve(path, parameters=None):
    template = read(path)
    # A loop stands as a list among the resources.
    resources = {name: each for name, each in template["Resources"].items() if isinstance(each, dict)}
    return Resolved({**template, "Resources": resources}, parameters)
