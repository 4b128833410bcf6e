"""Recognize CloudFormation's intrinsic functions, and read the forms of the functions that refer to something."""

import re
from collections.abc import Mapping
from typing import Any

# Matches a variable in the text of an Fn::Sub. ``${!Literal}`` is not a variable.
VARIABLE = re.compile(r"\$\{([^!{}][^{}]*)\}")


def is_function_name(name: object) -> bool:
    """Whether a key of a map names an intrinsic function: ``Ref``, or a name like ``Fn::Sub``."""
    return name == "Ref" or (isinstance(name, str) and name.startswith("Fn::"))


def name_function(value: Any) -> str | None:
    """The name of the intrinsic function that a value calls, such as ``"Fn::Sub"``. ``None`` for other values."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    name = next(iter(value))
    return name if is_function_name(name) else None


def split_get_att(value: Any) -> tuple[Any, Any]:
    """The logical ID and the attribute of an ``Fn::GetAtt``, or ``(None, None)`` if the value has another shape.

    An attribute that is not literal is returned as it is.
    """
    if isinstance(value, str):
        name, _, attribute = value.partition(".")
        return name, attribute
    if isinstance(value, list) and len(value) > 1:
        rest = value[1:]
        return value[0], ".".join(rest) if all(isinstance(part, str) for part in rest) else rest[0]
    return None, None


def split_sub(value: Any) -> tuple[str | None, Mapping[str, Any]]:
    """The text of an ``Fn::Sub`` and its map of variables. The text is ``None`` if the value has another shape."""
    if isinstance(value, str):
        return value, {}
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict):
        return value[0], value[1]
    return None, {}
