"""IAM's decision on a request in one account (AWS: "Policy evaluation logic")."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

ALLOWED, NOT_ALLOWED, DENIED = "allowed", "not allowed", "denied"


class Principal(NamedTuple):
    """The caller: its policies and its permissions boundary, if any; or the name of a service."""

    policies: Sequence[Mapping] = ()
    boundary: Mapping | None = None
    service: str = ""


def decide(principal, action, resource, context, resource_policies=()):
    """``DENIED``: a statement denies; ``ALLOWED``; ``NOT_ALLOWED``: no statement allows. ``context`` keys have any case."""
    request = action, resource, {key.lower(): value for key, value in context.items()}
    bounds = [principal.boundary] if principal.boundary else []
    of_resource = [_part_for(principal, each) for each in resource_policies]
    if any(_has_effect("Deny", each, request) for each in [*principal.policies, *bounds, *of_resource]):
        return DENIED
    is_given = any(_has_effect("Allow", each, request) for each in principal.policies)
    is_within = all(_has_effect("Allow", each, request) for each in bounds)
    is_granted = any(_has_effect("Allow", each, request) for each in of_resource)
    return ALLOWED if (is_given and is_within) or is_granted else NOT_ALLOWED


def _part_for(principal, policy):
    whom = ("*", {"Service": principal.service})
    return {"Statement": [each for each in _as_list(policy["Statement"]) if each["Principal"] in whom]}


def _has_effect(effect, policy, request):
    statements = _as_list(policy["Statement"])
    return any(each["Effect"] == effect and _applies(each, request) for each in statements)


def _applies(statement, request):
    action, resource, context = request
    # "Action" is case-insensitive, "Resource" is not (IAM JSON policy elements reference).
    return (
        _selects(statement, "Action", action, re.IGNORECASE)
        and _selects(statement, "Resource", resource)
        and all(_holds(operator, keys, context) for operator, keys in statement.get("Condition", {}).items())
    )


def _selects(statement, element, value, flags=0):
    if f"Not{element}" in statement:
        return not any(_is_like(value, pattern, flags) for pattern in _as_list(statement[f"Not{element}"]))
    return any(_is_like(value, pattern, flags) for pattern in _as_list(statement[element]))


def _holds(operator, keys, context):
    name, is_lax, _ = operator.partition("IfExists")
    return all(_compare(name, context.get(key.lower()), _as_list(wanted), is_lax) for key, wanted in keys.items())


def _compare(operator, value, wanted, is_lax):
    if operator == "Null":
        return (value is None) == (str(wanted[0]).lower() == "true")
    is_negated = "Not" in operator
    if value is None:
        # A missing key matches only negated operators and operators with IfExists.
        return is_negated or bool(is_lax)
    return any(_OPERATORS[operator.replace("Not", "")](value, each) for each in wanted) != is_negated


def _is_like(value, pattern, flags=0):
    expression = "".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in pattern)
    return re.fullmatch(expression, value, flags | re.DOTALL) is not None


def _is_arn_like(value, pattern):
    parts, patterns = value.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(patterns) and all(map(_is_like, parts, patterns))


def _as_list(value):
    return value if isinstance(value, list | tuple) else [value]


_OPERATORS = {
    "StringEquals": lambda value, wanted: value == wanted,
    "StringLike": _is_like,
    "ArnEquals": _is_arn_like,
    "ArnLike": _is_arn_like,
    "Bool": lambda value, wanted: str(value).lower() == str(wanted).lower(),
}
