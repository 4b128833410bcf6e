"""Read the properties of a counter: resolve values of parameters, and convert text to the type that it stands for."""

from collections.abc import Mapping
from typing import NamedTuple

from macro.errors import Problems, describe
from macro.intrinsic import name_function
from macro.plugin import NO_VALUE, Json, Spread, Template, Unset, Values

_MAPS = ("Env", "Function", "Table", "Role", "Api", "LogGroup", "Tags")
_API_LITERALS = {"Share": "boolean", "StageName": "string"}
# Replaces a literal whose problem is already reported.
_UNKNOWN = object()
_LISTS = ("CommaDelimitedList", "List<")
_CONSTANTS = ("Conditions", "Mappings")


class Parameters(NamedTuple):
    """The parameters of a template.

    ``declared`` holds their declarations, ``given`` the values from outside, and ``values`` the given values with
    the defaults of the others. ``constants`` holds the template's Conditions and Mappings, which depend on parameters.
    """

    declared: Mapping[str, Json]
    given: Values
    values: Values
    constants: Values = {}


def collect_parameters(template: Template, given: Values) -> Parameters:
    """The parameters of a template, with the values given for them."""
    declared = template.get("Parameters")
    declared = declared if isinstance(declared, dict) else {}
    rules = declared.items()
    defaults = {name: rule["Default"] for name, rule in rules if isinstance(rule, dict) and "Default" in rule}
    constants = {name: template[name] for name in _CONSTANTS if name in template}
    return Parameters(declared, given, {**defaults, **given}, constants)


def read_properties(
    properties: Values, schema: Mapping[str, Json], parameters: Parameters, problems: Problems
) -> dict[str, Json]:
    """The properties with literals resolved, numbers and booleans typed, and each map's ``Fn::If`` moved to its values.

    A property that is ``AWS::NoValue`` is left out, as CloudFormation does.
    """
    result = {}
    for name, value in properties.items():
        if value == NO_VALUE:
            continue
        rule = schema.get(name, {})
        if rule.get("literal"):
            value = _resolve(value, parameters, problems.at(name))
            if value is _UNKNOWN:
                continue
        if name in _MAPS:
            value = _spread(value, problems.at(name))
            if name == "Api" and isinstance(value, dict):
                value = _read_api(value, parameters, problems.at(name))
        elif name == "Stages" and isinstance(value, dict):
            value = {stage: _read_overrides(entry, problems.at(name, stage)) for stage, entry in value.items()}
        result[name] = _type(value, rule)
    return result


def _resolve(value: Json, parameters: Parameters, problems: Problems) -> Json:
    if isinstance(value, list):
        items = [_resolve(item, parameters, problems.at(place)) for place, item in enumerate(value)]
        return [item for item in items if item is not _UNKNOWN]
    function = name_function(value)
    if function == "Ref":
        return _get_parameter(value["Ref"], parameters, problems)
    if function:
        text = "must be a literal or !Ref to a template parameter, because it decides what is generated; got"
        problems.add(f"{text} {function}")
        return _UNKNOWN
    return value


def _get_parameter(name: Json, parameters: Parameters, problems: Problems) -> Json:
    value = parameters.given.get(name) if isinstance(name, str) else None
    declared = parameters.declared.get(name) if isinstance(name, str) else None
    if not isinstance(declared, dict):
        if value is None:
            problems.add(f"must be a literal or !Ref to a template parameter; {describe(name)} is not a parameter")
            return _UNKNOWN
        return _drop_empty(value)
    if is_no_echo(declared):
        problems.add(f"parameter {name} is NoEcho, but the generated resources reveal its value; use another parameter")
        return _UNKNOWN
    # The Default of an SSM parameter type is the name of the SSM parameter, not a value.
    if value is None and not str(declared.get("Type")).startswith("AWS::SSM::Parameter::Value"):
        value = declared.get("Default")
    if value is None:
        problems.add(f"needs the value of parameter {name}, which is not known here; add --parameter {name}=VALUE")
        return _UNKNOWN
    if isinstance(value, str) and str(declared.get("Type")).startswith(_LISTS):
        value = [item.strip() for item in value.split(",")]
    return _drop_empty(value)


def is_no_echo(parameter: Json) -> bool:
    """Whether a template's parameter sets ``NoEcho``, as a boolean or as text. Its value must not be shown."""
    return isinstance(parameter, dict) and str(parameter.get("NoEcho", "")).lower() == "true"


def _drop_empty(value: Json) -> Json:
    """The list without empty texts: an empty list parameter arrives as a list with one empty text."""
    return [item for item in value if item != ""] if isinstance(value, list) else value


def _spread(value: Json, problems: Problems) -> Json:
    """An ``Fn::If`` of two maps as one map of ``Fn::If`` values, which allows further values to be merged in."""
    if not (isinstance(value, dict) and list(value) == ["Fn::If"]):
        return value
    branches = value["Fn::If"]
    if not (isinstance(branches, list) and len(branches) == 3):
        problems.add("Fn::If must be a list of a condition and two values")
        return {}
    condition = branches[0]
    maps = [{} if branch == NO_VALUE else _spread(branch, problems) for branch in branches[1:]]
    if not all(isinstance(branch, dict) for branch in maps):
        problems.add("each branch of Fn::If must be a map or AWS::NoValue")
        return {}
    names = [*maps[0], *(name for name in maps[1] if name not in maps[0])]
    return {name: Spread({"Fn::If": [condition, *(branch.get(name, Unset()) for branch in maps)]}) for name in names}


def _read_api(api: Values, parameters: Parameters, problems: Problems) -> dict[str, Json]:
    read = dict(api)
    if "Stage" in api:
        read["Stage"] = _spread(api["Stage"], problems.at("Stage"))
    for name, kind in _API_LITERALS.items():
        if name in api:
            value = _resolve(api[name], parameters, problems.at(name))
            if value is _UNKNOWN:
                del read[name]
            else:
                read[name] = _type(value, {"type": kind})
    return read


def _read_overrides(entry: Json, problems: Problems) -> Json:
    if not isinstance(entry, dict):
        return entry
    given = {name: value for name, value in entry.items() if value != NO_VALUE}
    return {name: _spread(value, problems.at(name)) for name, value in given.items()}


def _type(value: Json, rule: Mapping[str, Json]) -> Json:
    """The value with its type: CloudFormation accepts a parameter's ``"4"`` as a number, ``"true"`` as a boolean."""
    if isinstance(value, str):
        kind = rule.get("type") or rule.get("then", {}).get("type")
        if kind == "integer" and value.strip().isdecimal() and value.isascii():
            return int(value)
        if kind == "boolean" and value in ("true", "false"):
            return value == "true"
    return value
