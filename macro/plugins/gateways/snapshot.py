"""Digests what a deployment of a REST API snapshots, so that every change is deployed."""

import hashlib
import json

from macro.plugin import Json, Values


def digest_snapshot(resources: Json, mapping: str, values: Values) -> str:
    """Ten hex digits that change with all that a deployment snapshots, template parameters by their values.

    Where a condition or a mapping decides, all of them count, and so do the parameters that they name.
    The ``mapping`` is the same for all counters and counts by a digest of its own. The author's ``Api`` counts in any
    order and parameters as text, for CloudFormation need not hand them on as they stand in the template.
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
