"""Compute a digest of everything that a deployment of a REST API snapshots, so that every change is deployed."""

import hashlib
import json

from macro.plugin import Json, Values


def digest_snapshot(resources: Json, mapping: str, values: Values) -> str:
    """Ten hex digits that change with everything that a deployment snapshots, including values of template parameters.

    If a condition or a mapping is used, all conditions and mappings count, and so do the parameters that they name.
    ``mapping`` is a digest of the mapping, which is the same for all counters. The author's ``Api`` counts in any order
    and parameters count as text, because CloudFormation may pass them on in another form than the template's.
    """
    text = ascii(resources) + mapping
    options = values["api_properties"]
    variables = values["stage_properties"].get("Variables")
    if options or variables:
        text += json.dumps(_as_text([options, variables or {}]), sort_keys=True)
    if "Fn::If" in text or "Fn::FindInMap" in text:
        text += json.dumps(_as_text(values["constants"]), sort_keys=True)
    parameters = values["parameter_values"]
    for name in sorted(parameters):
        if f"'{name}'" in text or f'"{name}"' in text or f"${{{name}}}" in text:
            value = parameters[name]
            text += f"\n{name}={','.join(map(str, value)) if isinstance(value, list) else _as_text(value)}"
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def _as_text(node: Json) -> Json:
    if isinstance(node, dict):
        return {str(name): _as_text(value) for name, value in node.items()}
    if isinstance(node, list):
        return [_as_text(item) for item in node]
    return str(node).lower() if isinstance(node, bool) else str(node)
