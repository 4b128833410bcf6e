"""Read the packages that the command line names. The entry points of each package determine its zip."""

from collections.abc import Iterator, Mapping, Sequence

from macro.cli.package.archive import Packed
from macro.cli.package.package import COMPANION, MACRO, Package, join_packages, read_package
from macro.cli.package.wheels import Target
from macro.errors import Problem, Problems

_OURS = "hitcounter-macro"
_IN_RUNTIME = {"boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3"}
_IN_ZIP = {
    MACRO: {"jsonschema", "attrs", "referencing", "jsonschema-specifications", "rpds-py"},
    COMPANION: set[str](),
}


def read_packages(requirements: Sequence[str], target: Target) -> list[Package]:
    """The packages, sorted by name. Several wheels can make up one package.

    Raises:
        MacroError: a package does not exist or registers nothing, has no wheel for a platform, or needs a package
            that is neither named nor available in Lambda. The error has all problems.
    """
    packages: dict[str, Package] = {}
    problems = Problems()
    for requirement in requirements:
        with problems:
            package = read_package(requirement, target)
            packages[package.name] = join_packages(packages.get(package.name), package)
    if not problems:
        problems.extend(Problem((), text) for text in _find_problems(packages, target))
    problems.raise_if_any()
    return [packages[name] for name in sorted(packages)]


def choose_members(packages: Sequence[Package], group: str) -> dict[str, Packed]:
    """The members for the zip of a group: the packages of this group and the packages they need."""
    named = {package.name: package for package in packages}
    members: dict[str, Packed] = {}
    for name in _find_needed(named, group):
        members |= named[name].members
    return dict(sorted(members.items()))


def list_registered(packages: Sequence[Package], group: str) -> tuple[str, ...]:
    """The names that the packages register in a group."""
    return tuple(sorted({name for package in packages for name in package.registers.get(group, ())}))


def _find_problems(packages: Mapping[str, Package], target: Target) -> Iterator[str]:
    yield from _find_uncompiled(packages, target)
    yield from _find_idle(packages)
    # A package that both zips lack is reported once.
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
        if not package.registers and package.name not in needed:
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
    """The names of a group's packages, and of the packages they need, as far as ``packages`` has them."""
    found = [name for name, package in packages.items() if group in package.registers]
    for name in found:
        found += [need for need in packages[name].needs if need in packages and need not in found]
    return found
