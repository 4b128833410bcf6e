"""Writes and reads physical IDs, which name a method of an API, or the API's stages."""

import re
from typing import NamedTuple
from urllib.parse import quote, unquote

ROOT = "/"
_BY_ID, _BY_NAME = "api:", "api-name:"
_STAGES = "/stages"
_PLACE = re.compile(r"(api|api-name):([^/]+)(?:/([A-Z]+)(/.*)|/stages)", re.DOTALL)


class Place(NamedTuple):
    """A method of an API, or an API's stages. The API has an ID or, if the stack's resources share it, a name."""

    api_id: str
    """Empty if the API is identified by its name."""
    api_name: str
    verb: str = ""
    """Empty if the resource has no method, but deploys the methods of other resources."""
    path: str = ""
    """The path as API Gateway writes it: with a leading slash. The root is a single slash."""

    @property
    def has_method(self) -> bool:
        """Whether the place is a method, not an API's stages."""
        return bool(self.verb)

    @property
    def physical_id(self) -> str:
        """The resource's physical ID: `api:abc123/GET/a/{b}`, or `api:abc123/stages`."""
        api = f"{_BY_ID}{self.api_id}" if self.api_id else f"{_BY_NAME}{quote(self.api_name, safe='')}"
        return f"{api}/{self.verb}{self.path}" if self.has_method else f"{api}{_STAGES}"


def read_place(physical_id: str) -> Place | None:
    """The place that a physical ID names. None for an ID of another form, for example one that CloudFormation chose."""
    found = _PLACE.fullmatch(physical_id)
    if not found:
        return None
    kind, api, verb, path = found.groups(default="")
    return Place(api, "", verb, path) if kind == "api" else Place("", unquote(api), verb, path)


def prefixes(path: str) -> list[str]:
    """The paths of all parts of a path, from the root's child down: `/a`, `/a/{b}`. Empty for the root."""
    parts = [part for part in path.split("/") if part]
    return ["/" + "/".join(parts[: count + 1]) for count in range(len(parts))]


def parent_of(path: str) -> str:
    """The path without its last part."""
    return path.rpartition("/")[0] or ROOT


def is_variable(path: str) -> bool:
    """Whether the last part is a path variable, which matches any value."""
    return path.endswith("}")
