"""Read and print a change set's changes: added, changed, replaced and removed resources, and possible loss of data."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

ADD, CHANGE, REPLACE, REMOVE, IMPORT, UNKNOWN = "add", "change", "replace", "remove", "import", "unknown"
_SIGNS = {ADD: "+", CHANGE: "~", REPLACE: "±", REMOVE: "-", IMPORT: "<", UNKNOWN: "?"}
_COLOURS = {ADD: "32", CHANGE: "33", REPLACE: "35", REMOVE: "31", IMPORT: "36", UNKNOWN: "33"}
_RED = "1;31"
_HOLD_DATA = ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")
_PARTICIPLES = {ADD: "added", CHANGE: "changed", REPLACE: "replaced", REMOVE: "removed", IMPORT: "imported"}


class Change(NamedTuple):
    """The change of one resource.

    ``causes`` are the properties and attributes that cause the change. ``is_certain`` is false if CloudFormation
    decides only during the deployment whether it replaces or changes the resource. ``is_kept`` says that a resource
    that leaves the stack stays in the account.
    """

    action: str
    logical_id: str
    type: str
    causes: tuple[str, ...] = ()
    is_certain: bool = True
    is_kept: bool = False

    def costs_data(self) -> bool:
        """Whether counts are lost or start again from zero, or may be."""
        return self.type in _HOLD_DATA and (self.action in (REPLACE, REMOVE) or not self.is_certain)


def read_changes(listed: Sequence[Mapping[str, Any]]) -> list[Change]:
    """The changes in the ``Changes`` of DescribeChangeSet, in the same order."""
    return [_read(entry["ResourceChange"]) for entry in listed if "ResourceChange" in entry]


def print_changes(changes: Sequence[Change], has_colour: bool = False) -> str:
    """A line for each change, in columns, then the number of changes of each kind."""
    names = max((len(change.logical_id) for change in changes), default=0)
    types = max((len(change.type) for change in changes), default=0)
    lines = []
    for change in changes:
        line = f"  {_SIGNS[change.action]} {change.action:<8}{change.logical_id:<{names}}  {change.type:<{types}}"
        note = "; ".join(part for part in (", ".join(change.causes), _warn(change)) if part)
        colour = _RED if change.costs_data() else _COLOURS[change.action]
        lines.append(_paint(f"{line}  {note}".rstrip(), colour if has_colour else ""))
    return "\n".join([*lines, f"{count_changes(changes)}"])


def count_changes(changes: Sequence[Change]) -> str:
    """The number of changes of each kind, such as ``2 added, 1 changed``."""
    counts = {action: sum(change.action == action for change in changes) for action in _SIGNS}
    told = [f"{count} {_PARTICIPLES.get(action, action)}" for action, count in counts.items() if count]
    return ", ".join(told) or "no resource changes"


def _read(change: Mapping[str, Any]) -> Change:
    causes = dict.fromkeys(_cause(detail["Target"]) for detail in change.get("Details", []) if "Target" in detail)
    replacement = change.get("Replacement")
    actions = {"Add": ADD, "Remove": REMOVE, "Import": IMPORT, "Modify": CHANGE}
    action = actions.get(change["Action"], UNKNOWN)
    if action == CHANGE and replacement == "True":
        action = REPLACE
    return Change(
        action,
        change["LogicalResourceId"],
        change["ResourceType"],
        tuple(cause for cause in causes if cause) if action in (CHANGE, REPLACE) else (),
        replacement != "Conditional" and action != UNKNOWN,
        change.get("PolicyAction") in ("Retain", "ReplaceAndRetain"),
    )


def _cause(target: Mapping[str, str]) -> str:
    return target.get("Name") or target.get("Attribute", "")


def _warn(change: Change) -> str:
    if not change.costs_data():
        if change.action == UNKNOWN:
            return "the change is known only during the deployment"
        kept = "stays in the account" if change.is_kept and change.action == REMOVE else ""
        return kept if change.is_certain else "may be replaced"
    if change.action == REMOVE:
        return "stays in the account with its counts" if change.is_kept else "its counts are lost"
    lost = "the old one stays in the account" if change.is_kept else "the old counts are lost"
    return f"{'' if change.is_certain else 'may be replaced: '}a new table counts from zero, {lost}"


def _paint(text: str, colour: str) -> str:
    return f"\033[{colour}m{text}\033[0m" if colour else text
