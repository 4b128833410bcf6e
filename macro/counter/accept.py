"""Check quickly whether a value fits a schema.

This module compiles to functions the part of JSON Schema that the counter's schema uses. The answer is only yes
or no. If the answer is no, ``validate`` asks jsonschema what is wrong. The import of jsonschema costs more than the
expansion of a hundred counters, so valid counters don't need it.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

Json = Any
Test = Callable[[Json], bool]

_TYPES: dict[str, Test] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_number(value) and value == value // 1,
    "number": lambda value: _is_number(value),
    "null": lambda value: value is None,
}
_ANNOTATIONS = {
    "$schema", "$defs", "title", "description", "defaultText", "errorMessage", "secret", "literal", "then", "else",
}  # fmt: skip


def compile_schema(schema: Json, root: Mapping[str, Json]) -> Test:
    """A function that returns whether a value is valid under ``schema``, a part of ``root`` (JSON Schema 2020-12).

    Raises ``KeyError`` for an unsupported keyword, because ignoring a keyword would accept invalid values.
    """
    if isinstance(schema, bool):
        return lambda value: schema
    tests = [_KEYWORDS[keyword](schema[keyword], schema, root) for keyword in schema if keyword not in _ANNOTATIONS]
    return tests[0] if len(tests) == 1 else _test_all(tests)


def _test_all(tests: list[Test]) -> Test:
    def test_all(value: Json) -> bool:
        for test in tests:  # noqa: SIM110
            if not test(value):
                return False
        return True

    return test_all


def _compile_ref(reference: str, schema: Json, root: Mapping[str, Json]) -> Test:
    target: Json = root
    for step in reference.removeprefix("#/").split("/"):
        target = target[step]
    return compile_schema(target, root)


def _compile_if(condition: Json, schema: Json, root: Mapping[str, Json]) -> Test:
    test = compile_schema(condition, root)
    yes = compile_schema(schema.get("then", True), root)
    no = compile_schema(schema.get("else", True), root)
    return lambda value: yes(value) if test(value) else no(value)


def _compile_type(types: str | list[str], schema: Json, root: Mapping[str, Json]) -> Test:
    tests = [_TYPES[name] for name in ([types] if isinstance(types, str) else types)]
    if len(tests) == 1:
        return tests[0]
    return lambda value: any(test(value) for test in tests)


def _compile_properties(properties: Mapping[str, Json], schema: Json, root: Mapping[str, Json]) -> Test:
    tests: dict[str, Test] = {}

    def test(value: Json) -> bool:
        if not isinstance(value, dict):
            return True
        for name, item in value.items():
            if name in properties:
                if name not in tests:
                    tests[name] = compile_schema(properties[name], root)
                if not tests[name](item):
                    return False
        return True

    return test


def _compile_additional(further: Json, schema: Json, root: Mapping[str, Json]) -> Test:
    known = frozenset(schema.get("properties", ()))
    if further is False:
        return lambda value: not isinstance(value, dict) or known.issuperset(value)
    test = compile_schema(further, root)
    return lambda value: not isinstance(value, dict) or all(test(value[name]) for name in value if name not in known)


def _compile_names(names: Json, schema: Json, root: Mapping[str, Json]) -> Test:
    test = compile_schema(names, root)
    return lambda value: not isinstance(value, dict) or all(test(name) for name in value)


def _compile_items(items: Json, schema: Json, root: Mapping[str, Json]) -> Test:
    test = compile_schema(items, root)
    return lambda value: not isinstance(value, list) or all(test(item) for item in value)


def _compile_pattern(pattern: str, schema: Json, root: Mapping[str, Json]) -> Test:
    search = re.compile(pattern).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _compile_required(names: list[str], schema: Json, root: Mapping[str, Json]) -> Test:
    return lambda value: not isinstance(value, dict) or all(name in value for name in names)


def _compile_unique(unique: bool, schema: Json, root: Mapping[str, Json]) -> Test:
    return lambda value: (
        not isinstance(value, list) or all(item not in value[:place] for place, item in enumerate(value))
    )


def _compile_enum(values: list[Json], schema: Json, root: Mapping[str, Json]) -> Test:
    return lambda value: isinstance(value, str) and value in values


def _size_of(kind: type[Any], compare: Callable[[int, int], bool]) -> Callable[[int, Json, Mapping[str, Json]], Test]:
    return lambda limit, schema, root: lambda value: not isinstance(value, kind) or compare(len(value), limit)


def _number(compare: Callable[[float, float], bool]) -> Callable[[float, Json, Mapping[str, Json]], Test]:
    return lambda limit, schema, root: lambda value: not _is_number(value) or compare(value, limit)


def _is_number(value: Json) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _at_least(value: float, limit: float) -> bool:
    return value >= limit


def _at_most(value: float, limit: float) -> bool:
    return value <= limit


_KEYWORDS: dict[str, Callable[[Any, Json, Mapping[str, Json]], Test]] = {
    "$ref": _compile_ref,
    "if": _compile_if,
    "type": _compile_type,
    "properties": _compile_properties,
    "additionalProperties": _compile_additional,
    "propertyNames": _compile_names,
    "items": _compile_items,
    "pattern": _compile_pattern,
    "required": _compile_required,
    "uniqueItems": _compile_unique,
    "enum": _compile_enum,
    "minItems": _size_of(list, _at_least),
    "maxItems": _size_of(list, _at_most),
    "minProperties": _size_of(dict, _at_least),
    "maxProperties": _size_of(dict, _at_most),
    "minLength": _size_of(str, _at_least),
    "maxLength": _size_of(str, _at_most),
    "minimum": _number(_at_least),
    "maximum": _number(_at_most),
}
