"""The contract for plug-ins: values in, a piece of template out. Authors of plug-ins import this module."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

Json = Any
Template = dict[str, Json]
Values = Mapping[str, Json]

# A variable in the text of an Fn::Sub; ``${!Literal}`` is none.
VARIABLE = re.compile(r"\$\{([^!{}][^{}]*)\}")
NO_VALUE = {"Ref": "AWS::NoValue"}


class Piece(NamedTuple):
    """What a plug-in makes: a value for each of its OUTPUTS, and resources by logical id.

    One that takes ``stages`` may put what differs from stage to stage into a piece for each, in their order.
    """

    values: Values
    resources: Mapping[str, Json]
    stages: Sequence["Piece"] = ()


class Plugin(NamedTuple):
    """A plug-in by its registered name.

    ``build`` gets exactly the values that ``inputs`` names, changes none of them, does no I/O, and
    returns a :class:`Piece` whose values are exactly those that ``outputs`` names.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    build: Callable[[Values], Piece]
    summary: str = ""


class Unset(dict[str, Json]):
    """``AWS::NoValue`` where the author left a property out of one branch of an ``Fn::If``: the default stays there."""

    def __init__(self) -> None:
        super().__init__(NO_VALUE)


class Spread(dict[str, Json]):
    """One property's ``Fn::If``, made of an ``Fn::If`` of whole maps."""


def merge(base: Mapping[str, Json], further: Mapping[str, Json]) -> dict[str, Json]:
    """The properties of ``base`` with the author's ``further`` ones: maps are merged, anything else replaces.

    Where ``further`` came from an ``Fn::If`` of maps, each branch is merged by itself.
    """
    if not further:
        return dict(base)
    spelled = {name: name for name in further}
    merged = {}
    for name, value in base.items():
        merged[spelled.get(name, name)] = _combine(value, further[name]) if name in spelled else value
    for name, value in further.items():
        if name not in base:
            merged[name] = _combine(dict(NO_VALUE), value)
    return merged


def _combine(value: Json, own: Json) -> Json:
    if isinstance(own, Unset):
        return value
    if isinstance(own, Spread):
        condition, yes, no = own["Fn::If"]
        return {"Fn::If": [condition, _combine(value, yes), _combine(value, no)]}
    return merge(value, own) if _is_plain_map(value) and _is_plain_map(own) else own


def overlay(base: Mapping[str, Json], further: Mapping[str, Json]) -> dict[str, Json]:
    """An author's map with more of the author's in it, still to be merged: what a branch leaves out stays left out."""
    result = dict(base)
    for name, value in further.items():
        result[name] = _lay(base[name], value) if name in base else value
    return result


def _lay(value: Json, own: Json) -> Json:
    if isinstance(own, Unset):
        return value
    if isinstance(own, Spread):
        condition, yes, no = own["Fn::If"]
        return Spread({"Fn::If": [condition, _lay(value, yes), _lay(value, no)]})
    if isinstance(value, Spread) and _is_plain_map(own):
        condition, yes, no = value["Fn::If"]
        return Spread({"Fn::If": [condition, _lay(yes, own), _lay(no, own)]})
    return overlay(value, own) if _is_plain_map(value) and _is_plain_map(own) else own


def tag_list(tags: Mapping[str, Json]) -> dict[str, Json]:
    """``{"Tags": [{"Key": …, "Value": …}, …]}``, or nothing where there are no tags.

    A value that is ``Fn::If`` with ``AWS::NoValue`` takes the whole tag with it, as an author means it.
    """
    return {"Tags": [_tag(key, value) for key, value in tags.items()]} if tags else {}


def tag_map(tags: Mapping[str, Json]) -> dict[str, Json]:
    """``{"Tags": {key: value}}``, or nothing where there are no tags."""
    return {"Tags": dict(tags)} if tags else {}


def substitute(text: str, name: str, value: Json) -> Json:
    """An ``Fn::Sub`` of ``text`` in which ``${name}`` stands for ``value``, written inline where that can be."""
    inline = inline_value(value)
    if inline is None:
        return {"Fn::Sub": [text, {name: value}]}
    return {"Fn::Sub": text.replace(f"${{{name}}}", inline)}


def inline_value(value: Json, taken: Collection[str] = ()) -> str | None:
    """The value as text inside an ``Fn::Sub``; ``None`` where it must stand in the map beside the text.

    ``taken`` are the names that the map already gives another meaning.
    """
    if isinstance(value, str):
        return value.replace("${", "${!")
    if isinstance(value, (bool, int, float)):
        return str(value).lower()
    if not isinstance(value, dict) or len(value) != 1:
        return None
    form, content = next(iter(value.items()))
    if form == "Ref":
        text = f"${{{content}}}"
    elif form == "Fn::GetAtt":
        text = f"${{{content if isinstance(content, str) else '.'.join(content)}}}"
    elif form == "Fn::Sub" and isinstance(content, str):
        text = content
    else:
        return None
    return None if taken and any(variable in taken for variable in VARIABLE.findall(text)) else text


def _tag(key: str, value: Json) -> Json:
    if value == NO_VALUE:
        return value
    if isinstance(value, dict) and isinstance(value.get("Fn::If"), list) and len(value["Fn::If"]) == 3:
        condition, yes, no = value["Fn::If"]
        if NO_VALUE in (yes, no):
            return {"Fn::If": [condition, _tag(key, yes), _tag(key, no)]}
    return {"Key": key, "Value": value}


def _is_plain_map(value: Json) -> bool:
    if not isinstance(value, dict):
        return False
    name = next(iter(value), "")
    return not (len(value) == 1 and (name in {"Ref", "Condition"} or str(name).startswith("Fn::")))
