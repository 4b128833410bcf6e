"""Packages named on the command line, and which zip each goes into by the entry points that it registers."""

import configparser
import re
from collections.abc import Iterator, Mapping, Sequence
from email.parser import Parser
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from macro.errors import MacroError, Problem
from macro.local.archive import Packed, compress
from macro.local.pip import build_wheel
from macro.local.wheels import MACHINES, Target, fits, is_run, read_wheel, simplify

MACRO, COMPANION = "hitcounter_macro.plugins", "hitcounter_macro.resources"
"""Entry points of the first group are the macro's affair, of the second the companion's."""

_OURS = "hitcounter-macro"
_IN_RUNTIME = {"boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3"}
_IN_ZIP = {
    MACRO: {"jsonschema", "attrs", "referencing", "jsonschema-specifications", "rpds-py"},
    COMPANION: set[str](),
}
_COMPILED = (".so", ".pyd", ".dylib")


class Package(NamedTuple):
    """A package to be packed: its members by name, its groups of entry points, and the packages that it needs.

    ``platforms`` are those that it was compiled for, ``None`` where nothing in it is compiled.
    """

    name: str
    members: Mapping[str, Packed]
    groups: frozenset[str]
    needs: tuple[str, ...]
    platforms: frozenset[str] | None = None


def read_packages(requirements: Sequence[str], target: Target) -> list[Package]:
    """Each package by the name of an installed distribution, a wheel's file or a project's folder.

    Several wheels of one package, for several platforms, are one. Raises :class:`MacroError` with all problems: where
    there is no such package, where it registers nothing, or needs what is neither named nor there when it runs.
    """
    packages: dict[str, Package] = {}
    problems: list[Problem] = []
    for requirement in requirements:
        try:
            package = _read(requirement, target)
            packages[package.name] = _join(packages.get(package.name), package)
        except MacroError as error:
            problems += error.problems
    if not problems:
        problems = [Problem((), text) for text in _find_problems(packages, target)]
    if problems:
        raise MacroError(problems)
    return [packages[name] for name in sorted(packages)]


def choose_members(packages: Sequence[Package], group: str) -> dict[str, Packed]:
    """What goes into the zip of that group: its packages, and those that they need."""
    named = {package.name: package for package in packages}
    members: dict[str, Packed] = {}
    for name in _find_needed(named, group):
        members |= named[name].members
    return dict(sorted(members.items()))


def _read(requirement: str, target: Target) -> Package:
    path = Path(requirement)
    if path.suffix == ".whl":
        return _tag(_make_package(requirement, dict(read_wheel(path)), target.python), path.stem, target)
    if path.is_dir():
        with build_wheel(path) as wheel:
            # Packed anew: what wrote this wheel had a zlib of its own.
            members = {name: compress(member.unpack()) for name, member in read_wheel(wheel)}
            return _tag(_make_package(requirement, members, target.python), wheel.stem, target)
    if path.suffix == ".py":
        text = f"plugin {requirement}: a file alone can't be packed; give it a project's folder, as samples/plugin is"
        raise MacroError([Problem((), text)])
    return _make_package(requirement, _read_installed(requirement), target.python)


def _tag(package: Package, stem: str, target: Target) -> Package:
    """The package with the platforms that its wheel's file name tells."""
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
    return {file.as_posix(): compress(Path(str(file.locate())).read_bytes()) for file in sorted(files)}


def _make_package(requirement: str, members: Mapping[str, Packed], python: str) -> Package:
    top = next((name.partition("/")[0] for name in members if name.endswith(".dist-info/METADATA")), None)
    if top is None:
        raise MacroError([Problem((), f"plugin {requirement}: has no METADATA, so it is no package")])
    facts = Parser().parsestr(members[f"{top}/METADATA"].unpack().decode())
    points = configparser.ConfigParser(delimiters="=")
    if f"{top}/entry_points.txt" in members:
        points.read_string(members[f"{top}/entry_points.txt"].unpack().decode())
    needs = (_read_need(need, python) for need in facts.get_all("Requires-Dist", ()))
    groups = frozenset(group for group in (MACRO, COMPANION) if points.has_section(group))
    return Package(simplify(facts["Name"]), members, groups, tuple(name for name in needs if name))


def _read_need(text: str, python: str) -> str | None:
    """The package's name, or ``None`` where the marker is of an extra, or of another Python; others are not judged."""
    name, _, marker = text.partition(";")
    compared = re.fullmatch(r"""\s*python_version\s*(<|>=)\s*["']3\.(\d+)["']\s*""", marker)
    if "extra" in marker or (compared and (int(python.split(".")[1]) < int(compared[2])) != (compared[1] == "<")):
        return None
    return simplify(re.split(r"[^\w.-]", name.strip(), maxsplit=1)[0])


def _join(before: Package | None, package: Package) -> Package:
    """One package of two wheels, which differ in what is compiled."""
    if before is None:
        return package
    for name, member in package.members.items():
        if before.members.get(name, member).crc != member.crc:
            text = f"plugin {package.name}: {name} differs between its wheels, so that one zip can't hold both"
            raise MacroError([Problem((), text)])
    platforms = (before.platforms or frozenset()) | (package.platforms or frozenset())
    return package._replace(members={**before.members, **package.members}, platforms=platforms or None)


def _find_problems(packages: Mapping[str, Package], target: Target) -> Iterator[str]:
    yield from _find_uncompiled(packages, target)
    yield from _find_idle(packages)
    # What both zips lack is told once.
    yield from dict.fromkeys(text for group in _IN_ZIP for text in _find_lacking(packages, group))


def _find_uncompiled(packages: Mapping[str, Package], target: Target) -> Iterator[str]:
    for package in packages.values():
        names = [name for name in target.platforms if package.platforms is not None and name not in package.platforms]
        if names:
            text = f"is compiled, and has no wheel of Python {target.python} for {' and '.join(names)}; name one, too"
            yield f"plugin {package.name}: {text}"


def _find_idle(packages: Mapping[str, Package]) -> Iterator[str]:
    needed = {need for package in packages.values() for need in package.needs}
    for package in packages.values():
        if not package.groups and package.name not in needed:
            yield (
                f"plugin {package.name}: registers nothing; plug-ins for templates belong in the entry-point group "
                f"{MACRO}, custom resources in {COMPANION}"
            )


def _find_lacking(packages: Mapping[str, Package], group: str) -> Iterator[str]:
    there = {*packages, *_IN_ZIP[group], *_IN_RUNTIME, _OURS}
    for name in _find_needed(packages, group):
        for need in packages[name].needs:
            if need not in there:
                yield f"plugin {name}: needs {need}, which Lambda has not; pack it, too: --plugin {need}"


def _find_needed(packages: Mapping[str, Package], group: str) -> list[str]:
    """The packages of a group, and those of the named ones that they need."""
    found = [name for name, package in packages.items() if group in package.groups]
    for name in found:
        found += [need for need in packages[name].needs if need in packages and need not in found]
    return found
