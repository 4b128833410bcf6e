"""Physical IDs: the name of a resource before it exists, and the marker for a Create that failed."""

import hashlib
import re

PREFIX = "hitcounter-"
"""The names of all generated functions start with this prefix. A policy can therefore allow only these functions."""

LONGEST_BYTES = 1024
"""CloudFormation's limit for a physical ID (crpg-ref-responses: "up to 1 KB in size")."""

_MARKER = "hitcounter:failed-create:"


def physical_id_for(stack_id: str, logical_id: str, generation: str = "") -> str:
    """A valid function name made of stack and logical ID: at most 64 letters, digits and hyphens.

    `generation` is any text made of the properties that cannot change in place. Another `generation` gives another
    name, which CloudFormation treats as a replacement.
    """
    readable = [re.sub(r"[^A-Za-z0-9]+", "-", part).strip("-") for part in (_stack_name(stack_id), logical_id)]
    return f"{PREFIX}{readable[0][:20]}-{readable[1][:19]}-{_digest(stack_id, logical_id, generation)}"


def marker_for(stack_id: str, logical_id: str) -> str:
    """The marker: the physical ID to answer for a Create that failed. Deleting it succeeds and touches nothing."""
    return _MARKER + _digest(stack_id, logical_id, "")


def is_marker(physical_id: str) -> bool:
    """Whether the physical ID is the marker of a Create that failed."""
    return physical_id.startswith(_MARKER)


def is_invented(physical_id: str, stack_id: str, logical_id: str) -> bool:
    """Whether the ID looks like one that CloudFormation invents to delete a resource without a known physical ID."""
    head = f"{_stack_name(stack_id)}-{logical_id}-"
    return physical_id.startswith(head) and re.fullmatch(r"[A-Z0-9]{8,16}", physical_id[len(head) :]) is not None


def _stack_name(stack_id: str) -> str:
    return stack_id.split("/")[1] if stack_id.count("/") else stack_id


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]
