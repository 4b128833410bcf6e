"""``hitcounter bundle``: write an installation's zips into a folder, next to the template that installs them."""

import argparse
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from macro.errors import MacroError, Problem

SUMMARY = "make the zips that an installation is made of"
EXAMPLES = """\
Both functions' zips serve arm64 and x86_64, and have the same bytes on every machine and day. They stand beside the
template that installs them, for 'aws cloudformation package'; 'hitcounter install' makes and uploads them itself.

examples:
  hitcounter bundle                                  into build/
  hitcounter bundle --plugin samples/plugin          pack a plug-in: a folder, a wheel, or an installed package's name
  hitcounter bundle --with-boto3                     for properties of Lambda newer than its runtime's boto3
  hitcounter bundle --wheels wheels/                 without a network
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``bundle``."""
    parser.add_argument("-o", "--output", default="build", metavar="DIR", help="where to write; default: build")
    parser.add_argument("--json", action="store_true", help="print names, sizes and digests as JSON")
    add_packing(parser)


def add_packing(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that select the zips' packages, for every command that makes an account's zips."""
    add_packed_plugin(parser)
    parser.add_argument(
        "--with-boto3",
        nargs="?",
        const="",
        metavar="VERSION",
        help="pack a boto3 into the companion; default: a pinned one",
    )
    parser.add_argument(
        "--wheels", metavar="DIR", type=Path, help="take packages from there, not from the package index"
    )


def add_packed_plugin(parser: argparse.ArgumentParser) -> None:
    """Add the argument for further plug-ins and custom resources in the installation."""
    parser.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="PACKAGE",
        help="pack a plug-in: a folder, a wheel, or an installed package's name; may be given several times",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the zips and print their sizes and digests."""
    from macro.builtin.digest import KEY
    from macro.cli.cloud.installation.template import print_served
    from macro.cli.package.bundle import INSTALL, make_bundles

    bundles = make_bundles(plugins=arguments.plugin, boto3=arguments.with_boto3, wheels=arguments.wheels)
    files = {
        "macro.zip": bundles.macro,
        "companion.zip": bundles.companion,
        KEY.rpartition("/")[2]: bundles.handler,
        INSTALL.name: print_served(INSTALL.read_text("utf-8"), bundles.served()).encode(),
    }
    folder = Path(arguments.output)
    write_files(folder, files)
    print(print_json(folder, files) if arguments.json else print_table(folder, files))
    return 0


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Replace each file atomically: after an error, a file has either its new or its old content.

    Raises:
        MacroError: the folder can't be written.
    """
    draft = folder / f".draft.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            draft.write_bytes(content)
            draft.replace(folder / name)
    except OSError as error:
        raise MacroError([Problem((), f"{folder}: can't be written: {error.strerror}")]) from None
    finally:
        if folder.is_dir():
            draft.unlink(missing_ok=True)


def print_table(folder: Path, files: Mapping[str, bytes]) -> str:
    """One line for each file: size, SHA-256 in hex, path."""
    return "\n".join(
        f"{print_size(len(content)):>8}  {hashlib.sha256(content).hexdigest()}  {folder / name}"
        for name, content in files.items()
    )


def print_size(count: int) -> str:
    """A number of bytes in short form, such as ``113.8 kB``. 1 kB is 1,000 bytes."""
    if count < 1_000:
        return f"{count} B"
    return f"{count / 1_000:,.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.1f} MB"


def print_json(folder: Path, files: Mapping[str, bytes]) -> str:
    """A JSON list for scripts, with each file's path, size in bytes and SHA-256 in hex."""
    listed = [
        {"path": str(folder / name), "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in files.items()
    ]
    return json.dumps(listed, indent=2)
