"""Find the resource for a type: the companion's own resources, and those that other packages register."""

from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points

from transform_lambda.contract import Handler

GROUP = "hitcounter_macro.resources"
"""Entry points of this group serve the type `Custom::` plus their name. A call without arguments creates each one."""

Make = Callable[[], Handler]


class Registry:
    """Resources by type. A resource is created when a request first needs it.

    A resource that cannot be imported therefore fails only the requests for its own type.
    """

    def __init__(self, built_in: Mapping[str, Make]) -> None:
        self._makers: dict[str, Make] = {f"Custom::{entry.name}": _loader(entry) for entry in entry_points(group=GROUP)}
        self._makers.update(built_in)
        self._made: dict[str, Handler] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def get(self, resource_type: str) -> Handler | None:
        """The resource for a type, or None if the type is unknown; raises anything that its creation raises."""
        if resource_type not in self._made and resource_type in self._makers:
            self._made[resource_type] = self._makers[resource_type]()
        return self._made.get(resource_type)


def _loader(entry: EntryPoint) -> Make:
    def load() -> Handler:
        make: Make = entry.load()
        return make()

    return load
