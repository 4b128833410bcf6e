"""Find the APIs and events that call a hand-written function."""

from collections.abc import Iterator

from macro.cli.convert import sam
from macro.cli.convert.event import read_event
from macro.cli.convert.http import read_integration
from macro.cli.convert.rest import read_method
from macro.cli.convert.route import INTEGRATION, METHOD, Resources, Route
from macro.errors import Problem
from macro.template.references import find_references


def has_route(name: str, resources: Resources) -> bool:
    """Whether an API of this template calls the function."""
    return any(_find_events(name, resources)) or any(_find_callers(name, resources))


def find_routes(name: str, resources: Resources, problems: list[Problem]) -> list[Route]:
    """All routes that call the function.

    Adds to ``problems`` each event or API setting that a counter's API can't have.
    """
    routes = [read_event(name, event, resources, problems) for event in _find_events(name, resources)]
    for caller in _find_callers(name, resources):
        read = read_method if resources[caller]["Type"] == METHOD else read_integration
        routes.append(read(caller, name, resources, problems))
    events = resources[name]["Properties"].get("Events")
    for event, told in events.items() if isinstance(events, dict) else ():
        if str(sam.read_map(told).get("Type")) not in sam.IMPLICIT:
            text = "calls the function, too; a counter is called by its API alone: give that a function of its own"
            problems.append(Problem(("Resources", name, "Properties", "Events", event), text))
    return [route for route in routes if route]


def _find_events(name: str, resources: Resources) -> Iterator[str]:
    events = resources[name]["Properties"].get("Events")
    if resources[name]["Type"] == sam.FUNCTION and isinstance(events, dict):
        yield from (key for key, told in events.items() if str(sam.read_map(told).get("Type")) in sam.IMPLICIT)


def _find_callers(name: str, resources: Resources) -> Iterator[str]:
    for caller, each in resources.items():
        uri = {METHOD: each["Properties"].get("Integration"), INTEGRATION: each["Properties"]}.get(each["Type"])
        if uri is not None and find_references(uri, [name]):
            yield caller
