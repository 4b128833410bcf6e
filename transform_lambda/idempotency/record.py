"""The record of one resource: the fence (its newest request) and the ledger (physical IDs that may exist).

The fence only moves forward. The ledger has the physical IDs of things that may exist without CloudFormation's
knowledge. A physical ID enters the ledger before the thing is created. It leaves the ledger when it was answered, or
when the thing is gone. For each physical ID the ledger has its holders: the deliveries of requests that may still act
on it, and until when. No invocation runs beyond its time limit, so a later request knows when a physical ID is free.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

Holders = Mapping[str, float]


@dataclass(frozen=True)
class Record:
    """The record of one resource.

    - `version` is 0 before the first write, and grows by one with each write.
    - `rank` orders requests by their issue time.
    - `request_id` is the newest request, and `is_answered` says whether it was answered.
    - `seen` are the requests before the newest one, each with whether it was answered.
    - `current` is the physical ID that was answered last.
    - `known` are the physical IDs that CloudFormation has shown to know and has not deleted, for example those that a
      policy retains.
    - `names` is the ledger: each physical ID with its holders, and the time (seconds since 1970) until which each
      holder may act.
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
    """The records of all resources by key: the installation's small table."""

    def read(self, key: str) -> Record:
        """The current record, or an empty record of version 0 if there is none."""

    def write(self, key: str, record: Record) -> bool:
        """Store the record if the stored record has the preceding version. False, and nothing stored, otherwise."""
