"""Translate a REST API's method, which calls the function, into a counter's gateway."""

from macro.cli.convert.route import Resources, Route, check_neighbours, check_path, refuse_others
from macro.errors import Path, Problem
from macro.plugin import Json, Values
from macro.plugins.gateways.mapping import map_method

_API, _PART, _STAGE = "AWS::ApiGateway::RestApi", "AWS::ApiGateway::Resource", "AWS::ApiGateway::Stage"
_METHOD = (
    "RestApiId", "ResourceId", "HttpMethod", "AuthorizationType", "ApiKeyRequired", "Integration", "OperationName",
    "RequestValidatorId", "RequestParameters", "MethodResponses",
)  # fmt: skip
_MAPPING = ("PassthroughBehavior", "RequestTemplates", "IntegrationResponses")
_INTEGRATION = ("Type", "IntegrationHttpMethod", "Uri", *_MAPPING)
_NAME = "method.request.path.name"


def read_method(caller: str, name: str, resources: Resources, problems: list[Problem]) -> Route | None:
    """The route of a method; ``None`` if the method's API isn't in the template.

    Adds to ``problems`` each setting that a counter's gateway can't have.
    """
    place: Path = ("Resources", caller, "Properties")
    properties = resources[caller]["Properties"]
    api = _name_target(properties.get("RestApiId"), _API, resources)
    if api is None:
        text = "must be !Ref to an API of this template; one from outside stays where it is: see Api in the README"
        problems.append(Problem((*place, "RestApiId"), text))
        return None
    refuse_others(properties, _METHOD, place, problems)
    _check_access(properties, place, problems)
    integration = _read_integration(properties, place, problems)
    url_path = _follow(properties.get("ResourceId"), resources)
    check_path(url_path, (*place, "ResourceId"), problems)
    if "Body" in resources[api]["Properties"] or "BodyS3Location" in resources[api]["Properties"]:
        text = "is described by an OpenAPI document; a counter's is not: take the counter's path out of it first"
        problems.append(Problem(("Resources", api), text))
    parts = check_neighbours(api, (caller,), resources, problems)
    options = _read_options(api, parts, resources, problems)
    stage = _name_stage(parts, resources)
    method = str(properties.get("HttpMethod"))
    stages = tuple(part for part in parts if resources[part]["Type"] == _STAGE)
    return Route("rest", url_path, method, integration, api, stage, parts, options, (*place, "HttpMethod"), stages)


def _name_target(value: Json, kind: str, resources: Resources) -> str | None:
    name = str(value.get("Ref")) if isinstance(value, dict) else ""
    return name if name in resources and resources[name]["Type"] == kind else None


def _follow(value: Json, resources: Resources) -> str:
    """The path, such as ``"hits/{name}"``, of a reference to a REST API's resource.

    A reference that can't be followed gives a path that :func:`check_path` refuses.
    """
    parts: list[str] = []
    name = _name_target(value, _PART, resources)
    while name and len(parts) < len(resources):
        parts.insert(0, str(resources[name]["Properties"].get("PathPart")))
        name = _name_target(resources[name]["Properties"].get("ParentId"), _PART, resources)
    return "/".join(parts)


def _check_access(properties: Values, place: Path, problems: list[Problem]) -> None:
    if properties.get("AuthorizationType", "NONE") != "NONE" or properties.get("ApiKeyRequired") in (True, "true"):
        text = "a counter's URL is open to all; one that asks who you are stays a method of your own"
        problems.append(Problem((*place, "AuthorizationType"), text))
    parameters = properties.get("RequestParameters")
    for name in parameters if isinstance(parameters, dict) else ():
        if name != _NAME:
            text = f"a counter's method has the parameter {_NAME} alone; remove this one"
            problems.append(Problem((*place, "RequestParameters", name), text, at_key=True))


def _read_integration(properties: Values, place: Path, problems: list[Problem]) -> str:
    integration = properties["Integration"]
    refuse_others(integration, _INTEGRATION, (*place, "Integration"), problems)
    if integration.get("Type") == "AWS_PROXY":
        return "proxy"
    ours: dict[str, Json] = {"Integration": {}}
    map_method(ours)
    same = all(integration.get(name) == ours["Integration"][name] for name in _MAPPING)
    if integration.get("Type") != "AWS" or not same or properties.get("MethodResponses") != ours["MethodResponses"]:
        rule = "a counter's maps as in macro/plugins/gateways/mapping.py, or it is AWS_PROXY"
        text = f"maps requests in a way of its own; {rule}"
        problems.append(Problem((*place, "Integration"), text))
    return "mapped"


def _read_options(api: str, parts: tuple[str, ...], resources: Resources, problems: list[Problem]) -> Values:
    options = dict(resources[api]["Properties"])
    if options.get("EndpointConfiguration") == {"Types": ["REGIONAL"]}:
        del options["EndpointConfiguration"]
    stages = [part for part in parts if resources[part]["Type"] == _STAGE]
    for further in stages[1:]:
        text = f"is a second stage of {api}; a counter's stages have a table each: see Stages, and remove one here"
        problems.append(Problem(("Resources", further), text))
    for stage in stages[:1]:
        own = ("RestApiId", "DeploymentId", "StageName")
        settings = {name: value for name, value in resources[stage]["Properties"].items() if name not in own}
        options |= {"Stage": settings} if settings else {}
    for part in parts:
        if "StageDescription" in resources[part]["Properties"]:
            place: Path = ("Resources", part, "Properties", "StageDescription")
            text = "must be the properties of an AWS::ApiGateway::Stage of its own"
            problems.append(Problem(place, text, at_key=True))
    return options


def _name_stage(parts: tuple[str, ...], resources: Resources) -> Json:
    names = [resources[part]["Properties"].get("StageName") for part in parts]
    return next((name for name in names if name is not None), None)
