"""The templates that scanners look at: every golden expansion as it is and in its native form, and the installation's.

A scanner knows nothing of ``Custom::LambdaFunction``, so in the native form an ``AWS::Lambda::Function`` stands for it.
"""

import json
import re
from pathlib import Path

import macro
from macro.cli.text.files import parse_source

TESTS = Path(__file__).parent.parent
INSTALLATION = Path(macro.__file__).parent / "install.yaml"
NATIVE = ".native"
# What the companion reads itself; all else goes to Lambda's API.
OF_THE_COMPANION = {"ServiceToken", "ServiceTimeout", "Env", "EnvFile", "EnvEncoding", "KeepVersions", "Publish"}


def write_templates(folder):
    """A JSON file in the folder for each template, with every intrinsic function in its long form; their names."""
    templates = {"install": read(INSTALLATION)}
    for name, path in find_expansions():
        templates[name] = read(path)
        templates[f"{name}{NATIVE}"] = as_native_functions(templates[name])
    for name, template in templates.items():
        (folder / f"{name}.json").write_text(json.dumps(template, indent=1, ensure_ascii=False), "utf-8")
    return sorted(templates)


def find_expansions():
    """Names and paths of the golden expansions."""
    for path in sorted((TESTS / "golden").glob("*/expanded.*")):
        yield path.parent.name, path
    for path in sorted((TESTS / "golden_combinations").glob("*.yaml")):
        yield path.stem, path


def read(path):
    return parse_source(path.name, path.read_text("utf-8")).template


def as_native_functions(template):
    """The template with Lambda's own functions in the place of the companion's."""
    resources = template["Resources"]
    functions = {name for name, each in resources.items() if is_function(each)}
    native = {name: _become_function(each) if name in functions else each for name, each in resources.items()}
    return _refer({**template, "Resources": native}, functions)


def is_function(resource):
    return isinstance(resource, dict) and resource.get("Type") == "Custom::LambdaFunction"


def _become_function(resource):
    properties = {name: each for name, each in resource["Properties"].items() if name not in OF_THE_COMPANION}
    if isinstance(properties.get("Tags"), dict):
        properties["Tags"] = [{"Key": key, "Value": value} for key, value in properties["Tags"].items()]
    return {**resource, "Type": "AWS::Lambda::Function", "Properties": properties}


def _refer(node, functions):
    """The tree with the name of a function taken as CloudFormation gives it."""
    if isinstance(node, list):
        return [_refer(each, functions) for each in node]
    if not isinstance(node, dict):
        return node
    attribute = node.get("Fn::GetAtt")
    if isinstance(attribute, list) and attribute[0] in functions and attribute[1] == "FunctionName":
        return {"Ref": attribute[0]}
    if "Fn::Sub" in node:
        names = "|".join(sorted(functions))
        text = re.sub(rf"\$\{{({names})\.FunctionName\}}", r"${\1}", json.dumps(node["Fn::Sub"]))
        return {"Fn::Sub": _refer(json.loads(text), functions)}
    return {key: _refer(value, functions) for key, value in node.items()}
