"""Print as JSON what AWS's validation engine finds in the templates of a folder, with the rules of cdk-preflight added.

Run by the Python of cloudformation-validate's own environment: FOLDER ARCHIVE, the archive being cdk-preflight's jsii one.
"""

import json
import re
import sys
import tarfile
from pathlib import Path

import cloudformation_validate as validate

REGION, ACCOUNT = "eu-west-1", "111122223333"
HEADER = "package cdk_preflight\n\nimport rego.v1\n"
PLACE = f'{HEADER}\ndeploy_region := "{REGION}"\ndeploy_account := "{ACCOUNT}"\n'


def scan(folder, archive):
    paths = sorted(Path(folder).glob("*.json"))
    types = {each.get("Type") for path in paths for each in read_resources(path)}
    engine = validate.RegoEngine(validate.EngineConfig(custom_rules=list(make_rules(archive, types))))
    here = validate.PseudoParameterOverrides(account_id=ACCOUNT, region=REGION)
    config = validate.ValidateConfig(pseudo_parameter_overrides=here)
    for path in paths:
        for each in engine.validate_template(path, config).diagnostics:
            resource = each.entity.logical_id if each.entity else ""
            yield {"id": each.rule_id, "template": path.stem, "resource": resource or "", "message": each.message}


def read_resources(path):
    resources = json.loads(path.read_text("utf-8"))["Resources"].values()
    return [each for each in resources if isinstance(each, dict)]


def make_rules(archive, types):
    """Its rules for these types; a module for each service, as each costs time to compile."""
    with tarfile.open(archive) as package:
        text = package.extractfile("package/lib/rules.generated.js").read().decode()
    services = {}
    for rule in read_list(text, "BUNDLED_RULES"):
        if {"*", *types} & set(rule["resourceTypes"]):
            body = re.sub(r"^(?:package|import)\s.*\n", "", rule["rego"], flags=re.MULTILINE)
            services.setdefault(rule["service"], []).append(body)
    modules = {each["name"]: each["rego"] for each in read_list(text, "BUNDLED_LIBS")}
    modules |= {f"_service_{name}": "\n".join([HEADER, *bodies]) for name, bodies in services.items()}
    for name, rego in {**modules, "_place": PLACE}.items():
        yield validate.ExternalRuleSource(name=name, content=rego)


def read_list(text, name):
    start = f"exports.{name} = "
    return json.JSONDecoder().raw_decode(text, text.index(f"{start}[") + len(start))[0]


print(json.dumps(list(scan(*sys.argv[1:]))))
