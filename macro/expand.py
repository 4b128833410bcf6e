"""Expand a compact template into a plain one. This module shows the whole process on one screen."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from macro.assembly.build import build_counter
from macro.assembly.choose import FindPlugin
from macro.assembly.sharing import Groups, Member, add_shared, agree, check_foreign, check_group, find_groups
from macro.counter.literals import collect_parameters
from macro.counter.read import DEFAULT, Given, Setting, read_counter
from macro.errors import InvalidTemplate, MacroError, Problem
from macro.plugin import Template
from macro.plugins import find_plugin
from macro.template.merge import Built, Counter, add_resources, find_counters
from macro.template.references import Export, Exports, rewrite_references, rewrite_template


class Expanded(NamedTuple):
    """A plain template, the counter that owns each generated logical ID, and the result of each counter."""

    template: Template
    owners: Mapping[str, str]
    built: Sequence[Built] = ()


def expand(template: Template, setting: Setting = DEFAULT, find: FindPlugin = find_plugin) -> Template:
    """The plain template: resources replace every ``HitCounter``, and all references to counters are rewritten.

    The input is not changed. The result shares unchanged parts with the input. A template without counters is
    returned unchanged. The same input always gives the same output, in the same order.
    Raises :class:`InvalidTemplate` with all problems of the template.
    """
    return expand_counters(template, setting, find).template


def expand_counters(template: Template, setting: Setting = DEFAULT, find: FindPlugin = find_plugin) -> Expanded:
    """The result of :func:`expand`, together with the owners of the generated resources and each counter's result."""
    problems: list[Problem] = []
    counters = find_counters(template, problems)
    ids = frozenset(counter.logical_id for counter in counters)
    parameters = collect_parameters(template, setting.parameters)
    members = []
    for counter in counters:
        given = read_counter(counter, parameters, setting.suffix, problems)
        if given:
            members.append(Member(counter, given))
    problems.extend(check_foreign(members))
    groups = find_groups(members)
    if groups:
        members, groups = _agree(members, groups, problems)
    built = {}
    for counter, given in members:
        piece = _build(counter, given, find, ids, problems)
        if piece:
            built[counter.logical_id] = piece
    expanded = Expanded(template, {})
    if counters:
        expanded = _put_together(template, counters, _add_shared(groups, built), problems)
    if problems:
        raise InvalidTemplate(dict.fromkeys(problems))
    return expanded


def _put_together(
    template: Template, counters: Sequence[Counter], built: Mapping[str, Built], problems: list[Problem]
) -> Expanded:
    exports = _export(counters, built.values())
    pieces = [_connect(piece, _leave_out_shared(piece, exports, built), problems) for piece in built.values()]
    owners = {logical_id: piece.counter.logical_id for piece in pieces for logical_id in piece.resources}
    template = add_resources(template, pieces, problems)
    return Expanded(rewrite_template(template, exports, owners, problems), owners, pieces)


def _agree(members: Sequence[Member], groups: Groups, problems: list[Problem]) -> tuple[list[Member], Groups]:
    """All counters, and the groups that can share an API. Counters of such a group get the group's common settings."""
    found = [list(check_group(group)) for group in groups]
    problems.extend(problem for each in found for problem in each)
    agreed = [agree(group) for group, each in zip(groups, found, strict=True) if not each]
    changed = {member.counter.logical_id: member for group in agreed for member in group}
    return [changed.get(member.counter.logical_id, member) for member in members], agreed


def _add_shared(groups: Groups, built: dict[str, Built]) -> dict[str, Built]:
    for group in groups:
        if all(member.counter.logical_id in built for member in group):
            built.update(add_shared(group, built))
    return built


def _leave_out_shared(piece: Built, exports: Exports, built: Mapping[str, Built]) -> Exports:
    """The exports without the shared API's resources, if the piece shares an API.

    The API waits for all counters that share it, so these counters may wait only for each other's own resources.
    """
    if not piece.shared:
        return exports
    own = dict(exports)
    for name, other in built.items():
        if other.shared:
            resources = {key: value for key, value in other.resources.items() if key not in other.shared}
            own[name] = own[name]._replace(resources=resources)
    return own


def _build(
    counter: Counter, given: Given, find: FindPlugin, ids: Collection[str], problems: list[Problem]
) -> Built | None:
    try:
        return build_counter(counter, given, find, ids)
    except MacroError as error:
        problems.extend(problem if problem.path else Problem(counter.path, problem.text) for problem in error.problems)
        return None


def _export(counters: Iterable[Counter], built: Iterable[Built]) -> Exports:
    exports = {counter.logical_id: Export(None) for counter in counters}
    for piece in built:
        resources = {**piece.resources, **piece.shared} if piece.shared else piece.resources
        exports[piece.counter.logical_id] = Export(piece.values, resources)
    return exports


def _connect(piece: Built, exports: Exports, problems: list[Problem]) -> Built:
    """The piece with references to other counters rewritten. Reports invalid references at their place in the input."""
    if not piece.mentions:
        return piece
    counter = piece.counter
    rewrite_references({"Properties": counter.properties, **counter.attributes}, exports, counter.path, problems)
    resources = {
        logical_id: rewrite_references(resource, exports, ("Resources", logical_id), [])
        for logical_id, resource in piece.resources.items()
    }
    return piece._replace(resources=resources)
