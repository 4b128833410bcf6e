"""A release: what its files hold, that they are the same wherever they are built, and that they run when installed."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from base64 import b64encode
from email.parser import Parser
from pathlib import Path

import pytest

from macro.cli.package.bundle import make_bundles

ROOT = Path(__file__).parent.parent
SOURCES = ("macro", "transform_lambda", ".ci", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")
DATA = (".json", ".yaml", ".txt", ".env", ".js", ".css", ".html", "py.typed")
LICENCES = ["LICENSE", "macro/cli/graph/elk/LICENSE.txt"]
PYTHONS = [f"3.{minor}" for minor in range(10, 16)]


def build(checkout, folder):
    done = subprocess.run([sys.executable, checkout / ".ci" / "release", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return sorted(Path(line) for line in done.stdout.splitlines())


def find_interpreter(python):
    """One that can be had: on the path, or kept by pyenv, whose own command ends where the version isn't chosen."""
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [shutil.which(f"python{python}"), *sorted(kept.glob(f"{python}.*/bin/python{python}"))]
    return next((path for path in found if path and says_version(path, python)), None)


def says_version(path, version):
    done = subprocess.run([path, "-c", "import sys, venv; print(sys.version)"], capture_output=True, text=True)
    return done.stdout.startswith(f"{version}.")


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """Wheel and sdist."""
    sdist, wheel = sorted(build(ROOT, tmp_path_factory.mktemp("release")), key=lambda path: path.suffix)
    return wheel, sdist


def name_shipped():
    """The files that a release is for: our modules, and the data they read."""
    listed = subprocess.run(["git", "ls-files", "macro", "transform_lambda"], cwd=ROOT, capture_output=True, text=True)
    assert listed.returncode == 0, listed.stderr
    return {name for name in listed.stdout.splitlines() if name.endswith((".py", *DATA))}


@pytest.mark.thorough
def test_a_wheel_holds_all_that_is_needed_and_nothing_else(release):
    wheel, _ = release

    names = set(zipfile.ZipFile(wheel).namelist())

    info = "hitcounter_macro-0.1.0.dist-info"
    facts = {f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "top_level.txt")}
    assert names == name_shipped() | facts | {f"{info}/licenses/{name}" for name in LICENCES}


@pytest.mark.thorough
def test_an_sdist_holds_what_a_wheel_is_built_from(release):
    _, sdist = release

    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    facts = {name for name in names if name.startswith("hitcounter_macro.egg-info/")}
    assert names - facts == name_shipped() | {"PKG-INFO", "setup.cfg", "pyproject.toml", "README.md", "LICENSE"}


@pytest.mark.thorough
def test_a_release_has_the_same_bytes_wherever_and_whenever_it_is_built(release, tmp_path):
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, checkout / name)
    for path in checkout.rglob("*"):
        path.chmod(0o700)
        os.utime(path, (1, 1_700_000_000))

    again = build(checkout, tmp_path / "again")

    assert {path.name: digest(path) for path in again} == {path.name: digest(path) for path in release}


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.thorough
def test_the_metadata_tells_licence_and_needs_in_their_standard_forms(release):
    wheel, _ = release

    facts = Parser().parsestr(zipfile.ZipFile(wheel).read("hitcounter_macro-0.1.0.dist-info/METADATA").decode())

    assert facts["Metadata-Version"] == "2.4"
    assert facts["License-Expression"] == "Apache-2.0 AND EPL-2.0"
    assert facts.get_all("License-File") == LICENCES
    assert facts["Requires-Python"] == ">=3.10"
    always = [need for need in facts.get_all("Requires-Dist") if "extra" not in need]
    assert [re.split(r"[^\w-]", need)[0] for need in always] == [
        "argcomplete",
        "boto3",
        "cfn-lint",
        "jsonschema",
        "quickjs-ng",
        "rich",
    ]


@pytest.mark.thorough
def test_the_version_is_the_same_everywhere(release, command):
    wheel, _ = release

    _, told, _ = command("--version")

    _, out, _ = command("version", "--json")
    assert wheel.name == f"hitcounter_macro-{json.loads(out)['version']}-py3-none-any.whl"
    assert told == f"hitcounter {json.loads(out)['version']}\n"


@pytest.mark.thorough
def test_the_digests_tell_what_is_installed(command):
    bundles = make_bundles(platforms=())

    code, out, _ = command("version")

    digests = {
        name: b64encode(hashlib.sha256(getattr(bundles, name)).digest()).decode()
        for name in ("macro", "companion", "handler")
    }
    assert code == 0
    assert out.splitlines()[1:] == [
        f"companion  {digests['companion']}  CodeSha256 of the companion",
        f"handler    {digests['handler']}  CodeSha256 of the built-in handler, before a counter's values are in it",
        f"macro      {digests['macro']}  SHA-256 of the macro's own files; its zip holds the validator's packages too",
    ]


@pytest.mark.release
@pytest.mark.parametrize("python", PYTHONS)
def test_a_release_runs_in_an_empty_environment(release, python, tmp_path):
    wheel, sdist = release
    interpreter = find_interpreter(python) or pytest.skip(f"Python {python} is not here")
    environment = tmp_path / "environment"
    run([interpreter, "-m", "venv", environment], tmp_path)
    run([environment / "bin" / "pip", "install", "-q", wheel], tmp_path)

    told = run([environment / "bin" / "hitcounter", "version", "--json"], tmp_path)
    plain = run([environment / "bin" / "hitcounter", "expand", ROOT / "samples" / "stages.yaml"], tmp_path)
    run([environment / "bin" / "hitcounter", "lint", ROOT / "samples" / "minimal.yaml"], tmp_path)
    run([environment / "bin" / "pip", "install", "-q", "--force-reinstall", "--no-deps", sdist], tmp_path)

    assert run([environment / "bin" / "hitcounter", "version", "--json"], tmp_path) == told
    assert told == run([sys.executable, "-m", "macro", "version", "--json"], ROOT)
    assert plain == run([sys.executable, "-m", "macro", "expand", ROOT / "samples" / "stages.yaml"], ROOT)


def run(command, folder):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run([str(part) for part in command], cwd=folder, env=clean, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
