"""What is remembered of one resource: the newest request, the fence, and the names of what may exist, the ledger.

The fence only ever moves on. The ledger holds the names of what may exist without CloudFormation knowing it: written
before a thing is created, taken out when its physical id was answered or it is gone. Behind each name stand the
deliveries of requests that may still act on it, and until when: no invocation outlives its time limit, so who comes
later knows when a name is free.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

Holders = Mapping[str, float]


@dataclass(frozen=True)
class Record:
    """All that is remembered; `version` is 0 before the first write and grows by one with each.

    `rank` orders requests by their issue time; `seen` are the requests before `request_id`, the newest, each with
    whether it was answered; `current` is the physical id answered last, `known` are those that CloudFormation has
    shown to know and not deleted, as what a policy retains; `names` are the ledger, each with its holders and the time
    (seconds since 1970) until which they may act.
    """

    version: int = 0
    rank: int = 0
    request_id: str = ""
    seen: tuple[str, ...] = ()
    is_answered: bool = False
    current: str = ""
    known: tuple[str, ...] = ()
    names: Mapping[str, Holders] = field(default_factory=dict)


class Records(Protocol):
    """What is remembered of each resource, by a key; the installation's small table."""

    def read(self, key: str) -> Record:
        """The record as it is now, an empty one of version 0 where there is none."""

    def write(self, key: str, record: Record) -> bool:
        """Store it if the one it replaces is of the version before; False, and nothing stored, if it is not."""
