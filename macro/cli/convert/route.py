"""Describe how a hand-written function gets requests: through a REST API, an HTTP API or a SAM event."""

from collections.abc import Mapping
from typing import NamedTuple

from macro.errors import Path, Problem, describe
from macro.plugin import Json, Values
from macro.template.references import find_references

Resources = Mapping[str, Mapping[str, Json]]
METHOD, INTEGRATION = "AWS::ApiGateway::Method", "AWS::ApiGatewayV2::Integration"
# MADE: resource types that a counter creates anew with its API. BESIDE: types that may refer to an API and stay.
MADE = {
    "AWS::ApiGateway::": ("Resource", "Method", "Deployment", "Stage", "RequestValidator"),
    "AWS::ApiGatewayV2::": ("Integration", "Route", "Stage", "Deployment"),
}
BESIDE = ("BasePathMapping", "BasePathMappingV2", "UsagePlan", "UsagePlanKey", "ApiKey", "ApiMapping", "DomainName")


class Route(NamedTuple):
    """A path and a method that call the function, and the settings of their API.

    ``api`` is the API's logical ID. ``stage`` is the old stage's name. ``parts`` are the logical IDs of the API and of
    the resources that are removed with the API; ``stages`` are the stages among these. ``options`` is the counter's
    ``Api`` property. ``path`` is the place in the template that declares the route.
    """

    gateway: str
    url_path: str
    method: str
    integration: str
    api: str
    stage: Json
    parts: tuple[str, ...]
    options: Values
    path: Path
    stages: tuple[str, ...] = ()


def check_neighbours(api: str, own: tuple[str, ...], resources: Resources, problems: list[Problem]) -> tuple[str, ...]:
    """The logical IDs of the API and of the resources that are removed with the API.

    Adds a problem for each method, route or integration outside ``own``, and for each resource of the API that a
    counter doesn't create.
    """
    parts = [api]
    for name, each in resources.items():
        family = next((family for family in MADE if each["Type"].startswith(family)), None)
        if not family or name == api or not find_references(each["Properties"], [api]):
            continue
        kind = each["Type"].removeprefix(family)
        if kind in ("Method", "Route", "Integration") and name not in own:
            text = f"stands in the same API as {own[0]}; a counter's API is its own: give the two an API each"
            problems.append(Problem(("Resources", name), text))
        elif kind in MADE[family]:
            parts.append(name)
        elif kind not in BESIDE:
            text = f"is part of the API, which a counter makes anew and without it; remove it, or keep {api} by hand"
            problems.append(Problem(("Resources", name), text))
    return tuple(parts)


def check_path(path: str, place: Path, problems: list[Problem]) -> None:
    """Add a problem if a counter can't have the URL path."""
    import re

    from macro.counter.validate import load_schema

    if not re.search(load_schema()["properties"]["Path"]["pattern"], path):
        got = describe("/" + path)
        text = f"is the path {got}; a counter's has one parameter, and it is {{name}}, such as '/{{name}}'"
        problems.append(Problem(place, text))


def refuse_others(properties: Values, known: tuple[str, ...], place: Path, problems: list[Problem]) -> None:
    """Add a problem for each property that isn't in ``known``, because a counter has no place for the property."""
    for name in properties:
        if name not in known:
            text = "a counter's API has no place for that; remove it first, and see that the API does without"
            problems.append(Problem((*place, name), text, at_key=True))
