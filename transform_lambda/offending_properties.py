"""Find the template's properties that an AWS service's error is about."""

import re
from collections.abc import Iterator, Mapping

from transform_lambda.contract import Json, ResourceError
from transform_lambda.ports import DeniedError, TryAgain

_HEAD = "Properties."
_FEW = 3
"""The most properties to name if the error mentions none. A longer list would not help the author."""
_SHORTEST_VALUE = 6
"""Characters of the shortest value to search for. Shorter values occur in many texts by chance."""


def with_offending_properties(error: ResourceError, sent: Mapping[str, Json]) -> ResourceError:
    """An error of the same class, whose text starts with the properties of `sent` that the error is about.

    These are the properties whose name or value the error mentions. If the error mentions none, they are all of
    `sent`, provided that `sent` has at most three.
    """
    said = str(error)
    if said.startswith(_HEAD) or not sent:
        return error
    mentioned = [name for name, value in sent.items() if _is_mentioned(name, value, said)]
    names = mentioned or _unmentioned(error, sent)
    return type(error)(f"{', '.join(f'{_HEAD}{name}' for name in names)}: {said}") if names else error


def _unmentioned(error: ResourceError, sent: Mapping[str, Json]) -> list[str]:
    if isinstance(error, TryAgain):
        return []
    if len(sent) <= _FEW:
        return list(sent)
    # The companion's role permits functions by name, so a denial is about the name.
    return ["FunctionName"] if isinstance(error, DeniedError) else []


def _is_mentioned(name: str, value: Json, said: str) -> bool:
    # "assumed-role" in an ARN does not mention the property Role.
    if re.search(rf"(?<![\w-]){name}(?![\w-])", said, re.IGNORECASE):
        return True
    return any(len(text) >= _SHORTEST_VALUE and text in said for text in _texts(value))


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
