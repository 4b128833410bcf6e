"""Rename resources of a template, and list the steps that deploy the new IDs without losing a table's items."""

from collections.abc import Mapping
from typing import Any

from macro.cli.convert import sam
from macro.cli.text.edit import print_template
from macro.cli.text.files import Source, parse_source
from macro.errors import InvalidTemplate, Problems
from macro.expand import Expanded
from macro.intrinsic import VARIABLE
from macro.plugin import Json

_TABLES = ("AWS::DynamoDB::Table", sam.TABLE)
# Properties with names that must be unique, so two resources can't have the same name.
_FIXED = ("FunctionName", "RoleName", "ManagedPolicyName", "LogGroupName")


def print_renamed(source: Source, names: Mapping[str, str]) -> str:
    """The author's text with renamed logical IDs, also in every reference. ``names`` maps old IDs to new IDs.

    Raises:
        InvalidTemplate: no resource has the old ID, or a resource already has the new ID.
    """
    resources = sam.as_map(source.template.get("Resources"))
    problems = Problems()
    for old, new in names.items():
        if old not in resources:
            problems.add(f"--rename {old}={new}: no resource has the ID {old}")
        if new in resources:
            problems.add(f"--rename {old}={new}: a resource already has the ID {new}")
    problems.raise_if_any(InvalidTemplate)
    renamed = _rename(source.template, names)
    if source.node is None:
        renamed["Resources"] = {names.get(name, name): resource for name, resource in renamed["Resources"].items()}
        return print_template(source, Expanded(renamed, {}))
    return _rename_keys(parse_source(source.name, print_template(source, Expanded(renamed, {}))), names)


def list_next_steps(source: Source, names: Mapping[str, str], file: str) -> list[str]:
    """The author's next steps for a template with renamed IDs: move the tables, replace the other resources.

    ``file`` is the name of the file that the author writes the template to.
    """
    resources = source.template["Resources"]
    tables = [name for name in names if sam.as_map(resources[name]).get("Type") in _TABLES]
    others = [name for name in names if name not in tables]
    lines = []
    for name in tables:
        lines += _list_table_steps(name, names[name], file, "Transform" in source.template)
    if others:
        listed = ", ".join(f"{name} by {names[name]}" for name in others)
        lines.append(f"Deploy this template, which replaces {listed}. Then convert the template.")
    for name in others:
        fixed = [each for each in _FIXED if each in sam.as_map(sam.as_map(resources[name]).get("Properties"))]
        lines += [f"Before you deploy, remove {each} from {names[name]}: the name is already in use." for each in fixed]
    return lines


def _list_table_steps(old: str, new: str, file: str, has_transform: bool) -> list[str]:
    places = [f"{{StackName=STACK,LogicalResourceId={name}}}" for name in (old, new)]
    lines = [
        f"{new} is the table {old} with another ID. Don't deploy this template: that would create an empty table.",
        f"Instead, move the table to its new ID. {file} must be the deployed template, with only the ID changed "
        "(CloudFormation guide, 'Stack refactoring'):",
        "  aws cloudformation create-stack-refactor \\",
        f"    --stack-definitions StackName=STACK,TemplateBody@=file://{file} \\",
        f"    --resource-mappings 'Source={places[0]},Destination={places[1]}'",
        "  aws cloudformation describe-stack-refactor --stack-refactor-id ID   (until ExecutionStatus is AVAILABLE)",
        "  aws cloudformation execute-stack-refactor --stack-refactor-id ID",
        "Then convert the template.",
    ]
    if has_transform:
        processed = "'aws cloudformation get-template --template-stage Processed'"
        lines.insert(-1, f"Because of the Transform, take the deployed template from {processed}.")
    return lines


def _rename(node: Json, names: Mapping[str, str]) -> Any:
    """The tree with renamed IDs in each reference. Keys stay unchanged."""
    if isinstance(node, list):
        return [_rename(item, names) for item in node]
    if not isinstance(node, dict):
        return node
    renamed = {key: _rename(value, names) for key, value in node.items()}
    if len(node) == 1:
        form, value = next(iter(renamed.items()))
        if form == "Ref":
            return {form: names.get(value, value) if isinstance(value, str) else value}
        if form == "Fn::GetAtt" and isinstance(value, list) and value and isinstance(value[0], str):
            return {form: [names.get(value[0], value[0]), *value[1:]]}
        if form == "Fn::GetAtt" and isinstance(value, str):
            return {form: _rename_dotted(value, names)}
        if form == "Fn::Sub":
            return {form: _rename_sub(value, names)}
    named = renamed.get("DependsOn")
    if isinstance(named, str):
        renamed["DependsOn"] = names.get(named, named)
    elif isinstance(named, list):
        renamed["DependsOn"] = [names.get(name, name) if isinstance(name, str) else name for name in named]
    return renamed


def _rename_sub(value: Json, names: Mapping[str, str]) -> Json:
    if isinstance(value, list) and value and isinstance(value[0], str):
        own = value[1] if len(value) > 1 and isinstance(value[1], dict) else {}
        return [_rename_sub(value[0], {old: new for old, new in names.items() if old not in own}), *value[1:]]
    if not isinstance(value, str):
        return value
    return VARIABLE.sub(lambda match: f"${{{_rename_dotted(match[1], names)}}}", value)


def _rename_dotted(text: str, names: Mapping[str, str]) -> str:
    name, dot, rest = text.partition(".")
    return f"{names.get(name, name)}{dot}{rest}"


def _rename_keys(source: Source, names: Mapping[str, str]) -> str:
    resources = next(value for key, value in source.node.value if key.value == "Resources")
    text = source.text
    for key, _ in reversed(resources.value):
        if key.value in names:
            text = text[: key.start_mark.index] + names[key.value] + text[key.end_mark.index :]
    return source.mark + text
