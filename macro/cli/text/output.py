"""Write a command's output to stdout or a file, and print messages about wrong usage."""

import os
import sys
from pathlib import Path
from typing import NoReturn

from macro.cli.text.report import FINE, WRONG_USAGE, report

_COLOURS = {"+": "\033[32m", "-": "\033[31m", "@": "\033[36m"}
_BOLD, _PLAIN = "\033[1m", "\033[0m"


def write(text: str, output: str | None) -> int:
    """Write the text to stdout or to a file, and return the exit code.

    On failure the file keeps its earlier content, and the reason is printed to stderr.
    """
    if output is None:
        sys.stdout.write(text)
        return FINE
    target = Path(output)
    if target.is_dir():
        return report([f"{output}: can't be written: it is a folder"])
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
        draft.replace(target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        return report([f"{output}: can't be written: {error.strerror}"])
    return FINE


def read_output(path: Path) -> str:
    """The text of an earlier output file, with its line ends unchanged.

    Bytes that are not UTF-8 are replaced, so a file that this command did not write equals no output.
    """
    return path.read_bytes().decode("utf-8", "replace")


def fail(text: str) -> NoReturn:
    """Print a message about wrong usage, and exit with code 2."""
    print(f"hitcounter: {text}", file=sys.stderr)
    raise SystemExit(WRONG_USAGE)


def print_diff(before: str, after: str, names: tuple[str, str], is_coloured: bool) -> str:
    """A unified diff, empty if there is no difference."""
    import difflib

    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), *names, lineterm=""))
    if is_coloured:
        lines = [_colour(line, place) for place, line in enumerate(lines)]
    return "".join(f"{line}\n" for line in lines)


def _colour(line: str, place: int) -> str:
    colour = _BOLD if place < 2 else _COLOURS.get(line[:1], "")
    return f"{colour}{line}{_PLAIN}" if colour else line
