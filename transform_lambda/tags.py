"""Ownership tags: the stack and resource that own a function, and the code that the function has."""

import re
from collections.abc import Mapping

from transform_lambda.contract import Json, Request
from transform_lambda.ports import Found

PREFIX = "hitcounter:"
"""The prefix of all ownership tags. Templates may not use this prefix."""

STACK, LOGICAL_ID, SOURCE = f"{PREFIX}stack-id", f"{PREFIX}logical-id", f"{PREFIX}source"
CODE, CODE_SHA256 = f"{PREFIX}code", f"{PREFIX}code-sha256"

_LONGEST = 256
_FORBIDDEN = re.compile(r"[^A-Za-z0-9 _.:/=+@-]")


def is_ours(found: Found, request: Request) -> bool:
    """Whether the function was created for exactly this resource."""
    return (found.tags.get(STACK), found.tags.get(LOGICAL_ID)) == (request.stack_id, request.logical_id)


def tags_for(request: Request, tags: Mapping[str, str], source: str, identity: str) -> dict[str, str]:
    """The template's tags, and the ownership tags: stack, logical ID, source of the code and its identity."""
    own = {STACK: request.stack_id, LOGICAL_ID: request.logical_id, SOURCE: source, CODE: identity}
    return {**tags, **{name: tag_value(value) for name, value in own.items()}}


def tag_value(text: str) -> str:
    """The text as the value of a tag: at most 256 characters, with `_` for each character that a tag may not have."""
    return _FORBIDDEN.sub("_", text)[:_LONGEST]


def has_code(found: Found, identity: str) -> bool:
    """Whether the function still has the code of this identity, unchanged since the companion uploaded it.

    Until its first request is done, a function has a tag for the identity but none for the code's SHA-256.
    """
    now = found.configuration.get("CodeSha256")
    return found.tags.get(CODE_SHA256, now) == now and found.tags.get(CODE) == identity


def tag_changes(
    now: Mapping[str, str], wanted: Mapping[str, str], old_properties: Mapping[str, Json]
) -> tuple[dict[str, str], list[str]]:
    """The tags to set, and the names of the tags to remove. Only tags that the template had before are removed."""
    changed = {name: value for name, value in wanted.items() if now.get(name) != value}
    had = old_properties.get("Tags")
    gone = [name for name in (had if isinstance(had, Mapping) else {}) if name in now and name not in wanted]
    return changed, gone
