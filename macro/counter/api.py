"""Check the API of a counter: its own API, an API that counters share, or the author's API."""

from collections.abc import Iterator

from macro.counter.literals import Parameters
from macro.counter.stages import DEFAULT_STAGE
from macro.errors import Path, Problem
from macro.plugin import Json, Spread, Values

# The property in which each gateway takes the ID of the author's API.
_IDS = {"rest": "RestApiId", "http": "ApiId", "custom": "RestApiId"}
_OWN = ("Share", "RestApiId", "RootResourceId", "ApiId", "StageName")


def find_root(api: Json, parameters: Parameters) -> Json:
    """``Api`` with ``RootResourceId`` added, if ``RestApiId`` refers to an API in the same template."""
    given = api.get("RestApiId") if isinstance(api, dict) and "RootResourceId" not in api else None
    if not isinstance(given, dict) or list(given) != ["Ref"] or not isinstance(given["Ref"], str):
        return api
    name = given["Ref"]
    is_resource = name not in parameters.declared and name not in parameters.given and not name.startswith("AWS::")
    return {**api, "RootResourceId": {"Fn::GetAtt": [name, "RootResourceId"]}} if is_resource else api


def check_api(properties: Values, gateway: str, path: Path) -> Iterator[Problem]:
    """What is inconsistent in ``Api`` or does not fit the gateway. ``path`` is the path of ``Api``."""
    api = properties["Api"]
    if "StageName" in api.get("Stage", {}):
        name = "comes from Stages" if "Stages" in properties else f"is '{DEFAULT_STAGE}'"
        text = f"{name}, as in the URL and the permission; remove it"
        yield Problem((*path, "Stage", "StageName"), text, at_key=True)
    for name, text in _find_problems(api, gateway, "Stages" in properties):
        yield Problem((*path, name), text, at_key=True)


def _find_problems(api: Values, gateway: str, has_stages: bool) -> Iterator[tuple[str, str]]:
    own = _IDS[gateway]
    for name in ("RestApiId", "RootResourceId", "ApiId"):
        if name in api and name != own and not (name == "RootResourceId" and own == "RestApiId"):
            yield name, f"doesn't apply to Gateway {gateway}; use {own}"
    for name in _OWN:
        if isinstance(api.get(name), Spread):
            yield name, "must not depend on a condition, because it decides what is generated"
    if own in api:
        yield from _find_foreign(api, own, gateway)
    elif "StageName" in api:
        yield "StageName", f"applies only to your own API ({own}); use Stages to name stages"
    elif "RootResourceId" in api:
        yield "RootResourceId", f"applies only to your own API; add {own}"
    if "StageName" in api and has_stages:
        yield "StageName", "names one stage of your own; remove it, or remove Stages"


def _find_foreign(api: Values, own: str, gateway: str) -> Iterator[tuple[str, str]]:
    if api.get("Share"):
        yield "Share", f"applies only to an API that the counters make; remove Share or {own}"
    if gateway == "rest" and "RootResourceId" not in api:
        yield own, "requires RootResourceId, which !GetAtt of the API returns"
    for name in api:
        if name not in _OWN and name != "Stage":
            yield name, f"is a property of your own API ({own}); set it there"
    if "StageName" in api and api.get("Stage"):
        yield "Stage", "is a property of your own stage (StageName); set it there"
