"""Verify a conversion: it expands, it keeps the tables, and no logical ID changes its resource type."""

from collections.abc import Iterator, Mapping, Sequence

from macro.cli.convert import sam
from macro.cli.convert.references import Replacement
from macro.cli.convert.sam import Resources
from macro.cli.convert.table import list_losses
from macro.errors import MacroError, Path, Problem, print_path
from macro.expand import expand_counters
from macro.plugin import Template

_APIS = ("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api")


def verify(converted: Template, replacements: Sequence[Replacement], resources: Resources) -> Iterator[Problem]:
    """Expand the converted template, and yield a problem for each part that can't deploy or that a table would lose."""
    by_counter = {replacement.counter: replacement for replacement in replacements}
    try:
        expanded = expand_counters(_replace_local_code(converted, by_counter))
    except MacroError as error:
        yield from (_explain(problem, by_counter) for problem in error.problems)
        return
    for replacement in replacements:
        table = replacement.service.table
        lost = list_losses(table, resources[table], expanded.template)
        yield from (Problem(("Resources", table), f"would lose data: {each}") for each in lost)
    for name in expanded.owners:
        if name in resources:
            text = _check_type(name, resources[name]["Type"], expanded.template["Resources"][name]["Type"])
            yield from [Problem(("Resources", name), text)] if text else []


def find_original_path(path: Path, replacement: Replacement) -> Path:
    """The original template's path for the value at the counter's ``path``."""
    service, name = replacement.service, str(path[3]) if len(path) > 3 else ""
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


def _explain(problem: Problem, by_counter: Mapping[str, Replacement]) -> Problem:
    """A problem of the converted template, at its place in the original template."""
    replacement = by_counter.get(str(problem.path[1])) if len(problem.path) > 1 else None
    place = find_original_path(problem.path, replacement) if replacement else ()
    return Problem(place, f"in the converted template, {print_path(problem.path) or 'a counter'}: {problem.text}")


def _replace_local_code(template: Template, counters: Mapping[str, Replacement]) -> Template:
    """The template as ``deploy`` expands it: an S3 URL replaces each path of local code."""
    resources = dict(template["Resources"])
    for name in counters:
        properties = resources[name].get("Properties", {})
        if isinstance(properties.get("Code"), str) and not properties["Code"].startswith("s3://"):
            resources[name] = {**resources[name], "Properties": {**properties, "Code": "s3://uploaded/code.zip"}}
    return {**template, "Resources": resources}


def _check_type(name: str, old: str, new: str) -> str:
    """Why the resource ``name`` can't change from type ``old`` to type ``new``; empty if it can."""
    remedy = f"first deploy it with another ID: 'hitcounter convert … --rename {name}={name}Before' prints the template"
    if sam.STACK_TYPES.get(old, old) != new:
        return f"would become a {new} with the same ID, but CloudFormation can't change a resource's type; {remedy}"
    if new in _APIS:
        return f"would keep its ID, but API Gateway can't replace its stage and paths in one deployment; {remedy}"
    return ""
