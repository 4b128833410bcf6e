"""The built-in plug-ins, and the lookup of others by registered name. A template can't choose a plug-in by its path."""

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from macro.errors import PluginError, Problem, Problems, suggest
from macro.plugin import Piece, Plugin, Values
from macro.plugins import alarms, function, log_group, role, table
from macro.plugins.gateways import custom, http, rest

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "hitcounter_macro.plugins"


def as_plugin(name: str, module: object) -> Plugin:
    """The plug-in with this name, made from a module or object with INPUTS, OUTPUTS and build.

    Raises :class:`PluginError` that names what is missing.
    """
    problems = Problems()
    declared: list[Any] = [getattr(module, attribute, None) for attribute in ("INPUTS", "OUTPUTS", "build")]
    inputs, outputs, build = declared
    for attribute, names in {"INPUTS": inputs, "OUTPUTS": outputs}.items():
        if not isinstance(names, (tuple, list)) or not all(isinstance(each, str) for each in names):
            problems.add(f"plugin '{name}' must have {attribute}, a tuple of names")
    if not callable(build):
        problems.add(f"plugin '{name}' must have a function build(values) that returns a Piece")
    problems.raise_if_any(PluginError)
    summary = (getattr(module, "__doc__", None) or "").strip().partition("\n")[0]
    return Plugin(name, tuple(inputs), tuple(outputs), build, summary)


_MODULES = {
    "table": table,
    "log_group": log_group,
    "role": role,
    "function": function,
    "gateway_rest": rest,
    "gateway_http": http,
    "gateway_custom": custom,
    "alarms": alarms,
}
BUILT_IN: Mapping[str, Plugin] = {name: as_plugin(name, module) for name, module in _MODULES.items()}
# A counter has these plug-ins only if it names them.
OPTIONAL = ("alarms",)

# Functions that make the API that counters share, by the gateway's name.
SHARED: Mapping[str, Callable[[Values], Piece]] = {
    "rest": rest.build_shared,
    "http": http.build_shared,
    "custom": custom.build_shared,
}

_NONE: Mapping[str, Plugin] = {}


def find_plugin(name: str, further: Mapping[str, Plugin] = _NONE) -> Plugin:
    """The plug-in with this name: built in, one of ``further``, or registered by an installed package.

    Raises :class:`PluginError` that names the known plug-ins if there is no plug-in with this name.
    """
    if name in further:
        return further[name]
    if name in BUILT_IN:
        return BUILT_IN[name]
    points = find_entry_points()
    if name not in points:
        known = sorted({*further, *points})
        remedy = f"installed are {', '.join(known)}" if known else "none is installed; add one with --plugin"
        raise PluginError([Problem((), f"unknown plugin '{name}'; {remedy}{suggest(name, known)}")])
    return as_plugin(name, points[name].load())


def load_plugins() -> list[Plugin]:
    """All available plug-ins: the built-in ones, then those of installed packages, sorted by name."""
    points = find_entry_points()
    return [*BUILT_IN.values(), *(as_plugin(name, points[name].load()) for name in sorted(points))]


@functools.cache
def find_entry_points() -> "Mapping[str, EntryPoint]":
    """The entry points of installed packages in the group ``hitcounter_macro.plugins``, by name, not loaded yet.

    Raises :class:`PluginError` if a name is registered twice or is the name of a built-in plug-in.
    """
    from importlib.metadata import entry_points

    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=GROUP):
        if point.name in BUILT_IN or (point.name in found and found[point.name].value != point.value):
            text = f"plugin '{point.name}' is registered twice; uninstall one of its packages"
            raise PluginError([Problem((), text)])
        found[point.name] = point
    return found
