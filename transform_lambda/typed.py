"""Convert properties, which arrive as text, to the types in the service's model of an API call."""

import base64
import binascii
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from transform_lambda.contract import Json, ResourceError

Shape = Any
"""A shape of botocore's service model: its `type_name`, and `members`, `member` or `value` depending on the type."""


class Members(NamedTuple):
    """A shape of the companion's own, with the attributes that `type_properties` reads."""

    type_name: str
    members: Mapping[str, Shape] = {}  # noqa: RUF100 - never changed
    value: Shape = None
    member: Shape = None


_SURROGATE = re.compile(r"[\ud800-\udfff]")
# CloudFormation resolves these in its own resource types only ("Get values stored in other services using dynamic
# references", "Considerations").
_SECURE = re.compile(r"\{\{resolve:(secretsmanager|ssm-secure):")


def type_properties(shape: Shape, properties: Mapping[str, Json], where: str = "Properties") -> dict[str, Json]:
    """The properties with the types that the API call needs: numbers for its numbers, text for its text.

    Raises:
        ResourceError: properties do not fit the model. The text has one line for each, which says where the problem
            is, what is wrong and what would be right. It never shows a value.
    """
    reader = _Reader()
    reader.problems.extend(_find_secure_references(properties, where))
    typed = reader.read_structure(shape, properties, where)
    if reader.problems:
        raise ResourceError("\n".join(reader.problems))
    return typed


class _Reader:
    """Reads values by their shapes, and collects the problems."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def read_structure(self, shape: Shape, value: Json, where: str) -> dict[str, Json]:
        if not isinstance(value, Mapping):
            self._refuse(where, "a map", value)
            return {}
        unknown = [name for name in value if name not in shape.members]
        self.problems.extend(f"{where}.{name}: unknown{_nearest(name, shape.members)}" for name in unknown)
        return {
            name: self._read(shape.members[name], part, f"{where}.{name}")
            for name, part in value.items()
            if name not in unknown
        }

    def _read(self, shape: Shape, value: Json, where: str) -> Json:
        if getattr(shape, "is_document_type", False):
            return value
        if shape.type_name == "structure":
            return self.read_structure(shape, value, where)
        if shape.type_name == "list":
            parts = value if isinstance(value, (list, tuple)) else self._refuse(where, "a list", value)
            return [self._read(shape.member, part, f"{where}[{index}]") for index, part in enumerate(parts)]
        if shape.type_name == "map":
            items = value if isinstance(value, Mapping) else dict(self._refuse(where, "a map", value))
            return {name: self._read(shape.value, part, f"{where}.{name}") for name, part in items.items()}
        wanted, read = _SCALARS.get(shape.type_name, _SCALARS["string"])
        found = read(value) if isinstance(value, (str, int, float)) and not _is_half(value) else None
        if found is None:
            self._refuse(where, wanted, value)
        return found

    def _refuse(self, where: str, wanted: str, value: Json) -> tuple[()]:
        self.problems.append(f"{where}: must be {wanted}, got {_kind(value)}")
        return ()


def _find_secure_references(properties: Json, where: str) -> Iterator[str]:
    # Without recursion, because properties may be nested more deeply than Python recurses.
    pending = [(where, properties)]
    while pending:
        place, value = pending.pop()
        if isinstance(value, str) and (found := _SECURE.search(value)):
            yield (
                f"{place}: CloudFormation does not resolve {{{{resolve:{found[1]}:…}}}} in a custom resource; give the "
                "secret's name or ARN and read the secret at run time, or use {{resolve:ssm:…}} for other values"
            )
        elif isinstance(value, Mapping):
            pending += [(f"{place}.{name}", part) for name, part in [*value.items()][::-1]]
        elif isinstance(value, (list, tuple)):
            pending += reversed([(f"{place}[{index}]", part) for index, part in enumerate(value)])


def _is_half(value: Json) -> bool:
    """Whether the value is text with half of a surrogate pair. JSON can contain one, but no call can send one."""
    return isinstance(value, str) and _SURROGATE.search(value) is not None


def _kind(value: Json) -> str:
    if isinstance(value, Mapping):
        return "a map"
    if isinstance(value, (list, tuple)):
        return "a list"
    if _is_half(value):
        return "half of a surrogate pair"
    return "nothing" if value is None else "other text" if isinstance(value, str) else "another value"


def _nearest(name: str, known: Mapping[str, Shape]) -> str:
    # Few requests need difflib, and its import takes as long as the rest of this module.
    from difflib import get_close_matches

    by_lower = {member.lower(): member for member in known}
    near = get_close_matches(str(name).lower(), by_lower, n=1)
    return f"; did you mean {by_lower[near[0]]}?" if near else f"; known are {', '.join(sorted(known))}"


def _text(value: str | float) -> str:
    # An engine may keep the template's types. CloudFormation sends booleans as "true" and "false".
    return str(value).lower() if isinstance(value, bool) else str(value)


def _whole(value: str | float) -> int | None:
    return int(_text(value)) if re.fullmatch(r"[+-]?[0-9]{1,19}", _text(value)) else None


def _number(value: str | float) -> float | None:
    try:
        number = float(_text(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _boolean(value: str | float) -> bool | None:
    return {"true": True, "false": False}.get(_text(value).lower())


def _bytes(value: str | float) -> bytes | None:
    try:
        return base64.b64decode(_text(value), validate=True)
    except (binascii.Error, ValueError):
        return None


_SCALARS: dict[str, tuple[str, Callable[[str | float], Json]]] = {
    "string": ("text", _text),
    "character": ("text", _text),
    "timestamp": ("a time as text", _text),
    "integer": ("a whole number", _whole),
    "long": ("a whole number", _whole),
    "float": ("a number", _number),
    "double": ("a number", _number),
    "boolean": ("true or false", _boolean),
    "blob": ("base64", _bytes),
}
