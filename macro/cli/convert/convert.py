"""Convert a hand-written table, role, function and API into a counter that keeps the table.

A part that the counter can't keep prevents the conversion. The conversion drops nothing silently.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from macro.cli.convert import sam
from macro.cli.convert.function import read_function
from macro.cli.convert.proof import find_place, prove
from macro.cli.convert.refs import Heir, rewrite_all, rewrite_sections
from macro.cli.convert.role import read_role
from macro.cli.convert.service import Resources, Service, find_services, list_lacks
from macro.cli.convert.table import name_counter, read_table
from macro.errors import InvalidTemplate, Path, Problem
from macro.plugin import Json, Template
from macro.template.merge import MACRO, TYPE

# Metadata that only SAM's build uses; a counter doesn't need it.
_BUILD = ("BuildMethod", "BuildProperties", "SamResourceId", "DockerTag", "DockerContext", "Dockerfile")


class Converted(NamedTuple):
    """The converted template, the service that each counter replaces, and the original resources as SAM reads them."""

    template: Template
    heirs: Sequence[Heir]
    resources: Resources


def convert(template: Template, wanted: Collection[str] = ()) -> Converted:
    """The template with a counter in place of each service. The input stays unchanged.

    ``wanted`` holds logical IDs of functions. If not empty, only the services of these functions are converted.

    Raises:
        InvalidTemplate: the template can't be converted. The error lists every reason.
    """
    if not isinstance(template.get("Resources"), dict):
        raise InvalidTemplate([Problem(("Resources",), "must be a map of resources")])
    resources = sam.read_resources(template)
    problems = [Problem((), f"--function {name}: no such function") for name in wanted if name not in resources]
    services = find_services(resources, problems, wanted)
    if not services and not problems:
        problems += list_lacks(resources)
    heirs = _name_heirs(services, resources, problems)
    _check_globals(template, heirs, resources, problems)
    counters = {heir.counter: _make_counter(heir, resources, problems) for heir in heirs}
    if problems:
        raise InvalidTemplate(dict.fromkeys(problems))
    converted = _put_together(template, heirs, counters, problems)
    prove(converted, heirs, resources, problems)
    if problems:
        raise InvalidTemplate(dict.fromkeys(problems))
    return Converted(converted, heirs, resources)


def _name_heirs(services: Sequence[Service], resources: Resources, problems: list[Problem]) -> list[Heir]:
    functions = [service.function for service in services]
    parts = {part for service in services for part in service.parts}
    heirs = []
    for service in services:
        api, path = service.route.api, ("Resources", service.table)
        others = [each for each in services if each is not service and each.route.api == api]
        is_used = api not in resources and sam.is_used_implicit(api, resources, functions)
        counter = name_counter(service.table)
        if counter is None:
            problems.append(Problem(path, _say_rename(service.table)))
        elif counter in resources and counter not in parts:
            text = f"makes this the counter {counter}, but another resource has that id; rename that resource first"
            problems.append(Problem(path, text))
        heirs.append(Heir(service, counter or service.table, not (others or is_used), not is_used))
    return heirs


def _check_globals(template: Template, heirs: Sequence[Heir], resources: Resources, problems: list[Problem]) -> None:
    """Report ``Globals`` settings of an implicit SAM API: only the counter's ``Api`` can hold them."""
    for kind, api in sam.IMPLICIT.items():
        if sam.read_globals(template, kind) and api in {heir.service.route.api for heir in heirs} - set(resources):
            text = "is said of the API that SAM makes, and a counter has its own; remove it here, and add it to Api"
            problems.append(Problem(("Globals", kind), text))


def _say_rename(table: str) -> str:
    right = "HitsTable" if table == "Table" else f"{table}Table"
    return (
        "must have an id that ends in Table, as a counter's table is <Counter>Table; give it one without moving an "
        f"item: '--rename {table}={right}' prints the template and the commands for it"
    )


def _make_counter(heir: Heir, resources: Resources, problems: list[Problem]) -> Json:
    service, route = heir.service, heir.service.route
    function = read_function(service.function, service.table, resources[service.function], problems)
    further = function.pop("Function", None)
    properties = {
        **function,
        "Gateway": route.gateway if route.gateway != "rest" else None,
        "Integration": "proxy" if (route.gateway, route.integration) == ("rest", "proxy") else None,
        "Path": route.url_path if route.url_path != "{name}" else None,
        "Method": route.method if route.method != "GET" else None,
        "Function": further,
        "Table": read_table(service.table, resources[service.table], problems),
        "Role": read_role(service, resources, problems),
        "Api": route.options,
    }
    attributes = _read_attributes(heir, resources, problems)
    kept = {name: value for name, value in properties.items() if value not in (None, {})}
    return {"Type": TYPE, **attributes, **({"Properties": kept} if kept else {})}


def _read_attributes(heir: Heir, resources: Resources, problems: list[Problem]) -> dict[str, Json]:
    """The counter's ``Condition``, ``DependsOn`` and ``Metadata``, read from the replaced resources."""
    service = heir.service
    condition = resources[service.table].get("Condition")
    depends: list[str] = []
    metadata: dict[str, Json] = {}
    for part in service.parts:
        own = resources[part]
        if own.get("Condition") != condition and part not in service.logs:
            right = condition or "none"
            text = f"must have the Condition of {service.table}, {right}; a counter's parts come and go together"
            problems.append(Problem(("Resources", part, "Condition"), text))
        depends += [each for each in sam.read_list(own.get("DependsOn")) if each not in service.parts]
        if part in (service.table, service.function):
            metadata |= {name: value for name, value in sam.read_map(own.get("Metadata")).items() if name not in _BUILD}
    return {
        **({"Condition": condition} if condition else {}),
        **({"DependsOn": list(dict.fromkeys(map(str, depends)))} if depends else {}),
        **({"Metadata": metadata} if metadata else {}),
    }


def _put_together(
    template: Template, heirs: Sequence[Heir], counters: Mapping[str, Json], problems: list[Problem]
) -> Template:
    homes = {heir.service.table: heir for heir in heirs}
    gone = {part for heir in heirs for part in heir.service.parts}
    resources: dict[str, Json] = {}
    for name, resource in template["Resources"].items():
        if name in homes:
            heir = homes[name]
            found: list[Problem] = []
            path: Path = ("Resources", heir.counter, "Properties")
            counter = dict(counters[heir.counter])
            counter["Properties"] = rewrite_all(counter.get("Properties", {}), heirs, path, found)
            resources[heir.counter] = counter if counter["Properties"] else {"Type": TYPE}
            problems.extend(each._replace(path=find_place(each.path, heir)) for each in found)
        elif name not in gone:
            resources[name] = rewrite_all(resource, heirs, ("Resources", name), problems)
    result = {**rewrite_sections(template, heirs, problems), "Resources": resources}
    return _exchange_transform(result)


def _exchange_transform(template: Template) -> Template:
    listed = template.get("Transform", [])
    transforms = listed if isinstance(listed, list) else [listed]
    kinds = [each.get("Type") for each in template["Resources"].values() if isinstance(each, dict)]
    result = dict(template)
    if MACRO not in transforms:
        place = transforms.index(sam.TRANSFORM) if sam.TRANSFORM in transforms else len(transforms)
        transforms = [*transforms[:place], MACRO, *transforms[place:]]
    if not any(str(kind).startswith(sam.PREFIX) for kind in kinds):
        transforms = [each for each in transforms if each != sam.TRANSFORM]
        result.pop("Globals", None)
    result["Transform"] = transforms[0] if len(transforms) == 1 else transforms
    return result
