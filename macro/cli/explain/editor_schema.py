"""Make a JSON Schema of a template with counters, for completion, hover texts and checks in editors.

The schema is draft 7, which yaml-language-server and VS Code read. It is made from the counter's own schema. An editor
sees ``!Ref Name`` as the text ``Name``, so the schema accepts every text that could be a reference.
``hitcounter lint`` makes the exact checks.
"""

import json
from collections.abc import Mapping, Sequence

from macro.counter.validate import load_schema
from macro.plugin import Json, Plugin
from macro.plugins import load_plugins

_ONLY_OURS = ("$schema", "$defs", "$ref", "defaultText", "literal", "secret")
_LONG_FORM = {"type": "object", "maxProperties": 1, "minProperties": 1, "propertyNames": {"pattern": "^(Ref|Fn::.+)$"}}
# A parameter's name. No value of a counter's property matches: HTTP methods have no lowercase letter.
_NAME = {"type": "string", "pattern": "^[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*$"}
# CloudFormation's values are texts, so authors can write numbers and booleans as text.
_AS_TEXT = {"type": "string", "pattern": "^(true|false|[0-9]+)$"}
_ATTRIBUTES: dict[str, tuple[str, dict[str, Json]]] = {
    "Condition": ("Name of the condition under which the counter exists.", {"type": "string"}),
    "DependsOn": ("Resources and counters that are created before this counter.", {"type": ["string", "array"]}),
    "Metadata": ("Metadata of every generated resource.", {"type": "object"}),
    "DeletionPolicy": (
        "What happens to the table and the logs when the counter is deleted.\n\nDefault: `Retain`",
        {"enum": ["Retain", "Delete", "RetainExceptOnCreate"]},
    ),
    "UpdateReplacePolicy": (
        "What happens to the old table and logs when they are replaced.\n\nDefault: `Retain`",
        {"enum": ["Retain", "Delete"]},
    ),
}


def print_schema(further: Sequence[Plugin] = ()) -> str:
    """The schema as JSON, for the installed plug-ins and the ``further`` ones."""
    return json.dumps(make_schema([*load_plugins(), *further]), indent=2, ensure_ascii=False) + "\n"


def make_schema(plugins: Sequence[Plugin]) -> dict[str, Json]:
    """The schema of a template. Editors offer these plug-ins for ``Plugins``."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "CloudFormation template with HitCounter resources",
        "type": "object",
        "required": ["Resources"],
        "properties": {
            "Transform": {
                "description": "Macros; `HitCounterMacro` expands the counters.",
                "anyOf": [_transform(), {"type": "array", "items": _transform()}, {"type": "object"}],
            },
            "Resources": {
                "type": "object",
                "defaultSnippets": [{"label": "HitCounter", "body": {"${1:Visits}": {"Type": "HitCounter"}}}],
                "additionalProperties": _resource(plugins),
            },
        },
    }


def _transform() -> dict[str, Json]:
    return {"anyOf": [{"const": "HitCounterMacro"}, {"type": "string"}, {"type": "object"}]}


def _resource(plugins: Sequence[Plugin]) -> dict[str, Json]:
    kind = {"const": "HitCounter", "description": load_schema()["description"]}
    attributes = {name: {"description": text, **rule} for name, (text, rule) in _ATTRIBUTES.items()}
    return {
        # An Fn::ForEach instead of a resource is a list.
        "type": ["object", "array"],
        "properties": {"Type": {"anyOf": [kind, {"type": "string"}]}},
        "if": {"required": ["Type"], "properties": {"Type": {"const": "HitCounter"}}},
        "then": {
            "additionalProperties": False,
            "properties": {"Type": {}, "Properties": _counter(plugins), **attributes},
        },
    }


def _counter(plugins: Sequence[Plugin]) -> dict[str, Json]:
    counter: dict[str, Json] = _loosen(load_schema())
    named = {"anyOf": [*({"const": plugin.name, "description": plugin.summary} for plugin in plugins), {}]}
    # Local paths are valid because 'hitcounter deploy' uploads the files.
    counter["properties"]["Code"]["else"]["else"] = {"type": "string", "minLength": 1}
    offered = counter["properties"]["Plugins"]["else"]
    offered["items"] = {"allOf": [named, offered["items"]]}
    return counter


def _loosen(rule: Json) -> Json:
    """The rule in draft 7, without references. It accepts every value that an editor can see for a short tag."""
    if isinstance(rule, list):
        return [_loosen(each) for each in rule]
    if not isinstance(rule, dict):
        return rule
    rule = _follow(rule)
    texts = {name: rule[name] for name in ("description", "errorMessage") if name in rule}
    if "defaultText" in rule:
        texts["description"] += f"\n\nDefault: {rule['defaultText']}"
    is_optional = rule.get("if") == {"$ref": "#/$defs/notIntrinsic"}
    left_out = (*_ONLY_OURS, *texts, *(("if", "then", "else") if is_optional else ()))
    kept = {name: _convert(name, value) for name, value in rule.items() if name not in left_out}
    if not is_optional and not rule.get("literal") and not _is_scalar(rule):
        return {**texts, **kept}
    strict = {**kept, **{name: _convert(name, value) for name, value in rule["then"].items()}} if is_optional else kept
    message = {"errorMessage": texts["errorMessage"]} if "errorMessage" in texts else {}
    # An editor sees !If and similar functions as lists. A literal can't be a function.
    if "enum" in strict:
        # Editors complete examples, but not values inside an "else".
        texts["examples"] = strict["enum"]
    accepted = [_LONG_FORM, _NAME, *([] if rule.get("literal") else [{"type": "array"}]), *_list_text_forms(strict)]
    return {**texts, "if": {"anyOf": accepted}, "then": {}, "else": {**message, **strict}}


def _list_text_forms(rule: Mapping[str, Json]) -> list[Json]:
    return [_AS_TEXT] if rule.get("type") in ("boolean", "integer") else []


def _follow(rule: dict[str, Json]) -> dict[str, Json]:
    if "$ref" not in rule:
        return rule
    root = load_schema()
    target = root["$defs"] if "/$defs/" in rule["$ref"] else root["properties"]
    return {**target[rule["$ref"].rpartition("/")[2]], **rule}


def _is_scalar(rule: Mapping[str, Json]) -> bool:
    """Whether the rule is for a single value, such as a text or a number, that a reference can replace."""
    kinds = rule.get("type", "object")
    return "enum" in rule or not {"object", "array"} & {kinds if isinstance(kinds, str) else kinds[0]}


def _convert(name: str, value: Json) -> Json:
    if name == "properties":
        return {key: _loosen(each) for key, each in value.items()}
    if name == "propertyNames":
        # Names are never references.
        return {key: part for key, part in _follow(value).items() if key not in _ONLY_OURS}
    return _loosen(value)
