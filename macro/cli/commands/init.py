"""``hitcounter init``: a counter with code of its own, to begin with: template, handler, ``.env``, and a test."""

import argparse
from pathlib import Path

from macro.errors import MacroError, Problem

SUMMARY = "write a template, a handler and a test to begin with"
EXAMPLES = """\
Nothing that is there already is overwritten.

examples:
  hitcounter init                   into this folder
  hitcounter init hits              into a folder of that name
"""
STARTER = Path(__file__).parent / "starter"
# What is written where. Texts, as they are none of our modules.
FILES = {
    "template.yaml": "template.yaml",
    "handler/index.py": "index.py.txt",
    "handler/.env": "env.txt",
    "test_counter.py": "test_counter.py.txt",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``init`` takes."""
    parser.add_argument("folder", nargs="?", default=".", metavar="FOLDER", help="where to write; default: this folder")


def run(arguments: argparse.Namespace) -> int:
    """Write the files and say what to do with them."""
    folder = Path(arguments.folder)
    write_starter(folder)
    here = "" if arguments.folder == "." else f"cd {arguments.folder} && "
    print("\n".join(str(folder / name) for name in FILES))
    print(f"count hits on this machine: {here}hitcounter local template.yaml")
    print("run its test: pip install pytest 'hitcounter-macro[local]' && pytest")
    return 0


def write_starter(folder: Path) -> None:
    """All files into the folder, or none; raises :class:`MacroError` where one is there or can't be made."""
    there = [name for name in FILES if (folder / name).exists()]
    if there:
        raise MacroError([Problem((), f"{folder / name}: is there already; nothing was written") for name in there])
    made = []
    try:
        for name, text in FILES.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            made.append(path)
            path.write_bytes((STARTER / text).read_bytes())
    except OSError as error:
        for path in made:
            path.unlink(missing_ok=True)
        raise MacroError([Problem((), f"{folder}: can't be written: {error.strerror}")]) from None
