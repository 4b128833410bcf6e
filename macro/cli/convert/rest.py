"""Translate a REST API's method, which calls the function, into a counter's gateway."""

from macro.cli.convert.route import (
    Route,
    check_access,
    check_names,
    check_path,
    find_ref,
    list_api_parts,
    read_stage,
)
from macro.cli.convert.sam import Resources
from macro.errors import Problems
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


def read_method(caller: str, resources: Resources, problems: Problems) -> Route | None:
    """The route of a method; ``None`` if the method's API isn't in the template.

    Adds a problem for each setting that a counter's gateway can't have.
    """
    here = problems.at("Resources", caller, "Properties")
    properties = resources[caller]["Properties"]
    api = find_ref(properties.get("RestApiId"), _API, resources)
    if api is None:
        text = "must be !Ref of a REST API in this template; for an API of another template, see Api in the README"
        here.at("RestApiId").add(text)
        return None
    check_names(properties, _METHOD, here)
    check_access(properties, here)
    _check_parameters(properties, here.at("RequestParameters"))
    integration = _read_integration(properties, here.at("Integration"))
    url_path = _find_path(properties.get("ResourceId"), resources)
    check_path(url_path, here.at("ResourceId"))
    parts = list_api_parts(api, (caller,), resources, problems)
    stages = tuple(part for part in parts if resources[part]["Type"] == _STAGE)
    options = {**_read_api(api, parts, resources, problems), **read_stage(api, stages, resources, problems)}
    stage, method = _find_stage_name(parts, resources), str(properties.get("HttpMethod"))
    path = here.at("HttpMethod").path
    return Route("rest", url_path, method, integration, api, stage, parts, options, path, stages)


def _find_path(value: Json, resources: Resources) -> str:
    """The path, such as ``"hits/{name}"``, of a reference to a REST API's resource.

    A reference that can't be followed gives a path that :func:`check_path` refuses.
    """
    parts: list[str] = []
    name = find_ref(value, _PART, resources)
    while name and len(parts) < len(resources):
        parts.insert(0, str(resources[name]["Properties"].get("PathPart")))
        name = find_ref(resources[name]["Properties"].get("ParentId"), _PART, resources)
    return "/".join(parts)


def _check_parameters(properties: Values, problems: Problems) -> None:
    parameters = properties.get("RequestParameters")
    for name in parameters if isinstance(parameters, dict) else ():
        if name != _NAME:
            problems.at(name).add(f"must be removed; a counter's method has only the parameter {_NAME}", at_key=True)


def _read_integration(properties: Values, problems: Problems) -> str:
    integration = properties["Integration"]
    check_names(integration, _INTEGRATION, problems)
    if integration.get("Type") == "AWS_PROXY":
        return "proxy"
    counters: dict[str, Json] = {"HttpMethod": properties.get("HttpMethod"), "Integration": {}}
    map_method(counters)
    is_same = all(integration.get(name) == counters["Integration"][name] for name in _MAPPING)
    is_same = is_same and properties.get("MethodResponses") == counters["MethodResponses"]
    if integration.get("Type") != "AWS" or not is_same:
        problems.add("must be AWS_PROXY, or have the mapping templates of macro/plugins/gateways/mapping.py")
    return "mapped"


def _read_api(api: str, parts: tuple[str, ...], resources: Resources, problems: Problems) -> Values:
    options = dict(resources[api]["Properties"])
    if "Body" in options or "BodyS3Location" in options:
        text = (
            "must have no OpenAPI document, because a counter's API has none; first move the counter's path out of it"
        )
        problems.at("Resources", api).add(text)
    if options.get("EndpointConfiguration") == {"Types": ["REGIONAL"]}:
        del options["EndpointConfiguration"]
    for part in parts:
        if "StageDescription" in resources[part]["Properties"]:
            text = "must be a separate resource of the type AWS::ApiGateway::Stage"
            problems.at("Resources", part, "Properties", "StageDescription").add(text, at_key=True)
    return options


def _find_stage_name(parts: tuple[str, ...], resources: Resources) -> Json:
    names = [resources[part]["Properties"].get("StageName") for part in parts]
    return next((name for name in names if name is not None), None)
