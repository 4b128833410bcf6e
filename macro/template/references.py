"""Rewrite references to a counter, in every form that CloudFormation knows, to references to its resources."""

import re
from collections.abc import Collection, Mapping
from copy import copy
from functools import cache
from typing import NamedTuple

from macro.errors import Path, Problem, describe, suggest
from macro.plugin import VARIABLE, Json, Template, Values, inline_value

REF_ATTRIBUTE = "BaseUrl"
# The SAM transform uses Globals.
_SECTIONS = ("Outputs", "Hooks", "Globals")
_CONSTANT_SECTIONS = ("Conditions", "Rules", "Mappings")


class Export(NamedTuple):
    """What references to a counter can use: its outputs as attributes, and its resources for ``DependsOn``.

    ``outputs`` is ``None`` for a counter that could not be built. References to such a counter stay unchanged.
    """

    outputs: Values | None
    resources: Mapping[str, Json] = {}


Exports = Mapping[str, Export]


@cache
def attribute_name(output: str) -> str:
    """The attribute name of a plug-in's output in a template: ``table_arn`` → ``TableArn``."""
    return "".join(word[:1].upper() + word[1:] for word in output.split("_"))


def rewrite_template(
    template: Template, exports: Exports, generated: Collection[str], problems: list[Problem]
) -> Template:
    """The template with every reference to a counter rewritten. Parts without references are shared with the input.

    ``generated`` names resources that are known to contain no such references. An unknown attribute becomes a problem.
    """
    changed = dict(template)
    changed["Resources"] = {
        logical_id: resource
        if logical_id in generated
        else rewrite_references(resource, exports, ("Resources", logical_id), problems)
        for logical_id, resource in template["Resources"].items()
    }
    for section in _SECTIONS:
        if section in template:
            changed[section] = rewrite_references(template[section], exports, (section,), problems)
    for section in _CONSTANT_SECTIONS:
        for name in sorted({name for name, _ in find_references(template.get(section), exports)}):
            text = f"refers to the counter {name}; nothing in {section} can refer to a resource"
            problems.append(Problem((section,), text))
    return changed


def rewrite_references(node: Json, exports: Exports, path: Path, problems: list[Problem]) -> Json:
    """A tree without references to the counters in ``exports``. The same object if the tree has none."""
    if isinstance(node, dict):
        if len(node) == 1:
            form = next(iter(node))
            if form in _FORMS:
                return _FORMS[form](node, exports, path, problems)
        result = node
        for key, value in node.items():
            if isinstance(value, (dict, list)):
                new = rewrite_references(value, exports, (*path, key), problems)
                if new is not value:
                    result = copy(node) if result is node else result
                    result[key] = new
        return _rewrite_depends_on(result, exports) if "DependsOn" in node and _is_resource(path) else result
    if isinstance(node, list):
        items = [rewrite_references(item, exports, (*path, place), problems) for place, item in enumerate(node)]
        if all(new is old for new, old in zip(items, node, strict=True)):
            return node
        changed = copy(node)
        changed[:] = items
        return changed
    return node


def find_references(node: Json, ids: Collection[str]) -> list[tuple[str, str]]:
    """Each reference in the tree to one of ``ids``, as (id, attribute). A ``Ref`` counts as ``BaseUrl``."""
    found: list[tuple[str, str]] = []
    _collect(node, ids, found)
    return found


def find_last_ids(resources: Mapping[str, Json]) -> list[str]:
    """The resources that no other one needs. A resource that depends on these waits for all of them."""
    needed = set()
    for logical_id, resource in resources.items():
        named = resource.get("DependsOn", ())
        found = {name for name, _ in find_references(resource, resources)}
        needed |= (found | ({named} if isinstance(named, str) else set(named))) - {logical_id}
    return [logical_id for logical_id in resources if logical_id not in needed]


def drop_implied(resource: Json, counters: Collection[str] = ()) -> Json:
    """The resource without ``DependsOn`` entries that its references already imply (cfn-lint's W3005).

    Entries in ``counters`` stay, because a reference to a counter waits only for a part of that counter.
    """
    named = resource["DependsOn"]
    listed = list(dict.fromkeys([named] if isinstance(named, str) else named))
    implied = {name for name, _ in find_references(resource, listed)}.difference(counters)
    rest = [name for name in listed if name not in implied]
    if rest == ([named] if isinstance(named, str) else named):
        return resource
    changed = copy(resource)
    if rest:
        changed["DependsOn"] = rest[0] if len(rest) == 1 else rest
    else:
        del changed["DependsOn"]
    return changed


def _is_resource(path: Path) -> bool:
    return path[:1] == ("Resources",) and (len(path) == 2 or str(path[1]).startswith("Fn::ForEach"))


def _rewrite_depends_on(resource: Json, exports: Exports) -> Json:
    named = resource["DependsOn"]
    listed = [named] if isinstance(named, str) else named
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        return resource
    if not any(name in exports for name in listed):
        return resource
    changed = copy(resource)
    changed["DependsOn"] = [
        new for name in listed for new in (find_last_ids(exports[name].resources) if name in exports else [name])
    ]
    return drop_implied(changed)


