"""Third-party packages that Lambda's runtime lacks: pinned wheels, each verified by its digest."""

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
"""Lambda's architectures, and how the names of wheels call them."""

FOR_MACRO = Path(__file__).with_name("macro_packages.txt")
BOTO3 = Path(__file__).with_name("boto3_packages.txt")
_PIN = re.compile(r"^([\w.-]+)==(\S+)((?:[\s\\]+--hash=sha256:[0-9a-f]{64})+)", re.MULTILINE)
# Who installed a wheel from where, and a list of files that no longer holds; nothing asks for them.
_LEFT_OUT = {"RECORD", "WHEEL", "INSTALLER", "REQUESTED", "direct_url.json", "top_level.txt"}
_NOT_RUN = {"tests", "benchmarks"}


class Target(NamedTuple):
    """Lambda's architectures that a zip must run on, and its Python."""

    platforms: Sequence[str] = tuple(MACHINES)
    python: str = "3.13"


class Pin(NamedTuple):
    """One package of a lock file: the only version, and the only files, that will do."""

    name: str
    version: str
    digests: frozenset[str]


def find_packages(lock: Path, target: Target, folder: Path | None = None) -> list[Path]:
    """The wheels that a lock file (pip's form) names: from a folder, else from the user's cache, fetched as needed.

    Raises :class:`MacroError` where the folder lacks one or has another of its name, or where none can be fetched.
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
    """The pins of a lock file's text."""
    return [
        Pin(name, version, frozenset(re.findall(r"[0-9a-f]{64}", hashes)))
        for name, version, hashes in _PIN.findall(text)
    ]


def read_wheels(wheels: Iterable[Path]) -> dict[str, Packed]:
    """What pinned wheels put on the path, by name: no tests, no notes of installers."""
    members = {name: member for wheel in wheels for name, member in read_wheel(wheel)}
    return {name: member for name, member in sorted(members.items()) if not _NOT_RUN & {*name.split("/")[:-1]}}


def read_wheel(wheel: Path) -> Iterator[tuple[str, Packed]]:
    """What one wheel puts on the path; :class:`MacroError` where it is no wheel."""
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
    """Whether a file of a package may be asked for when it runs; what installers note down is not."""
    top, _, rest = name.partition("/")
    return not (top.endswith(".dist-info") and rest in _LEFT_OUT) and "__pycache__" not in name


def fits(stem: str, platform: str, python: str) -> bool:
    """Whether the wheel of that file name runs on Lambda's architecture with that Python."""
    tag, abi, machines = ["", "", "", *stem.split("-")][-3:]
    if machines == "any":
        return True
    is_own = f"cp{python.replace('.', '')}" in tag.split(".") or abi == "abi3"
    return is_own and any(
        name.startswith("manylinux") and name.endswith(f"_{MACHINES[platform]}") for name in machines.split(".")
    )


def simplify(name: str) -> str:
    """A distribution's name as indexes compare it (PEP 503)."""
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
