"""Problems that an author can fix, each with its place, and the errors that carry them to an entry point."""

from collections.abc import Iterable
from typing import Any, NamedTuple

Path = tuple[str | int, ...]


class Problem(NamedTuple):
    """One thing to mend: where it is, what it is, and what would be right.

    ``path`` leads from the top of the template to the value (``("Resources", "Visits", "Type")``);
    it is empty where the template as a whole is meant. ``at_key`` says that the path's last name itself is meant,
    not what stands behind it.
    """

    path: Path
    text: str
    at_key: bool = False

    def __str__(self) -> str:
        return f"{print_path(self.path)}: {self.text}" if self.path else self.text


class MacroError(Exception):
    """A template, or a plug-in that it names, can't be expanded; ``problems`` says why, all at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class InvalidTemplate(MacroError):
    """The template says something that the compact language doesn't."""


class PluginError(MacroError):
    """A plug-in is unknown, can't be ordered, or gives other than what it declares."""


def print_path(path: Path) -> str:
    """``Resources.Visits.Properties.Stages[1]``: a path as CloudFormation's own messages write it."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def suggest(name: object, known: Iterable[str]) -> str:
    """``"; did you mean 'Stages'?"`` for a near miss of a known name, else an empty string."""
    import difflib

    candidates = {word.lower(): word for word in known}
    near = difflib.get_close_matches(str(name).lower(), candidates, n=1, cutoff=0.6)
    return f"; did you mean '{candidates[near[0]]}'?" if near else ""


def describe(value: Any, secret: bool = False) -> str:
    """A value for a message, short enough for one line; of a secret only what kind of value it is."""
    if isinstance(value, dict):
        name = next(iter(value), "")
        is_intrinsic = len(value) == 1 and isinstance(name, str) and (name == "Ref" or name.startswith("Fn::"))
        return name if is_intrinsic else "a map"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if secret:
        return "a text" if isinstance(value, str) else "a number"
    text = repr(str(value)) if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
