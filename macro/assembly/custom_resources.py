"""The companion's resources in an expanded template: who serves them, and what CloudFormation does not do for them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from macro.counter.literals import Parameters
from macro.errors import Path, Problem
from macro.plugin import Json, Template, Values
from macro.plugins.companion import SERVICE_TIMEOUT, name_companion
from macro.template.counters import Counter
from macro.template.dynamic_references import Found, find_secure_references, may_hold_references

# Properties of a counter that only CloudFormation's own resource types get.
_RESOLVED = ("Table", "Role", "LogGroup")

TYPES = ("Custom::LambdaFunction", "Custom::APIGatewayResource")


def fill_service_token(template: Template, suffix: str) -> Template:
    """The template in which each custom resource of the companion names the installation that serves it.

    A ``ServiceToken`` or ``ServiceTimeout`` that the author gives stays. The input is not changed.
    """
    resources = template.get("Resources")
    if not isinstance(resources, dict):
        return template
    filled = _fill_all(resources, {"ServiceToken": name_companion(suffix), "ServiceTimeout": SERVICE_TIMEOUT})
    return template if filled is resources else {**template, "Resources": filled}


def _fill_all(resources: Mapping[str, Json], given: Values) -> Mapping[str, Json]:
    changed = {name: _fill(name, resource, given) for name, resource in resources.items()}
    return changed if any(changed[name] is not resource for name, resource in resources.items()) else resources


def _fill(name: str, resource: Json, given: Values) -> Json:
    if isinstance(resource, dict) and resource.get("Type") in TYPES:
        properties = resource.get("Properties", {})
        if isinstance(properties, dict) and not given.keys() <= properties.keys():
            missing = {key: value for key, value in given.items() if key not in properties}
            return {**resource, "Properties": {**properties, **missing}}
    elif _is_loop(name, resource):
        body = _fill_all(resource[2], given)
        return resource if body is resource[2] else [*resource[:2], body]
    return resource


def _is_loop(name: str, resource: Json) -> bool:
    """Whether an entry of ``Resources`` is an ``Fn::ForEach``: a variable, a list of values, and a map of resources."""
    is_complete = isinstance(resource, list) and len(resource) == 3
    return is_complete and name.startswith("Fn::ForEach") and isinstance(resource[2], dict)


def check_secure_references(
    expanded: Template, owners: Mapping[str, str], counters: Sequence[Counter], parameters: Parameters
) -> Iterator[Problem]:
    """The secure dynamic references in the companion's resources, each at its place in the author's template.

    ``owners`` holds the counter's logical ID for each generated resource. Without ``Plugins``, all texts of a
    counter's resources come from its properties, so the generated resources are read only if one is likely.
    """
    by_id = {counter.logical_id: counter for counter in counters}
    resources = expanded.get("Resources")
    if isinstance(resources, dict) and not _is_likely(counters, parameters):
        resources = {name: resource for name, resource in resources.items() if name not in owners}
    for path, resource in _list_ours(resources, ("Resources",)):
        counter = by_id.get(owners.get(str(path[1]), ""))
        for found in _find(resource.get("Properties"), (*path, "Properties"), parameters):
            places = _locate(found, counter, parameters) if counter else [found.path]
            yield from (Problem(place, _say_unresolved(found)) for place in places)


def _is_likely(counters: Sequence[Counter], parameters: Parameters) -> bool:
    given = [counter.properties for counter in counters]
    constants = [*parameters.values.values(), parameters.constants.get("Mappings")]
    return any("Plugins" in properties for properties in given) or may_hold_references([given, constants])


def _list_ours(resources: Json, path: Path) -> Iterator[tuple[Path, Values]]:
    """The companion's resources, also inside loops, each with its path."""
    for name, resource in resources.items() if isinstance(resources, dict) else ():
        if isinstance(resource, dict) and resource.get("Type") in TYPES:
            yield (*path, name), resource
        elif _is_loop(name, resource):
            yield from _list_ours(resource[2], (*path, name, 2))


def _find(node: Json, path: Path, parameters: Parameters) -> Iterable[Found]:
    mappings = parameters.constants.get("Mappings")
    return find_secure_references(node, path, parameters.values, mappings if isinstance(mappings, dict) else {})


def _locate(found: Found, counter: Counter, parameters: Parameters) -> list[Path]:
    """The places of the same reference in the counter's properties. If a plug-in made it, the counter's own place."""
    passed_on = {name: value for name, value in counter.properties.items() if name not in _RESOLVED}
    own = _find(passed_on, (*counter.path, "Properties"), parameters)
    return [each.path for each in own if each.reference == found.reference] or [counter.path]


def _say_unresolved(found: Found) -> str:
    service = found.reference.split(":")[1]
    return (
        f"CloudFormation does not resolve {{{{resolve:{service}:…}}}} in a custom resource; give the secret's name or "
        "ARN and read the secret at run time, or use {{resolve:ssm:…}} for other values"
    )
