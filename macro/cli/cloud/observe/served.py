"""Find the URLs of a stack's counters, through outputs added to the author's own."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from macro.cli.cloud.stack.stack import Stack
from macro.cli.engine.url import to_engine_url
from macro.plugin import Json, Template
from macro.template.counters import find_counters

_BASE, _URL = "HitCounterBaseOf", "HitCounterUrlOf"


class Served(NamedTuple):
    """A deployed counter: its API's base URL, the URL that counts ``{name}``, and the HTTP method for that URL."""

    counter: str
    base: str
    url: str
    method: str

    def print_call(self) -> str:
        """A command line that counts a hit of the name ``home``."""
        method = "" if self.method == "GET" else f"-X {self.method} "
        return f"curl {method}{self.url.replace('{name}', 'home')}"


def add_outputs(template: Template) -> Template:
    """The template with outputs for the URLs of each counter. An output has its counter's condition, if any."""
    outputs = dict(template.get("Outputs") or {})
    for counter in find_counters(template):
        condition = template["Resources"][counter.logical_id].get("Condition")
        for prefix, attribute in ((_BASE, "BaseUrl"), (_URL, "Url")):
            value = {"Value": {"Fn::GetAtt": [counter.logical_id, attribute]}}
            outputs[f"{prefix}{counter.logical_id}"] = {**({"Condition": condition} if condition else {}), **value}
    return {**template, "Outputs": outputs}


def own_outputs(stack: Stack, engine_url: str) -> dict[str, str]:
    """The author's outputs, with URLs of APIs replaced by the engine's URLs."""
    return {
        name: to_engine_url(engine_url, value)
        for name, value in stack.outputs.items()
        if not name.startswith((_BASE, _URL))
    }


def find_served(stack: Stack, template: Template, values: Mapping[str, Json], engine_url: str) -> list[Served]:
    """The counters that the stack serves, in the template's order."""
    served = []
    for counter in find_counters(template):
        base, url = (stack.outputs.get(f"{prefix}{counter.logical_id}") for prefix in (_BASE, _URL))
        if base and url:
            method = _read_method(template["Resources"][counter.logical_id], values)
            places = (to_engine_url(engine_url, base), to_engine_url(engine_url, url))
            served.append(Served(counter.logical_id, *places, method))
    return served


def describe_served(served: Sequence[Served], outputs: Mapping[str, str]) -> str:
    """Lines with the counters' URLs, then the outputs whose values are not among those URLs."""
    lines = [f"{each.counter} counts at {each.url}" for each in served] or ["the template has no counter to request"]
    told = {each.url for each in served}
    return "\n".join([*lines, *(f"{name}: {value}" for name, value in outputs.items() if value not in told)])


def _read_method(resource: Mapping[str, Any], values: Mapping[str, Json]) -> str:
    method = (resource.get("Properties") or {}).get("Method", "GET")
    if isinstance(method, dict):
        method = values.get(str(method.get("Ref")), "GET")
    return "GET" if method == "ANY" else str(method)
