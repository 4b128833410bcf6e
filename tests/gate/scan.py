"""Each scanner run once over all templates or policies, and what it finds in one form."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.gate.tools import TOOLS, find_guard, find_rules, python_of

DRIVERS = Path(__file__).parent / "drivers"


class Finding(NamedTuple):
    """What a scanner says: its rule's id, the template's name, the resource's logical id or nothing, and a sentence."""

    id: str
    template: str
    resource: str
    message: str


class Inputs(NamedTuple):
    """What is scanned: a folder of templates, and a file with policies."""

    templates: Path
    policies: Path


def ask_cfn_lint(inputs):
    command = [Path(sys.executable).with_name("cfn-lint"), *("-c", "I", "E", "W", "-e"), "--format", "json", "-t"]
    for each in json.loads(run([*command, *sorted(inputs.templates.glob("*.json"))])):
        path = each["Location"]["Path"] or [""]
        resource = path[1] if path[0] == "Resources" and len(path) > 1 else ""
        yield Finding(each["Rule"]["Id"], Path(each["Filename"]).stem, resource, each["Message"])


def ask_checkov(inputs):
    folder = ["-d", inputs.templates, "--framework", "cloudformation"]
    options = ["--skip-download", "--compact", "--quiet", "-o", "json"]
    found = json.loads(run([TOOLS / "checkov" / "bin" / "checkov", *folder, *options]))
    assert found["summary"]["parsing_errors"] == 0
    for each in found["results"]["failed_checks"]:
        resource = each["resource"].partition(".")[2]
        yield Finding(each["check_id"], Path(each["file_path"]).stem, resource, each["check_name"])


def ask_cfn_guard(inputs):
    guard, folder = find_guard()
    templates = [path.read_text("utf-8") for path in inputs.templates.glob("*.json")]
    kinds = set(re.findall(r'"Type": "(AWS::\w+::\w+)"', "".join(templates)))
    rules = [path for path in sorted(folder.rglob("*.guard")) if kinds & set(find_kinds(path))]
    chosen = [part for path in rules for part in ("-r", path)]
    options = ["--output-format", "json", "--structured", "-S", "none"]
    for report in json.loads(run([guard, "validate", *chosen, "-d", inputs.templates, *options])):
        for each in report["not_compliant"]:
            text = json.dumps(each)
            rule = re.search(r"\[(CT\.[A-Z0-9.]+)\]: ([^\\]+)", text)
            for resource in sorted(set(re.findall(r'"path": "/Resources/(\w+)', text))):
                yield Finding(rule[1], Path(report["name"]).stem, resource, rule[2])


def ask_cfripper(inputs):
    return ask("cfripper", inputs.templates)


def ask_cloudformation_validate(inputs):
    return ask("cloudformation-validate", inputs.templates, find_rules())


def ask_cloudsplaining(inputs):
    return ask("cloudsplaining", inputs.policies)


def ask_parliament(inputs):
    return ask("parliament", inputs.policies)


SCANNERS = {
    "cfn-guard": ask_cfn_guard,
    "cfn-lint": ask_cfn_lint,
    "cfripper": ask_cfripper,
    "checkov": ask_checkov,
    "cloudformation-validate": ask_cloudformation_validate,
    "cloudsplaining": ask_cloudsplaining,
    "parliament": ask_parliament,
}


def ask(tool, *arguments):
    """What a tool's driver prints, run in the tool's own environment."""
    driver = DRIVERS / f"ask_{tool.replace('-', '_')}.py"
    return [Finding(**each) for each in json.loads(run([python_of(tool), driver, *arguments]))]


def run(command):
    """A command's output; scanners end with all kinds of codes."""
    ran = subprocess.run([str(each) for each in command], capture_output=True, text=True)
    assert ran.stdout, ran.stderr
    return ran.stdout


def find_kinds(path):
    return re.findall(r"AWS::\w+::\w+", path.read_text("utf-8"))
