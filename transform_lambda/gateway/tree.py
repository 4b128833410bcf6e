"""Reads an API's parts (API resources) and methods, and digests the content that a deployment would hold."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from transform_lambda.contract import Json
from transform_lambda.gateway.api import Api
from transform_lambda.gateway.calls import Calls
from transform_lambda.gateway.mark import Mark, mark_of, stage_digest
from transform_lambda.gateway.place import ROOT, parent_of

_MOST_AT_ONCE = 500


class Found(NamedTuple):
    """A method with its path and its HTTP method (`verb`)."""

    path: str
    verb: str
    method: Mapping[str, Json]
    mark: Mark | None


class Tree(NamedTuple):
    """The parts of an API by path, each as GetResources returns it."""

    api: Api
    parts: Mapping[str, Mapping[str, Json]]

    def id_of(self, path: str) -> str:
        """The ID of the part with this path."""
        return str(self.parts[path]["id"])

    def methods(self) -> Iterator[Found]:
        """All methods, sorted by path and verb."""
        for path in sorted(self.parts):
            methods = self.parts[path].get("resourceMethods") or {}
            for verb in sorted(methods):
                yield Found(path, verb, methods[verb], mark_of(methods[verb]))

    def method(self, path: str, verb: str) -> Found | None:
        """The method. None if it does not exist."""
        return next((each for each in self.methods() if (each.path, each.verb) == (path, verb)), None)

    def children(self, path: str) -> list[str]:
        """The paths of the part's direct children."""
        return [each for each in self.parts if each != ROOT and parent_of(each) == path]

    def is_empty(self, path: str) -> bool:
        """Whether the part has neither children nor methods."""
        return not self.children(path) and not self.parts[path].get("resourceMethods")

    def adding(self, part: Mapping[str, Json], path: str) -> "Tree":
        """The tree with a part that was created or changed."""
        return self._replace(parts={**self.parts, path: part})

    def without(self, path: str) -> "Tree":
        """The tree without a part that was deleted."""
        return self._replace(parts={each: part for each, part in self.parts.items() if each != path})


def read_tree(calls: Calls, api: Api) -> Tree | None:
    """The API's tree. None if the API does not exist."""
    answer = calls.read("GetResources", restApiId=api.id, embed=["methods"], limit=_MOST_AT_ONCE)
    return Tree(api, {str(each["path"]): each for each in answer["items"]}) if answer else None


def is_in(found: Found, stage: str, *, holds_all: bool) -> bool:
    """Whether the stage with this name holds the method. Only the companion's methods count.

    With `holds_all`, the stage also holds methods whose marks name no stage.
    """
    return found.mark is not None and (
        stage_digest(stage) in found.mark.stages or (holds_all and not found.mark.stages)
    )


def snapshot_digest(tree: Tree, stage: str, *, holds_all: bool) -> str:
    """A digest of the companion's content in a deployment to the stage: its methods, and its API's settings."""
    methods = [_content(each) for each in tree.methods() if is_in(each, stage, holds_all=holds_all)]
    return _digest([methods, tree.api.snapshot])


def method_digest(found: Found) -> str:
    """A digest of the method as a deployment holds it."""
    return _digest(_content(found))


def _content(found: Found) -> list[Json]:
    return [found.path, found.verb, _without_mark(found.method)]


def _digest(content: Json) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _without_mark(method: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in method.items() if name not in ("operationName", "ResponseMetadata")}
