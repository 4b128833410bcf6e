"""Translate an HTTP API's integration, which calls the function, into a counter's gateway."""

from macro.cli.convert.route import Resources, Route, check_neighbours, check_path, refuse_others
from macro.errors import Path, Problem
from macro.plugin import Values
from macro.template.references import find_references

_API, _ROUTE, _STAGE = (f"AWS::ApiGatewayV2::{name}" for name in ("Api", "Route", "Stage"))
_INTEGRATION = (
    "ApiId", "IntegrationType", "IntegrationUri", "IntegrationMethod", "PayloadFormatVersion", "ConnectionType",
    "Description",
)  # fmt: skip
_KEYS = ("ApiId", "RouteKey", "Target", "AuthorizationType", "OperationName")


def read_integration(caller: str, name: str, resources: Resources, problems: list[Problem]) -> Route | None:
    """The route of an integration; ``None`` if the integration's API or route can't be found in the template.

    Adds to ``problems`` each setting that a counter's gateway can't have.
    """
    place: Path = ("Resources", caller, "Properties")
    properties = resources[caller]["Properties"]
    given = properties.get("ApiId")
    api = str(given.get("Ref")) if isinstance(given, dict) else ""
    if api not in resources or resources[api]["Properties"].get("ProtocolType") != "HTTP":
        text = "must be !Ref to an HTTP API of this template; one from outside stays where it is: see Api in the README"
        problems.append(Problem((*place, "ApiId"), text))
        return None
    refuse_others(properties, _INTEGRATION, place, problems)
    if str(properties.get("PayloadFormatVersion")) != "2.0":
        text = "must be 2.0, which is what a counter's HTTP API hands to its function"
        problems.append(Problem((*place, "PayloadFormatVersion"), text))
    route = _find_route(caller, resources, problems)
    if route is None:
        return None
    method, url_path = _read_key(route, resources, problems)
    parts = check_neighbours(api, (route, caller), resources, problems)
    stages = [part for part in parts if resources[part]["Type"] == _STAGE]
    options = _read_options(api, stages, resources, problems)
    stage = resources[stages[0]]["Properties"].get("StageName") if stages else None
    key: Path = ("Resources", route, "Properties", "RouteKey")
    return Route("http", url_path, method, "proxy", api, stage, parts, options, key, tuple(stages))


def _read_key(route: str, resources: Resources, problems: list[Problem]) -> tuple[str, str]:
    """The method and the path of a route."""
    place: Path = ("Resources", route, "Properties")
    properties = resources[route]["Properties"]
    method, _, url_path = str(properties.get("RouteKey")).partition(" /")
    check_path(url_path, (*place, "RouteKey"), problems)
    refuse_others(properties, _KEYS, place, problems)
    if properties.get("AuthorizationType", "NONE") != "NONE":
        text = "a counter's URL is open to all; one that asks who you are stays a route of your own"
        problems.append(Problem((*place, "AuthorizationType"), text))
    return method, url_path


def _find_route(caller: str, resources: Resources, problems: list[Problem]) -> str | None:
    routes = [
        name
        for name, each in resources.items()
        if each["Type"] == _ROUTE and find_references(each["Properties"].get("Target"), [caller])
    ]
    if len(routes) == 1:
        return routes[0]
    text = f"has {len(routes) or 'no'} routes; a counter has one path and one method (which may be ANY)"
    problems.append(Problem(("Resources", caller), text))
    return None


def _read_options(api: str, stages: list[str], resources: Resources, problems: list[Problem]) -> Values:
    own = ("ProtocolType", "Target", "RouteKey", "CredentialsArn")
    options = {name: value for name, value in resources[api]["Properties"].items() if name not in own}
    for name in own[1:]:
        if name in resources[api]["Properties"]:
            text = "must be a route and an integration of their own, as a counter has them"
            problems.append(Problem(("Resources", api, "Properties", name), text, at_key=True))
    for further in stages[1:]:
        text = f"is a second stage of {api}; a counter's stages have a table each: see Stages, and remove one here"
        problems.append(Problem(("Resources", further), text))
    for stage in stages[:1]:
        named = ("ApiId", "StageName", "AutoDeploy", "DeploymentId")
        settings = {name: value for name, value in resources[stage]["Properties"].items() if name not in named}
        options |= {"Stage": settings} if settings else {}
    return options
