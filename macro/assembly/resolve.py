"""Order plug-ins by their inputs and outputs."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from macro.errors import PluginError, Problem, Problems
from macro.plugin import Plugin

Links = Mapping[str, Collection[str]]
_NO_LINKS: Links = {}


def order_plugins(
    plugins: Sequence[Plugin],
    given: Collection[str],
    links: Links = _NO_LINKS,
    find_known: Callable[[], Iterable[Plugin]] = tuple,
) -> list[Plugin]:
    """The plug-ins, each after the plug-ins that make its inputs. If several orders are possible, the choice is stable.

    ``given`` names the values that exist from the start. ``links`` holds further inputs by plug-in name: a counter's
    references to its own attributes. ``find_known`` returns the plug-ins that a message may recommend.
    Raises :class:`PluginError` that names every input without a maker and every output made twice, or a cycle.
    """
    problems = Problems()
    makers = _find_makers(plugins, given, problems)
    needs = {plugin.name: [*plugin.inputs, *links.get(plugin.name, ())] for plugin in plugins}
    for user, names in needs.items():
        missing = [name for name in names if name not in makers and name not in given]
        problems.extend(Problem((), _say_missing(user, name, find_known())) for name in missing)
    problems.raise_if_any(PluginError)
    sources = {user: [makers[name] for name in names if name in makers] for user, names in needs.items()}
    try:
        order = list(TopologicalSorter(sources).static_order())
    except CycleError as error:
        raise PluginError([Problem((), _say_cycle(error.args[1], needs, makers))]) from None
    return sorted(plugins, key=lambda plugin: order.index(plugin.name))


def _find_makers(plugins: Sequence[Plugin], given: Collection[str], problems: Problems) -> dict[str, str]:
    makers: dict[str, str] = {}
    for plugin in plugins:
        for name in plugin.outputs:
            if name in given:
                problems.add(f"plugin '{plugin.name}' has the output '{name}', a value of every counter; rename it")
            elif name in makers:
                first = makers[name]
                problems.add(f"plugins '{first}' and '{plugin.name}' both have the output '{name}'; remove one")
            else:
                makers[name] = plugin.name
    return makers


def _say_missing(user: str, name: str, known: Iterable[Plugin]) -> str:
    makers = [f"'{plugin.name}'" for plugin in known if name in plugin.outputs]
    remedy = f"; add {' or '.join(makers)} to Plugins" if makers else ""
    return f"plugin '{user}' requires '{name}', but no plugin has that output{remedy}"


def _say_cycle(cycle: Sequence[str], needs: Mapping[str, Sequence[str]], makers: Mapping[str, str]) -> str:
    # graphlib lists each plug-in before its user, and ends the cycle with its first plug-in.
    start = min(range(len(cycle) - 1), key=lambda place: list(needs).index(cycle[place]))
    ring = [*cycle[start:-1], *cycle[:start], cycle[start]]
    values = [next(name for name in needs[user] if makers.get(name) == maker) for maker, user in pairwise(ring)]
    return f"plugins depend on each other: {' → '.join(ring)}, through {', '.join(values)}"
