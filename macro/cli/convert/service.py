"""Find hand-written hit counters in a template: a function, its only table, its role and its API."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from macro.cli.convert import sam
from macro.cli.convert.callers import find_routes, has_route
from macro.cli.convert.route import Route
from macro.cli.convert.sam import Resources
from macro.errors import Problem, Problems
from macro.plugin import Json
from macro.template.references import find_references

FUNCTIONS = ("AWS::Lambda::Function", sam.FUNCTION)
TABLES = ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable", sam.TABLE)
POLICIES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")
_LOGS, _PERMISSION, _ROLE = "AWS::Logs::LogGroup", "AWS::Lambda::Permission", "AWS::IAM::Role"
_GATEWAY = "apigateway.amazonaws.com"


class Service(NamedTuple):
    """A candidate for conversion, as logical IDs and a route. ``role`` is ``None`` if SAM creates the role."""

    function: str
    table: str
    role: str | None
    policies: tuple[str, ...]
    permissions: tuple[str, ...]
    logs: tuple[str, ...]
    route: Route

    @property
    def parts(self) -> tuple[str, ...]:
        """The logical IDs of all resources that the counter replaces, the table first."""
        own = (self.table, self.function, *((self.role,) if self.role else ()), *self.policies, *self.route.parts)
        return (*own, *self.permissions, *self.logs)


def find_services(resources: Resources, problems: Problems, wanted: Collection[str] = ()) -> list[Service]:
    """The candidates in the order of the file. If ``wanted`` isn't empty, only the candidates with these functions.

    Adds a problem for each reason why a candidate can't become a counter.
    """
    tables = {name: _find_tables(name, resources) for name in _list_functions(resources)}
    found = []
    for function, used in tables.items():
        if not used or not has_route(function, resources) or (wanted and function not in wanted):
            continue
        if len(used) > 1:
            text = f"uses the tables {' and '.join(used)}; a counter has one table: move the rest to another function"
            problems.at("Resources", function).add(text)
            continue
        others = [other for other in tables if other != function and used[0] in tables[other]]
        if others:
            users = " and ".join([function, *others])
            text = f"is shared by {users}; a counter's table has one function: give each function its own table"
            problems.at("Resources", used[0]).add(text)
        service = _collect(function, used[0], resources, problems)
        if service:
            found.append(service)
    return found


def list_missing_parts(resources: Resources, wanted: Collection[str] = ()) -> Iterator[Problem]:
    """The reasons why no function is a candidate: the missing parts of each function, or of those in ``wanted``."""
    functions = _list_functions(resources)
    if not functions:
        text = "must contain a function; a counter replaces a table, a function and an API"
        yield Problem(("Resources",), text)
    for function in functions:
        missing = [] if _find_tables(function, resources) else ["it refers to no table of this template"]
        missing += [] if has_route(function, resources) else ["no API of this template calls it"]
        if missing and (not wanted or function in wanted):
            text = f"can't become a counter, which has a table and an API: {', and '.join(missing)}"
            yield Problem(("Resources", function), text)


def check_wanted(wanted: Collection[str], resources: Resources) -> Iterator[Problem]:
    """A problem for each name in ``wanted`` that isn't the logical ID of a function."""
    for name in wanted:
        if name not in _list_functions(resources):
            yield Problem((), f"--function {name}: must be the logical ID of a function in this template")


def _list_functions(resources: Resources) -> list[str]:
    return [name for name, each in resources.items() if each["Type"] in FUNCTIONS]


def _find_tables(function: str, resources: Resources) -> list[str]:
    """The tables that the function's environment, the function's policies or the execution role's policies refer to."""
    tables = [name for name, each in resources.items() if each["Type"] in TABLES]
    properties, role = resources[function]["Properties"], _find_role(function, resources)
    places = [properties.get("Environment"), properties.get("Policies")]
    if role:
        places += [resources[role], *(resources[policy] for policy in _find_policies(role, resources))]
    return list(dict.fromkeys(table for place in places for table, _ in find_references(place, tables)))


def _find_role(function: str, resources: Resources) -> str | None:
    """The logical ID of the function's execution role; ``None`` if the role isn't in this template."""
    roles = [name for name, each in resources.items() if each["Type"] == _ROLE]
    targets = find_references(resources[function]["Properties"].get("Role"), roles)
    return targets[0][0] if targets else None


def _find_policies(role: str, resources: Resources) -> tuple[str, ...]:
    def names_role(each: Mapping[str, Json]) -> bool:
        properties = each["Properties"]
        return bool(find_references([properties.get("Roles"), properties.get("RoleName")], [role]))

    return tuple(name for name, each in resources.items() if each["Type"] in POLICIES and names_role(each))


def _find_users(function: str, kind: str, resources: Resources) -> tuple[str, ...]:
    """The logical IDs of the resources of type ``kind`` that refer to the function."""
    return tuple(name for name, each in resources.items() if each["Type"] == kind and find_references(each, [function]))


def _collect(function: str, table: str, resources: Resources, problems: Problems) -> Service | None:
    """The service of a function and its table; ``None`` without a route."""
    role, logs = _find_role(function, resources), _find_users(function, _LOGS, resources)
    if role is None and "Role" in resources[function]["Properties"]:
        text = "must be a role of this template, because a counter has its own role: add the role and its policies here"
        problems.at("Resources", function, "Properties", "Role").add(text)
    policies = _find_policies(role, resources) if role else ()
    if role:
        _check_role(role, policies, resources, problems)
    for log in logs:
        if resources[log].get("DeletionPolicy") != "Retain":
            text = "would be deleted with its log events; before you convert, deploy it with 'DeletionPolicy: Retain'"
            problems.at("Resources", log).add(text)
    routes = find_routes(function, resources, problems)
    text = "is a second route to the function; a counter has one path and one method, which can be ANY"
    problems.extend(Problem(route.path, text) for route in routes[1:])
    permissions = _find_users(function, _PERMISSION, resources)
    of_gateway = tuple(each for each in permissions if resources[each]["Properties"].get("Principal") == _GATEWAY)
    return Service(function, table, role, policies, of_gateway, logs, routes[0]) if routes else None


def _check_role(role: str, policies: tuple[str, ...], resources: Resources, problems: Problems) -> None:
    for policy in policies:
        roles = resources[policy]["Properties"].get("Roles")
        if isinstance(roles, list) and len(roles) > 1:
            text = f"is attached to {len(roles)} roles; a counter has its own role: give each role its own policy"
            problems.at("Resources", policy, "Properties", "Roles").add(text)
    users = [
        name
        for name, each in resources.items()
        if name not in (role, *policies) and find_references(each["Properties"].get("Role"), [role])
    ]
    if len(users) > 1:
        text = f"is shared by {' and '.join(users)}; a counter has its own role: give each of them its own role"
        problems.at("Resources", role).add(text)
