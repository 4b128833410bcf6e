"""Choose the plug-ins of a counter, find their dependencies, and group the plug-ins into runs."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import groupby

from macro.assembly.resolve import order_plugins
from macro.counter.read import REFERRING, Given
from macro.errors import PluginError, Problem, Problems
from macro.plugin import Plugin
from macro.plugins import BUILT_IN, OPTIONAL, load_plugins
from macro.template.counters import Counter
from macro.template.references import Export, attribute_name, find_references
from macro.template.rewrite import check_references

FindPlugin = Callable[[str], Plugin]
Runs = Sequence[tuple[bool, Sequence[Plugin]]]
# A plug-in with this input is built once for all stages.
STAGES = "stages"


def choose_plugins(given: Given, find: FindPlugin) -> list[Plugin]:
    """The counter's plug-ins in their usual order.

    A further plug-in replaces a built-in plug-in if it gives all outputs of the built-in one.
    """
    usual = [BUILT_IN[name] for name in ("table", "log_group", "role", "function", f"gateway_{given.gateway}")]
    if not given.requested_plugins:
        return usual
    problems = Problems()
    further: dict[str, Plugin] = {}
    for requested in given.requested_plugins:
        place = problems.at(*requested.path)
        if requested.name in BUILT_IN and requested.name not in OPTIONAL:
            place.add(f"every counter has the built-in plugin '{requested.name}'; remove it")
        elif requested.name in further:
            place.add(f"plugin '{requested.name}' is listed twice; remove one of the two")
        else:
            with place:
                further[requested.name] = find(requested.name)
    problems.raise_if_any(PluginError)
    outputs = [set(plugin.outputs) for plugin in further.values()]
    kept = [plugin for plugin in usual if not any(set(plugin.outputs) <= names for names in outputs)]
    return [*kept, *further.values()]


def check_attributes(given: Given, plugins: Iterable[Plugin]) -> None:
    """Raise :class:`PluginError` if an attribute would have two meanings, such as ``BaseUrl`` with a stage ``base``."""
    attributes = list(dict.fromkeys(attribute_name(output) for plugin in plugins for output in plugin.outputs))
    meant = {name: f"{name} of the first stage" for name in attributes}
    for stage in given.stages:
        for name in attributes:
            attribute, new = stage.part + name, f"{name} of stage '{stage.name}'"
            if attribute in meant:
                text = f"the attribute {attribute} would mean both {meant[attribute]} and {new}; rename a stage"
                raise PluginError([Problem((*given.counter.path, "Properties", "Stages"), text)])
            meant[attribute] = new


def find_mentioned(counter: Counter, ids: Collection[str]) -> set[str]:
    """The counters that a counter refers to or depends on. The counter itself may be one of them."""
    mentioned = {name for name, _ in find_references(counter.properties, ids)} if counter.properties else set()
    if counter.attributes:
        named = counter.attributes.get("DependsOn", ())
        mentioned |= {name for name, _ in find_references(counter.attributes, ids)}
        mentioned |= {name for name in ([named] if isinstance(named, str) else named) if name in ids}
    return mentioned


def order_runs(plugins: tuple[Plugin, ...], given: tuple[str, ...], links: Mapping[str, Sequence[str]]) -> Runs:
    """The plug-ins in runs, ordered by their inputs. Plug-ins that are built once for all stages have separate runs."""
    return _part(order_plugins(plugins, given, links, load_plugins)) if links else _order_unlinked(plugins, given)


@lru_cache(maxsize=16)
def _order_unlinked(plugins: tuple[Plugin, ...], given: tuple[str, ...]) -> Runs:
    return _part(order_plugins(plugins, given, {}, load_plugins))


def _part(plugins: Iterable[Plugin]) -> Runs:
    """The plug-ins in runs: those that are built once for all stages, and those that are built for each stage."""
    return [(is_shared, list(run)) for is_shared, run in groupby(plugins, lambda plugin: STAGES in plugin.inputs)]


def find_links(given: Given, plugins: Sequence[Plugin]) -> dict[str, list[str]]:
    """The outputs that each plug-in needs because its values refer to the counter's own attributes.

    References to another stage's attributes don't affect the order. They are rewritten after everything is built.
    """
    ids = (given.counter.logical_id,)
    options = {requested.name: requested.options for requested in given.requested_plugins}
    outputs = {attribute_name(name): name for plugin in plugins for name in plugin.outputs}
    _check_own_references(given, outputs.values())
    links: dict[str, list[str]] = {plugin.name: [] for plugin in plugins}
    for stage in given.stages:
        values = {name: find_references(stage.values[name], ids) for name in REFERRING}
        for plugin in plugins:
            found = [found for name in plugin.inputs if name in values for found in values[name]]
            if "options" in plugin.inputs:
                found += find_references(options.get(plugin.name), ids)
            attributes = [
                attribute if attribute in outputs else attribute.removeprefix(stage.part) for _, attribute in found
            ]
            needed = [outputs[attribute] for attribute in attributes if attribute in outputs]
            links[plugin.name] = list(dict.fromkeys([*links[plugin.name], *needed]))
    return links


def _check_own_references(given: Given, outputs: Collection[str]) -> None:
    counter, parts = given.counter, [stage.part for stage in given.stages if stage.part]
    names = [*outputs, *(f"{part}_{name}" for part in parts for name in outputs)]
    own = {counter.logical_id: Export(dict.fromkeys(names, ""))}
    problems = Problems()
    problems.extend(check_references(counter.properties, own, (*counter.path, "Properties")))
    problems.raise_if_any()
