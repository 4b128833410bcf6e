"""Make the zips of an installation, with the same bytes on every machine and day."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from macro.cli.package.archive import Packed, store, write_zip
from macro.cli.package.package import COMPANION, MACRO
from macro.cli.package.packed_plugins import choose_members, list_registered, read_packages
from macro.cli.package.pip import fetch_latest
from macro.cli.package.wheels import BOTO3, FOR_MACRO, MACHINES, Target, find_packages, read_wheels
from macro.errors import MacroError, Problem, describe

ROOT = Path(__file__).parents[3]
BUILTIN = ROOT / "macro" / "builtin"
INSTALL = ROOT / "macro" / "install.yaml"
# Only files that run. A checkout has further files, but must give the same zip as an installed release.
_KINDS = (".py", ".json", ".env")


class Bundles(NamedTuple):
    """The zips of both functions and the built-in handler, and the names of added plug-ins and custom resources."""

    macro: bytes
    companion: bytes
    handler: bytes
    plugins: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()

    def served(self) -> dict[str, tuple[str, ...]]:
        """The added plug-ins and custom resources, by the outputs of ``install.yaml`` that report these names."""
        return {"Plugins": self.plugins, "CustomResources": self.resources}


def make_bundles(
    platforms: Sequence[str] = tuple(MACHINES),
    plugins: Sequence[str] = (),
    boto3: str | None = None,
    wheels: Path | None = None,
) -> Bundles:
    """The zips for functions on these platforms. One zip works on all of them.

    Args:
        platforms: Lambda's architectures. If empty, the zips are for an engine on this machine that runs functions in
            the current interpreter. These zips have no third-party packages except ``plugins``, and no package is
            fetched for them.
        plugins: names of installed packages, wheels or project folders.
        boto3: the version for the companion's zip. ``""`` stands for the pinned version, and ``None`` for no boto3.
        wheels: the folder to take packages from instead of the index.

    Raises:
        MacroError: a package is missing, damaged or can't be packed.
    """
    target = Target(platforms)
    packages = read_packages(plugins, target)
    macro, companion = _read_sources("macro"), _read_sources("transform_lambda")
    if platforms:
        macro |= read_wheels(find_packages(FOR_MACRO, target, wheels))
    if boto3 is not None:
        companion |= _read_boto3(boto3, wheels)
    macro = _add(macro, choose_members(packages, MACRO))
    companion = _add(companion, choose_members(packages, COMPANION))
    plugin_names = list_registered(packages, MACRO)
    types = tuple(f"Custom::{name}" for name in list_registered(packages, COMPANION))
    return Bundles(write_zip(macro), write_zip(companion), zip_builtin(), plugin_names, types)


def zip_files(files: Mapping[str, bytes]) -> bytes:
    """A zip with these files in this order, stored without compression and readable by all users."""
    return write_zip({name: store(content) for name, content in files.items()})


def zip_builtin() -> bytes:
    """The built-in handler's code zip. ``macro.builtin.digest`` has the SHA-256 of this zip."""
    return zip_files({name: (BUILTIN / name).read_bytes() for name in (".env", "index.py")})


def write_digest(module: Path = BUILTIN / "digest.py") -> None:
    """Update the built-in handler's digest in its module."""
    digest = hashlib.sha256(zip_builtin()).hexdigest()
    lines = module.read_text("utf-8").split("\n")
    lines = [f'SHA256 = "{digest}"' if line.startswith("SHA256") else line for line in lines]
    module.write_text("\n".join(lines), "utf-8")


def _read_sources(package: str) -> dict[str, Packed]:
    """The files of this project's package that a function runs. ``cli`` only runs on a developer's machine."""
    names = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / package).rglob("*") if path.is_file())
    left_out = ("macro/cli/", f"{package}/__main__.py")
    kept = [name for name in names if name.endswith(_KINDS) and not name.startswith(left_out)]
    return {name: store((ROOT / name).read_bytes()) for name in kept}


def _read_boto3(version: str, folder: Path | None) -> dict[str, Packed]:
    # boto3 and its dependencies have no compiled parts, so the wheels for any platform work.
    target = Target()
    if not version:
        return read_wheels(find_packages(BOTO3, target, folder))
    if not re.fullmatch(r"\d+(\.\d+)*", version):
        text = f"--with-boto3: must be a version such as 1.40.0, got {describe(version)}"
        raise MacroError([Problem((), text)])
    with fetch_latest([f"boto3=={version}"], target.python, folder) as wheels:
        return read_wheels(wheels)


def _add(members: Mapping[str, Packed], further: Mapping[str, Packed]) -> dict[str, Packed]:
    clashing = [name for name in further if members.get(name, further[name]).crc != further[name].crc]
    if clashing:
        raise MacroError([Problem((), f"plugins can't bring a {name} of their own; rename it") for name in clashing])
    return {**members, **further}


if __name__ == "__main__":
    write_digest()
