"""From a compact template to a plain one: the whole way on one screen."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from macro.build import FindPlugin, build_counter
from macro.counter import DEFAULT, Given, Setting, read_counter
from macro.errors import InvalidTemplate, MacroError, Problem
from macro.literals import collect_parameters
from macro.plugin import Template
from macro.plugins import find_plugin
from macro.references import Export, Exports, rewrite_references, rewrite_template
from macro.template import Built, Counter, add_resources, find_counters


class Expanded(NamedTuple):
    """A plain template, and for each generated logical id the counter that it comes from."""

    template: Template
    owners: Mapping[str, str]


def expand(template: Template, setting: Setting = DEFAULT, find: FindPlugin = find_plugin) -> Template:
    """The plain template: every ``HitCounter`` replaced by its resources, every reference to one rewritten.

    The input is left as it is, and parts that don't change are shared with it. The same input gives the same
    output, in the same order; a template without counters comes back as it is. Raises :class:`InvalidTemplate`
    with all the problems there are.
    """
    return expand_counters(template, setting, find).template


def expand_counters(template: Template, setting: Setting = DEFAULT, find: FindPlugin = find_plugin) -> Expanded:
    """What :func:`expand` gives, with the owners of what was generated."""
    problems: list[Problem] = []
    counters = find_counters(template, problems)
    ids = frozenset(counter.logical_id for counter in counters)
    parameters = collect_parameters(template, setting.parameters)
    built = []
    for counter in counters:
        given = read_counter(counter, parameters, setting.suffix, problems)
        piece = _build(counter, given, find, ids, problems) if given else None
        if piece:
            built.append(piece)
    owners: dict[str, str] = {}
    if counters:
        exports = _export(counters, built)
        built = [_connect(piece, exports, problems) for piece in built]
        owners = {logical_id: piece.counter.logical_id for piece in built for logical_id in piece.resources}
        template = add_resources(template, built, problems)
        template = rewrite_template(template, exports, owners, problems)
    if problems:
        raise InvalidTemplate(dict.fromkeys(problems))
    return Expanded(template, owners)


def _build(
    counter: Counter, given: Given, find: FindPlugin, ids: Collection[str], problems: list[Problem]
) -> Built | None:
    try:
        return build_counter(counter, given, find, ids)
    except MacroError as error:
        problems.extend(problem if problem.path else Problem(counter.path, problem.text) for problem in error.problems)
        return None


def _export(counters: list[Counter], built: list[Built]) -> Exports:
    exports = {counter.logical_id: Export(None) for counter in counters}
    for piece in built:
        exports[piece.counter.logical_id] = Export(piece.values, piece.resources)
    return exports


def _connect(piece: Built, exports: Exports, problems: list[Problem]) -> Built:
    """The piece with its references to other counters rewritten; a wrong one is told at its author's place."""
    if not piece.mentions:
        return piece
    counter = piece.counter
    rewrite_references({"Properties": counter.properties, **counter.attributes}, exports, counter.path, problems)
    resources = {
        logical_id: rewrite_references(resource, exports, ("Resources", logical_id), [])
        for logical_id, resource in piece.resources.items()
    }
    return piece._replace(resources=resources)
