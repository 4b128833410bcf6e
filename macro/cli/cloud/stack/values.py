"""Find the values of a template's parameters, resolved as the macro gets them."""

from collections.abc import Iterator, Mapping
from typing import Any

from macro.cli.cloud.stack.account import Account
from macro.cli.cloud.stack.stack import REVIEW, Stack
from macro.cli.preview.parameters import get_declared
from macro.counter.literals import is_no_echo
from macro.plugin import Json, Template

_KEPT = "AWS::SSM::Parameter::Value<"
_LISTS = (f"{_KEPT}List<", f"{_KEPT}CommaDelimitedList")
# GetParameters accepts at most this many names.
_AT_ONCE = 10


def read_values(template: Template, given: Mapping[str, Json], stack: Stack | None) -> dict[str, Json]:
    """Each parameter's value: from the command line, otherwise from the stack, otherwise the default."""
    declared = get_declared(template)
    before = values_before(stack)
    defaults = {name: parameter["Default"] for name, parameter in declared.items() if "Default" in parameter}
    return {**defaults, **{name: before[name] for name in declared if name in before}, **given}


def find_unused_defaults(template: Template, given: Mapping[str, Json], stack: Stack | None) -> Iterator[str]:
    """A sentence for each parameter whose new ``Default`` the deployment doesn't use, because the stack has a value.

    CloudFormation uses a default only for a parameter that the stack doesn't have yet. The value of a ``NoEcho``
    parameter isn't known, so such a parameter is left out.
    """
    before = values_before(stack)
    for name, parameter in get_declared(template).items():
        if name in given or name not in before or "Default" not in parameter or is_no_echo(parameter):
            continue
        default = as_text(parameter["Default"])
        if default != before[name]:
            yield (
                f"parameter {name} keeps the stack's value {before[name]!r}; the template's Default is {default!r} "
                f"(--parameter {name}=VALUE changes the value)"
            )


def as_text(value: Json) -> str:
    """A parameter's value as CloudFormation's API takes it."""
    if isinstance(value, list):
        return ",".join(as_text(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def values_before(stack: Stack | None) -> Mapping[str, str]:
    """The values that CloudFormation would keep. A stack in REVIEW_IN_PROGRESS has none."""
    return stack.parameters if stack and stack.status != REVIEW else {}


def resolve_values(account: Account, template: Template, values: Mapping[str, Json]) -> dict[str, Json]:
    """The values, with values from Systems Manager looked up as CloudFormation does it.

    Looked-up lists are returned as lists. A value that can't be looked up is left out: CloudFormation will report why.
    """
    kept = {name: str(values[name]) for name in names_kept_in_ssm(template) if name in values}
    found = _look_up(account, sorted(set(kept.values())))
    declared = get_declared(template)
    rest = {name: value for name, value in values.items() if name not in kept}
    return {**rest, **{name: _read(found[place], declared[name]) for name, place in kept.items() if place in found}}


def names_kept_in_ssm(template: Template) -> list[str]:
    """The parameters whose value is the name of a parameter in Systems Manager."""
    return [name for name, parameter in get_declared(template).items() if str(parameter.get("Type")).startswith(_KEPT)]


def _read(text: str, parameter: Mapping[str, Any]) -> Json:
    is_list = str(parameter["Type"]).startswith(_LISTS)
    return [item.strip() for item in text.split(",")] if is_list else text


def _look_up(account: Account, names: list[str]) -> dict[str, str]:
    from botocore.exceptions import ClientError

    found: dict[str, str] = {}
    for start in range(0, len(names), _AT_ONCE):
        try:
            answer = account.client("ssm").get_parameters(Names=names[start : start + _AT_ONCE])
        except ClientError:
            continue
        found |= {each["Name"]: each["Value"] for each in answer["Parameters"]}
    return found
