"""Find secure dynamic references, which CloudFormation does not resolve in the properties of custom resources.

AWS's page "Get values stored in other services using dynamic references" excludes custom resources for
``secretsmanager`` and ``ssm-secure``: the text itself arrives. Plain ``ssm`` is resolved.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice, product
from typing import NamedTuple

from macro.errors import Path
from macro.intrinsic import VARIABLE
from macro.plugin import Json, Values

_SECURE = re.compile(r"\{\{resolve:(?:secretsmanager|ssm-secure):(?:(?!\}\}).)*(?:\}\})?", re.DOTALL)
_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, default=str).encode
# A text with many alternatives is looked at this often.
_MAX_TEXTS = 256


class Found(NamedTuple):
    """A secure dynamic reference, and the path to the value that contains it."""

    path: Path
    reference: str


def may_hold_references(node: Json) -> bool:
    """Whether the value has a part of a dynamic reference. Most values have none, and this check is fast."""
    text = _encode(node)
    return "{{" in text or "resolve" in text


def find_secure_references(node: Json, path: Path, parameters: Values, mappings: Values) -> Iterator[Found]:
    """The secure dynamic references in a value, after CloudFormation's intrinsic functions with known values.

    ``parameters`` holds the known values by name. References to resources and other unknown values stay as they are.
    """
    for place, text in _Reader(parameters, mappings).read(node, path):
        for match in _SECURE.finditer(text):
            yield Found(place, match[0])


class _Reader(NamedTuple):
    """Reads all texts that CloudFormation can make of a value, each with the path to its part of the template."""

    parameters: Values
    mappings: Values

    def read(self, node: Json, path: Path) -> Iterator[tuple[Path, str]]:
        if isinstance(node, str):
            yield path, node
        elif isinstance(node, list):
            for place, item in enumerate(node):
                yield from self.read(item, (*path, place))
        elif isinstance(node, dict):
            form = next(iter(node), "")
            if len(node) == 1 and form in _FORMS:
                yield from ((path, text) for text in islice(_FORMS[form](self, node[form]), _MAX_TEXTS))
            if form not in (*_FORMS, "Fn::GetAtt"):
                for name, value in node.items():
                    yield from self.read(value, (*path, name))

    def read_all(self, node: Json) -> list[str]:
        """The texts of a value that is a part of a longer text. A value that isn't known gives one text without it."""
        return [text for _, text in islice(self.read(node, ()), _MAX_TEXTS)] or ["?"]

    def read_ref(self, name: Json) -> Iterator[str]:
        value = self.parameters.get(name) if isinstance(name, str) else None
        yield from (item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str))

    def read_sub(self, given: Json) -> Iterator[str]:
        text, variables = given if isinstance(given, list) and len(given) == 2 else (given, {})
        if not isinstance(text, str):
            return
        named = variables if isinstance(variables, dict) else {}
        choices = [
            self.read_all(named.get(part, {"Ref": part})) if place % 2 else [part]
            for place, part in enumerate(VARIABLE.split(text))
        ]
        yield from map("".join, product(*choices))

    def read_join(self, given: Json) -> Iterator[str]:
        if not (isinstance(given, list) and len(given) == 2 and isinstance(given[0], str)):
            return
        items = given[1] if isinstance(given[1], list) else [given[1]]
        yield from map(given[0].join, product(*map(self.read_all, items)))

    def read_map(self, given: Json) -> Iterator[str]:
        if not (isinstance(given, list) and len(given) >= 3):
            return
        level: list[Json] = [self.mappings]
        for key in given[:3]:
            names = self.read_all(key)
            level = [value for each in level if isinstance(each, Mapping) for value in _choose(each, names)]
        for value in level:
            yield from self.read_all(value)


def _choose(level: Mapping[str, Json], names: Sequence[str]) -> Iterable[Json]:
    """The values of the names. If a name isn't known, all values."""
    return [level[name] for name in names if name in level] or level.values()


_FORMS: Mapping[str, Callable[[_Reader, Json], Iterator[str]]] = {
    "Ref": _Reader.read_ref,
    "Fn::Sub": _Reader.read_sub,
    "Fn::Join": _Reader.read_join,
    "Fn::FindInMap": _Reader.read_map,
}
