"""Two templates side by side, line by line."""

import difflib

_COLOURS = {"+": "\033[32m", "-": "\033[31m", "@": "\033[36m"}
_BOLD, _PLAIN = "\033[1m", "\033[0m"


def print_diff(before: str, after: str, names: tuple[str, str], is_coloured: bool) -> str:
    """A unified diff, empty where there is no difference."""
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), *names, lineterm=""))
    if is_coloured:
        lines = [_colour(line, place) for place, line in enumerate(lines)]
    return "".join(f"{line}\n" for line in lines)


def _colour(line: str, place: int) -> str:
    colour = _BOLD if place < 2 else _COLOURS.get(line[:1], "")
    return f"{colour}{line}{_PLAIN}" if colour else line
