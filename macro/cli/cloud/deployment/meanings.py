"""Explain a change set: which counters are new, changed or deleted, and what happens to counts and URLs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from macro.cli.cloud.stack.changes import ADD, CHANGE, REMOVE, REPLACE, Change, print_changes

_APIS = ("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api", "Custom::APIGatewayResource")
_FUNCTION = "Custom::LambdaFunction"
_TABLE = "AWS::DynamoDB::Table"


class Meaning(NamedTuple):
    """What happens to one counter, its data and its URL, or to shared resources, or to the author's own resources.

    ``name`` is empty for the author's own resources.
    """

    name: str
    state: str
    """``new``, ``changes`` or ``goes``."""
    sentences: tuple[str, ...]
    changes: tuple[Change, ...]


def find_owners(changes: Iterable[Change], owners: Mapping[str, str], known: Collection[str]) -> dict[str, str]:
    """Counters by the logical IDs of changed resources. Resources without a counter are left out.

    ``owners`` has the counters of resources in the new template. The logical ID of a removed resource begins with its
    counter's logical ID: the longest matching ID in ``known`` is the counter.
    """
    found = {}
    for change in changes:
        begins = [name for name in known if change.logical_id.startswith(name) and change.logical_id != name]
        owner = owners.get(change.logical_id) or (max(begins, key=len, default=None) if change.action == REMOVE else "")
        if owner:
            found[change.logical_id] = owner
    return found


def explain_changes(
    changes: Sequence[Change], owners: Mapping[str, str], before: Collection[str], after: Collection[str]
) -> list[Meaning]:
    """A meaning for each affected counter, then one for the author's resources.

    ``before`` and ``after`` are the names of the counters before and after the deployment.
    """
    groups: dict[str, list[Change]] = {}
    for change in changes:
        groups.setdefault(owners.get(change.logical_id, ""), []).append(change)
    own = groups.pop("", [])
    meanings = [_explain_counter(name, group, before, after) for name, group in groups.items()]
    return [*meanings, Meaning("", "changes", (), tuple(own))] if own else meanings


def print_meanings(meanings: Sequence[Meaning], has_colour: bool = False) -> str:
    """A paragraph for each meaning: what happens, then the changes of a counter that is neither new nor deleted."""
    parts = []
    for meaning in meanings:
        head = f"{meaning.name} {_VERBS[meaning.state]}" if meaning.name else "your own resources"
        lines = [f"{head}:", *(f"  {sentence}" for sentence in meaning.sentences)]
        if meaning.state == "changes":
            lines.append(print_changes(meaning.changes, has_colour))
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


_VERBS = {"new": "is new", "changes": "changes", "goes": "is removed"}


def _explain_counter(name: str, changes: Sequence[Change], before: Collection[str], after: Collection[str]) -> Meaning:
    if name not in after:
        sentences = (_say_tables(changes), "its URL stops working", _say_removed(changes))
        return Meaning(name, "goes", sentences, tuple(changes))
    tables = {change.action for change in changes if change.type == _TABLE}
    if name not in before and tables == {ADD}:
        return Meaning(name, "new", (f"it counts from zero, in {len(changes)} new resources",), tuple(changes))
    if name not in before and not tables:
        text = f"it gets {len(changes)} resources; its table doesn't change, or isn't in this stack"
        return Meaning(name, "new", (text,), tuple(changes))
    return Meaning(name, "changes", (_say_tables(changes), _say_url(changes), *_say_function(changes)), tuple(changes))


def _say_removed(changes: Sequence[Change]) -> str:
    kept = [change.logical_id for change in changes if change.is_kept and change.type != _TABLE]
    stays = f"; {', '.join(kept)} stay{'s' if len(kept) == 1 else ''} in the account" if kept else ""
    return f"{len(changes)} resources are removed from the stack{stays}"


def _say_tables(changes: Sequence[Change]) -> str:
    tables = [change for change in changes if change.type == _TABLE]
    said = []
    for table in tables:
        if table.action == ADD:
            said.append(f"{table.logical_id} is new and counts from zero")
        elif table.action == REMOVE:
            fate = "stays in the account with its counts" if table.is_kept else "is deleted with its counts"
            said.append(f"{table.logical_id} {fate}")
        elif table.action == REPLACE or not table.is_certain:
            replaced = "is replaced" if table.is_certain else "may be replaced"
            fate = "the old one stays in the account" if table.is_kept else "the old one is deleted with its counts"
            said.append(f"{table.logical_id} {replaced}: a new table counts from zero, {fate}")
    if not any(table.action in (REMOVE, REPLACE) or not table.is_certain for table in tables):
        said.append("all counts are kept")
    return "; ".join(said)


def _say_url(changes: Sequence[Change]) -> str:
    for change in changes:
        if change.type in _APIS and change.action in (REPLACE, REMOVE, ADD):
            return "its URL changes"
        if change.type in _APIS and not change.is_certain:
            return "its URL may change"
    return "its URL doesn't change"


def _say_function(changes: Sequence[Change]) -> Iterable[str]:
    for change in changes:
        if change.type == _FUNCTION and change.action in (CHANGE, REPLACE):
            causes = ", ".join(change.causes) or "values from other resources"
            yield f"{change.logical_id} is updated in place and keeps counting ({causes})"
