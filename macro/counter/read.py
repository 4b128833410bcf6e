"""Read the values that exist before any plug-in runs from a counter's properties."""

from collections.abc import Sequence
from typing import NamedTuple

from macro.builtin.digest import KEY
from macro.counter.api import check_api, find_root
from macro.counter.env_values import check_env
from macro.counter.literals import Parameters, read_properties
from macro.counter.stages import DEFAULT_STAGE, Stage, check_stages, read_stages
from macro.counter.validate import check_properties, load_schema
from macro.errors import Path, Problem
from macro.plugin import Json, Values
from macro.template.merge import Counter

# Names that the counter itself writes to .env.
_OWN_ENV = ("table", "exact", "shards")


class Setting(NamedTuple):
    """What an expansion depends on besides the template: parameter values, and the installation's suffix."""

    parameters: Values = {}
    suffix: str = ""


DEFAULT = Setting()


class PluginRequest(NamedTuple):
    """A further plug-in that a counter names, its options, and its place in the template."""

    name: str
    options: Values
    path: Path


class Given(NamedTuple):
    """What is known about a counter before its plug-ins run."""

    values: Values
    gateway: str
    requested_plugins: Sequence[PluginRequest]
    stages: Sequence[Stage]


# The given values that may hold references to other counters or to the counter's own attributes.
REFERRING = (
    "code", "handler", "runtime", "env", "exact", "service_token", "tags", "function_properties", "table_properties",
    "role_properties", "api_properties", "stage_properties", "log_group_properties", "options",
)  # fmt: skip


def read_counter(counter: Counter, parameters: Parameters, suffix: str, problems: list[Problem]) -> Given | None:
    """The values for the counter's plug-ins, or ``None`` after adding problems of the properties to ``problems``."""
    path: Path = (*counter.path, "Properties")
    found: list[Problem] = []
    rules = load_schema()["properties"] if counter.properties else {}
    properties = read_properties(counter.properties, rules, path, parameters, found)
    if "Api" in properties:
        properties["Api"] = find_root(properties["Api"], parameters)
    found.extend(check_properties(properties, path))
    if not found:
        _check_combinations(properties, path, found)
    if found:
        problems.extend(found)
        return None
    values = _name_values(counter, properties, parameters, suffix)
    requested_plugins = _get_plugin_requests(properties, path)
    stages = read_stages(properties, values)
    gateway = _get_gateway(properties)
    return Given(values, gateway, requested_plugins, stages)


def _get_gateway(properties: Values) -> str:
    return str(properties.get("Gateway", "rest"))


def _get_integration(properties: Values) -> str:
    return str(properties.get("Integration") or ("proxy" if _get_gateway(properties) == "http" else "mapped"))


def _get_plugin_requests(properties: Values, path: Path) -> list[PluginRequest]:
    requested_plugins = []
    for place, entry in enumerate(properties.get("Plugins", ())):
        name, options = next(iter(entry.items())) if isinstance(entry, dict) else (entry, None)
        requested_plugins.append(PluginRequest(name, options or {}, (*path, "Plugins", place)))
    return requested_plugins


def _check_combinations(properties: Values, path: Path, problems: list[Problem]) -> None:
    gateway = _get_gateway(properties)
    check_stages(properties, path, problems)
    if "Api" in properties:
        check_api(properties, gateway, (*path, "Api"), problems)
    if gateway == "http" and _get_integration(properties) == "mapped":
        text = "must be proxy with Gateway http, since an HTTP API maps no requests; or use Gateway rest"
        problems.append(Problem((*path, "Integration"), text))
    if "EnvFile" in properties and "Code" not in properties:
        text = "is for code of your own: the built-in handler reads '.env'; remove it, or give Code"
        problems.append(Problem((*path, "EnvFile"), text))
    for place, own in _find_scopes(properties):
        _check_function(own, (*path, *place), "Code" in properties, problems)
    if properties:
        check_env(properties, path, problems)


def _find_scopes(properties: Values) -> list[tuple[Path, Values]]:
    """The properties and each stage's entry, which may hold Env and Function, each with its place."""
    stages = properties.get("Stages")
    entries = stages.items() if isinstance(stages, dict) else ()
    return [((), properties), *((("Stages", name), own) for name, own in entries if own)]


def _check_function(own: Values, path: Path, has_code: bool, problems: list[Problem]) -> None:
    function = own.get("Function", {})
    if "EnvEncoding" in function and not has_code:
        text = "is for code of your own: the built-in handler reads '.env' as it is; remove it, or give Code"
        problems.append(Problem((*path, "Function", "EnvEncoding"), text, at_key=True))
    for place, names in {("Env",): own.get("Env"), ("Function", "Env"): function.get("Env")}.items():
        for name in _OWN_ENV:
            if isinstance(names, dict) and name in names:
                text = "is set by the counter itself; choose another name"
                problems.append(Problem((*path, *place, name), text, at_key=True))


def _name_values(counter: Counter, properties: Values, parameters: Parameters, suffix: str) -> dict[str, Json]:
    api = properties.get("Api", {})
    return {
        "counter_id": counter.logical_id,
        "stage": api.get("StageName", DEFAULT_STAGE),
        "stages": (),
        "gateway": _get_gateway(properties),
        "condition": None,
        "share": f"HitCounter{_get_gateway(properties).capitalize()}" if api.get("Share") else None,
        "suffix": suffix,
        "parameter_values": parameters.values,
        "constants": parameters.constants,
        "builtin_key": KEY,
        "code": properties.get("Code"),
        "handler": properties.get("Handler"),
        "runtime": properties.get("Runtime"),
        "env": properties.get("Env", {}),
        "env_file": properties.get("EnvFile"),
        "path": properties.get("Path", "{name}").lstrip("/"),
        "method": properties.get("Method", "GET"),
        "integration": _get_integration(properties),
        "shards": properties.get("Shards", 1),
        "exact": properties.get("Exact", False),
        "service_token": properties.get("ServiceToken"),
        "tags": properties.get("Tags", {}),
        "function_properties": properties.get("Function", {}),
        "table_properties": properties.get("Table", {}),
        "role_properties": properties.get("Role", {}),
        "api_properties": {name: value for name, value in api.items() if name not in ("Stage", "Share")},
        "stage_properties": api.get("Stage", {}),
        "log_group_properties": properties.get("LogGroup", {}),
        "options": {},
    }
