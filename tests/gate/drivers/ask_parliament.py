"""Print as JSON what parliament finds in a list of policies: run by the Python of its own environment."""

import json
import sys
from pathlib import Path

import parliament


def scan(path):
    for each in json.loads(Path(path).read_text("utf-8")):
        where = {"template": each["template"], "resource": each["resource"]}
        policy = parliament.analyze_policy_string(json.dumps(each["document"]), include_community_auditors=True)
        for found in policy.findings:
            yield {**where, "id": found.issue, "message": f"{found.detail} {found.location}"}


print(json.dumps(list(scan(sys.argv[1]))))
