"""From a compact template to a plain one: the whole way on one screen."""

from collections.abc import Mapping
from typing import NamedTuple

from macro.build import FindPlugin, build_counter
from macro.counter import DEFAULT, Setting, read_counter
from macro.errors import InvalidTemplate, MacroError, Problem
from macro.plugin import Template
from macro.plugins import find_plugin
from macro.references import Export, Exports, find_references, rewrite_references, rewrite_template
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
    built = [piece for counter in counters if (piece := _build(counter, template, setting, find, problems))]
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
    counter: Counter, template: Template, setting: Setting, find: FindPlugin, problems: list[Problem]
) -> Built | None:
    declared = template.get("Parameters")
    given = read_counter(counter, declared if isinstance(declared, dict) else {}, setting, problems)
    if given is None:
        return None
    try:
        return build_counter(counter, given, find)
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
    counter = piece.counter
    parts = {"Properties": counter.properties, **counter.attributes}
    if not find_references(parts, exports) and not _waits_for(counter, exports):
        return piece
    rewrite_references(parts, exports, counter.path, problems)
    resources = {
        logical_id: rewrite_references(resource, exports, ("Resources", logical_id), [])
        for logical_id, resource in piece.resources.items()
    }
    return piece._replace(resources=resources)


def _waits_for(counter: Counter, exports: Exports) -> bool:
    named = counter.attributes.get("DependsOn", ())
    return any(name in exports for name in ([named] if isinstance(named, str) else named))
