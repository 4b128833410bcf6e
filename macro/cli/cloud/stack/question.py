"""Ask the user on a terminal."""

import sys

from macro.cli.cloud.stack.errors import CloudError


def ask(question: str, option: str) -> bool:
    """Whether the user answers yes.

    Raises:
        CloudError: stdin is no terminal. The message names ``option``, which answers the question.
    """
    return read_answer(f"{question} [y/N] ", option).lower() in ("y", "yes")


def read_answer(question: str, option: str) -> str:
    """The line that the user types, without spaces around it. Raises the same error as :func:`ask`."""
    if not sys.stdin.isatty():
        raise CloudError(f"stdin is no terminal, so nobody can be asked; add {option}")
    try:
        print(question, end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip()
    except KeyboardInterrupt:
        print(file=sys.stderr)
        raise
