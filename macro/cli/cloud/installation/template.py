"""Adapt ``install.yaml`` to one account: set the code's bucket, and drop resources that an engine doesn't know."""

import json
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from macro.cli.cloud.stack.account import LOOPBACK, is_loopback
from macro.plugin import Template
from macro.template.references import find_references

# Each output exists only if something is packed. A later installation reads the outputs to know what it must keep.
_TOLD = {
    "Plugins": "Plug-ins that the macro serves beside its own",
    "CustomResources": "Custom resources that the companion serves beside its own",
}
BUCKET, MACRO_FUNCTION, COMPANION_FUNCTION = "Bucket", "MacroFunction", "CompanionFunction"


def fill_in(template: Template, keys: Mapping[str, str], bucket: str) -> Template:
    """The template with the functions' code in the bucket, as ``aws cloudformation package`` would write it.

    ``keys`` are the objects' keys by the functions' logical IDs.
    """
    resources = dict(template["Resources"])
    for logical_id, key in keys.items():
        function = resources[logical_id]
        code = {"S3Bucket": bucket, "S3Key": key}
        resources[logical_id] = {**function, "Properties": {**function["Properties"], "Code": code}}
    # A literal name, because CloudFormation imports an existing bucket by this name.
    store = resources[BUCKET]
    resources[BUCKET] = {**store, "Properties": {**store["Properties"], "BucketName": bucket}}
    return {**template, "Resources": resources}


def tell_served(template: Template, served: Mapping[str, Sequence[str]]) -> Template:
    """The template with outputs that list what is packed in addition to the built-in parts."""
    return {**template, "Outputs": {**template.get("Outputs", {}), **_list_served(served)}}


def print_served(text: str, served: Mapping[str, Sequence[str]]) -> str:
    """The text of ``install.yaml`` with the outputs of :func:`tell_served`. The text must end with its outputs."""
    outputs = _list_served(served)
    lines = [
        f"  {name}:\n    Description: {output['Description']}\n    Value: {json.dumps(output['Value'])}\n"
        for name, output in outputs.items()
    ]
    return "".join([text, *lines])


def _list_served(served: Mapping[str, Sequence[str]]) -> dict[str, dict[str, str]]:
    return {name: {"Description": _TOLD[name], "Value": ",".join(listed)} for name, listed in served.items() if listed}


def keep_only(template: Template, logical_id: str) -> Template:
    """The template with only that resource and no outputs."""
    rest = {name: value for name, value in template.items() if name != "Outputs"}
    return {**rest, "Resources": {logical_id: template["Resources"][logical_id]}}


def leave_out(template: Template, resource_type: str) -> Template:
    """The template without resources of that type, and without outputs that refer to them."""
    gone = [name for name, resource in template["Resources"].items() if resource["Type"] == resource_type]
    outputs = {
        name: output
        for name, output in template.get("Outputs", {}).items()
        if not any(True for _ in find_references(output, gone))
    }
    resources = {name: resource for name, resource in template["Resources"].items() if name not in gone}
    return {**template, "Resources": resources, "Outputs": outputs}


def name_answer_hosts(endpoint: str) -> str:
    """The hosts at which an engine accepts custom resources' answers, separated by commas.

    They are the host of the endpoint, or all names of this machine if the engine runs here. Each has the port of the
    endpoint, if the endpoint has one.
    """
    parts = urlsplit(endpoint)
    hosts = LOOPBACK if is_loopback(endpoint) else (str(parts.hostname),)
    return ",".join(f"{host}:{parts.port}" if parts.port else host for host in hosts)
