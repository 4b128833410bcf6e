"""Run a counter's plug-ins: choose, order, build, and give each resource the counter's own attributes."""

import copy
import json
import os
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache

from macro.counter import REFERRING, Given
from macro.errors import MacroError, Path, PluginError, Problem
from macro.plugin import Json, Piece, Plugin, Values
from macro.plugins import BUILT_IN, load_plugins
from macro.references import (
    Export,
    attribute_name,
    drop_implied,
    find_references,
    rewrite_references,
)
from macro.resolve import order_plugins
from macro.template import TYPE, Built, Counter

FindPlugin = Callable[[str], Plugin]


def build_counter(counter: Counter, given: Given, find: FindPlugin, ids: Collection[str]) -> Built:
    """What the counter becomes: the values its plug-ins made, and their resources.

    ``ids`` are those of all counters of the template, references to which are left for later.
    Raises :class:`MacroError` with all problems of the counter's plug-ins.
    """
    plugins = choose_plugins(given, find)
    options = {wish.name: wish.options for wish in given.wishes}
    paths = {wish.name: wish.path for wish in given.wishes}
    mentioned = _find_mentioned(counter, ids)
    links = _find_links(counter, given, plugins, options) if counter.logical_id in mentioned else {}
    known = dict(given.values)
    made: dict[str, Json] = {}
    resources: dict[str, Json] = {}
    for plugin in _order(tuple(plugins), tuple(given.values), links):
        values = {name: known[name] for name in plugin.inputs}
        if "options" in values:
            values["options"] = options.get(plugin.name, {})
        if links.get(plugin.name):
            own = {counter.logical_id: Export(made)}
            values = {
                name: rewrite_references(value, own, (), []) if name in REFERRING else value
                for name, value in values.items()
            }
        if plugin.name in BUILT_IN:
            piece = plugin.build(values)
        else:
            piece = _build_further(plugin, values, paths[plugin.name])
            _check_piece(plugin, piece, counter, resources, paths[plugin.name])
        known.update(piece.values)
        made.update(piece.values)
        resources.update(piece.resources)
    if counter.attributes:
        resources = {name: _add_attributes(name, resource, counter) for name, resource in resources.items()}
    return Built(counter, made, resources, bool(mentioned))


def choose_plugins(given: Given, find: FindPlugin) -> list[Plugin]:
    """The counter's plug-ins in their usual order.

    A further plug-in that gives all outputs of a built-in one takes its place.
    """
    usual = [BUILT_IN[name] for name in ("table", "log_group", "role", "function", f"gateway_{given.gateway}")]
    if not given.wishes:
        return usual
    problems: list[Problem] = []
    further: dict[str, Plugin] = {}
    for wish in given.wishes:
        if wish.name in BUILT_IN:
            problems.append(Problem(wish.path, f"'{wish.name}' is built in; a counter has it without being told"))
        elif wish.name in further:
            problems.append(Problem(wish.path, f"'{wish.name}' is named twice; once is enough"))
        else:
            try:
                further[wish.name] = find(wish.name)
            except PluginError as error:
                problems.extend(problem._replace(path=wish.path) for problem in error.problems)
    if problems:
        raise PluginError(problems)
    outputs = [set(plugin.outputs) for plugin in further.values()]
    kept = [plugin for plugin in usual if not any(set(plugin.outputs) <= names for names in outputs)]
    return [*kept, *further.values()]


def _find_mentioned(counter: Counter, ids: Collection[str]) -> set[str]:
    """The counters, itself among them, that a counter refers to or waits for."""
    mentioned = {name for name, _ in find_references(counter.properties, ids)} if counter.properties else set()
    if counter.attributes:
        named = counter.attributes.get("DependsOn", ())
        mentioned |= {name for name, _ in find_references(counter.attributes, ids)}
        mentioned |= {name for name in ([named] if isinstance(named, str) else named) if name in ids}
    return mentioned


def _order(plugins: tuple[Plugin, ...], given: tuple[str, ...], links: Mapping[str, Sequence[str]]) -> list[Plugin]:
    return order_plugins(plugins, given, links, load_plugins) if links else _order_unlinked(plugins, given)


@lru_cache(maxsize=16)
def _order_unlinked(plugins: tuple[Plugin, ...], given: tuple[str, ...]) -> list[Plugin]:
    return order_plugins(plugins, given, {}, load_plugins)


