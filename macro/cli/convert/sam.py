"""Read a template's resources as SAM does, with the settings in ``Globals`` merged into each resource."""

from collections.abc import Mapping, Sequence

from macro.plugin import Json, Template, Values

Resources = Mapping[str, Mapping[str, Json]]
TRANSFORM = "AWS::Serverless-2016-10-31"
PREFIX = "AWS::Serverless::"
FUNCTION, API, HTTP_API, TABLE = (PREFIX + name for name in ("Function", "Api", "HttpApi", "SimpleTable"))
# The type that a SAM resource has in the stack, under the same logical ID.
STACK_TYPES = {
    FUNCTION: "AWS::Lambda::Function",
    API: "AWS::ApiGateway::RestApi",
    HTTP_API: "AWS::ApiGatewayV2::Api",
    TABLE: "AWS::DynamoDB::Table",
}
# The logical IDs of the APIs that SAM creates for events without an API, by the event's type.
IMPLICIT_APIS = {"Api": "ServerlessRestApi", "HttpApi": "ServerlessHttpApi"}


def read_resources(template: Template) -> dict[str, dict[str, Json]]:
    """The resources by logical ID, each with ``Properties``. Loops and entries without a type are left out."""
    found = {}
    for logical_id, resource in template["Resources"].items():
        if isinstance(resource, dict) and isinstance(resource.get("Type"), str):
            found[logical_id] = {**resource, "Properties": as_map(resource.get("Properties"))}
    for resource in found.values():
        if resource["Type"].startswith(PREFIX):
            defaults = read_globals(template, resource["Type"].removeprefix(PREFIX))
            resource["Properties"] = _merge(defaults, resource["Properties"])
    return found


def read_globals(template: Template, kind: str) -> Values:
    """The ``Globals`` settings for a kind, such as ``"Function"`` or ``"Api"``; empty if there are none."""
    return as_map(as_map(template.get("Globals")).get(kind))


def is_implicit_api_used(api: str, resources: Resources, converted: Sequence[str]) -> bool:
    """Whether a function outside ``converted`` still has an event in the implicit API ``api``."""
    kinds = {name: kind for kind, name in IMPLICIT_APIS.items()}
    for name, each in resources.items():
        events = as_map(each["Properties"].get("Events")) if name not in converted else {}
        for event in map(as_map, events.values()):
            named = {"RestApiId", "ApiId"}.intersection(as_map(event.get("Properties")))
            if event.get("Type") == kinds.get(api) and not named:
                return True
    return False


def as_map(value: Json) -> Values:
    """The value if it is a map, else an empty map. The caller or cfn-lint reports a value of another type."""
    return value if isinstance(value, dict) else {}


def as_list(value: Json) -> list[Json]:
    """The items of a list. ``None`` gives an empty list; any other value gives a list with this value."""
    return list(value) if isinstance(value, list) else [] if value is None else [value]


def _merge(common: Json, own: Json) -> Json:
    """Merge by SAM's rule ("Overridable Globals"): merge maps, concatenate lists, override all other values."""
    if isinstance(common, dict) and isinstance(own, dict):
        return {**common, **{name: _merge(common[name], own[name]) if name in common else own[name] for name in own}}
    return [*common, *own] if isinstance(common, list) and isinstance(own, list) else own
