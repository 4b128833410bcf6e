"""Translate a SAM function's ``Api`` or ``HttpApi`` event, and the event's API, into a counter's gateway."""

from macro.cli.convert import sam
from macro.cli.convert.route import Route, check_names, check_path, check_payload, list_api_parts
from macro.cli.convert.sam import Resources
from macro.errors import Problems, describe
from macro.plugin import Json, Values

_GATEWAYS = {"Api": "rest", "HttpApi": "http"}
# The event's property that names the API.
_API_ID = {"Api": "RestApiId", "HttpApi": "ApiId"}
_EVENT = {"Api": ("Path", "Method", "RestApiId"), "HttpApi": ("Path", "Method", "ApiId", "PayloadFormatVersion")}
_STAGES = {"Api": "Prod", "HttpApi": "$default"}
# Properties of SAM's APIs: _API goes unchanged into the counter's Api, _STAGE into the Stage of that Api.
_API = {
    "Api": ("Name", "Description", "BinaryMediaTypes", "MinimumCompressionSize", "DisableExecuteApiEndpoint"),
    "HttpApi": ("Name", "Description", "DisableExecuteApiEndpoint", "CorsConfiguration"),
}
_STAGE = {
    "Api": ("TracingEnabled", "MethodSettings", "AccessLogSetting", "Variables"),
    "HttpApi": ("AccessLogSettings", "DefaultRouteSettings", "StageVariables"),
}


def read_event(function: str, event: str, resources: Resources, problems: Problems) -> Route | None:
    """The route that an event declares; ``None`` if the event's path or method is missing.

    Adds a problem for each setting that a counter's gateway can't have.
    """
    here = problems.at("Resources", function, "Properties", "Events", event)
    declared = resources[function]["Properties"]["Events"][event]
    kind, properties = declared["Type"], sam.as_map(declared.get("Properties"))
    url_path, method = properties.get("Path"), properties.get("Method")
    if not (isinstance(url_path, str) and isinstance(method, str)):
        here.add("must have a Path and a Method, both as text")
        return None
    url_path, method = url_path.lstrip("/"), "ANY" if method == "*" else method.upper()
    check_names(properties, _EVENT[kind], here.at("Properties"))
    check_payload(properties.get("PayloadFormatVersion", "2.0"), here.at("Properties"))
    check_path(url_path, here.at("Properties", "Path"))
    api = _find_api(kind, properties.get(_API_ID[kind]), here.at("Properties", _API_ID[kind]))
    route = Route(_GATEWAYS[kind], url_path, method, "proxy", api, _STAGES[kind], (), {}, here.path)
    if api not in resources:
        return route
    _check_users(api, function, resources, problems)
    options = _read_api(kind, resources[api]["Properties"], problems.at("Resources", api, "Properties"))
    stage = resources[api]["Properties"].get("StageName", route.stage)
    return route._replace(stage=stage, options=options, parts=list_api_parts(api, (function,), resources, problems))


def _find_api(kind: str, given: Json, problems: Problems) -> str:
    if isinstance(given, dict) and isinstance(given.get("Ref"), str):
        return str(given["Ref"])
    if given is not None:
        problems.add(f"must be !Ref of an API in this template, got {describe(given)}")
    return sam.IMPLICIT_APIS[kind]


def _check_users(api: str, own: str, resources: Resources, problems: Problems) -> None:
    for name, each in resources.items():
        events = sam.as_map(each["Properties"].get("Events")) if name != own else {}
        for event in events.values():
            properties = sam.as_map(sam.as_map(event).get("Properties"))
            if {"Ref": api} in (properties.get("RestApiId"), properties.get("ApiId")):
                text = f"is shared by {own} and {name}; a counter has its own API: give each of the two its own API"
                problems.at("Resources", api).add(text)


def _read_api(kind: str, properties: Values, problems: Problems) -> Values:
    known = (*_API[kind], *_STAGE[kind], "StageName", "EndpointConfiguration", "Tags", "PropagateTags")
    check_names(properties, known, problems)
    options = {name: properties[name] for name in _API[kind] if name in properties}
    if not isinstance(options.get("CorsConfiguration", {}), dict):
        problems.at("CorsConfiguration").add("must be a map, such as {AllowOrigins: ['*']}")
    endpoint = properties.get("EndpointConfiguration")
    types = endpoint.get("Type") if isinstance(endpoint, dict) else endpoint
    if endpoint is not None and types != "REGIONAL":
        options["EndpointConfiguration"] = {"Types": [types]}
    tags = properties.get("Tags")
    if isinstance(tags, dict):
        options["Tags"] = tags if kind == "HttpApi" else [{"Key": key, "Value": value} for key, value in tags.items()]
    stage = {name: properties[name] for name in _STAGE[kind] if name in properties}
    return {**options, **({"Stage": stage} if stage else {})}
