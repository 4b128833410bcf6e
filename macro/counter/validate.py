"""Explain what is wrong with a counter's properties, with the messages of the schema."""

import functools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path as File
from typing import Any

from macro.counter import accept
from macro.errors import Path, Problem, describe, suggest
from macro.plugin import Json, Values


@functools.cache
def load_schema() -> dict[str, Json]:
    """The JSON Schema (2020-12) of a counter's properties. The result is cached: callers must not change it."""
    schema: dict[str, Json] = json.loads((File(__file__).parents[1] / "hit_counter.schema.json").read_text("utf-8"))
    return schema


def check_properties(properties: Values, path: Path) -> list[Problem]:
    """The problems of one counter's properties, each with its path below ``path``. Empty for valid properties."""
    if not properties or _get_test()(properties):
        return []
    problems = [problem for error in _get_validator().iter_errors(properties) for problem in _read(error, path)]
    return list(dict.fromkeys(problems))


@functools.cache
def _get_test() -> accept.Test:
    return accept.compile_schema(load_schema(), load_schema())


@functools.cache
def _get_validator() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(load_schema())


def _read(error: Any, path: Path) -> Iterator[Problem]:
    place = (*path, *error.absolute_path)
    message, is_secret = _find_message(error.absolute_schema_path)
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        for name in error.instance:
            if name not in known:
                hint = suggest(name, known) or f"; known are {', '.join(known)}"
                yield Problem((*place, name), f"unknown property{hint}", at_key=True)
        return
    if "propertyNames" in error.absolute_schema_path and isinstance(error.instance, str):
        text = f"{message}, got {describe(error.instance)}"
        yield Problem((*place, error.instance), text, at_key=True)
        return
    if error.validator == "enum":
        known = error.validator_value
        message = f"must be {', '.join(known[:-1])} or {known[-1]}"
        hint = suggest(error.instance, known) if isinstance(error.instance, str) else ""
        yield Problem(place, f"{message}, got {describe(error.instance)}{hint}")
        return
    yield Problem(place, f"{message}, got {describe(error.instance, is_secret)}")


def _find_message(steps: Iterable[str | int]) -> tuple[str, bool]:
    """The errorMessage nearest to the failed keyword on its path through the schema, and whether values are secret."""
    root = load_schema()
    node: Json = root
    message, is_secret = "must be a map of properties", False
    for step in steps:
        while isinstance(node, dict) and step not in node:
            # jsonschema omits "$ref" and "if" from the schema path that it reports.
            node = functools.reduce(lambda part, name: part[name], node["$ref"].removeprefix("#/").split("/"), root)
            message, is_secret = _read_node(node, message, is_secret)
        node = node[step]
        message, is_secret = _read_node(node, message, is_secret)
    return message, is_secret


def _read_node(node: Json, message: str, is_secret: bool) -> tuple[str, bool]:
    if not isinstance(node, dict):
        return message, is_secret
    return node.get("errorMessage", message), is_secret or node.get("secret", False)
