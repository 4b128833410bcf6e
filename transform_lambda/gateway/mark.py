"""Mark: whose a method is, which stages it is deployed to and which parts came with it, kept in its `operationName`.

Neither a method nor a part has tags. A method's `operationName` comes with the call that makes it, stays as long as it
does, and is letters, digits and underscores alone, so that an SDK can still be generated.
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
    """What a method of the companion's says of itself."""

    who: str
    """Made of stack and logical id."""
    stages: frozenset[str] = frozenset()
    """Digests of the names of the stages that its resource deploys it to."""
    made: frozenset[str] = frozenset()
    """The ids of the parts that the companion made, and that go with the last method below them."""

    def __str__(self) -> str:
        return f"{self.who}__{'_'.join(sorted(self.stages)) or _NO_STAGE}__{'_'.join(sorted(self.made))}"


def mark_of(method: Mapping[str, Json]) -> Mark | None:
    """The method's mark, if the companion made it."""
    found = _MARK.fullmatch(str(method.get("operationName") or ""))
    if not found:
        return None
    stages = () if found[2] == _NO_STAGE else found[2].split("_")
    return Mark(found[1], frozenset(stages), frozenset(filter(None, found[3].split("_"))))


def new_mark(request: Request, stages: Iterable[str], made: Iterable[str] = ()) -> Mark:
    """The mark of a method that this resource makes, and deploys to the stages of these names."""
    return Mark(who_of(request), frozenset(map(stage_digest, stages)), frozenset(made))


def who_of(request: Request) -> str:
    """How the resource is called in marks: the same for all of its requests, and another for any other resource."""
    return re.sub(r"[^A-Za-z0-9]+", "_", physical_id_for(request.stack_id, request.logical_id))


def stage_digest(stage: str) -> str:
    """How a stage is called in marks."""
    return hashlib.sha256(stage.encode()).hexdigest()[:8]
