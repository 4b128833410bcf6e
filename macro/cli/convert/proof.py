"""Verify a conversion: it expands, it keeps the tables, and no logical ID changes its resource type."""

from collections.abc import Collection, Sequence

from macro.cli.convert import sam
from macro.cli.convert.refs import Heir
from macro.cli.convert.service import Resources
from macro.cli.convert.table import check_kept
from macro.errors import MacroError, Path, Problem, print_path
from macro.expand import expand_counters
from macro.plugin import Template

_APIS = ("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api")


def prove(converted: Template, heirs: Sequence[Heir], resources: Resources, problems: list[Problem]) -> None:
    """Expand the converted template, and add a problem for each part that can't deploy or that a table would lose.

    Does nothing if ``problems`` already holds a problem.
    """
    if problems:
        return
    by_counter = {heir.counter: heir for heir in heirs}
    try:
        expanded = expand_counters(_stand_in_code(converted, by_counter))
    except MacroError as error:
        for problem in error.problems:
            heir = by_counter.get(str(problem.path[1])) if len(problem.path) > 1 else None
            place = find_place(problem.path, heir) if heir else ()
            problems.append(Problem(place, f"as a counter, {print_path(problem.path[2:]) or 'it'}: {problem.text}"))
        return
    for heir in heirs:
        lost = check_kept(heir.service.table, resources[heir.service.table], expanded.template)
        problems.extend(Problem(("Resources", heir.service.table), f"would be lost: {each}") for each in lost)
    for name in expanded.owners:
        if name in resources:
            _check_type(name, resources, expanded.template["Resources"][name]["Type"], problems)


def find_place(path: Path, heir: Heir) -> Path:
    """The original template's path for the value at the counter's ``path``."""
    service, name = heir.service, str(path[3]) if len(path) > 3 else ""
    function: Path = ("Resources", service.function, "Properties")
    starts: dict[str, Path] = {
        "Env": (*function, "Environment", "Variables"),
        "Function": function,
        "Role": ("Resources", service.role or service.function, "Properties"),
        "Table": ("Resources", service.table, "Properties"),
        "Api": ("Resources", service.route.api, "Properties"),
        **dict.fromkeys(("Gateway", "Integration", "Path", "Method"), service.route.path),
    }
    if name in ("Code", "Handler", "Runtime"):
        return (*function, name)
    return (*starts[name], *path[4:]) if name in starts else ("Resources", service.function)


def _stand_in_code(template: Template, counters: Collection[str]) -> Template:
    """The template as ``deploy`` expands it: an S3 URL replaces each path of local code."""
    resources = dict(template["Resources"])
    for name in counters:
        properties = resources[name].get("Properties", {})
        if isinstance(properties.get("Code"), str) and not properties["Code"].startswith("s3://"):
            resources[name] = {**resources[name], "Properties": {**properties, "Code": "s3://uploaded/code.zip"}}
    return {**template, "Resources": resources}


def _check_type(name: str, resources: Resources, kind: str, problems: list[Problem]) -> None:
    old = str(resources[name]["Type"])
    first = f"deploy it under another id first, as 'hitcounter convert … --rename {name}={name}Before' prints it"
    if sam.BECOMES.get(old, old) != kind:
        text = f"becomes a {kind} under the same id, and CloudFormation changes no resource's type; {first}"
        problems.append(Problem(("Resources", name), text))
    elif kind in _APIS:
        text = f"would keep its id while its stage and paths are exchanged, and API Gateway takes none twice; {first}"
        problems.append(Problem(("Resources", name), text))
