"""Physical IDs: the name of a resource before it exists, and markers for a resource that was never created."""

import hashlib
import re

PREFIX = "hitcounter-"
"""With this the names of all generated functions start, so that a policy can allow just them."""

LONGEST_BYTES = 1024
"""CloudFormation's limit for a physical id (crpg-ref-responses: "up to 1 KB in size")."""

_MARKER = "hitcounter:failed-create:"


def physical_id_for(stack_id: str, logical_id: str, generation: str = "") -> str:
    """A name made of stack and logical id alone, of at most 64 letters, digits and hyphens: a function name.

    A replacement is meant by another `generation`: any text made of the properties that cannot be changed in place.
    """
    readable = [re.sub(r"[^A-Za-z0-9]+", "-", part).strip("-") for part in (_stack_name(stack_id), logical_id)]
    return f"{PREFIX}{readable[0][:20]}-{readable[1][:19]}-{_digest(stack_id, logical_id, generation)}"


def marker_for(stack_id: str, logical_id: str) -> str:
    """What is answered as the physical id of a Create that failed; deleting it succeeds and touches nothing."""
    return _MARKER + _digest(stack_id, logical_id, "")


def is_marker(physical_id: str) -> bool:
    """Whether it stands for a Create that failed."""
    return physical_id.startswith(_MARKER)


def is_invented(physical_id: str, stack_id: str, logical_id: str) -> bool:
    """Whether it looks like the id CloudFormation makes up to delete what it got no physical id for."""
    head = f"{_stack_name(stack_id)}-{logical_id}-"
    return physical_id.startswith(head) and re.fullmatch(r"[A-Z0-9]{8,16}", physical_id[len(head) :]) is not None


def _stack_name(stack_id: str) -> str:
    return stack_id.split("/")[1] if stack_id.count("/") else stack_id


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]
