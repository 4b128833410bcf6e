"""What a release promised, written down when it is made: ``python -m tests.releases.record``.

The folder of a release holds the compact templates of its golden cases with the resources they became, what the schema,
the plug-ins and the installation offered, and what its companion left behind. Later releases are held to it.
"""

import json
from dataclasses import asdict
from pathlib import Path

from macro.cli.cloud.installation.names import own_version, read_template
from macro.cli.explain.explain import list_attributes
from macro.cli.preview.preview import preview
from macro.cli.text.files import parse_source
from macro.counter.validate import load_schema
from macro.plugins import find_plugin, load_plugins
from tests.support.companion import Companion, wanted
from transform_lambda.identity import marker_for, physical_id_for

FOLDER = Path(__file__).parent
GOLDEN = FOLDER.parent / "golden"
STACK = "arn:aws:cloudformation:eu-central-1:123456789012:stack/hits/1b0e8c2e-6c3a-11f1-8de9-0242ac120002"
# Their ids end in a digest of what they snapshot, so that every change is deployed.
SNAPSHOTS = ("AWS::ApiGateway::Deployment",)
# What CloudFormation would have to replace where it changes.
_IDENTITY = ("Type", "Condition", "DeletionPolicy", "UpdateReplacePolicy")
_NAMES = ("FunctionName", "BucketName", "ManagedPolicyName", "Name")


def read_case(folder):
    """The compact template's text, or nothing where the case needs plug-ins or values of its own, or is refused."""
    if folder.name.startswith("bad_") or len(list(folder.iterdir())) != 2:
        return None
    (compact,) = folder.glob("compact.*")
    return compact.read_text("utf-8")


def expand_to_ids(text):
    """Each resource of the plain template by its logical id: type, condition, policies; without snapshots."""
    plain = preview(parse_source("compact", text).template, {}, find_plugin).template
    resources = {name: each for name, each in plain["Resources"].items() if isinstance(each, dict)}
    return {
        name: {key: each[key] for key in _IDENTITY if key in each}
        for name, each in resources.items()
        if each.get("Type") not in SNAPSHOTS
    }


def tell_offers():
    """The names that a template, a policy or another stack may hold on to."""
    template = read_template()
    return {
        "properties": sorted(load_schema()["properties"]),
        "attributes": sorted(each["name"] for each in list_attributes(load_plugins())),
        "parameters": sorted(template["Parameters"]),
        "outputs": sorted(template["Outputs"]),
        "exports": sorted(
            json.dumps(each["Export"]["Name"]) for each in template["Outputs"].values() if "Export" in each
        ),
        "resources": {name: each["Type"] for name, each in template["Resources"].items()},
        "names": {
            name: each["Properties"][key]
            for name, each in template["Resources"].items()
            for key in _NAMES
            if key in each["Properties"]
        },
        "physical_id": physical_id_for(STACK, "VisitsFunction"),
        "marker": marker_for(STACK, "VisitsFunction"),
    }


def tell_left():
    """What a Create left behind: the function as Lambda tells of it, its tags, and the record of the request."""
    companion = Companion()
    answer = companion.create()
    (stored,) = companion.functions.stored.values()
    records = {key: json.dumps(asdict(each)) for key, each in companion.records.stored.items()}
    function = {"configuration": stored.configuration, "tags": stored.tags}
    return {"answer": answer, "properties": wanted(), "function": function, "records": records}


def record(folder):
    """Write down this release."""
    folder.mkdir(exist_ok=True)
    texts = {case.name: text for case in sorted(GOLDEN.iterdir()) if (text := read_case(case)) is not None}
    cases = {name: {"compact": text, "becomes": expand_to_ids(text)} for name, text in texts.items()}
    for name, content in (("cases", cases), ("offers", tell_offers()), ("left", tell_left())):
        (folder / f"{name}.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    record(FOLDER / own_version())
