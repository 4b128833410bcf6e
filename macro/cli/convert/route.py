"""Describe how a hand-written function gets requests: through a REST API, an HTTP API or a SAM event."""

import re
from typing import NamedTuple

from macro.cli.convert.sam import Resources
from macro.counter.validate import load_schema
from macro.errors import Path, Problems, describe
from macro.plugin import Json, Values
from macro.template.references import find_references

METHOD, INTEGRATION = "AWS::ApiGateway::Method", "AWS::ApiGatewayV2::Integration"
# The resource types that a counter creates again with its API.
_CREATED = {
    "AWS::ApiGateway::": ("Resource", "Method", "Deployment", "Stage", "RequestValidator"),
    "AWS::ApiGatewayV2::": ("Integration", "Route", "Stage", "Deployment"),
}
# The resource types that refer to an API and stay in the template.
_KEPT = ("BasePathMapping", "BasePathMappingV2", "UsagePlan", "UsagePlanKey", "ApiKey", "ApiMapping", "DomainName")
# A stage's properties that a counter sets itself.
_STAGE = ("RestApiId", "ApiId", "StageName", "AutoDeploy", "DeploymentId")


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


def find_ref(value: Json, kind: str, resources: Resources) -> str | None:
    """The logical ID that a ``Ref`` names, if the template has a resource of type ``kind`` with this ID."""
    name = str(value.get("Ref")) if isinstance(value, dict) else ""
    return name if name in resources and resources[name]["Type"] == kind else None


def list_api_parts(api: str, own: tuple[str, ...], resources: Resources, problems: Problems) -> tuple[str, ...]:
    """The logical IDs of the API and of the resources that are removed with the API.

    Adds a problem for each method, route or integration outside ``own``, and for each resource of the API that a
    counter doesn't create.
    """
    parts = [api]
    for name, each in resources.items():
        family = next((family for family in _CREATED if each["Type"].startswith(family)), None)
        if not family or name == api or not find_references(each["Properties"], [api]):
            continue
        kind, here = each["Type"].removeprefix(family), problems.at("Resources", name)
        if kind in ("Method", "Route", "Integration") and name not in own:
            here.add(f"is in the same API as {own[0]}; a counter has its own API: give each of the two its own API")
        elif kind in _CREATED[family]:
            parts.append(name)
        elif kind not in _KEPT:
            here.add(f"belongs to {api}, but a counter's API has no such resource; remove it, or don't convert {api}")
    return tuple(parts)


def read_stage(api: str, stages: tuple[str, ...], resources: Resources, problems: Problems) -> Values:
    """The settings of the API's stage as ``Stage``; empty without a setting. Adds a problem for each further stage."""
    for further in stages[1:]:
        text = f"is a second stage of {api}; each stage of a counter has its own table: remove it, and see Stages"
        problems.at("Resources", further).add(f"{text} in the README")
    properties = resources[stages[0]]["Properties"] if stages else {}
    settings = {name: value for name, value in properties.items() if name not in _STAGE}
    return {"Stage": settings} if settings else {}


def check_path(url_path: str, problems: Problems) -> None:
    """Add a problem if a counter can't have the URL path."""
    if not re.search(load_schema()["properties"]["Path"]["pattern"], url_path):
        got = describe("/" + url_path)
        problems.add(f"must lead to a path with the single parameter {{name}}, such as '/{{name}}', got {got}")


def check_access(properties: Values, problems: Problems) -> None:
    """Add a problem if the method or route has an authorizer or requires an API key."""
    rule = "a counter's URL is public; keep a route with access control outside of the counter"
    if properties.get("AuthorizationType", "NONE") != "NONE":
        problems.at("AuthorizationType").add(f"must be NONE: {rule}")
    if properties.get("ApiKeyRequired") in (True, "true"):
        problems.at("ApiKeyRequired").add(f"must be false: {rule}")


def check_payload(version: Json, problems: Problems) -> None:
    """Add a problem if the function gets events in another format than from a counter's HTTP API."""
    if str(version) != "2.0":
        problems.at("PayloadFormatVersion").add("must be 2.0, the format of the events from a counter's HTTP API")


def check_names(properties: Values, known: tuple[str, ...], problems: Problems) -> None:
    """Add a problem for each property that isn't in ``known``, because a counter's API doesn't support the property."""
    for name in properties:
        if name not in known:
            text = "isn't supported by a counter's API; first remove it, and check that the API works without it"
            problems.at(name).add(text, at_key=True)
