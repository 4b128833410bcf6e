"""Rewrite references to counters into references to the counters' resources, and check these references."""

import re
from collections.abc import Callable, Iterator, Mapping
from copy import copy

from macro.errors import Path, Problem, describe, suggest
from macro.intrinsic import VARIABLE, split_get_att, split_sub
from macro.plugin import Json, Template, Values, inline_value
from macro.template.references import (
    REF_ATTRIBUTE,
    Call,
    Exports,
    attribute_name,
    drop_implied,
    find_calls,
    find_last_ids,
    find_references,
    find_targets,
)

# The SAM transform uses Globals.
_SECTIONS = ("Outputs", "Hooks", "Globals")
_CONSTANT_SECTIONS = ("Conditions", "Rules", "Mappings")


def rewrite_template(template: Template, exports: Exports) -> Template:
    """The template with every valid reference to a counter rewritten. Unchanged parts are shared with the input.

    The counters in ``Resources`` are not rewritten.
    """
    changed = dict(template)
    changed["Resources"] = {
        logical_id: resource if logical_id in exports else rewrite_resource(resource, exports)
        for logical_id, resource in template["Resources"].items()
    }
    for section in _SECTIONS:
        if section in template:
            changed[section] = rewrite_references(template[section], exports)
    return changed


def rewrite_resource(resource: Json, exports: Exports) -> Json:
    """An entry of ``Resources`` with its references and its ``DependsOn`` rewritten. ``Fn::ForEach`` is a list."""
    if isinstance(resource, list):
        return _rewrite_loop(resource, exports)
    changed = rewrite_references(resource, exports)
    return _rewrite_depends_on(changed, exports) if isinstance(changed, dict) and "DependsOn" in changed else changed


def rewrite_references(node: Json, exports: Exports) -> Json:
    """A tree with every valid reference to the counters in ``exports`` rewritten. The same object if it has none."""
    if isinstance(node, dict) and len(node) == 1:
        function = next(iter(node))
        if function in _REWRITE:
            return _REWRITE[function](node, exports)
    return _change(node, lambda part: rewrite_references(part, exports))


def check_template(template: Template, exports: Exports) -> Iterator[Problem]:
    """Problems of the references that :func:`rewrite_template` rewrites, and references from constant sections."""
    for logical_id, resource in template["Resources"].items():
        if logical_id not in exports:
            yield from check_references(resource, exports, ("Resources", logical_id))
    for section in _SECTIONS:
        if section in template:
            yield from check_references(template[section], exports, (section,))
    for section in (section for section in _CONSTANT_SECTIONS if section in template):
        for name in sorted({name for name, _ in find_references(template[section], exports)}):
            yield Problem((section,), f"refers to the counter {name}, but {section} must not refer to resources")


def check_references(node: Json, exports: Exports, path: Path) -> Iterator[Problem]:
    """Problems of a tree's references to the counters in ``exports``. ``path`` is the tree's place."""
    for call in find_calls(node, path):
        for text in _explain(call, exports):
            yield Problem(call.path, text)


def _explain(call: Call, exports: Exports) -> Iterator[str]:
    if call.function == "Ref":
        counter, dot, attribute = str(call.argument).partition(".")
        if dot and counter in exports:
            yield f"!Ref takes no attribute; did you mean !GetAtt {counter}.{attribute}?"
    if call.function == "Fn::GetAtt":
        name, attribute = split_get_att(call.argument)
        if isinstance(name, str) and name in exports and not isinstance(attribute, str):
            yield f"must be a literal attribute of {name}, got {describe(attribute)}"
            return
    for name, attribute in find_targets(call):
        if name in exports:
            yield from _explain_attribute(name, attribute, exports[name].outputs)


def _explain_attribute(name: str, attribute: str, outputs: Values | None) -> Iterator[str]:
    if outputs is not None and attribute not in map(attribute_name, outputs):
        text = f"counter {name} has no attribute '{attribute}'; known are {_list_attributes(outputs)}"
        yield text + suggest(attribute, sorted(map(attribute_name, outputs)))


def _list_attributes(outputs: Values) -> str:
    """The attribute names, with only the parts of stages. A part starts with a capital or digit, an output doesn't."""
    names = sorted(attribute_name(output) for output in outputs if output[:1].islower())
    stages = dict.fromkeys(output.partition("_")[0] for output in outputs if not output[:1].islower())
    behind = f", also with the prefix {' or '.join(stages)}" if stages else ""
    return f"{', '.join(names)}{behind}"


def _change(node: Json, change: Callable[[Json], Json]) -> Json:
    """The map or list with ``change`` applied to each map or list in it. The same object if nothing changes."""
    if not isinstance(node, (dict, list)):
        return node
    parts = node.items() if isinstance(node, dict) else enumerate(node)
    nested = [(part, value, change(value)) for part, value in parts if isinstance(value, (dict, list))]
    changed = [(part, new) for part, value, new in nested if new is not value]
    if not changed:
        return node
    result = copy(node)
    for part, new in changed:
        result[part] = new
    return result


def _rewrite_loop(loop: list[Json], exports: Exports) -> Json:
    """An ``Fn::ForEach`` in ``Resources``: a name, the values, and a map of resources and further loops."""
    return _change(
        loop,
        lambda part: (
            _change(part, lambda each: rewrite_resource(each, exports))
            if part is loop[-1]
            else rewrite_references(part, exports)
        ),
    )


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


def _rewrite_ref(node: Json, exports: Exports) -> Json:
    return _look_up(node["Ref"], REF_ATTRIBUTE, exports, node)


def _rewrite_get_att(node: Json, exports: Exports) -> Json:
    return _look_up(*split_get_att(node["Fn::GetAtt"]), exports, node)


def _rewrite_sub(node: Json, exports: Exports) -> Json:
    text, own = split_sub(node["Fn::Sub"])
    if text is None:
        return node
    further = rewrite_references(own, exports)
    added: dict[str, Json] = {}

    def replace(match: re.Match[str]) -> str:
        name, _, attribute = match[1].partition(".")
        value = None if match[1] in own else _look_up(name, attribute or REF_ATTRIBUTE, exports, None)
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


_REWRITE: Mapping[str, Callable[[Json, Exports], Json]] = {
    "Ref": _rewrite_ref,
    "Fn::GetAtt": _rewrite_get_att,
    "Fn::Sub": _rewrite_sub,
}


def _look_up(name: Json, attribute: Json, exports: Exports, unknown: Json) -> Json:
    """The value of a counter's attribute. ``unknown`` if there is none."""
    outputs = exports[name].outputs if isinstance(name, str) and name in exports else None
    values = {attribute_name(output): value for output, value in (outputs or {}).items()}
    return values.get(attribute, unknown) if isinstance(attribute, str) else unknown
