"""Replace the variables in the text of an ``Fn::Sub``, and keep the author's quotes and line breaks."""

from typing import Any

from macro.intrinsic import VARIABLE
from macro.plugin import Json


def replace_variables(before: str, node: Any, old: Json, new: Json) -> str | None:
    """The text of a quoted or block ``!Sub`` with other variables. The quotes and line breaks stay.

    ``before`` is the author's text of ``node``. ``None`` if more than the variables change.
    """
    was, now = (value.get("Fn::Sub") if isinstance(value, dict) else value for value in (old, new))
    if node.id != "scalar" or not node.style or not isinstance(was, str) or not isinstance(now, str):
        return None
    values = _match_variables(was, now)
    if values is None or any(character in value for value in values.values() for character in "\"'\\\n"):
        return None
    return VARIABLE.sub(lambda match: values.get(match[0], match[0]), before)


def _match_variables(was: str, now: str) -> dict[str, str] | None:
    """The text that replaces each variable, or ``None`` if the replacement is ambiguous.

    A variable has the same replacement at every occurrence.
    """
    first, *rest = VARIABLE.split(was)
    values: dict[str, str] = {}
    at = len(first) if now.startswith(first) else len(now) + 1
    for place, (variable, text) in enumerate(zip(rest[::2], rest[1::2], strict=True)):
        name = f"${{{variable}}}"
        is_last = 2 * (place + 1) == len(rest)
        if name not in values and now.startswith(name + text, at):
            values[name] = name
        end = len(now) - len(text) if is_last else now.find(text, at)
        value = values.setdefault(name, now[at : max(end, at)])
        if not now.startswith(value + text, at):
            return None
        at += len(value) + len(text)
    return values if at == len(now) else None