def _rewrite_ref(node: Json, exports: Exports, path: Path, problems: list[Problem]) -> Json:
    name = node["Ref"]
    counter, dot, attribute = str(name).partition(".")
    if dot and counter in exports:
        problems.append(Problem(path, f"!Ref takes no attribute; did you mean !GetAtt {counter}.{attribute}?"))
        return node
    return _look_up(name, REF_ATTRIBUTE, exports, path, problems, node) if _is_counter(name, exports) else node


def _rewrite_get_att(node: Json, exports: Exports, path: Path, problems: list[Problem]) -> Json:
    name, attribute = _split_get_att(node["Fn::GetAtt"])
    if not _is_counter(name, exports):
        return node
    if not isinstance(attribute, str):
        problems.append(Problem(path, f"must name an attribute of {name} literally, got {describe(attribute)}"))
        return node
    return _look_up(name, attribute, exports, path, problems, node)


def _rewrite_sub(node: Json, exports: Exports, path: Path, problems: list[Problem]) -> Json:
    text, own = _split_sub(node["Fn::Sub"])
    if text is None:
        return node
    further = rewrite_references(own, exports, (*path, "Fn::Sub", 1), problems)
    added: dict[str, Json] = {}

    def replace(match: re.Match[str]) -> str:
        name, _, attribute = match[1].partition(".")
        if match[1] in own or not _is_counter(name, exports):
            return match[0]
        value = _look_up(name, attribute or REF_ATTRIBUTE, exports, path, problems, None)
        inline = match[0] if value is None else inline_value(value, own)
        if inline is None:
            variable = name + attribute
            while variable in own:
                variable += "X"
            added[variable] = value
            inline = "${" + variable + "}"
        return inline

    new_text = VARIABLE.sub(replace, text)
    if new_text == text and further is own:
        return node
    if own or added:
        return {"Fn::Sub": [new_text, {**further, **added}]}
    return {"Fn::Sub": new_text} if "${" in new_text else new_text


_FORMS = {"Ref": _rewrite_ref, "Fn::GetAtt": _rewrite_get_att, "Fn::Sub": _rewrite_sub}


def _look_up(name: str, attribute: str, exports: Exports, path: Path, problems: list[Problem], unknown: Json) -> Json:
    outputs = exports[name].outputs
    if outputs is None:
        return unknown
    attributes = {attribute_name(output): value for output, value in outputs.items()}
    if attribute not in attributes:
        text = f"counter {name} has no attribute '{attribute}'; known are {_list_attributes(outputs)}"
        problems.append(Problem(path, text + suggest(attribute, sorted(attributes))))
        return unknown
    return attributes[attribute]


def _list_attributes(outputs: Values) -> str:
    """The attribute names, with only the parts of stages. A part starts with a capital or digit, an output doesn't."""
    names = sorted(attribute_name(output) for output in outputs if output[:1].islower())
    stages = dict.fromkeys(output.partition("_")[0] for output in outputs if not output[:1].islower())
    behind = f", each of them behind {' or '.join(stages)} too" if stages else ""
    return f"{', '.join(names)}{behind}"


def _collect(node: Json, ids: Collection[str], found: list[tuple[str, str]]) -> None:
    if isinstance(node, dict):
        if len(node) == 1:
            form, value = next(iter(node.items()))
            if form in _FORMS:
                found.extend(target for target in _find_targets(form, value) if target[0] in ids)
        for value in node.values():
            if isinstance(value, (dict, list)):
                _collect(value, ids, found)
    elif isinstance(node, list):
        for item in node:
            if isinstance(item, (dict, list)):
                _collect(item, ids, found)


def _find_targets(form: str, value: Json) -> list[tuple[str, str]]:
    if form == "Ref":
        return [(value, REF_ATTRIBUTE)] if isinstance(value, str) else []
    if form == "Fn::GetAtt":
        name, attribute = _split_get_att(value)
        return [(name, attribute if isinstance(attribute, str) else "")] if isinstance(name, str) else []
    text, own = _split_sub(value)
    parts = [name.partition(".") for name in VARIABLE.findall(text or "") if name not in own]
    return [(name, attribute or REF_ATTRIBUTE) for name, _, attribute in parts]


def _is_counter(name: Json, exports: Exports) -> bool:
    return isinstance(name, str) and name in exports


def _split_get_att(value: Json) -> tuple[Json, Json]:
    if isinstance(value, str):
        name, _, attribute = value.partition(".")
        return name, attribute
    if isinstance(value, list) and len(value) > 1:
        rest = value[1:]
        return value[0], ".".join(rest) if all(isinstance(part, str) for part in rest) else rest[0]
    return None, None


def _split_sub(value: Json) -> tuple[str | None, Mapping[str, Json]]:
    if isinstance(value, str):
        return value, {}
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict):
        return value[0], value[1]
    return None, {}
