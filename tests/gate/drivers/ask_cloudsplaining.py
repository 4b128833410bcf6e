"""Print as JSON what cloudsplaining finds in a list of policies: run by the Python of its own environment."""

import json
import sys
from pathlib import Path

from cloudsplaining.scan.policy_document import PolicyDocument

CHECKS = {
    "privilege-escalation": lambda policy: [each["type"] for each in policy.allows_privilege_escalation],
    "permissions-management": lambda policy: policy.permissions_management_without_constraints,
    "write-without-constraint": lambda policy: policy.write_actions_without_constraints,
    "tagging-without-constraint": lambda policy: policy.tagging_actions_without_constraints,
    "data-exfiltration": lambda policy: policy.allows_data_exfiltration_actions,
    "credentials-exposure": lambda policy: policy.credentials_exposure,
    "service-wildcard": lambda policy: policy.service_wildcard,
    "not-action": lambda policy: policy.contains_statement_using_not_action,
    "infrastructure-modification": lambda policy: policy.infrastructure_modification,
}


def scan(path):
    for each in json.loads(Path(path).read_text("utf-8")):
        where = {"template": each["template"], "resource": each["resource"]}
        policy = PolicyDocument(each["document"])
        for name, check in CHECKS.items():
            for found in check(policy):
                yield {**where, "id": name, "message": str(found)}


print(json.dumps(list(scan(sys.argv[1]))))
