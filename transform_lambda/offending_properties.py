"""Which of a template's properties an error of an AWS service is about."""

import re
from collections.abc import Iterator, Mapping

from transform_lambda.contract import Json, ResourceError
from transform_lambda.ports import DeniedError, TryAgain

_HEAD = "Properties."
_FEW = 3
"""So many properties are named without being mentioned; more would tell an author nothing."""
_SHORTEST_VALUE = 6
"""Characters of a value that is looked for: a shorter one stands in many a text by chance."""


def with_offending_properties(error: ResourceError, sent: Mapping[str, Json]) -> ResourceError:
    """The error, of its kind, with the properties of `sent` in front that it is about.

    Those whose name, or a value in them, Lambda mentions; where it mentions none, all if they are few.
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
    # The companion's role allows functions by their names.
    return ["FunctionName"] if isinstance(error, DeniedError) else []


def _is_mentioned(name: str, value: Json, said: str) -> bool:
    # "assumed-role" in an ARN is no word on the property Role.
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
