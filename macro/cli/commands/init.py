"""``hitcounter init``: write a counter to begin with: a template, its own handler, an env file and a test."""

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
# Target paths and their sources in STARTER. Python sources end in .txt, because they are no modules of this package.
FILES = {
    "template.yaml": "template.yaml",
    "handler/index.py": "index.py.txt",
    "handler/.env": "env.txt",
    "test_counter.py": "test_counter.py.txt",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``init``."""
    parser.add_argument("folder", nargs="?", default=".", metavar="FOLDER", help="where to write; default: this folder")


def run(arguments: argparse.Namespace) -> int:
    """Write the files and print the next steps."""
    folder = Path(arguments.folder)
    write_starter(folder)
    here = "" if arguments.folder == "." else f"cd {arguments.folder} && "
    print("\n".join(str(folder / name) for name in FILES))
    print(f"count hits on this machine: {here}hitcounter local template.yaml")
    print("run its test: pip install pytest 'hitcounter-macro[local]' && pytest")
    return 0


def write_starter(folder: Path) -> None:
    """Write all files into the folder, or none.

    Raises:
        MacroError: one of the files already exists, or a file can't be written.
    """
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
