"""Find and read pinned wheels of packages that Lambda's runtime lacks. Each wheel is verified by its digest."""

import hashlib
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from macro.cli.package.archive import Packed, read_packed
from macro.cli.package.pip import fetch_locked, find_cache
from macro.errors import MacroError, Problem

MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
"""Lambda's architectures, and their names in the file names of wheels."""

FOR_MACRO = Path(__file__).with_name("macro_packages.txt")
BOTO3 = Path(__file__).with_name("boto3_packages.txt")
_PIN = re.compile(r"^([\w.-]+)==(\S+)((?:[\s\\]+--hash=sha256:[0-9a-f]{64})+)", re.MULTILINE)
# Notes of installers, and a list of files that is no longer correct. No code reads these files at run time.
_LEFT_OUT = {"RECORD", "WHEEL", "INSTALLER", "REQUESTED", "direct_url.json", "top_level.txt"}
_NOT_RUN = {"tests", "benchmarks"}


class Target(NamedTuple):
    """The Lambda architectures and the Python version that a zip must run on."""

    platforms: Sequence[str] = tuple(MACHINES)
    python: str = "3.13"


class Pin(NamedTuple):
    """One package of a lock file: its only accepted version, and the SHA-256 digests of its only accepted files."""

    name: str
    version: str
    digests: frozenset[str]


def find_packages(lock: Path, target: Target, folder: Path | None = None) -> list[Path]:
    """The wheels that a lock file (pip's format) names.

    The wheels come from ``folder``, or else from the user's cache. Wheels that the cache lacks are fetched.

    Raises:
        MacroError: the folder does not exist, lacks a wheel or has a wheel with another digest, or a wheel can't be
            fetched.
    """
    pins = read_pins(lock.read_text("utf-8"))
    place = folder or find_cache()
    if folder and not folder.is_dir():
        raise MacroError([Problem((), f"{folder}: there is no such folder")])
    missing = _name_missing(pins, target, place)
    if missing and not folder:
        fetch_locked(lock, [MACHINES[platform] for platform in target.platforms], target.python, place)
        missing = _name_missing(pins, target, place)
    if missing:
        raise MacroError(Problem((), text) for text in dict.fromkeys(_explain(missing, target, place)))
    return sorted({wheel for pin in pins for name in target.platforms for wheel in _find(pin, name, target, place)})


def read_pins(text: str) -> list[Pin]:
    """The pins in the text of a lock file."""
    return [
        Pin(name, version, frozenset(re.findall(r"[0-9a-f]{64}", hashes)))
        for name, version, hashes in _PIN.findall(text)
    ]


def read_wheels(wheels: Iterable[Path]) -> dict[str, Packed]:
    """The members that pinned wheels add to the import path, by name, without tests and installers' notes."""
    members = {name: member for wheel in wheels for name, member in read_wheel(wheel)}
    return {name: member for name, member in sorted(members.items()) if not _NOT_RUN & {*name.split("/")[:-1]}}


def read_wheel(wheel: Path) -> Iterator[tuple[str, Packed]]:
    """The members that one wheel adds to the import path, each with its name.

    Raises:
        MacroError: the file can't be read, or is not a wheel.
    """
    try:
        members = list(read_packed(wheel))
    except OSError as error:
        raise MacroError([Problem((), f"{wheel}: can't be read: {error.strerror}")]) from None
    except zipfile.BadZipFile as error:
        raise MacroError([Problem((), f"{wheel}: is no wheel: {str(error).rstrip('.')}")]) from None
    for name, member in members:
        top, _, rest = name.partition("/")
        if top.endswith(".data"):
            kind, _, rest = rest.partition("/")
            if kind in ("purelib", "platlib"):
                yield rest, member
        elif is_run(name):
            yield name, member


def is_run(name: str) -> bool:
    """Whether a package can need a file at run time. Installers' notes and ``__pycache__`` are not needed."""
    top, _, rest = name.partition("/")
    return not (top.endswith(".dist-info") and rest in _LEFT_OUT) and "__pycache__" not in name


def fits(stem: str, platform: str, python: str) -> bool:
    """Whether the wheel with this file name (without suffix) runs on this Lambda architecture and Python version."""
    tag, abi, machines = ["", "", "", *stem.split("-")][-3:]
    if machines == "any":
        return True
    is_own = f"cp{python.replace('.', '')}" in tag.split(".") or abi == "abi3"
    return is_own and any(
        name.startswith("manylinux") and name.endswith(f"_{MACHINES[platform]}") for name in machines.split(".")
    )


def simplify(name: str) -> str:
    """A distribution's name in the normalized form that indexes compare (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _name_missing(pins: Sequence[Pin], target: Target, folder: Path) -> list[tuple[Pin, str]]:
    return [(pin, name) for pin in pins for name in target.platforms if not _find(pin, name, target, folder)]


def _find(pin: Pin, platform: str, target: Target, folder: Path) -> list[Path]:
    named = _find_named(pin, platform, target, folder)
    return [wheel for wheel in named if hashlib.sha256(wheel.read_bytes()).hexdigest() in pin.digests][:1]


def _find_named(pin: Pin, platform: str, target: Target, folder: Path) -> list[Path]:
    return [
        wheel
        for wheel in sorted(folder.glob("*.whl"))
        if _split(wheel.stem)[:2] == (pin.name, pin.version) and fits(wheel.stem, platform, target.python)
    ]


def _split(stem: str) -> tuple[str, ...]:
    name, *rest = stem.split("-")
    return (simplify(name), *rest)


def _explain(missing: Iterable[tuple[Pin, str]], target: Target, folder: Path) -> Iterator[str]:
    lacking = []
    for pin, platform in missing:
        damaged = _find_named(pin, platform, target, folder)
        for wheel in damaged:
            yield f"{wheel}: is not the file that this release is made for; its SHA-256 is another"
        if not damaged:
            lacking.append(f"{pin.name} {pin.version} for {platform}")
    if lacking:
        yield (
            f"{folder}: has no wheel of {', '.join(lacking)}; 'hitcounter bundle' without --wheels fetches all into "
            f"{find_cache()}, a folder to copy from"
        )