def _find_links(
    counter: Counter, given: Given, plugins: Sequence[Plugin], options: Mapping[str, Values]
) -> dict[str, list[str]]:
    """The outputs that each plug-in needs because values it gets refer to the counter's own attributes."""
    ids = (counter.logical_id,)
    outputs = {attribute_name(name): name for plugin in plugins for name in plugin.outputs}
    problems: list[Problem] = []
    own = {counter.logical_id: Export(dict.fromkeys(outputs.values(), ""))}
    rewrite_references(counter.properties, own, (*counter.path, "Properties"), problems)
    if problems:
        raise MacroError(problems)
    values = {name: find_references(given.values[name], ids) for name in REFERRING}
    links = {}
    for plugin in plugins:
        found = [found for name in plugin.inputs if name in values for found in values[name]]
        if "options" in plugin.inputs:
            found += find_references(options.get(plugin.name), ids)
        links[plugin.name] = list(dict.fromkeys(outputs[attribute] for _, attribute in found))
    return links


def _build_further(plugin: Plugin, values: Values, path: Path) -> Piece:
    """What somebody else's plug-in returns; it gets copies, and its failure is told by its name."""
    try:
        return plugin.build(copy.deepcopy(dict(values)))
    except MacroError as error:
        raise PluginError(problem._replace(path=problem.path or path) for problem in error.problems) from error
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{os.path.basename(last.filename)}, line {last.lineno}"
        text = f"plugin '{plugin.name}' failed: {type(error).__name__}: {error} ({where})"
        raise PluginError([Problem(path, text)]) from error


def _check_piece(plugin: Plugin, piece: Piece, counter: Counter, others: Mapping[str, Json], path: Path) -> None:
    problems = []
    if not isinstance(piece, Piece) or not all(isinstance(part, Mapping) for part in piece):
        problems.append(f"must return a Piece of two maps, got {type(piece).__name__}")
        piece = Piece({}, {})
    else:
        missing = [name for name in plugin.outputs if name not in piece.values]
        problems += [f"declares the output '{name}' but gives none" for name in missing]
        problems += [f"gives '{name}', which its OUTPUTS lack" for name in piece.values if name not in plugin.outputs]
    for logical_id, resource in piece.resources.items():
        problems += _check_resource(logical_id, resource, counter, others)
    try:
        json.dumps(piece)
    except (TypeError, ValueError) as error:
        problems.append(f"gives what is not JSON: {error}")
    if problems:
        raise PluginError(Problem(path, f"plugin '{plugin.name}' {problem}") for problem in problems)


def _check_resource(logical_id: str, resource: Json, counter: Counter, others: Mapping[str, Json]) -> list[str]:
    problems = []
    if not (str(logical_id).startswith(counter.logical_id) and logical_id.isascii() and logical_id.isalnum()):
        right = f"'{counter.logical_id}' and letters and digits"
        problems.append(f"makes the resource '{logical_id}'; its id must be {right} (values['counter_id'] begins it)")
    if logical_id in others or logical_id == counter.logical_id:
        problems.append(f"makes the resource '{logical_id}', which is there already")
    kind = resource.get("Type") if isinstance(resource, dict) else None
    if not isinstance(kind, str) or kind == TYPE or kind.endswith("::MODULE"):
        problems.append(f"makes the resource '{logical_id}' of Type {kind!r}; it must be a plain resource type")
    elif not isinstance(resource.get("Properties", {}), dict):
        problems.append(f"makes the resource '{logical_id}' with Properties that are no map")
    elif "Condition" in resource and "Condition" in counter.attributes:
        problems.append(f"gives '{logical_id}' a Condition, so the counter can't have one")
    return problems


def _add_attributes(logical_id: str, resource: Mapping[str, Json], counter: Counter) -> Json:
    own = counter.attributes
    added: dict[str, Json] = {"Type": resource["Type"]}
    if "Condition" in own:
        added["Condition"] = own["Condition"]
    if "DependsOn" in own or "DependsOn" in resource:
        lists = [[names] if isinstance(names, str) else names for names in _get_both("DependsOn", resource, own)]
        names = [name for names in lists for name in names]
        added["DependsOn"] = names[0] if len(names) == 1 else names
    for name in ("DeletionPolicy", "UpdateReplacePolicy"):
        if name in resource:
            added[name] = own.get(name, resource[name])
    if "Metadata" in own:
        added["Metadata"] = {**resource.get("Metadata", {}), **own["Metadata"]}
    result = {**added, **{name: value for name, value in resource.items() if name not in added}}
    return drop_implied(result) if "DependsOn" in result else result


def _get_both(name: str, resource: Mapping[str, Json], own: Mapping[str, Json]) -> list[Json]:
    return [attributes[name] for attributes in (resource, own) if name in attributes]
