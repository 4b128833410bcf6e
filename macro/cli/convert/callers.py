"""Find the APIs and events that call a hand-written function."""

from collections.abc import Iterator

from macro.cli.convert import sam
from macro.cli.convert.event import read_event
from macro.cli.convert.http import read_integration
from macro.cli.convert.rest import read_method
from macro.cli.convert.route import INTEGRATION, METHOD, Route
from macro.cli.convert.sam import Resources
from macro.errors import Problems
from macro.plugin import Json
from macro.template.references import find_references


def has_route(function: str, resources: Resources) -> bool:
    """Whether an API of this template calls the function."""
    return any(_find_api_events(function, resources)) or any(_find_callers(function, resources))


def find_routes(function: str, resources: Resources, problems: Problems) -> list[Route]:
    """All routes that call the function.

    Adds a problem for each event or API setting that a counter's API can't have.
    """
    routes = [read_event(function, event, resources, problems) for event in _find_api_events(function, resources)]
    for caller in _find_callers(function, resources):
        read = read_method if resources[caller]["Type"] == METHOD else read_integration
        routes.append(read(caller, resources, problems))
    for event, declared in sam.as_map(resources[function]["Properties"].get("Events")).items():
        if not _is_api_event(declared):
            text = "calls the function too; only its API may call a counter: move this event to another function"
            problems.at("Resources", function, "Properties", "Events", event).add(text)
    return [route for route in routes if route]


def _find_api_events(function: str, resources: Resources) -> Iterator[str]:
    if resources[function]["Type"] == sam.FUNCTION:
        events = sam.as_map(resources[function]["Properties"].get("Events"))
        yield from (name for name, declared in events.items() if _is_api_event(declared))


def _is_api_event(declared: Json) -> bool:
    return str(sam.as_map(declared).get("Type")) in sam.IMPLICIT_APIS


def _find_callers(function: str, resources: Resources) -> Iterator[str]:
    for caller, each in resources.items():
        uri = {METHOD: each["Properties"].get("Integration"), INTEGRATION: each["Properties"]}.get(each["Type"])
        if uri is not None and find_references(uri, [function]):
            yield caller
