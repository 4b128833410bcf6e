"""Run the pre-commit hook ``hitcounter-lint``, which checks each given template with counters."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from macro.cli.main import main

# The name must end here: a plain template names the macro's companion and boundary, with a hyphen after the name.
_TRANSFORM = re.compile(rb"HitCounterMacro[A-Za-z0-9]*(?![A-Za-z0-9-])")


def run(arguments: Sequence[str]) -> int:
    """Lint each file that names the macro, and return the highest exit code.

    ``arguments`` holds options and their values first, then files.
    """
    ends = [place for place, argument in enumerate(arguments) if not Path(argument).is_file()]
    first = ends[-1] + 1 if ends else 0
    options, files = arguments[:first], arguments[first:]
    return max((main(["lint", file, *options]) for file in files if names_the_macro(Path(file))), default=0)


def names_the_macro(file: Path) -> bool:
    """Whether the file names the macro and so may contain counters. The hook skips all other files."""
    return _TRANSFORM.search(file.read_bytes()) is not None


if __name__ == "__main__":
    raise SystemExit(run(sys.argv[1:]))
