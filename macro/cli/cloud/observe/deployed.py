"""Find a deployed stack's counters with their tables and log groups, from the templates that CloudFormation keeps."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from macro.cli.cloud.stack.account import Account, Client
from macro.cli.cloud.stack.errors import CloudError
from macro.cli.cloud.stack.stack import REVIEW, read_stack
from macro.cli.text.files import parse_source
from macro.counter.stages import name_part
from macro.errors import suggest
from macro.plugin import Json, Template
from macro.template.counters import TYPE

Names = Mapping[str, str]
_FUNCTION = "Custom::LambdaFunction"
_LOG_GROUP = "AWS::Logs::LogGroup"
# Each counter has exactly one of these resources for all its stages.
_ROUTES = {
    "AWS::ApiGateway::Method": "Method",
    "AWS::ApiGatewayV2::Route": "Route",
    "Custom::APIGatewayResource": "Gateway",
}


class Part(NamedTuple):
    """A counter in one of its stages, with the names of its table and log group.

    ``stage`` is empty if the counter has only one stage. ``table`` and ``log_group`` are empty if the template doesn't
    report them.
    """

    counter: str
    stage: str
    table: str
    shards: int
    log_group: str

    @property
    def label(self) -> str:
        """The part's name in a line of output: ``Visits``, or ``Pages/dev``."""
        return f"{self.counter}/{self.stage}" if self.stage else self.counter


class Deployed(NamedTuple):
    """The parts in the template's order, and the names of the gateways' log groups by their logical IDs."""

    parts: Sequence[Part]
    access_logs: Mapping[str, str]


def read_deployed(account: Account, stack_name: str) -> Deployed:
    """The counters of the stack.

    Raises:
        CloudError: there is no such stack, or the stack has no counters.
    """
    client = account.client("cloudformation")
    stack = read_stack(client, stack_name)
    if stack is None or stack.status == REVIEW:
        raise CloudError(f"there is no stack {stack_name} in {account.name()}")
    names = _read_names(client, stack.id)
    plain = _get_resources(_read_template(client, stack.id, "Processed"))
    compact = _get_resources(_read_template(client, stack.id, "Original"))
    counters = [name for name, each in compact.items() if each.get("Type") == TYPE] or _guess_counters(plain)
    parts = [
        _read_part(name.removesuffix("Function"), each.get("Properties", {}), (counters, _find_stages(plain)), names)
        for name, each in plain.items()
        if each.get("Type") == _FUNCTION and name in names
    ]
    if not parts:
        raise CloudError(f"the stack {stack_name} has no counters")
    logs = [name for name, each in plain.items() if each.get("Type") == _LOG_GROUP and name.endswith("AccessLog")]
    return Deployed(parts, {name: names[name] for name in logs if name in names})


def choose_parts(deployed: Deployed, stack_name: str, counter: str | None, stage: str | None) -> list[Part]:
    """The parts of that counter and that stage. ``None`` selects all counters or all stages.

    Raises:
        CloudError: there is no such counter or stage. The text lists the existing ones.
    """
    parts = list(deployed.parts)
    if counter is not None:
        known = list(dict.fromkeys(part.counter for part in parts))
        parts = [part for part in parts if part.counter == counter]
        if not parts:
            hint = suggest(counter, known)
            raise CloudError(f"the stack {stack_name} has no counter {counter!r}; it has {', '.join(known)}{hint}")
    if stage is not None:
        stages = list(dict.fromkeys(part.stage for part in parts if part.stage))
        parts = [part for part in parts if part.stage == stage]
        if not parts:
            listed = ", ".join(stages) or "no stages"
            raise CloudError(f"the stack {stack_name} has no stage {stage!r}; it has {listed}{suggest(stage, stages)}")
    return parts


def _read_names(client: Client, stack_id: str) -> dict[str, str]:
    """Physical IDs by logical IDs, without deleted resources."""
    pages = client.get_paginator("list_stack_resources").paginate(StackName=stack_id)
    return {
        each["LogicalResourceId"]: each["PhysicalResourceId"]
        for page in pages
        for each in page["StackResourceSummaries"]
        if each.get("PhysicalResourceId") and each["ResourceStatus"] != "DELETE_COMPLETE"
    }


def _read_template(client: Client, stack_id: str, form: str) -> Template:
    body = client.get_template(StackName=stack_id, TemplateStage=form)["TemplateBody"]
    return parse_source("the deployed template", body).template if isinstance(body, str) else dict(body)


def _get_resources(template: Template) -> dict[str, Json]:
    resources = template.get("Resources")
    return {name: each for name, each in (resources or {}).items() if isinstance(each, dict)}


def _guess_counters(plain: Mapping[str, Json]) -> list[str]:
    """The counters of a template that was expanded before it was deployed."""
    return [
        name.removesuffix(_ROUTES[each["Type"]])
        for name, each in plain.items()
        if each.get("Type") in _ROUTES and name.endswith(_ROUTES[each["Type"]])
    ]


def _find_stages(plain: Mapping[str, Json]) -> dict[str, str]:
    """Stage names by their form in logical IDs."""
    given = [each.get("Properties", {}) for each in plain.values()]
    names = [properties.get("StageName") for properties in given]
    maps = [properties.get("Stages") for properties in given]
    names += [name for stages in maps if isinstance(stages, dict) for name in stages]
    return {name_part(name): name for name in names if isinstance(name, str)}


def _read_part(prefix: str, properties: Mapping[str, Json], known: tuple[Collection[str], Names], names: Names) -> Part:
    counters, stages = known
    counter = max((name for name in counters if prefix.startswith(name)), key=len, default=prefix)
    rest = prefix.removeprefix(counter)
    env = properties.get("Env", {})
    log_group = _resolve(properties.get("LoggingConfig", {}).get("LogGroup"), names)
    return Part(counter, stages.get(rest, rest), _resolve(env.get("table"), names), _count_shards(env), log_group)


def _count_shards(env: Mapping[str, Json]) -> int:
    shards = str(env.get("shards", 1))
    return int(shards) if shards.isdecimal() else 1


def _resolve(value: Json, names: Mapping[str, str]) -> str:
    if isinstance(value, dict):
        return names.get(str(value.get("Ref")), "")
    return value if isinstance(value, str) else ""
