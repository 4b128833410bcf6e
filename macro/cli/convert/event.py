"""Translate a SAM function's ``Api`` or ``HttpApi`` event, and the event's API, into a counter's gateway."""

from macro.cli.convert import sam
from macro.cli.convert.route import Resources, Route, check_neighbours, check_path, refuse_others
from macro.errors import Path, Problem, describe
from macro.plugin import Json, Values

_GATEWAYS = {"Api": "rest", "HttpApi": "http"}
_NAMES = {"Api": "RestApiId", "HttpApi": "ApiId"}
_FORMATS = {"Api": (), "HttpApi": ("PayloadFormatVersion",)}
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


def read_event(name: str, event: str, resources: Resources, problems: list[Problem]) -> Route | None:
    """The route that an event declares; ``None`` if the event's path or method is missing.

    Adds to ``problems`` each setting that a counter's gateway can't have.
    """
    place: Path = ("Resources", name, "Properties", "Events", event)
    told = resources[name]["Properties"]["Events"][event]
    kind, properties = told["Type"], sam.read_map(told.get("Properties"))
    url_path, method = properties.get("Path"), properties.get("Method")
    if not (isinstance(url_path, str) and isinstance(method, str)):
        problems.append(Problem(place, "needs a Path and a Method as texts; a counter has one of each"))
        return None
    refuse_others(properties, ("Path", "Method", _NAMES[kind], *_FORMATS[kind]), (*place, "Properties"), problems)
    if str(properties.get("PayloadFormatVersion", "2.0")) != "2.0":
        text = "must be 2.0, which is what a counter's HTTP API hands to its function"
        problems.append(Problem((*place, "Properties", "PayloadFormatVersion"), text))
    check_path(url_path.lstrip("/"), (*place, "Properties", "Path"), problems)
    api = _find_api(kind, properties.get(_NAMES[kind]), (*place, "Properties", _NAMES[kind]), problems)
    stage: Json = _STAGES[kind]
    options: Values = {}
    parts: tuple[str, ...] = ()
    if api in resources:
        stage = resources[api]["Properties"].get("StageName", _STAGES[kind])
        options = _read_api(kind, api, resources[api]["Properties"], problems)
        parts = check_neighbours(api, (name,), resources, problems)
        _check_users(api, name, resources, problems)
    method = "ANY" if method == "*" else method.upper()
    return Route(_GATEWAYS[kind], url_path.lstrip("/"), method, "proxy", api, stage, parts, options, place)


def _find_api(kind: str, given: Json, place: Path, problems: list[Problem]) -> str:
    if given is None:
        return sam.IMPLICIT[kind]
    if isinstance(given, dict) and isinstance(given.get("Ref"), str):
        return str(given["Ref"])
    problems.append(Problem(place, f"must be !Ref to an API of this template, got {describe(given)}"))
    return sam.IMPLICIT[kind]


def _check_users(api: str, own: str, resources: Resources, problems: list[Problem]) -> None:
    for name, each in resources.items():
        events = each["Properties"].get("Events")
        for event in events.values() if isinstance(events, dict) and name != own else ():
            properties = event.get("Properties") if isinstance(event, dict) else None
            if isinstance(properties, dict) and {"Ref": api} in (properties.get("RestApiId"), properties.get("ApiId")):
                text = f"is shared by {own} and {name}; a counter's API is its own: give the two an API each"
                problems.append(Problem(("Resources", api), text))


def _read_api(kind: str, api: str, properties: Values, problems: list[Problem]) -> Values:
    place: Path = ("Resources", api, "Properties")
    known = (*_API[kind], *_STAGE[kind], "StageName", "EndpointConfiguration", "Tags", "PropagateTags")
    refuse_others(properties, known, place, problems)
    options = {name: properties[name] for name in _API[kind] if name in properties}
    if "CorsConfiguration" in options and not isinstance(options["CorsConfiguration"], dict):
        text = "must be a map of what is allowed, as a counter's Api takes it"
        problems.append(Problem((*place, "CorsConfiguration"), text))
    stage = {name: properties[name] for name in _STAGE[kind] if name in properties}
    endpoint = properties.get("EndpointConfiguration")
    if endpoint is not None:
        types = endpoint.get("Type") if isinstance(endpoint, dict) else endpoint
        if types != "REGIONAL":
            options["EndpointConfiguration"] = {"Types": [types]}
    if isinstance(properties.get("Tags"), dict):
        tags = properties["Tags"]
        options["Tags"] = tags if kind == "HttpApi" else [{"Key": key, "Value": value} for key, value in tags.items()]
    return {**options, **({"Stage": stage} if stage else {})}
