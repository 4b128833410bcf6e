"""The mark in a method's `operationName`: the method's owner, its stages, and the parts created with the method.

Methods and parts (API resources) cannot have tags. The call that creates a method also sets its `operationName`, which
stays as long as the method. A mark has only letters, digits and underscores, so API Gateway can still generate an
SDK.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from transform_lambda.contract import Json, Request
from transform_lambda.identity import physical_id_for

_MARK = re.compile(r"(hitcounter_\w+_[0-9a-f]{12})__([0-9a-f]{8}(?:_[0-9a-f]{8})*|none)__(\w*)")
_NO_STAGE = "none"


class Mark(NamedTuple):
    """The mark of a method that the companion created."""

    who: str
    """The owner: a name made of the stack ID and the logical ID."""
    stages: frozenset[str] = frozenset()
    """Digests of the names of the stages to which the owner deploys the method."""
    made: frozenset[str] = frozenset()
    """IDs of the parts that the companion created. It deletes them with the last method below them."""

    def __str__(self) -> str:
        return f"{self.who}__{'_'.join(sorted(self.stages)) or _NO_STAGE}__{'_'.join(sorted(self.made))}"


def mark_of(method: Mapping[str, Json]) -> Mark | None:
    """The method's mark. None if the companion did not create the method."""
    found = _MARK.fullmatch(str(method.get("operationName") or ""))
    if not found:
        return None
    stages = () if found[2] == _NO_STAGE else found[2].split("_")
    return Mark(found[1], frozenset(stages), frozenset(filter(None, found[3].split("_"))))


def new_mark(request: Request, stages: Iterable[str], made: Iterable[str] = ()) -> Mark:
    """The mark of a method that this resource creates and deploys to the stages with these names."""
    return Mark(who_of(request), frozenset(map(stage_digest, stages)), frozenset(made))


def who_of(request: Request) -> str:
    """The resource's name in marks: the same in all of its requests, and different for every other resource."""
    return re.sub(r"[^A-Za-z0-9]+", "_", physical_id_for(request.stack_id, request.logical_id))


def stage_digest(stage: str) -> str:
    """The digest that identifies a stage in marks."""
    return hashlib.sha256(stage.encode()).hexdigest()[:8]
