"""Print as JSON what parliament finds in a list of policies: run by the Python of its own environment."""

import json
import sys
from functools import cache
from pathlib import Path

import parliament


def scan(path):
    for each in json.loads(Path(path).read_text("utf-8")):
        where = {"template": each["template"], "resource": each["resource"]}
        for name, message in analyze(json.dumps(each["document"])):
            yield {**where, "id": name, "message": message}


# Many counters have one and the same policy.
@cache
def analyze(text):
    findings = parliament.analyze_policy_string(text, include_community_auditors=True).findings
    return [(each.issue, f"{each.detail} {each.location}") for each in findings]


print(json.dumps(list(scan(sys.argv[1]))))
