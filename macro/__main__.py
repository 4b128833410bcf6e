"""The entry point of the command: ``hitcounter``, or ``python -m macro``."""

import sys

from macro.cli.main import main


def run() -> None:
    """Run the command with the process's arguments, and exit with the command's exit code."""
    raise SystemExit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
