"""Reads from a physical ID which method of which API a resource is, or that it is the API's stages."""

import re
from typing import NamedTuple
from urllib.parse import quote, unquote

ROOT = "/"
_BY_ID, _BY_NAME = "api:", "api-name:"
_STAGES = "/stages"
_PLACE = re.compile(r"(api|api-name):([^/]+)(?:/([A-Z]+)(/.*)|/stages)", re.DOTALL)


class Place(NamedTuple):
    """A method, or the stages, of an API that goes by its id or, where the stack's resources share it, its name."""

    api_id: str
    """Empty where the API goes by its name."""
    api_name: str
    verb: str = ""
    """Empty where the resource has no method, and deploys what others make."""
    path: str = ""
    """As API Gateway writes it: with a slash in front, the root as a slash alone."""

    @property
    def has_method(self) -> bool:
        """Whether it is a method."""
        return bool(self.verb)

    @property
    def physical_id(self) -> str:
        """What CloudFormation knows the resource by: `api:abc123/GET/a/{b}`, or `api:abc123/stages`."""
        api = f"{_BY_ID}{self.api_id}" if self.api_id else f"{_BY_NAME}{quote(self.api_name, safe='')}"
        return f"{api}/{self.verb}{self.path}" if self.has_method else f"{api}{_STAGES}"


def read_place(physical_id: str) -> Place | None:
    """The place that a physical id tells; nothing where it is no id of ours, as one that CloudFormation made up."""
    found = _PLACE.fullmatch(physical_id)
    if not found:
        return None
    kind, api, verb, path = found.groups(default="")
    return Place(api, "", verb, path) if kind == "api" else Place("", unquote(api), verb, path)


def prefixes(path: str) -> list[str]:
    """The paths of all parts from the root's children down: `/a`, `/a/{b}`; none for the root."""
    parts = [part for part in path.split("/") if part]
    return ["/" + "/".join(parts[: count + 1]) for count in range(len(parts))]


def parent_of(path: str) -> str:
    """The path that the last part hangs on."""
    return path.rpartition("/")[0] or ROOT


def is_variable(path: str) -> bool:
    """Whether the last part takes any value."""
    return path.endswith("}")
