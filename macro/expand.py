"""Expand a compact template into a plain one. This module shows the whole process on one screen."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from macro.assembly.build import build_counter
from macro.assembly.choose import FindPlugin
from macro.assembly.custom_resources import check_secure_references, fill_service_token
from macro.assembly.sharing import Groups, add_shared, agree, check_foreign, check_group, find_groups
from macro.counter.literals import Parameters, collect_parameters
from macro.counter.read import DEFAULT, Given, Setting, read_counter
from macro.errors import InvalidTemplate, Problem, Problems
from macro.plugin import Template
from macro.plugins import find_plugin
from macro.template.counters import Counter, check_counters, find_counters
from macro.template.merge import Built, add_resources, check_resources
from macro.template.references import Export, Exports
from macro.template.rewrite import check_references, check_template, rewrite_resource, rewrite_template


class Expanded(NamedTuple):
    """A plain template, the counter that owns each generated logical ID, and the result of each counter."""

    template: Template
    owners: Mapping[str, str]
    built: Sequence[Built] = ()


def expand(template: Template, setting: Setting = DEFAULT, find: FindPlugin = find_plugin) -> Template:
    """The plain template: resources replace every ``HitCounter``, and all references to counters are rewritten.

    The author's own ``Custom::LambdaFunction`` and ``Custom::APIGatewayResource`` get the ``ServiceToken`` that they
    lack. The input is not changed. The result shares unchanged parts with the input. The same input always gives the
    same output, in the same order.
    Raises :class:`InvalidTemplate` with all problems of the template.
    """
    return expand_counters(template, setting, find).template


def expand_counters(template: Template, setting: Setting = DEFAULT, find: FindPlugin = find_plugin) -> Expanded:
    """The result of :func:`expand`, together with the owners of the generated resources and each counter's result."""
    problems = Problems()
    problems.extend(check_counters(template))
    counters = find_counters(template)
    parameters = collect_parameters(template, setting.parameters)
    found, groups = _agree(_read(counters, parameters, setting, problems), problems)
    built = _build(found, find, [counter.logical_id for counter in counters], problems)
    filled = fill_service_token(template, setting.suffix)
    expanded = Expanded(filled, {})
    if counters:
        expanded = _put_together(filled, counters, _add_shared(groups, built), problems)
    problems.extend(check_secure_references(expanded.template, expanded.owners, counters, parameters))
    problems.raise_if_any(InvalidTemplate)
    return expanded


def _read(counters: Sequence[Counter], parameters: Parameters, setting: Setting, problems: Problems) -> list[Given]:
    """The counters with valid properties."""
    found = []
    for counter in counters:
        with problems:
            found.append(read_counter(counter, parameters, setting.suffix))
    problems.extend(check_foreign(found))
    return found


def _agree(counters: Sequence[Given], problems: Problems) -> tuple[Sequence[Given], Groups]:
    """All counters, and the groups that can share an API. Counters of such a group get the group's common settings."""
    agreed = []
    for group in find_groups(counters):
        found = list(check_group(group))
        problems.extend(found)
        if not found:
            agreed.append(agree(group))
    changed = {given.counter.logical_id: given for group in agreed for given in group}
    return [changed.get(given.counter.logical_id, given) for given in counters], agreed


def _build(counters: Iterable[Given], find: FindPlugin, ids: Sequence[str], problems: Problems) -> dict[str, Built]:
    built = {}
    for given in counters:
        with problems.at(*given.counter.path):
            built[given.counter.logical_id] = build_counter(given, find, ids)
    return built


def _add_shared(groups: Groups, built: dict[str, Built]) -> dict[str, Built]:
    for group in groups:
        if all(given.counter.logical_id in built for given in group):
            built.update(add_shared(group, built))
    return built


def _put_together(
    template: Template, counters: Sequence[Counter], built: Mapping[str, Built], problems: Problems
) -> Expanded:
    exports = _export(counters, built.values())
    problems.extend(_check_mentions(built.values(), exports))
    pieces = [_connect(piece, _leave_out_shared(piece, exports, built)) for piece in built.values()]
    problems.extend(check_resources(template, pieces))
    problems.extend(check_template(template, exports))
    plain = add_resources(rewrite_template(template, exports), pieces)
    owners = {logical_id: piece.counter.logical_id for piece in pieces for logical_id in piece.resources}
    return Expanded(plain, owners, pieces)


def _export(counters: Iterable[Counter], built: Iterable[Built]) -> Exports:
    exports = {counter.logical_id: Export(None) for counter in counters}
    for piece in built:
        resources = {**piece.resources, **piece.shared} if piece.shared else piece.resources
        exports[piece.counter.logical_id] = Export(piece.values, resources)
    return exports


def _check_mentions(built: Iterable[Built], exports: Exports) -> Iterator[Problem]:
    """Problems of the counters' references to other counters, each at its place in the compact template."""
    for counter in (piece.counter for piece in built if piece.mentions):
        yield from check_references({"Properties": counter.properties, **counter.attributes}, exports, counter.path)


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


def _connect(piece: Built, exports: Exports) -> Built:
    """The piece with references to other counters rewritten."""
    if not piece.mentions:
        return piece
    resources = {logical_id: rewrite_resource(resource, exports) for logical_id, resource in piece.resources.items()}
    return piece._replace(resources=resources)
