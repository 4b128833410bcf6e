"""Read the values that exist before any plug-in runs from a counter's properties."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from macro.builtin.digest import KEY
from macro.counter.api import check_api, find_root
from macro.counter.env_values import check_env
from macro.counter.literals import Parameters, read_properties
from macro.counter.stages import DEFAULT_STAGE, Stage, check_stages, read_stages
from macro.counter.validate import check_properties, load_schema
from macro.errors import InvalidTemplate, Path, Problem, Problems
from macro.plugin import Json, Values
from macro.template.counters import Counter

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
    """A counter, and what is known about it before its plug-ins run."""

    counter: Counter
    values: Values
    gateway: str
    requested_plugins: Sequence[PluginRequest]
    stages: Sequence[Stage]


# The given values that may hold references to other counters or to the counter's own attributes.
REFERRING = (
    "code", "handler", "runtime", "env", "exact", "service_token", "tags", "function_properties", "table_properties",
    "role_properties", "api_properties", "stage_properties", "log_group_properties", "options",
)  # fmt: skip


def read_counter(counter: Counter, parameters: Parameters, suffix: str) -> Given:
    """The values for the counter's plug-ins. Raises :class:`InvalidTemplate` with all problems of the properties."""
    path: Path = (*counter.path, "Properties")
    problems = Problems(path)
    rules = load_schema()["properties"] if counter.properties else {}
    properties = read_properties(counter.properties, rules, parameters, problems)
    if "Api" in properties:
        properties["Api"] = find_root(properties["Api"], parameters)
    problems.extend(check_properties(properties, path))
    if properties and not problems:
        problems.extend(_check_combinations(properties, path))
    problems.raise_if_any(InvalidTemplate)
    values = _name_values(counter, properties, parameters, suffix)
    requested = _get_plugin_requests(properties, path)
    return Given(counter, values, _get_gateway(properties), requested, read_stages(properties, values))


def _get_gateway(properties: Values) -> str:
    return str(properties.get("Gateway", "rest"))


def _get_integration(properties: Values) -> str:
    """As given. By default, the author's own code gets mapped events, except from an HTTP API, which maps none."""
    is_own = "Code" in properties or "Handler" in properties
    return str(properties.get("Integration", "mapped" if is_own and _get_gateway(properties) != "http" else "proxy"))


def _get_plugin_requests(properties: Values, path: Path) -> list[PluginRequest]:
    requested = []
    for place, entry in enumerate(properties.get("Plugins", ())):
        name, options = next(iter(entry.items())) if isinstance(entry, dict) else (entry, None)
        requested.append(PluginRequest(name, options or {}, (*path, "Plugins", place)))
    return requested


def _check_combinations(properties: Values, path: Path) -> Iterator[Problem]:
    gateway = _get_gateway(properties)
    yield from check_stages(properties, path)
    if "Api" in properties:
        yield from check_api(properties, gateway, (*path, "Api"))
    if gateway == "http" and _get_integration(properties) == "mapped":
        text = "must be proxy with Gateway http, because an HTTP API can't map requests; or use Gateway rest"
        yield Problem((*path, "Integration"), text)
    if "EnvFile" in properties and "Code" not in properties:
        text = "applies only to your own code, because the built-in handler reads '.env'; remove it, or add Code"
        yield Problem((*path, "EnvFile"), text)
    for place, own in _find_scopes(properties):
        yield from _check_function(own, (*path, *place), "Code" in properties)
    yield from check_env(properties, path)


def _find_scopes(properties: Values) -> list[tuple[Path, Values]]:
    """The properties and each stage's entry, which may hold Env and Function, each with its place."""
    stages = properties.get("Stages")
    entries = stages.items() if isinstance(stages, dict) else ()
    return [((), properties), *((("Stages", name), own) for name, own in entries if own)]


def _check_function(own: Values, path: Path, has_code: bool) -> Iterator[Problem]:
    function = own.get("Function", {})
    if "EnvEncoding" in function and not has_code:
        text = "applies only to your own code, because the built-in handler decodes nothing; remove it, or add Code"
        yield Problem((*path, "Function", "EnvEncoding"), text, at_key=True)
    for place, names in {("Env",): own.get("Env"), ("Function", "Env"): function.get("Env")}.items():
        for name in _OWN_ENV:
            if isinstance(names, dict) and name in names:
                text = "is set by the counter; choose another name"
                yield Problem((*path, *place, name), text, at_key=True)


def _name_values(counter: Counter, properties: Values, parameters: Parameters, suffix: str) -> dict[str, Json]:
    return {
        "counter_id": counter.logical_id,
        "stages": (),
        "condition": None,
        "suffix": suffix,
        "parameter_values": parameters.values,
        "constants": parameters.constants,
        "builtin_key": KEY,
        "options": {},
        **_name_api(properties),
        "code": properties.get("Code"),
        "handler": properties.get("Handler"),
        "runtime": properties.get("Runtime"),
        "env": properties.get("Env", {}),
        "env_file": properties.get("EnvFile"),
        "shards": properties.get("Shards", 1),
        "exact": properties.get("Exact", False),
        "service_token": properties.get("ServiceToken"),
        "tags": properties.get("Tags", {}),
        "function_properties": properties.get("Function", {}),
        "table_properties": properties.get("Table", {}),
        "role_properties": properties.get("Role", {}),
        "log_group_properties": properties.get("LogGroup", {}),
    }


def _name_api(properties: Values) -> dict[str, Json]:
    api, gateway = properties.get("Api", {}), _get_gateway(properties)
    return {
        "gateway": gateway,
        "stage": api.get("StageName", DEFAULT_STAGE),
        "share": f"HitCounter{gateway.capitalize()}" if api.get("Share") else None,
        "path": properties.get("Path", "{name}").lstrip("/"),
        "method": properties.get("Method", "GET"),
        "integration": _get_integration(properties),
        "api_properties": {name: value for name, value in api.items() if name not in ("Stage", "Share")},
        "stage_properties": api.get("Stage", {}),
    }
