"""The contract for plug-ins: values in, a piece of template out. Authors of plug-ins import this module."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from macro.intrinsic import VARIABLE, name_function

Json = Any
Template = dict[str, Json]
Values = Mapping[str, Json]

NO_VALUE = {"Ref": "AWS::NoValue"}


class Piece(NamedTuple):
    """What a plug-in returns: a value for each of its OUTPUTS, and resources by logical ID.

    A plug-in that takes ``stages`` may return a further piece for each stage, in the order of the stages.
    Such a piece holds the values and resources that differ between stages.
    """

    values: Values
    resources: Mapping[str, Json]
    stages: Sequence["Piece"] = ()


class Plugin(NamedTuple):
    """A plug-in with its registered name.

    ``build`` gets exactly the values that ``inputs`` names. It doesn't change these values and does no I/O.
    It returns a :class:`Piece` whose values are exactly those that ``outputs`` names.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    build: Callable[[Values], Piece]
    summary: str = ""


class Unset(dict[str, Json]):
    """``AWS::NoValue`` for a property that one branch of an author's ``Fn::If`` omits. The default stays there."""

    def __init__(self) -> None:
        super().__init__(NO_VALUE)


class Spread(dict[str, Json]):
    """The ``Fn::If`` of one property, made from an ``Fn::If`` of whole maps."""


def merge(base: Mapping[str, Json], further: Mapping[str, Json]) -> dict[str, Json]:
    """The properties of ``base`` with the author's properties in ``further``.

    Maps are merged; any other value of ``further`` replaces the one in ``base``.
    If ``further`` comes from an ``Fn::If`` of maps, each branch is merged separately.
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
    """An author's map with further values of the author, to be merged later. What a branch omits stays omitted."""
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
    """``{"Tags": [{"Key": …, "Value": …}, …]}``, or an empty map without tags.

    If one branch of a value's ``Fn::If`` is ``AWS::NoValue``, the whole tag is omitted in that branch.
    """
    return {"Tags": [_tag(key, value) for key, value in tags.items()]} if tags else {}


def tag_map(tags: Mapping[str, Json]) -> dict[str, Json]:
    """``{"Tags": {key: value}}``, or an empty map without tags."""
    return {"Tags": dict(tags)} if tags else {}


def substitute(text: str, name: str, value: Json) -> Json:
    """An ``Fn::Sub`` of ``text`` that replaces ``${name}`` with ``value``, inline if possible."""
    inline = inline_value(value)
    if inline is None:
        return {"Fn::Sub": [text, {name: value}]}
    return {"Fn::Sub": text.replace(f"${{{name}}}", inline)}


def inline_value(value: Json, taken: Collection[str] = ()) -> str | None:
    """The value as text inside an ``Fn::Sub``, or ``None`` if the value belongs in the map beside the text.

    ``taken`` holds the names that this map already defines with another meaning.
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
    if not isinstance(value, dict) or name_function(value):
        return False
    return len(value) != 1 or "Condition" not in value
