"""A template's resources as SAM reads them: with what ``Globals`` says for all of a kind."""

from collections.abc import Mapping, Sequence

from macro.plugin import Json, Template, Values

TRANSFORM = "AWS::Serverless-2016-10-31"
PREFIX = "AWS::Serverless::"
FUNCTION, API, HTTP_API, TABLE = (PREFIX + name for name in ("Function", "Api", "HttpApi", "SimpleTable"))
# What a resource of SAM is in the stack, under the same logical id.
BECOMES = {
    FUNCTION: "AWS::Lambda::Function",
    API: "AWS::ApiGateway::RestApi",
    HTTP_API: "AWS::ApiGatewayV2::Api",
    TABLE: "AWS::DynamoDB::Table",
}
# The APIs that SAM makes for events which name none.
IMPLICIT = {"Api": "ServerlessRestApi", "HttpApi": "ServerlessHttpApi"}


def read_resources(template: Template) -> dict[str, dict[str, Json]]:
    """The resources by logical id, each with ``Properties``; loops and what is no resource are left out."""
    found = {}
    for logical_id, resource in template["Resources"].items():
        if isinstance(resource, dict) and isinstance(resource.get("Type"), str):
            found[logical_id] = {**resource, "Properties": read_map(resource.get("Properties"))}
    for resource in found.values():
        if resource["Type"].startswith(PREFIX):
            further = read_globals(template, resource["Type"].removeprefix(PREFIX))
            resource["Properties"] = _join(further, resource["Properties"])
    return found


def read_globals(template: Template, kind: str) -> Values:
    """What ``Globals`` says for ``"Function"``, ``"Api"`` and so on."""
    return read_map(read_map(template.get("Globals")).get(kind))


def is_used_implicit(api: str, resources: Mapping[str, Mapping[str, Json]], converted: Sequence[str]) -> bool:
    """Whether a function that isn't converted still has an event in an API that SAM makes."""
    kinds = {name: kind for kind, name in IMPLICIT.items()}
    for name, each in resources.items():
        events = read_map(each["Properties"].get("Events")) if name not in converted else {}
        for event in map(read_map, events.values()):
            named = {"RestApiId", "ApiId"}.intersection(read_map(event.get("Properties")))
            if event.get("Type") == kinds.get(api) and not named:
                return True
    return False


def read_map(value: Json) -> Values:
    """The value where it is a map, else an empty one: what is no map is told by who reads it, or by cfn-lint."""
    return value if isinstance(value, dict) else {}


def read_list(value: Json) -> list[Json]:
    """The items of a list; of anything else that is there, just that."""
    return list(value) if isinstance(value, list) else [] if value is None else [value]


def _join(common: Json, own: Json) -> Json:
    """SAM's rule ("Overridable Globals"): maps are merged, lists are added up, anything else is overridden."""
    if isinstance(common, dict) and isinstance(own, dict):
        return {**common, **{name: _join(common[name], own[name]) if name in common else own[name] for name in own}}
    return [*common, *own] if isinstance(common, list) and isinstance(own, list) else own
