"""Translate an HTTP API's integration, which calls the function, into a counter's gateway."""

from macro.cli.convert.route import (
    Route,
    check_access,
    check_names,
    check_path,
    check_payload,
    find_ref,
    list_api_parts,
    read_stage,
)
from macro.cli.convert.sam import Resources
from macro.errors import Problems
from macro.plugin import Values
from macro.template.references import find_references

_API, _ROUTE, _STAGE = (f"AWS::ApiGatewayV2::{name}" for name in ("Api", "Route", "Stage"))
_INTEGRATION = (
    "ApiId", "IntegrationType", "IntegrationUri", "IntegrationMethod", "PayloadFormatVersion", "ConnectionType",
    "Description",
)  # fmt: skip
_KEYS = ("ApiId", "RouteKey", "Target", "AuthorizationType", "OperationName")
# An API's properties that make a route and an integration without resources of their own ("quick create").
_QUICK_CREATE = ("Target", "RouteKey", "CredentialsArn")


def read_integration(caller: str, resources: Resources, problems: Problems) -> Route | None:
    """The route of an integration; ``None`` if the integration's API or route can't be found in the template.

    Adds a problem for each setting that a counter's gateway can't have.
    """
    here = problems.at("Resources", caller, "Properties")
    properties = resources[caller]["Properties"]
    api = find_ref(properties.get("ApiId"), _API, resources)
    if api is None or resources[api]["Properties"].get("ProtocolType") != "HTTP":
        text = "must be !Ref of an HTTP API in this template; for an API of another template, see Api in the README"
        here.at("ApiId").add(text)
        return None
    check_names(properties, _INTEGRATION, here)
    check_payload(properties.get("PayloadFormatVersion"), here)
    route = _find_route(caller, resources, problems)
    if route is None:
        return None
    key = problems.at("Resources", route, "Properties")
    method, url_path = _read_route(resources[route]["Properties"], key)
    parts = list_api_parts(api, (route, caller), resources, problems)
    stages = tuple(part for part in parts if resources[part]["Type"] == _STAGE)
    options = {**_read_api(api, resources, problems), **read_stage(api, stages, resources, problems)}
    stage = resources[stages[0]]["Properties"].get("StageName") if stages else None
    return Route("http", url_path, method, "proxy", api, stage, parts, options, key.at("RouteKey").path, stages)


def _read_route(properties: Values, problems: Problems) -> tuple[str, str]:
    """The method and the path of a route."""
    method, _, url_path = str(properties.get("RouteKey")).partition(" /")
    check_path(url_path, problems.at("RouteKey"))
    check_names(properties, _KEYS, problems)
    check_access(properties, problems)
    return method, url_path


def _find_route(caller: str, resources: Resources, problems: Problems) -> str | None:
    routes = [
        name
        for name, each in resources.items()
        if each["Type"] == _ROUTE and find_references(each["Properties"].get("Target"), [caller])
    ]
    if len(routes) == 1:
        return routes[0]
    text = f"must have one route, got {len(routes) or 'none'}; a counter has one path and one method, which can be ANY"
    problems.at("Resources", caller).add(text)
    return None


def _read_api(api: str, resources: Resources, problems: Problems) -> Values:
    properties = resources[api]["Properties"]
    for name in _QUICK_CREATE:
        if name in properties:
            text = "must be separate resources: an AWS::ApiGatewayV2::Route and an AWS::ApiGatewayV2::Integration"
            problems.at("Resources", api, "Properties", name).add(text, at_key=True)
    return {name: value for name, value in properties.items() if name not in ("ProtocolType", *_QUICK_CREATE)}
