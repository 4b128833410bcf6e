"""Convert a hand-written table, role, function and API into a counter that keeps the table.

A part that the counter can't keep prevents the conversion. The conversion drops nothing silently.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from macro.cli.convert import sam
from macro.cli.convert.function import read_function
from macro.cli.convert.references import Replacement, rewrite_all, rewrite_sections
from macro.cli.convert.role import read_role
from macro.cli.convert.sam import Resources
from macro.cli.convert.service import Service, check_wanted, find_services, list_missing_parts
from macro.cli.convert.table import name_counter, read_table
from macro.cli.convert.verify import find_original_path, verify
from macro.errors import InvalidTemplate, Problem, Problems
from macro.plugin import Json, Template
from macro.template.counters import TYPE
from macro.template.transform import MACRO

# Metadata that only SAM's build uses; a counter doesn't need it.
_BUILD = ("BuildMethod", "BuildProperties", "SamResourceId", "DockerTag", "DockerContext", "Dockerfile")


class Converted(NamedTuple):
    """The converted template, what each counter replaces, and the original resources as SAM reads them."""

    template: Template
    replacements: Sequence[Replacement]
    resources: Resources


def convert(template: Template, wanted: Collection[str] = ()) -> Converted:
    """The template with a counter in place of each service. The input stays unchanged.

    ``wanted`` holds logical IDs of functions. If not empty, only the services of these functions are converted.

    Raises:
        InvalidTemplate: the template can't be converted. The error lists every reason.
    """
    if not isinstance(template.get("Resources"), dict):
        raise InvalidTemplate([Problem(("Resources",), "must be a map of resources")])
    resources, problems = sam.read_resources(template), Problems()
    problems.extend(check_wanted(wanted, resources))
    services = find_services(resources, problems, wanted)
    if not services and not problems:
        problems.extend(list_missing_parts(resources, wanted))
    replacements = _name_counters(services, resources, problems)
    _check_globals(template, replacements, resources, problems)
    counters = {each.counter: _make_counter(each.service, resources, problems) for each in replacements}
    problems.raise_if_any(InvalidTemplate)
    converted = _assemble(template, replacements, counters, problems)
    problems.raise_if_any(InvalidTemplate)
    problems.extend(verify(converted, replacements, resources))
    problems.raise_if_any(InvalidTemplate)
    return Converted(converted, replacements, resources)


def _name_counters(services: Sequence[Service], resources: Resources, problems: Problems) -> list[Replacement]:
    functions = [service.function for service in services]
    parts = {part for service in services for part in service.parts}
    replacements = []
    for service in services:
        api, here = service.route.api, problems.at("Resources", service.table)
        others = [each for each in services if each is not service and each.route.api == api]
        is_used = api not in resources and sam.is_implicit_api_used(api, resources, functions)
        counter = name_counter(service.table)
        if counter is None:
            here.add(_explain_rename(service.table))
        elif counter in resources and counter not in parts:
            here.add(f"becomes the counter {counter}, but another resource has this ID; first rename that resource")
        replacements.append(Replacement(service, counter or service.table, not (others or is_used), not is_used))
    return replacements


def _explain_rename(table: str) -> str:
    new = "HitsTable" if table == "Table" else f"{table}Table"
    return (
        "must have an ID that ends in Table, because a counter's table is <Counter>Table; "
        f"'--rename {table}={new}' prints the template and the commands that rename the table and keep its items"
    )


def _check_globals(
    template: Template, replacements: Sequence[Replacement], resources: Resources, problems: Problems
) -> None:
    """Report ``Globals`` settings of an implicit SAM API: only the counter's ``Api`` can hold them."""
    apis = {each.service.route.api for each in replacements}
    for kind, api in sam.IMPLICIT_APIS.items():
        if api in apis and api not in resources and sam.read_globals(template, kind):
            text = "applies to the API that SAM creates, which a counter's own API replaces; move the settings to Api"
            problems.at("Globals", kind).add(text)


def _make_counter(service: Service, resources: Resources, problems: Problems) -> Json:
    route, table = service.route, problems.at("Resources", service.table)
    function = problems.at("Resources", service.function, "Properties")
    properties = read_function(resources[service.function], service.table, function)
    own = properties.pop("Function", None)
    properties |= {
        "Gateway": route.gateway if route.gateway != "rest" else None,
        "Integration": "proxy" if (route.gateway, route.integration) == ("rest", "proxy") else None,
        "Path": route.url_path if route.url_path != "{name}" else None,
        "Method": route.method if route.method != "GET" else None,
        "Function": own,
        "Table": read_table(resources[service.table], table),
        "Role": read_role(service, resources, problems),
        "Api": route.options,
    }
    kept = {name: value for name, value in properties.items() if value not in (None, {})}
    return {"Type": TYPE, **_read_attributes(service, resources, problems), **({"Properties": kept} if kept else {})}


def _read_attributes(service: Service, resources: Resources, problems: Problems) -> dict[str, Json]:
    """The counter's ``Condition``, ``DependsOn`` and ``Metadata``, read from the replaced resources."""
    condition = resources[service.table].get("Condition")
    depends_on: list[str] = []
    metadata: dict[str, Json] = {}
    for part in service.parts:
        resource = resources[part]
        if resource.get("Condition") != condition and part not in service.logs:
            text = f"must be the Condition of {service.table} ({condition or 'none'}); a counter's resources share one"
            problems.at("Resources", part, "Condition").add(text)
        depends_on += [str(each) for each in sam.as_list(resource.get("DependsOn")) if each not in service.parts]
        if part in (service.table, service.function):
            given = sam.as_map(resource.get("Metadata"))
            metadata |= {name: value for name, value in given.items() if name not in _BUILD}
    return {
        **({"Condition": condition} if condition else {}),
        **({"DependsOn": list(dict.fromkeys(depends_on))} if depends_on else {}),
        **({"Metadata": metadata} if metadata else {}),
    }


def _assemble(
    template: Template, replacements: Sequence[Replacement], counters: Mapping[str, Json], problems: Problems
) -> Template:
    by_table = {each.service.table: each for each in replacements}
    removed = {part for each in replacements for part in each.service.parts}
    resources: dict[str, Json] = {}
    for name, resource in template["Resources"].items():
        if name in by_table:
            replacement, found = by_table[name], Problems(("Resources", by_table[name].counter, "Properties"))
            counter = counters[replacement.counter]
            properties = rewrite_all(counter.get("Properties", {}), replacements, found)
            resources[replacement.counter] = {**counter, **({"Properties": properties} if properties else {})}
            problems.extend(each._replace(path=find_original_path(each.path, replacement)) for each in found)
        elif name not in removed:
            resources[name] = rewrite_all(resource, replacements, problems.at("Resources", name))
    return _replace_transform({**rewrite_sections(template, replacements, problems), "Resources": resources})


def _replace_transform(template: Template) -> Template:
    """The template with the macro in ``Transform``, and without SAM if no resource needs SAM any more."""
    transforms = sam.as_list(template.get("Transform"))
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
