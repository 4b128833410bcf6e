"""Find the references between the parts of a plain template, with their paths and forms."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from macro.errors import Path, print_path
from macro.plugin import Json
from macro.template.references import REF_ATTRIBUTE, find_calls, find_targets

_KINDS = {"Ref": "ref", "Fn::GetAtt": "getatt", "Fn::Sub": "sub"}
_FUNCTION = "Custom::LambdaFunction"


class Connection(NamedTuple):
    """One reference: the target's logical ID, the form (``ref``, ``getatt``, ``sub``, ``depends``, ``env``), the path.

    ``attribute`` is empty if the reference is to the target itself.
    """

    target: str
    kind: str
    attribute: str
    path: Path

    @property
    def label(self) -> str:
        """The name of the property that takes the value. For a value in an env file, the variable's name."""
        names = [part for part in self.path if isinstance(part, str) and not part.startswith("Fn::")]
        if self.kind == "env":
            return f".env {self.path[2]}" if len(self.path) > 2 else ".env"
        if self.path[:2] == ("Properties", "Tags"):
            return "Tags"
        return "DependsOn" if self.kind == "depends" else names[-1] if names else self.attribute

    @property
    def detail(self) -> str:
        """The path and the attribute of the reference, such as ``Properties.Role: Arn``."""
        taken = f": {self.attribute}" if self.attribute else ""
        return f"{print_path(self.path)}{taken}" if self.path else self.attribute


def find_connections(resource: Json, ids: Collection[str]) -> Iterator[Connection]:
    """All references to ``ids`` in a resource or another part of a template: first ``DependsOn``, then text order."""
    is_function = isinstance(resource, Mapping) and resource.get("Type") == _FUNCTION
    if isinstance(resource, Mapping):
        named = resource.get("DependsOn", ())
        for name in [named] if isinstance(named, str) else named if isinstance(named, list) else ():
            if isinstance(name, str) and name in ids:
                yield Connection(name, "depends", "", ("DependsOn",))
    for call in find_calls(resource):
        is_env = is_function and call.path[:2] == ("Properties", "Env")
        for name, attribute in find_targets(call):
            is_whole = call.function == "Ref" or (call.function == "Fn::Sub" and attribute == REF_ATTRIBUTE)
            if name in ids:
                kind = "env" if is_env else _KINDS[call.function]
                yield Connection(name, kind, "" if is_whole else attribute, call.path)
