"""Problems that an author can fix, and the errors that carry these problems to an entry point."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from macro.intrinsic import name_function

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


class Problems:
    """A collector of problems, bound to a place in the template.

    ``at`` gives a collector for a place below, which adds to the same list. So a function needs one parameter
    for the place that it reads and for what it finds there.

    A ``with`` block of a collector adds the problems of a :class:`MacroError` that is raised in the block. A problem
    without a place gets the collector's place.
    """

    def __init__(self, path: Path = (), found: list[Problem] | None = None) -> None:
        self.path = path
        self._found: list[Problem] = [] if found is None else found

    def at(self, *parts: str | int) -> "Problems":
        """A collector for the place that ``parts`` lead to from here."""
        return Problems((*self.path, *parts), self._found)

    def add(self, text: str, *, at_key: bool = False) -> None:
        """Add a problem of this place. The text says what is wrong and what would be right."""
        self._found.append(Problem(self.path, text, at_key))

    def extend(self, problems: Iterable[Problem]) -> None:
        """Add problems that already have their place."""
        self._found.extend(problems)

    def raise_if_any(self, error: type[MacroError] = MacroError) -> None:
        """Raise one error with all the problems, each once. Without a problem, return."""
        if self._found:
            raise error(dict.fromkeys(self._found))

    def __enter__(self) -> "Problems":
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, MacroError):
            return False
        self.extend(problem if problem.path else problem._replace(path=self.path) for problem in error.problems)
        return True

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


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
        return name_function(value) or "a map"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if secret:
        return "a string" if isinstance(value, str) else "a number"
    text = repr(str(value)) if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
