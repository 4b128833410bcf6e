"""Print a converted template. Text that no counter replaces keeps its bytes."""

import re
from collections.abc import Mapping
from typing import Any

from macro.cli.convert.convert import Converted
from macro.cli.text.edit import print_template
from macro.cli.text.files import Source, parse_source
from macro.errors import InvalidTemplate, Problem
from macro.expand import Expanded
from macro.plugin import VARIABLE, Json
from macro.template.merge import MACRO


def print_converted(source: Source, converted: Converted) -> str:
    """The author's text with the counters. Each counter takes its table's position in the text."""
    source = _add_transform(source)
    homes = {heir.counter: heir.service.table for heir in converted.heirs}
    owners = {name: name if name in source.template["Resources"] else home for name, home in homes.items()}
    text = print_template(source, Expanded(converted.template, owners))
    return text if source.node is None else _close_gaps(source, text)


def print_renamed(source: Source, names: Mapping[str, str]) -> str:
    """The author's text with renamed logical IDs, also in every reference. ``names`` maps old IDs to new IDs.

    Raises:
        InvalidTemplate: no resource has the old ID, or a resource already has the new ID.
    """
    resources = source.template.get("Resources")
    resources = resources if isinstance(resources, dict) else {}
    problems = []
    for old, new in names.items():
        if old not in resources:
            problems.append(Problem((), f"--rename {old}={new}: no resource {old}"))
        if new in resources:
            problems.append(Problem((), f"--rename {old}={new}: there is a {new} already"))
    if problems:
        raise InvalidTemplate(problems)
    renamed = _rename(source.template, names)
    if source.node is None:
        renamed["Resources"] = {names.get(name, name): resource for name, resource in renamed["Resources"].items()}
        return print_template(source, Expanded(renamed, {}))
    return _rename_keys(parse_source(source.name, print_template(source, Expanded(renamed, {}))), names)


def _add_transform(source: Source) -> Source:
    """The source with a new ``Transform`` line that names the macro, if the template has no transform yet."""
    if source.node is None or "Transform" in source.template or source.node.flow_style:
        return source
    keys = [key for key, _ in source.node.value]
    behind = [place for place, key in enumerate(keys) if key.value in ("AWSTemplateFormatVersion", "Description")]
    first = min(behind[-1] + 1 if behind else 0, len(keys) - 1)
    place = keys[first].start_mark.index
    return parse_source(source.name, f"{source.text[:place]}Transform: {MACRO}\n{source.text[place:]}")


def _close_gaps(source: Source, text: str) -> str:
    """Reduce the empty lines that removed resources left to one. A source with such gaps of its own stays as it is."""
    gap = re.compile(r"\r?\n(?:[ \t]*\r?\n){2,}")
    if gap.search(source.text):
        return text
    end = "\r\n" if "\r\n" in text else "\n"
    closed = gap.sub(end * 2, text)
    if closed.endswith(end * 2):
        closed = closed.rstrip() + end
    is_same = parse_source(source.name, closed).template == parse_source(source.name, text).template
    return closed if is_same else text


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
