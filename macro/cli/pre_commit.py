"""The pre-commit hook ``hitcounter-lint``: every template with counters among the files it is handed."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from macro.cli.main import main

# A plain template names the macro's companion and boundary.
_TRANSFORM = re.compile(rb"HitCounterMacro[A-Za-z0-9]*(?![A-Za-z0-9-])")


def run(arguments: Sequence[str]) -> int:
    """Lint each file that names the macro; the worst exit code. What starts with ``-``, and its values, come first."""
    ends = [place for place, argument in enumerate(arguments) if not Path(argument).is_file()]
    first = ends[-1] + 1 if ends else 0
    options, files = arguments[:first], arguments[first:]
    return max((main(["lint", file, *options]) for file in files if names_the_macro(Path(file))), default=0)


def names_the_macro(file: Path) -> bool:
    """Whether the file may have counters; any other is not ours to judge."""
    return _TRANSFORM.search(file.read_bytes()) is not None


if __name__ == "__main__":
    raise SystemExit(run(sys.argv[1:]))
