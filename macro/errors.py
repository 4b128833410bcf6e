"""Problems that an author can fix, and the errors that carry these problems to an entry point."""

from collections.abc import Iterable
from typing import Any, NamedTuple

Path = tuple[str | int, ...]


class Problem(NamedTuple):
    """One problem in a template: its place, what is wrong, and what would be right.

    ``path`` leads from the top of the template to the value (``("Resources", "Visits", "Type")``).
    An empty path means the whole template. With ``at_key``, the problem is the path's last name, not its value.
    """

    path: Path
    text: str
    at_key: bool = False

    def __str__(self) -> str:
        return f"{print_path(self.path)}: {self.text}" if self.path else self.text


class MacroError(Exception):
    """A template, or a plug-in that the template names, can't be expanded. ``problems`` holds all the reasons."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class InvalidTemplate(MacroError):
    """The template breaks a rule of the compact language."""


class PluginError(MacroError):
    """A plug-in is unknown, can't be ordered, or returns something that its declaration doesn't allow."""


def print_path(path: Path) -> str:
    """The path as text, in the form of CloudFormation's own messages: ``Resources.Visits.Properties.Stages[1]``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def suggest(name: object, known: Iterable[str]) -> str:
    """``"; did you mean 'Stages'?"`` if the name is close to a known name, else an empty string."""
    import difflib

    candidates = {word.lower(): word for word in known}
    near = difflib.get_close_matches(str(name).lower(), candidates, n=1, cutoff=0.6)
    return f"; did you mean '{candidates[near[0]]}'?" if near else ""


def describe(value: Any, secret: bool = False) -> str:
    """A value for a message, at most 60 characters long. For a secret, only the kind of value."""
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
