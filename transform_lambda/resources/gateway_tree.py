"""Tree: an API's parts and methods as they are, and the digest of what a deployment would hold of them."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from transform_lambda.contract import Json
from transform_lambda.resources.gateway_calls import Calls
from transform_lambda.resources.gateway_mark import Mark, mark_of
from transform_lambda.resources.gateway_place import ROOT, parent_of

_MOST_AT_ONCE = 500


class Found(NamedTuple):
    """A method, and where it stands."""

    path: str
    verb: str
    method: Mapping[str, Json]
    mark: Mark | None


class Tree(NamedTuple):
    """The parts of an API by path, each as GetResources tells it."""

    api_id: str
    parts: Mapping[str, Mapping[str, Json]]

    def id_of(self, path: str) -> str:
        """The id of the part with this path."""
        return str(self.parts[path]["id"])

    def methods(self) -> Iterator[Found]:
        """All methods, by path and verb."""
        for path in sorted(self.parts):
            methods = self.parts[path].get("resourceMethods") or {}
            for verb in sorted(methods):
                yield Found(path, verb, methods[verb], mark_of(methods[verb]))

    def method(self, path: str, verb: str) -> Found | None:
        """The method, if it is there."""
        return next((each for each in self.methods() if (each.path, each.verb) == (path, verb)), None)

    def children(self, path: str) -> list[str]:
        """The paths of the parts that hang on this one."""
        return [each for each in self.parts if each != ROOT and parent_of(each) == path]

    def is_empty(self, path: str) -> bool:
        """Whether nothing hangs on the part, and it has no method."""
        return not self.children(path) and not self.parts[path].get("resourceMethods")

    def adding(self, part: Mapping[str, Json], path: str) -> "Tree":
        """With a part that was made."""
        return self._replace(parts={**self.parts, path: part})

    def without(self, path: str) -> "Tree":
        """Without a part that is gone."""
        return self._replace(parts={each: part for each, part in self.parts.items() if each != path})


def read_tree(calls: Calls, api_id: str) -> Tree | None:
    """The API's tree; nothing where the API is not there."""
    answer = calls.read("GetResources", restApiId=api_id, embed=["methods"], limit=_MOST_AT_ONCE)
    return Tree(api_id, {str(each["path"]): each for each in answer["items"]}) if answer else None


def snapshot_digest(tree: Tree, settings: Mapping[str, Json], stage: str) -> str:
    """A digest of what a deployment to the stage holds of the companion's: its methods there, its API's settings."""
    methods = [
        [each.path, each.verb, _without_mark(each.method)]
        for each in tree.methods()
        if each.mark and each.mark.stage == stage
    ]
    text = json.dumps([methods, settings], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _without_mark(method: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in method.items() if name not in ("operationName", "ResponseMetadata")}
