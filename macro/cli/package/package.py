"""Read one Python package: its files, its entry points, and its requirements."""

import configparser
import re
from collections.abc import Mapping
from email.parser import Parser
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from macro.cli.package.archive import Packed, store
from macro.cli.package.pip import build_wheel
from macro.cli.package.wheels import MACHINES, Target, fits, is_run, read_wheel, simplify
from macro.errors import MacroError, Problem

MACRO, COMPANION = "hitcounter_macro.plugins", "hitcounter_macro.resources"
"""Entry-point groups: the macro loads the first group, and the companion loads the second."""

_COMPILED = (".so", ".pyd", ".dylib")


class Package(NamedTuple):
    """A package to pack: its members by name, the names that it registers in each group, and the packages it needs.

    ``platforms`` are the platforms that the package is compiled for, or ``None`` if nothing in it is compiled.
    """

    name: str
    members: Mapping[str, Packed]
    registers: Mapping[str, tuple[str, ...]]
    needs: tuple[str, ...]
    platforms: frozenset[str] | None = None


def read_package(requirement: str, target: Target) -> Package:
    """The package for a requirement: the name of an installed distribution, a wheel file or a project folder.

    Raises:
        MacroError: there is no such package, or it can't be packed.
    """
    path = Path(requirement)
    if path.suffix == ".whl":
        return _tag(_make_package(requirement, dict(read_wheel(path)), target.python), path.stem, target)
    if path.is_dir():
        with build_wheel(path) as wheel:
            # Stored without compression, because the bytes of this wheel depend on the local build of zlib.
            members = {name: store(member.unpack()) for name, member in read_wheel(wheel)}
            return _tag(_make_package(requirement, members, target.python), wheel.stem, target)
    if path.suffix == ".py":
        text = f"plugin {requirement}: a file alone can't be packed; give it a project's folder, as samples/plugin is"
        raise MacroError([Problem((), text)])
    return _make_package(requirement, _read_installed(requirement), target.python)


def join_packages(before: Package | None, package: Package) -> Package:
    """One package made of two wheels that are compiled for different platforms.

    Raises:
        MacroError: a file differs between the wheels.
    """
    if before is None:
        return package
    for name, member in package.members.items():
        if before.members.get(name, member).crc != member.crc:
            text = f"plugin {package.name}: {name} differs between its wheels, so that one zip can't hold both"
            raise MacroError([Problem((), text)])
    platforms = (before.platforms or frozenset()) | (package.platforms or frozenset())
    return package._replace(members={**before.members, **package.members}, platforms=platforms or None)


def _tag(package: Package, stem: str, target: Target) -> Package:
    """The package with the platforms from its wheel's file name."""
    platforms = frozenset(platform for platform in MACHINES if fits(stem, platform, target.python))
    return package if stem.endswith("-any") else package._replace(platforms=platforms)


def _read_installed(name: str) -> dict[str, Packed]:
    try:
        distribution = metadata.distribution(name)
    except (metadata.PackageNotFoundError, ValueError):
        text = f"plugin {name}: is neither an installed package nor a wheel's file nor a folder"
        raise MacroError([Problem((), text)]) from None
    files = [file for file in distribution.files or () if file.parts[0] != ".." and is_run(file.as_posix())]
    if any(file.suffix == ".pth" or file.name.startswith("__editable__") for file in files):
        text = f"plugin {name}: is installed from its folder (pip install -e); name that folder"
        raise MacroError([Problem((), text)])
    if any(file.name.endswith(_COMPILED) for file in files):
        text = f"plugin {name}: is compiled for this machine; name a wheel's file for each platform of Lambda's instead"
        raise MacroError([Problem((), text)])
    return {file.as_posix(): store(Path(str(file.locate())).read_bytes()) for file in sorted(files)}


def _make_package(requirement: str, members: Mapping[str, Packed], python: str) -> Package:
    top = next((name.partition("/")[0] for name in members if name.endswith(".dist-info/METADATA")), None)
    if top is None:
        raise MacroError([Problem((), f"plugin {requirement}: has no METADATA, so it is no package")])
    facts = Parser().parsestr(members[f"{top}/METADATA"].unpack().decode(errors="replace"))
    points = configparser.ConfigParser(delimiters="=", interpolation=None)
    points.optionxform = str  # type: ignore[assignment]
    try:
        points.read_string(members.get(f"{top}/entry_points.txt", store(b"")).unpack().decode())
    except (configparser.Error, UnicodeDecodeError):
        raise MacroError([Problem((), f"plugin {requirement}: its entry_points.txt can't be read")]) from None
    needs = (_read_need(need, python) for need in facts.get_all("Requires-Dist", ()))
    registers = {group: tuple(points[group]) for group in (MACRO, COMPANION) if points.has_section(group)}
    return Package(simplify(facts["Name"] or top), members, registers, tuple(name for name in needs if name))


def _read_need(text: str, python: str) -> str | None:
    """The name of the required package, or ``None`` if the marker is for an extra or another Python version.

    Other markers are ignored.
    """
    name, _, marker = text.partition(";")
    compared = re.fullmatch(r"""\s*python_version\s*(<|>=)\s*["']3\.(\d+)["']\s*""", marker)
    if "extra" in marker or (compared and (int(python.split(".")[1]) < int(compared[2])) != (compared[1] == "<")):
        return None
    return simplify(re.split(r"[^\w.-]", name.strip(), maxsplit=1)[0])
