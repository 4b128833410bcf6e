"""Find hand-written hit counters in a template: a function, its only table, its role and its API."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from macro.cli.convert import sam
from macro.cli.convert.callers import find_routes, has_route
from macro.cli.convert.route import Route
from macro.errors import Path, Problem
from macro.plugin import Json
from macro.template.references import find_references

Resources = Mapping[str, Mapping[str, Json]]
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


def find_services(resources: Resources, problems: list[Problem], wanted: Collection[str] = ()) -> list[Service]:
    """The candidates in the order of the file. If ``wanted`` isn't empty, only the candidates with these functions.

    Adds to ``problems`` each reason why a candidate can't become a counter.
    """
    used = {name: find_tables(name, resources) for name, each in resources.items() if each["Type"] in FUNCTIONS}
    found = []
    for name, tables in used.items():
        if not tables or not has_route(name, resources) or (wanted and name not in wanted):
            continue
        path: Path = ("Resources", name)
        if len(tables) > 1:
            listed = " and ".join(tables)
            text = f"uses the tables {listed}; a counter has one: give the others to a function of their own"
            problems.append(Problem(path, text))
            continue
        others = [other for other in used if other != name and tables[0] in used[other]]
        if others:
            text = f"is shared by {' and '.join([name, *others])}; a counter's table is its own function's: split it"
            problems.append(Problem(("Resources", tables[0]), text))
        service = _collect(name, tables[0], resources, problems)
        if service:
            found.append(service)
    return found


def list_lacks(resources: Resources) -> list[Problem]:
    """The reasons why no function is a candidate: the missing parts of each function."""
    problems = []
    for name, resource in resources.items():
        if resource["Type"] in FUNCTIONS:
            lacks = [] if find_tables(name, resources) else ["a table of this template that it names"]
            lacks += [] if has_route(name, resources) else ["an API of this template that calls it"]
            text = f"lacks {' and '.join(lacks)}; a counter has a table and an API"
            problems.append(Problem(("Resources", name), text))
    return problems or [Problem(("Resources",), "hold no function; a counter is a table, a function and an API")]


def find_role(name: str, resources: Resources) -> str | None:
    """The logical ID of the function's execution role; ``None`` if the role isn't in this template."""
    roles = [other for other, each in resources.items() if each["Type"] == _ROLE]
    targets = find_references(resources[name]["Properties"].get("Role"), roles)
    return targets[0][0] if targets else None


def find_tables(name: str, resources: Resources) -> list[str]:
    """The tables that the function's environment, the function's policies or the execution role's policies refer to."""
    tables = [other for other, each in resources.items() if each["Type"] in TABLES]
    properties, role = resources[name]["Properties"], find_role(name, resources)
    places = [properties.get("Environment"), properties.get("Policies")]
    if role:
        places += [resources[role], *(resources[policy] for policy in _find_policies(role, resources))]
    return list(dict.fromkeys(table for place in places for table, _ in find_references(place, tables)))


def _find_policies(role: str, resources: Resources) -> tuple[str, ...]:
    def names_role(each: Mapping[str, Json]) -> bool:
        properties = each["Properties"]
        return bool(find_references([properties.get("Roles"), properties.get("RoleName")], [role]))

    return tuple(name for name, each in resources.items() if each["Type"] in POLICIES and names_role(each))


def _collect(name: str, table: str, resources: Resources, problems: list[Problem]) -> Service | None:
    role = find_role(name, resources)
    policies = _find_policies(role, resources) if role else ()
    _check_role(name, role, resources, problems)
    for policy in policies:
        roles = resources[policy]["Properties"].get("Roles")
        if isinstance(roles, list) and len(roles) > 1:
            text = f"is attached to {len(roles)} roles; a counter's policy is its own role's: split it"
            problems.append(Problem(("Resources", policy, "Properties", "Roles"), text))
    logs = _find_users(name, _LOGS, resources)
    for log in logs:
        if resources[log].get("DeletionPolicy") != "Retain":
            text = "would go with the old function, and its logs too; deploy it with 'DeletionPolicy: Retain' first"
            problems.append(Problem(("Resources", log), text))
    routes = find_routes(name, resources, problems)
    if not routes:
        return None
    text = "calls the function a second time; a counter has one path and one method (which may be ANY)"
    problems.extend(Problem(route.path, text) for route in routes[1:])
    permissions = _find_users(name, _PERMISSION, resources)
    of_gateway = tuple(each for each in permissions if resources[each]["Properties"].get("Principal") == _GATEWAY)
    return Service(name, table, role, policies, of_gateway, logs, routes[0])


def _find_users(name: str, kind: str, resources: Resources) -> tuple[str, ...]:
    """The logical IDs of the resources of type ``kind`` that refer to the function."""
    return tuple(other for other, each in resources.items() if each["Type"] == kind and find_references(each, [name]))


def _check_role(name: str, role: str | None, resources: Resources, problems: list[Problem]) -> None:
    path: Path = ("Resources", name, "Properties", "Role")
    if role is None:
        if "Role" in resources[name]["Properties"]:
            text = "stands outside of this template; a counter's role is its own: bring the role and its policies here"
            problems.append(Problem(path, text))
        return
    users = [
        other
        for other, each in resources.items()
        if other not in (role, *_find_policies(role, resources))
        and find_references(each["Properties"].get("Role"), [role])
    ]
    if len(users) > 1:
        text = f"is shared by {' and '.join(users)}; a counter's role is its own: give each a role"
        problems.append(Problem(("Resources", role), text))
